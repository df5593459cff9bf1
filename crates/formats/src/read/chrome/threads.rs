//! Processes and threads: their ids may be texts, and their names come anywhere in the file.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::event::{Event, Id};
use crate::read::Builder;

/// Ids that are no numbers are counted from here.
const OTHERS: i32 = 1 << 30;

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Rows by ids.
#[derive(Debug, Default)]
pub(super) struct Threads {
    others: FxHashMap<String, i32>,
    processes: BTreeMap<i32, String>,
    threads: BTreeMap<(i32, i32), String>,
}

impl Threads {
    /// With the names that the file tells.
    pub(super) fn of(events: &[Event<'_>]) -> Self {
        let mut threads = Self::default();
        for event in events.iter().filter(|event| event.ph == "M") {
            let Some(Named { name }) = event.arguments() else { continue };
            let (pid, tid) = threads.ids(event);
            match &*event.name {
                "process_name" => drop(threads.processes.insert(pid, name)),
                "thread_name" => drop(threads.threads.insert((pid, tid), name)),
                _ => {}
            }
        }
        threads
    }

    /// The row of the thread of an event.
    pub(super) fn row(&mut self, builder: &mut Builder, event: &Event<'_>) -> i32 {
        let ids = self.ids(event);
        let name = self.threads.get(&ids).map_or("", String::as_str);
        builder.thread(ids.0, ids.1, name)
    }

    fn ids(&mut self, event: &Event<'_>) -> (i32, i32) {
        (self.number(event.pid.as_ref()), self.number(event.tid.as_ref()))
    }

    fn number(&mut self, id: Option<&Id<'_>>) -> i32 {
        let Some(id) = id else { return 0 };
        id.number().unwrap_or_else(|| {
            let next = OTHERS.saturating_add(self.others.len() as i32);
            *self.others.entry(id.text()).or_insert(next)
        })
    }

    /// Gives processes their names, and threads without one that of their id, if that is a text.
    pub(super) fn name(&self, builder: &mut Builder) {
        let texts: FxHashMap<i32, &str> = self.others.iter().map(|(text, id)| (*id, text.as_str())).collect();
        let (processes, threads) = builder.tasks();
        for process in processes.iter_mut() {
            let named = self.processes.get(&process.pid).map(String::as_str);
            if let Some(name) = named.or_else(|| texts.get(&process.pid).copied()) {
                process.name = name.to_owned();
            }
        }
        for thread in threads.iter_mut().filter(|thread| thread.name.is_empty()) {
            thread.name = texts.get(&thread.tid).copied().unwrap_or_default().to_owned();
        }
    }
}
