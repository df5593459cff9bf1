//! Processes and threads: new rows, or those that are known by these ids and names.

use pyrometer_tables::schema::{Process, Thread};

use super::{Builder, push};

impl Builder {
    /// A new row in `processes`.
    pub fn process(&mut self, process: Process) -> i32 {
        push(&mut self.tables.processes, process)
    }

    /// The row of a thread, and of its process: new ones, or those that have these ids. `name` is used for a new one.
    pub fn thread(&mut self, pid: i32, tid: i32, name: &str) -> i32 {
        if let Some(row) = self.threads.get(&(pid, tid)) {
            return *row;
        }
        let process = self.tables.processes.iter().rposition(|process| process.pid == pid);
        let process = process.map_or_else(
            || push(&mut self.tables.processes, Process { pid, name: name.to_owned(), ..Process::default() }),
            |row| row as i32,
        );
        let thread = Thread { process, tid, name: name.to_owned(), ..Thread::default() };
        let row = push(&mut self.tables.threads, thread);
        self.threads.insert((pid, tid), row);
        row
    }

    /// The row of a thread of which a file tells ids and names with every sample: under each name of its process and of
    /// its own it is another row, for a program that executes another one takes new names. An empty name is one that is
    /// not said; threads without an id (0) are told apart by their names.
    pub fn task(&mut self, (pid, process): (i32, &str), (tid, name): (i32, &str)) -> i32 {
        let process = match self.processes_by_name.get(&pid).and_then(|rows| rows.get(process)) {
            Some(row) => *row,
            None => self.process_called((pid, process), name),
        };
        match self.threads_by_name.get(&(process, tid)).and_then(|rows| rows.get(name)) {
            Some(row) => *row,
            None => self.thread_called((pid, process), (tid, name)),
        }
    }

    fn process_called(&mut self, (pid, name): (i32, &str), thread: &str) -> i32 {
        let processes = &self.tables.processes;
        let same = processes.iter().rposition(|row| row.pid == pid && row.name == name);
        let known = same.or_else(|| processes.iter().rposition(|row| row.pid == pid)).map(|row| row as i32);
        let row = match known {
            Some(row) if same.is_some() || name.is_empty() => row,
            Some(row) if self.named_by_thread.remove(&row) => {
                name.clone_into(&mut self.tables.processes[row as usize].name);
                row
            }
            _ => {
                let own = if name.is_empty() { thread } else { name };
                let row = self.process(Process { pid, name: own.to_owned(), ..Process::default() });
                if name.is_empty() {
                    self.named_by_thread.insert(row);
                }
                row
            }
        };
        self.processes_by_name.entry(pid).or_default().insert(name.to_owned(), row);
        row
    }

    fn thread_called(&mut self, (pid, process): (i32, i32), (tid, name): (i32, &str)) -> i32 {
        // The main thread is called like the process.
        if tid == pid && self.named_by_thread.remove(&process) {
            name.clone_into(&mut self.tables.processes[process as usize].name);
        }
        let names = self.threads_by_name.entry((process, tid)).or_default();
        let known = match (tid, name) {
            (0, _) => None,
            (_, "") => names.values().min().copied(),
            _ => names.get("").copied(),
        };
        let alike = |row: &&i32| {
            let thread = &self.tables.threads[**row as usize];
            thread.process == process && thread.name == name
        };
        let row = known.or_else(|| self.threads.get(&(pid, tid)).filter(alike).copied());
        let row = row.unwrap_or_else(|| {
            let thread = Thread { process, tid, name: name.to_owned(), ..Thread::default() };
            push(&mut self.tables.threads, thread)
        });
        if !name.is_empty() {
            name.clone_into(&mut self.tables.threads[row as usize].name);
        }
        names.insert(name.to_owned(), row);
        self.threads.entry((pid, tid)).or_insert(row);
        row
    }

    /// A new row of a thread that is known under another name.
    pub fn renamed_thread(&mut self, pid: i32, tid: i32, name: &str) -> i32 {
        let known = self.thread(pid, tid, name);
        let process = self.tables.threads[known as usize].process;
        let row = push(
            &mut self.tables.threads,
            Thread { process, tid, name: name.to_owned(), ..Thread::default() },
        );
        self.threads.insert((pid, tid), row);
        row
    }

    /// The rows of `processes` and `threads`, to be corrected.
    pub fn tasks(&mut self) -> (&mut [Process], &mut [Thread]) {
        (&mut self.tables.processes, &mut self.tables.threads)
    }
}
