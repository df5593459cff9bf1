//! Snapshots: points of time series, and trees as metrics.

use pyrometer_tables::schema::{Counter, Metric};

use super::super::by_line::ByLine;
use super::super::numbers::unsigned;
use super::super::{Builder, Line, valgrind};
use super::tree::{Texts, Tree};

/// Series by the fields of a snapshot; the oldest versions had another name for the second.
const SERIES: [(&[u8], &str); 4] = [
    (b"mem_heap_B", "heap-bytes"),
    (b"mem_heap_extra_B", "heap-extra-bytes"),
    (b"mem_heap_admin_B", "heap-extra-bytes"),
    (b"mem_stacks_B", "stacks-bytes"),
];

/// What Memcheck's `--xtree-memory-file=NAME.ms` has in the header, and what each of its snapshots is: sums of the whole
/// run (`m_xtmemory.c`), at one time. Name, unit and description.
const XTREE: &str = "xtree.produce_report";
const XTREE_SNAPSHOTS: [(&str, &str, &str); 6] = [
    ("exit-bytes", "bytes", "Live at the end."),
    ("exit-blocks", "count", "Live at the end."),
    ("alloc-bytes", "bytes", "Allocated in all."),
    ("alloc-blocks", "count", "Allocated in all."),
    ("freed-bytes", "bytes", "Freed, where that was done."),
    ("freed-blocks", "count", "Freed, where that was done."),
];

/// A tree that is whole.
#[derive(Debug)]
struct Detailed {
    snapshot: u64,
    is_peak: bool,
    stacks: Vec<(i32, i64)>,
}

/// The snapshot that is being read.
#[derive(Debug, Default)]
struct Snapshot {
    number: u64,
    time: Option<i64>,
    values: Vec<(&'static str, f64)>,
    is_peak: bool,
}

pub(super) struct Snapshots<'a> {
    builder: &'a mut Builder,
    texts: Texts,
    /// Nanoseconds of a unit of time, or 1 where that is no time.
    scale: f64,
    snapshot: Option<Snapshot>,
    tree: Option<Tree>,
    detailed: Vec<Detailed>,
    last: Option<u64>,
    /// Whether it is no file of Massif's, but of [`XTREE`].
    is_xtree: bool,
}

type Fits = Result<(), &'static str>;

impl ByLine for Snapshots<'_> {
    type Expected = &'static str;

    fn line(&mut self, line: &Line<'_>) -> Result<(), &'static str> {
        self.understand(line.bytes)
    }

    fn end(&mut self) -> Result<(), &'static str> {
        self.finish()
    }

    fn may_be_cut(&self, _line: &[u8]) -> bool {
        true
    }

    fn builder(&mut self) -> &mut Builder {
        self.builder
    }
}

impl<'a> Snapshots<'a> {
    pub(super) fn new(builder: &'a mut Builder) -> Self {
        let (texts, detailed) = (Texts::default(), Vec::new());
        Self { builder, texts, scale: 1.0, snapshot: None, tree: None, detailed, last: None, is_xtree: false }
    }

    fn understand(&mut self, line: &[u8]) -> Fits {
        if let Some(tree) = &mut self.tree {
            let fits = tree.line(line, &mut self.texts, self.builder);
            return match fits {
                Ok(false) => Ok(()),
                Ok(true) => self.end_tree(true),
                Err(expected) => self.end_tree(false).and(Err(expected)),
            };
        }
        if line.starts_with(b"#") || line.trim_ascii().is_empty() {
            return Ok(());
        }
        let at =
            line.iter().position(|byte| matches!(byte, b'=' | b':')).ok_or("`KEY=VALUE` or `KEY: VALUE`")?;
        let (key, value) = (&line[..at], line[at + 1..].trim_ascii());
        if line[at] == b':' { self.header(key, &valgrind::text(value)) } else { self.field(key, value) }
    }

    fn header(&mut self, key: &[u8], value: &str) -> Fits {
        match key {
            b"desc" if value == XTREE => self.is_xtree = true,
            b"desc" if value != "(none)" => valgrind::description(&mut self.builder.meta, value),
            b"cmd" => valgrind::command(&mut self.builder.meta, value),
            b"time_unit" => return self.unit(value),
            _ => {}
        }
        Ok(())
    }

    /// The unit of all times. The series keep those that are no time as they are.
    fn unit(&mut self, unit: &str) -> Fits {
        let (scale, instead) = match unit {
            "ms" => (1e6, None),
            "s" => (1e9, None),
            "i" => (1.0, Some("instructions executed")),
            "B" => (1.0, Some("bytes allocated and freed")),
            _ => return Err("the unit `i`, `ms`, `s` or `B`"),
        };
        self.scale = scale;
        self.builder.meta.extra.insert("time_unit".to_owned(), unit.into());
        if let Some(instead) = instead {
            self.builder.note(format!("The times of the series are {instead}, not nanoseconds."));
        }
        Ok(())
    }

