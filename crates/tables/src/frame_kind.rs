//! What kind of code a frame is of.

use std::fmt::{Display, Formatter};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a frame is of; written as its word, for there are few and a profile has millions of frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FrameKind {
    /// Compiled code of a program or library.
    Native,
    /// Code of the kernel.
    Kernel,
    /// Code that the program made.
    Jit,
    /// An address in no binary, or a marker such as `[truncated stack]`; also a word of a later version.
    #[default]
    Unknown,
}

impl FrameKind {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Kernel => "kernel",
            Self::Jit => "jit",
            Self::Unknown => "unknown",
        }
    }
}

impl From<&str> for FrameKind {
    fn from(word: &str) -> Self {
        match word {
            "native" => Self::Native,
            "kernel" => Self::Kernel,
            "jit" => Self::Jit,
            _ => Self::Unknown,
        }
    }
}

impl PartialEq<str> for FrameKind {
    fn eq(&self, word: &str) -> bool {
        self.as_str() == word
    }
}

impl PartialEq<&str> for FrameKind {
    fn eq(&self, word: &&str) -> bool {
        self.as_str() == *word
    }
}

impl Display for FrameKind {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        out.pad(self.as_str())
    }
}

impl Serialize for FrameKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FrameKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?.as_str()))
    }
}
