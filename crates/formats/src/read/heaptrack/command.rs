//! The command that was run, which heaptrack writes as it is: also over several lines, each of which may look like a record.
//!
//! What tells its end is the line of the system's pages, which heaptrack writes right behind it and once only (`writeCommandLine`
//! and `writeSystemInfo` of its `libheaptrack.cpp`). It takes no more than 4096 bytes of a command, so the last such line within
//! that reach is the one.

use super::fields::Fields;

/// The longest command, with a blank before it, and the line of pages: two numbers of 64 bits.
pub(super) const LONGEST: usize = 4096 + 2 + 2 * 17 + 2;

/// The lines of the command at the front of `text`, with their ends; none where nothing tells that there are several.
pub(super) fn lines(text: &[u8]) -> Option<&[u8]> {
    let within = &text[..text.len().min(LONGEST)];
    let pages = memchr::memmem::rfind_iter(within, b"\nI ").find(|at| is_pages(&within[at + 2..]))?;
    Some(&text[..=pages])
}

/// Whether a line stands here that gives the size of a page and their number.
fn is_pages(text: &[u8]) -> bool {
    let line = memchr::memchr(b'\n', text).map(|end| &text[..end]);
    line.and_then(|line| line.strip_prefix(b" ")).is_some_and(|numbers| {
        let mut fields = Fields::new(numbers);
        fields.two().is_some() && fields.is_empty()
    })
}

/// The words of a command, which heaptrack puts a blank between.
pub(super) fn words(command: &[u8]) -> Vec<String> {
    let command = String::from_utf8_lossy(command);
    let words = command.strip_suffix('\n').unwrap_or(&command).split(' ');
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_ends_before_the_last_line_of_pages() {
        let text = b"X sh -c a\nI 3 4\nt = 1\n\nb x\nI 1000 5e2\nt 1 0\nI am\n";
        let found = lines(text).unwrap();
        assert_eq!(words(&found[1..]), ["sh", "-c", "a\nI", "3", "4\nt", "=", "1\n\nb", "x"]);
        assert!(text[found.len()..].starts_with(b"I 1000"));
    }

    #[test]
    fn without_a_line_of_pages_nothing_is_told() {
        for text in
            ["X a\nt 1 0\n", "X a", "", "X a\nI 1000", "X a\nI 1000 2", "X a\nI 1 2 3\n", "X a\nI x y\n"]
        {
            assert_eq!(lines(text.as_bytes()), None, "{text:?}");
        }
        let far = format!("X {}\nI 1 2\n", "a".repeat(LONGEST));
        assert_eq!(lines(far.as_bytes()), None);
    }
}
