//! Counts in the program, in place of printing a line at the interesting place and counting the lines.
//!
//! ```
//! use pyrometer_counts::{count, count_here};
//!
//! fn insert(len: usize, seconds: f64) {
//!     count!("insert");                  // a key
//!     count!("insert;into {}", len / 8); // a formatted one; what is between `;` becomes a stack
//!     count!(len, "inserted");           // a weight, whole or with a fraction, that is added up
//!     count!(seconds, "waited for {len}");
//!     count_here!("caller");             // with file, line and column
//! }
//! # insert(9, 0.5);
//! ```
//!
//! Constraints:
//! - nothing happens, key and weight are not even evaluated, unless the environment variable [`VARIABLE`] names a folder
//!   at the first event: that costs one load and one branch;
//! - every thread has a mapped file of its own there, so no event waits for another thread, and what was counted is
//!   there after `_exit`, `abort` and a kill signal. The file's layout: `docs/counts-format.md` of Pyrometer;
//! - the child of a fork has files of its own; so has every copy of this crate in a process;
//! - what cannot be kept (the disk is full, an event inside the handling of another) is counted as lost, in the file;
//!   if there can be no file, standard error says so, once;
//! - it works on 64-bit Linux and macOS, and does nothing elsewhere. Do not count in a signal handler.

#[cfg(all(any(target_os = "linux", target_os = "macos"), target_pointer_width = "64"))]
#[path = "live/mod.rs"]
mod live;
#[cfg(not(all(any(target_os = "linux", target_os = "macos"), target_pointer_width = "64")))]
#[path = "nowhere.rs"]
mod live;
mod weight;

pub use weight::Weight;

/// The environment variable that names the folder of the files.
pub const VARIABLE: &str = "PYROMETER_COUNTS";

/// Counts an event: `count!("key")`, `count!("formatted {}", key)`, `count!(weight, "key {n}")`.
///
/// The format string is a literal; the weight is any number of at most 64 bits ([`Weight`]). Two literals in front are a weight and
/// a key: `count!(3, "key")`, so a literal argument of a format string is written into it.
#[macro_export]
macro_rules! count {
    ($($input:tt)+) => { $crate::__count!((::core::option::Option::None) $($input)+) };
}

/// Counts an event as [`count!`] does, with its place: file, line and column of this line, or, in a function with
/// `#[track_caller]`, of its caller. Without a key, `count_here!()`, the place is the key.
#[macro_export]
macro_rules! count_here {
    () => { $crate::count_here!("") };
    ($($input:tt)+) => {
        $crate::__count!((::core::option::Option::Some(::core::panic::Location::caller())) $($input)+)
    };
}

/// Takes a weight and a format string apart. A minus is looked for first: what the compiler tries as a literal and is
/// none after all is an error, not another arm.
#[doc(hidden)]
#[macro_export]
macro_rules! __count {
    ($place:tt - $($weighted:tt)+) => { $crate::__weighted!($place - $($weighted)+) };
    ($place:tt $format:literal, - $($rest:tt)+) => { $crate::__event!($place (()) $format, - $($rest)+) };
    ($place:tt $format:literal $(,)?) => { $crate::__event!($place (()) $format) };
    ($place:tt $weight:literal, $format:literal $(, $($rest:tt)*)?) => {
        $crate::__event!($place ($weight) $format $(, $($rest)*)?)
    };
    ($place:tt $format:literal, $($rest:tt)+) => { $crate::__event!($place (()) $format, $($rest)+) };
    ($place:tt $($weighted:tt)+) => { $crate::__weighted!($place $($weighted)+) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __weighted {
    ($place:tt $weight:expr, $format:literal $(, $($rest:tt)*)?) => {
        $crate::__event!($place ($weight) $format $(, $($rest)*)?)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __event {
    ($place:tt $weight:tt $format:literal, $($arguments:tt)+) => {
        $crate::__arguments!($place $weight $format [$format, $($arguments)+] [] $($arguments)+)
    };
    ($place:tt $weight:tt $format:literal $(,)?) => { $crate::__formatted!($place $weight $format) };
}

/// Takes the arguments of a key apart. Of one or two that have no names it may be known by them; any others are left to
/// `format_args!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __arguments {
    ($place:tt $weight:tt $format:tt [$($all:tt)+] [$($before:expr,)*] $name:ident = $($rest:tt)*) => {
        $crate::__formatted!($place $weight $($all)+)
    };
    (($place:expr) ($weight:expr) $format:tt $all:tt [$one:expr,]) => {
        if $crate::__private::is_on() {
            static SITE: $crate::__private::Site = $crate::__private::Site::new();
            const IS_FUNCTION: bool = $crate::__private::is_function($format);
            match ($crate::__private::amount($weight), &$one) {
                (amount, one) => {
                    if let ("{}", ::core::option::Option::Some(key)) = ($format, $crate::__private::text(one)) {
                        $crate::__private::count_text(amount, $place, key);
                    } else if IS_FUNCTION {
                        $crate::__private::count_numbers(
                            &SITE,
                            amount,
                            $place,
                            [$crate::__private::argument(one)],
                            ::core::format_args!($format, *one),
                        );
                    } else {
                        $crate::__private::count(&SITE, amount, $place, ::core::format_args!($format, *one));
                    }
                }
            }
        }
    };
    (($place:expr) ($weight:expr) $format:tt $all:tt [$one:expr, $other:expr,]) => {
        if $crate::__private::is_on() {
            static SITE: $crate::__private::Site = $crate::__private::Site::new();
            const IS_FUNCTION: bool = $crate::__private::is_function($format);
            match ($crate::__private::amount($weight), &$one, &$other) {
                (amount, one, other) => {
                    if IS_FUNCTION {
                        $crate::__private::count_numbers(
                            &SITE,
                            amount,
                            $place,
                            [$crate::__private::argument(one), $crate::__private::argument(other)],
                            ::core::format_args!($format, *one, *other),
                        );
                    } else {
                        $crate::__private::count(
                            &SITE,
                            amount,
                            $place,
                            ::core::format_args!($format, *one, *other),
                        );
                    }
                }
            }
        }
    };
    ($place:tt $weight:tt $format:tt [$($all:tt)+] [$($before:expr,)*]) => {
        $crate::__formatted!($place $weight $($all)+)
    };
    ($place:tt $weight:tt $format:tt $all:tt [$($before:expr,)*] $next:expr $(, $($rest:tt)*)?) => {
        $crate::__arguments!($place $weight $format $all [$($before,)* $next,] $($($rest)*)?)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __formatted {
    (($place:expr) ($weight:expr) $($format:tt)+) => {
        if $crate::__private::is_on() {
            static SITE: $crate::__private::Site = $crate::__private::Site::new();
            $crate::__private::count(
                &SITE,
                $crate::__private::amount($weight),
                $place,
                ::core::format_args!($($format)+),
            );
        }
    };
}

/// What the macros use.
#[doc(hidden)]
pub mod __private {
    pub use crate::live::{Site, argument, count, count_numbers, count_text, is_function, is_on, text};
    pub use crate::weight::{Amount, amount};
}
