//! What lines that follow are of.

/// Where the lines that follow belong: places of names.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Context {
    pub(super) object: u32,
    pub(super) file: u32,
    /// Number of the file in the profile.
    pub(super) file_number: u32,
    /// Row of the function.
    pub(super) function: Option<i32>,
    /// Row of its binary.
    pub(super) binary: Option<i32>,
}

/// The function that the next `calls=` is of: places of the names that were given.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Callee {
    pub(super) object: Option<u32>,
    pub(super) file: Option<u32>,
    pub(super) function: Option<u32>,
}

/// What the next line of positions is of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    Costs,
    /// Row of the callee, if it fits, and number of calls.
    Call(Option<i32>, i64),
    Jump,
}

impl Next {
    /// Whether it is known what is called.
    pub(super) fn fits(self) -> bool {
        !matches!(self, Self::Call(None, _))
    }
}
