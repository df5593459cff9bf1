//! Functions without a name: Callgrind writes their address in their object, `0x000000000001ab70`; a recording names the
//! object too, `ld-linux-x86-64.so.2+0x1ab70`. One function has one name in all profiles, so that these can be compared.
//!
//! Behind either may stand a context, `'2`.

/// What a recording calls a function that Callgrind gives an address, in the object at `path`; none if it has a name.
pub(crate) fn in_object(name: &str, path: &str) -> Option<String> {
    let (address, context) = split(name);
    let address = hexadecimal(address).filter(|_| address.len() >= "0x".len() + 8)?;
    let object = base(path)?;
    Some(format!("{object}+{address:#x}{context}"))
}

/// What Callgrind calls a function that is named by an address in the object at `path`; none if it has a name.
pub(crate) fn address_alone(name: &str, path: &str) -> Option<String> {
    let (place, context) = split(name);
    let address = hexadecimal(place.strip_prefix(base(path)?)?.strip_prefix('+')?)?;
    Some(format!("{address:#018x}{context}"))
}

fn split(name: &str) -> (&str, &str) {
    name.split_at(name.find('\'').unwrap_or(name.len()))
}

fn base(path: &str) -> Option<&str> {
    path.rsplit('/').next().filter(|base| !base.is_empty())
}

fn hexadecimal(text: &str) -> Option<u64> {
    let digits =
        text.strip_prefix("0x").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u64::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_its_object() {
        let path = "/usr/lib/ld-linux-x86-64.so.2";
        for (theirs, ours) in [
            ("0x000000000001ab70", "ld-linux-x86-64.so.2+0x1ab70"),
            ("0x00000000005cfad0'2", "ld-linux-x86-64.so.2+0x5cfad0'2"),
        ] {
            assert_eq!(in_object(theirs, path).as_deref(), Some(ours));
            assert_eq!(address_alone(ours, path).as_deref(), Some(theirs));
        }
    }

    #[test]
    fn names_stay_what_they_are() {
        for name in ["main", "0x", "0xdeadbeef_handler", "0x12", "f()::'lambda'(int)", "+0x000000000001", ""]
        {
            assert_eq!(in_object(name, "/usr/bin/app"), None, "{name}");
        }
        assert_eq!(in_object("0x000000000001ab70", ""), None, "an object that is not known");
        for name in ["app", "app+", "app+0xg", "libc.so.6+0x1", "0x000000000001ab70"] {
            assert_eq!(address_alone(name, "/usr/bin/app"), None, "{name}");
        }
    }
}
