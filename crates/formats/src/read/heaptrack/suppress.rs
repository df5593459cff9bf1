//! Leaks that are known and meant: of the C library and of others, and those that a program names.

use pyrometer_tables::schema::{Frame, Tables};

/// Those that heaptrack has built in.
const KNOWN: [&str; 7] = [
    "__nss_module_allocate",
    "__gconv_read_conf",
    "__new_exitfn",
    "tzset_internal",
    "dl_open_worker",
    "g_main_context_new",
    "g_thread_self",
];

/// Patterns of functions, files and modules.
#[derive(Debug)]
pub(super) struct Suppressions {
    patterns: Vec<String>,
}

impl Default for Suppressions {
    fn default() -> Self {
        Self { patterns: KNOWN.map(str::to_owned).to_vec() }
    }
}

impl Suppressions {
    /// Adds a line of the form `leak:PATTERN`.
    pub(super) fn add(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        if let Some(pattern) = line.trim().strip_prefix("leak:") {
            self.patterns.push(pattern.to_owned());
        }
    }

    /// For each row of `stacks`, whether one of them fits one of its frames.
    pub(super) fn hidden(&self, tables: &Tables) -> Vec<bool> {
        let frames: Vec<bool> = tables.frames.iter().map(|frame| self.fit(tables, frame)).collect();
        let mut hidden: Vec<bool> = Vec::with_capacity(tables.stacks.len());
        for stack in &tables.stacks {
            let caller = stack.parent.is_some_and(|parent| hidden[parent as usize]);
            hidden.push(caller || frames[stack.frame as usize]);
        }
        hidden
    }

    fn fit(&self, tables: &Tables, frame: &Frame) -> bool {
        let function = frame.function.map(|row| tables.functions[row as usize].name.as_str());
        let binary = frame.binary.map(|row| tables.binaries[row as usize].path.as_str());
        let names = [function, frame.file.as_deref(), binary];
        names.into_iter().flatten().any(|name| self.patterns.iter().any(|pattern| fits(pattern, name)))
    }
}

/// As LeakSanitizer matches: `*` for any text, `^` and `$` for the ends, else somewhere inside.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, from_start) = pattern.strip_prefix('^').map_or((pattern, false), |rest| (rest, true));
    let (pattern, to_end) = pattern.strip_suffix('$').map_or((pattern, false), |rest| (rest, true));
    let mut rest = name;
    let mut parts = pattern.split('*').peekable();
    let mut first = true;
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        let found = match (first && from_start, is_last && to_end) {
            (true, _) => rest.starts_with(part).then_some(0),
            (false, true) => rest.len().checked_sub(part.len()).filter(|_| rest.ends_with(part)),
            (false, false) => rest.find(part),
        };
        let Some(at) = found else { return false };
        rest = &rest[at + part.len()..];
        first = false;
    }
    !to_end || rest.is_empty() || pattern.ends_with('*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_those_of_leak_sanitizer() {
        for (pattern, name, expected) in [
            ("open", "dl_open_worker", true),
            ("^open", "dl_open_worker", false),
            ("^dl_*worker$", "dl_open_worker", true),
            ("worker$", "dl_open_worker", true),
            ("open$", "dl_open_worker", false),
            ("a*c", "xabc", true),
            ("^a$", "a", true),
            ("^a$", "ab", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
