//! Documents beside columns: what of an entity is kept as JSON.

use crate::refusal::Outcome;
use crate::refusal::Refusal;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

/// The document of a row.
pub fn read<'d, T: Deserialize<'d>>(document: &'d Value) -> Outcome<T> {
    T::deserialize(document).map_err(Refusal::because("a stored document cannot be read"))
}

pub fn write<T: Serialize>(document: &T) -> Outcome<Value> {
    serde_json::to_value(document).map_err(Refusal::because("a document cannot be written"))
}
