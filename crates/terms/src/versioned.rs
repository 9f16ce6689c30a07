//! Versions of entities: what was read at one, and which a caller means to change.

use crate::refusal::Outcome;
use crate::refusal::Refusal;

/// A value with the version it was read at.
#[derive(Clone, Debug)]
pub struct Versioned<T> {
    pub version: i64,
    pub value: T,
}

/// The versions of an entity that the caller means to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expected {
    /// Whichever is there.
    #[default]
    Any,
    OneOf(Vec<i64>),
}

impl Expected {
    pub fn check(&self, version: i64) -> Outcome<()> {
        match self {
            Self::OneOf(versions) if !versions.contains(&version) => Err(Refusal::OtherVersion),
            Self::Any | Self::OneOf(_) => Ok(()),
        }
    }
}
