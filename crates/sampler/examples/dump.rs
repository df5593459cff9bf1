//! Records a program and prints what the journal holds: leaf binaries, depth, quality.
use std::collections::HashMap;
use pyrometer_sampler::{Config, Target, record};
use pyrometer_tables::journal::Journal;

fn main() {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let rate = std::env::var("RATE").ok().and_then(|r| r.parse().ok()).unwrap_or(999);
    let config = Config { target: Target::Launch(args), rate, events: vec![], duration: None, delay: None,
        journal: "/tmp/dump.recording".into(), stack_copy: None, creator: "dump".into() };
    let recording = match record(&config) { Ok(r) => r, Err(e) => { eprintln!("{e}\n{}", e.cure()); std::process::exit(1) } };
    let journal = Journal::open(&recording.journal).unwrap();
    eprintln!("{:#?}", journal.meta.quality);
    eprintln!("{:#?}", journal.meta.recorder);
    eprintln!("notes {:?} cpu {:?} exit {:?}", journal.meta.notes, journal.meta.cpu_time, journal.meta.exit_status);
    let t = &journal.tables;
    eprintln!("metrics {:?}", t.metrics);
    eprintln!("processes {} threads {} binaries {} frames {} stacks {}", t.processes.len(), t.threads.len(), t.binaries.len(), t.frames.len(), t.stacks.len());
    for b in &t.binaries { eprintln!("{:?}", b); }
    for p in t.processes.iter().take(5) { eprintln!("{:?}", p); }
    let (mut roots, mut depth, mut n, mut value) = (HashMap::<String, usize>::new(), 0usize, 0usize, 0i64);
    journal.for_each_batch(|batch| { for s in batch { n += 1; value += s.value;
        let mut at = s.stack; loop { depth += 1; let st = t.stacks[at as usize]; match st.parent { Some(p) => at = p, None => break } }
        let f = &t.frames[t.stacks[at as usize].frame as usize];
        let name = match (f.binary, f.function) { (Some(b), _) => format!("{}+{:#x}", t.binaries[b as usize].path, f.address.unwrap_or(0)), (_, Some(f)) => t.functions[f as usize].name.clone(), _ => format!("{:?}", f) };
        *roots.entry(name).or_default() += 1; } Ok(()) }).unwrap();
    eprintln!("samples {n} mean depth {} value {} ms; bytes/sample in journal {}", depth / n.max(1), value / 1_000_000, std::fs::metadata("/tmp/dump.recording").unwrap().len() as usize / n.max(1));
    eprintln!("cpu/sample {} ns", journal.meta.recorder.cpu_time / n.max(1) as i64);
    let mut shown = 0;
    journal.for_each_batch(|batch| { for s in batch { let mut at = s.stack; let mut names = vec![];
        loop { let st = t.stacks[at as usize]; let f = &t.frames[st.frame as usize]; names.push(match f.binary { Some(b) => format!("{}+{:#x}", t.binaries[b as usize].path.rsplit('/').next().unwrap(), f.address.unwrap_or(0)), None => format!("{:?} {:x}", f.function, f.address.unwrap_or(0)) }); match st.parent { Some(p) => at = p, None => { if f.function.is_some() && shown < 12 { shown += 1; eprintln!("  trunc: tid {} {}", t.threads[s.thread as usize].tid, names.join(" < ")); } break } } }
    } Ok(()) }).unwrap();
    let mut roots: Vec<_> = roots.into_iter().collect(); roots.sort_by_key(|r| std::cmp::Reverse(r.1));
    for r in roots.iter().take(12) { eprintln!("{:6} {}", r.1, r.0); }
}
