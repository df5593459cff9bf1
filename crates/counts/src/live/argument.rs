//! Arguments of keys that are numbers: a key's text is a function of them, so its record can be found without the text.
//!
//! Whether an argument is one is asked of its type, and known when the program is compiled, in generic code too. Any
//! other may print what it likes, and differently each time.

use std::any::TypeId;
use std::marker::PhantomData;

/// Arguments that a key may have to be found by them.
pub const MOST: usize = 2;
/// Bits that tell types apart.
const BITS: u32 = 5;

/// A number, as its type and its bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Argument {
    kind: u32,
    bits: u64,
}

/// All arguments of a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arguments {
    /// Their types; 0 behind the last.
    pub kinds: u32,
    pub bits: [u64; MOST],
}

impl Arguments {
    /// None if one is not a number.
    #[inline(always)]
    pub fn new<const N: usize>(arguments: [Option<Argument>; N]) -> Option<Self> {
        const { assert!(N <= MOST) };
        let mut all = Self { kinds: 0, bits: [0; MOST] };
        for (at, argument) in arguments.into_iter().enumerate() {
            let argument = argument?;
            all.kinds = all.kinds << BITS | argument.kind;
            all.bits[at] = argument.bits;
        }
        Some(all)
    }
}

/// What an argument is, if it is a number or a reference to one.
#[inline(always)]
pub fn argument<T: ?Sized>(value: &T) -> Option<Argument> {
    macro_rules! of {
        ($($kind:literal $type:ty, $bits:expr;)*) => { $(
            if is::<T, $type>() {
                // SAFETY: it is of this type, which has no lifetime.
                let number = unsafe { *std::ptr::from_ref(value).cast::<$type>() };
                return Some(Argument { kind: $kind, bits: $bits(number) });
            }
            if is::<T, &'static $type>() {
                // SAFETY: it is a reference to this type, of which the lifetime is the caller's.
                let number = unsafe { **std::ptr::from_ref(value).cast::<&$type>() };
                return Some(Argument { kind: $kind, bits: $bits(number) });
            }
        )* };
    }
    of! {
        1 u8, u64::from;
        2 u16, u64::from;
        3 u32, u64::from;
        4 u64, u64::from;
        5 usize, |number| number as u64;
        6 i8, |number: i8| i64::from(number).cast_unsigned();
        7 i16, |number: i16| i64::from(number).cast_unsigned();
        8 i32, |number: i32| i64::from(number).cast_unsigned();
        9 i64, i64::cast_unsigned;
        10 isize, |number| number as u64;
        11 bool, u64::from;
        12 char, u64::from;
        13 f32, |number| u64::from(f32::to_bits(number));
        14 f64, f64::to_bits;
    }
    None
}

/// A text, if an argument is one.
#[inline(always)]
pub fn text<T: ?Sized>(value: &T) -> Option<&str> {
    let at = std::ptr::from_ref(value);
    if is::<T, &'static str>() {
        // SAFETY: it is of this type, and the text lives at least as long as the reference to it.
        return Some(unsafe { *at.cast::<&str>() });
    }
    if is::<T, String>() {
        // SAFETY: as above.
        return Some(unsafe { &*at.cast::<String>() });
    }
    if is::<T, &'static String>() {
        // SAFETY: as above.
        return Some(unsafe { *at.cast::<&String>() });
    }
    None
}

/// Whether two types are one, but for lifetimes.
#[inline(always)]
fn is<T: ?Sized, U: ?Sized + 'static>() -> bool {
    type_id::<T>() == TypeId::of::<U>()
}