    fn field(&mut self, key: &[u8], value: &[u8]) -> Fits {
        if key == b"snapshot" {
            let (number, _) = unsigned(value).ok_or("the number of a snapshot")?;
            // Of two runs in one file, neither has the peak, nor what was live at the end.
            if self.last.is_some_and(|last| number <= last) {
                return Err("a larger number than that of the snapshot before: one run a file");
            }
            let before = self.snapshot.replace(Snapshot { number, ..Snapshot::default() });
            return if before.is_none() { Ok(()) } else { Err("a line `heap_tree=` before it") };
        }
        let scale = self.scale;
        let snapshot = self.snapshot.as_mut().ok_or("a line `snapshot=` before it")?;
        if key == b"time" {
            let time = number(value).ok_or("a time")? * scale;
            snapshot.time = Some(time as i64);
        } else if let Some((_, series)) = SERIES.iter().find(|(name, _)| *name == key) {
            snapshot.values.push((series, number(value).ok_or("a number of bytes")?));
        } else if key == b"heap_tree" {
            return self.heap_tree(value);
        }
        Ok(())
    }

    fn heap_tree(&mut self, value: &[u8]) -> Fits {
        let Some(snapshot) = &mut self.snapshot else {
            return Ok(());
        };
        snapshot.is_peak = value == b"peak";
        match value {
            b"detailed" | b"peak" => self.tree = Some(Tree::default()),
            b"empty" => return self.end_snapshot(),
            _ => return Err("`empty`, `detailed` or `peak`"),
        }
        Ok(())
    }

    /// Ends a tree, which counts if it is whole.
    fn end_tree(&mut self, whole: bool) -> Fits {
        let tree = self.tree.take();
        let snapshot = self.snapshot.as_ref().map(|snapshot| (snapshot.number, snapshot.is_peak));
        if let (Some(tree), Some((snapshot, is_peak)), true) = (tree, snapshot, whole) {
            self.detailed.push(Detailed { snapshot, is_peak, stacks: tree.found });
        }
        self.end_snapshot()
    }

    fn end_snapshot(&mut self) -> Fits {
        let Some(snapshot) = self.snapshot.take() else {
            return Ok(());
        };
        let time = snapshot.time.filter(|_| !snapshot.values.is_empty());
        let time = time.ok_or("the lines `time=` and `mem_heap_B=` before it")?;
        self.last = Some(snapshot.number);
        if self.is_xtree {
            return Ok(());
        }
        for (name, value) in snapshot.values {
            self.builder.counter(Counter { name: name.to_owned(), time, value, thread: None });
        }
        Ok(())
    }

    /// The end of the file.
    fn finish(&mut self) -> Fits {
        let cut = self.tree.is_some() || self.snapshot.is_some();
        let mut detailed = std::mem::take(&mut self.detailed);
        // The last one that is whole is not the end of a run whose file is cut.
        let last = self.last.filter(|_| !cut);
        detailed.sort_by_key(|tree| (!tree.is_peak, Some(tree.snapshot) != last, tree.snapshot));
        let thread = self.builder.thread(0, 0, "");
        if self.is_xtree {
            return self.finish_xtree(thread, &detailed, cut);
        }
        for tree in &detailed {
            if tree.is_peak {
                let what = ("peak-bytes", "bytes", "Live when most bytes were live.");
                self.add(thread, what, &tree.stacks);
            }
            if Some(tree.snapshot) == last {
                self.add(thread, ("exit-bytes", "bytes", "Live at the end."), &tree.stacks);
            } else if !tree.is_peak {
                let (name, when) =
                    (format!("live-bytes-{}", tree.snapshot), format!("snapshot {}", tree.snapshot));
                self.add(thread, (&name, "bytes", &format!("Live at {when}.")), &tree.stacks);
            }
        }
        if cut || self.builder.tables().counters.is_empty() { Err("the rest of a snapshot") } else { Ok(()) }
    }

    /// Sums of all that was allocated come first, as in other heap profiles.
    fn finish_xtree(&mut self, thread: i32, trees: &[Detailed], cut: bool) -> Fits {
        for at in [2, 3, 0, 1, 4, 5] {
            if let Some(tree) = trees.iter().find(|tree| tree.snapshot == at) {
                self.add(thread, XTREE_SNAPSHOTS[at as usize], &tree.stacks);
            }
        }
        if cut { Err("the rest of a snapshot") } else { Ok(()) }
    }

    /// Adds a metric: name, unit and description.
    fn add(&mut self, thread: i32, (name, unit, description): (&str, &str, &str), stacks: &[(i32, i64)]) {
        if stacks.is_empty() {
            return;
        }
        let metric = self.builder.metric(Metric {
            name: name.to_owned(),
            unit: unit.to_owned(),
            kind: "exact".into(),
            description: description.to_owned(),
            ..Metric::default()
        });
        for (stack, bytes) in stacks {
            self.builder.add(*stack, thread, metric, *bytes, 1);
        }
    }
}

/// A number that is not negative, with or without a fraction.
fn number(text: &[u8]) -> Option<f64> {
    let digits = text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}
