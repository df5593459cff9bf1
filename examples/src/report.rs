//! The known answer, as one line of JSON: what each function and thread has spent by the program's own clock.

use std::collections::BTreeMap;
use std::fmt::Write;

/// CPU time by name, in nanoseconds.
pub type Nanoseconds = BTreeMap<String, u64>;

/// What a program knows about its own CPU time.
#[derive(Debug, Default)]
pub struct Report {
    /// Time in a function's own body; an inlined function has a body of its own here.
    pub self_ns: Nanoseconds,
    /// Time in a function and in everything that it called; recursion counts once.
    pub total_ns: Nanoseconds,
    /// Time of each thread, by the thread's name.
    pub thread_ns: Nanoseconds,
    /// The report of the child process, already JSON.
    pub child: Option<String>,
}

impl Report {
    /// Books `ns` to a function that called nothing: own and total time are the same.
    pub fn leaf(&mut self, function: &str, ns: u64) {
        self.own(function, ns);
        self.total(function, ns);
    }

    /// Books `ns` of a function's own time.
    pub fn own(&mut self, function: &str, ns: u64) {
        *self.self_ns.entry(function.to_owned()).or_default() += ns;
    }

    /// Books `ns` of a function's total time.
    pub fn total(&mut self, function: &str, ns: u64) {
        *self.total_ns.entry(function.to_owned()).or_default() += ns;
    }

    /// Books `ns` to a thread.
    pub fn thread(&mut self, name: &str, ns: u64) {
        *self.thread_ns.entry(name.to_owned()).or_default() += ns;
    }

    /// Adds what another thread has booked.
    pub fn merge(&mut self, other: Report) {
        for (function, ns) in other.self_ns {
            self.own(&function, ns);
        }
        for (function, ns) in other.total_ns {
            self.total(&function, ns);
        }
        for (thread, ns) in other.thread_ns {
            self.thread(&thread, ns);
        }
    }

    /// The report as one line of JSON. Names are identifiers, so nothing needs escaping.
    pub fn json(&self, program: &str) -> String {
        let mut text = format!("{{\"program\":\"{program}\"");
        for (key, times) in
            [("self_ns", &self.self_ns), ("total_ns", &self.total_ns), ("thread_ns", &self.thread_ns)]
        {
            let _ = write!(text, ",\"{key}\":{}", object(times));
        }
        if let Some(child) = &self.child {
            let _ = write!(text, ",\"child\":{child}");
        }
        text + "}"
    }
}

fn object(times: &Nanoseconds) -> String {
    let pairs: Vec<String> = times.iter().map(|(name, ns)| format!("\"{name}\":{ns}")).collect();
    format!("{{{}}}", pairs.join(","))
}