/// The id of a type in which all lifetimes are `'static`.
#[inline(always)]
fn type_id<T: ?Sized>() -> TypeId {
    trait Typed {
        fn id(&self) -> TypeId
        where
            Self: 'static;
    }
    impl<T: ?Sized> Typed for PhantomData<T> {
        #[inline(always)]
        fn id(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<T>()
        }
    }
    let typed: &dyn Typed = &PhantomData::<T>;
    // SAFETY: lifetimes are nothing at run time, and the method does not use what it is called with.
    let typed: &(dyn Typed + 'static) = unsafe { std::mem::transmute(typed) };
    typed.id()
}

/// Whether a format string's text is a function of its arguments alone: no name is captured, none is a pointer.
#[must_use]
pub const fn is_function(format: &str) -> bool {
    let format = format.as_bytes();
    let mut at = 0;
    while at < format.len() {
        let byte = format[at];
        at += 1;
        if byte != b'{' && byte != b'}' {
            continue;
        }
        if at < format.len() && format[at] == byte {
            at += 1;
        } else if byte == b'}' {
            return false;
        } else {
            match end_of_argument(format, at) {
                Some(end) => at = end,
                None => return false,
            }
        }
    }
    true
}

/// Behind an argument that is meant by its number or its place, as `0:>5}`; None of another. What is rare, as a brace
/// to fill with, need not be understood.
const fn end_of_argument(format: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    while at < format.len() && format[at].is_ascii_digit() {
        at += 1;
    }
    if at < format.len() && format[at] == b':' {
        while at < format.len() && !matches!(format[at], b'{' | b'}' | b'$' | b'p') {
            at += 1;
        }
    }
    if at < format.len() && format[at] == b'}' { Some(at + 1) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_depend_on_their_arguments_alone() {
        for format in ["", "a", "{}", "a {} b {}", "{:?}", "{0:>5}{0:x}", "{{}}", "{{{}}}", "{:é>4}", "{:.3}"]
        {
            assert!(is_function(format), "{format}");
        }
        for format in
            ["{x}", "{{{x}", "a {} {b}", "{:p}", "{:1$}", "{:x$}", "{:.y$}", "{:{<4}", "{:}<4}", "}", "{"]
        {
            assert!(!is_function(format), "{format}");
        }
    }

    /// Of a type that is not known here.
    fn generic<T>(value: T) -> Option<Argument> {
        argument(&value)
    }

    #[test]
    fn numbers_are_told_by_type_and_value() {
        let one = [
            argument(&1_u8),
            argument(&1_u16),
            argument(&1_u32),
            argument(&1_u64),
            argument(&1_usize),
            argument(&1_i8),
            argument(&1_i16),
            argument(&1_i32),
            argument(&1_i64),
            argument(&1_isize),
            argument(&true),
            argument(&'\u{1}'),
            argument(&f32::from_bits(1)),
            argument(&f64::from_bits(1)),
        ];
        for (at, argument) in one.iter().enumerate() {
            assert!(argument.is_some_and(|argument| argument.bits == 1));
            assert!(one[..at].iter().all(|other| other != argument), "{argument:?}");
        }
        assert_eq!(argument(&-1_i8).map(|argument| argument.bits), Some(u64::MAX));
        assert_eq!(argument(&&7_i32), argument(&7_i32));
        assert_eq!(generic(7_i32), argument(&7_i32));
        let local = 7;
        assert_eq!(generic(&local), argument(&7_i32));
    }

    #[test]
    fn others_are_none() {
        struct Own(#[expect(dead_code)] u32);
        assert_eq!(argument(&Own(1)), None);
        assert_eq!(argument(&Some(1_u32)), None);
        assert_eq!(argument(&1_u128), None);
        assert_eq!(argument("1"), None);
        assert_eq!(argument(&&&1_u32), None);
        assert_eq!(argument(&[1_u8][..]), None);
        assert_eq!(Arguments::new([argument(&1), None]), None);
    }

    #[test]
    fn texts_whoever_has_them() {
        let text = String::from("text");
        assert_eq!(super::text(&text), Some("text"));
        assert_eq!(super::text(&&text), Some("text"));
        assert_eq!(super::text(&text.as_str()), Some("text"));
        assert_eq!(super::text(&7), None);
        assert_eq!(super::text(&b"text"), None);
        assert_eq!(super::text(&'t'), None);
    }

    #[test]
    fn arguments_are_told_by_their_order_and_number() {
        let all = [
            Arguments::new([]),
            Arguments::new([argument(&0_u8)]),
            Arguments::new([argument(&0_u8), argument(&0_u8)]),
            Arguments::new([argument(&0_u8), argument(&0_u16)]),
            Arguments::new([argument(&0_u16), argument(&0_u8)]),
            Arguments::new([argument(&1_u8), argument(&0_u8)]),
            Arguments::new([argument(&0_u8), argument(&1_u8)]),
        ];
        for (at, arguments) in all.iter().enumerate() {
            assert!(arguments.is_some() && all[..at].iter().all(|other| other != arguments), "{arguments:?}");
        }
    }
}
