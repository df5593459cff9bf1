//! Files that are named by URLs, as engines of JavaScript know their scripts.

use std::borrow::Cow;

/// The path that a URL of a file on this machine stands for; whatever else it is stays as it is.
pub(super) fn path_of(file: &str) -> Cow<'_, str> {
    let Some(path) = file.strip_prefix("file://").filter(|path| path.starts_with('/')) else {
        return Cow::Borrowed(file);
    };
    // `file:///C:/app.js`: there is no root above a drive.
    let path = if path.as_bytes().get(2) == Some(&b':') { &path[1..] } else { path };
    String::from_utf8(decoded(path)).map_or(Cow::Borrowed(path), Cow::Owned)
}

/// The bytes, with those that are written `%20`.
fn decoded(path: &str) -> Vec<u8> {
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3).and_then(hexadecimal)).flatten();
        decoded.push(escaped.unwrap_or(bytes[at]));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    decoded
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(&digits[0])? * 16 + digit(&digits[1])?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_of_files_are_paths() {
        for (file, path) in [
            ("file:///a%20b/gr%C3%B6%C3%9Fe.js", "/a b/größe.js"),
            ("file:///C:/app.js", "C:/app.js"),
            ("file:///100%", "/100%"),
            ("file:///%zz%2", "/%zz%2"),
            ("file:///%ff", "/%ff"),
            ("file://host/a.js", "file://host/a.js"),
            ("https://a.org/b%20c.js", "https://a.org/b%20c.js"),
            ("node:internal/fs", "node:internal/fs"),
            ("/a%20b.js", "/a%20b.js"),
            ("", ""),
        ] {
            assert_eq!(path_of(file), path, "{file}");
        }
    }
}
