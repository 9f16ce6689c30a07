//! A value with the version it was read at.

#[derive(Clone, Debug)]
pub struct Versioned<T> {
    pub version: i64,
    pub value: T,
}
