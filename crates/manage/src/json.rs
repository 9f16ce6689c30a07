//! JSON that clients send: strict, read by name, and refused in the words of the conventions.

mod by_name;
mod misfit;
pub mod shape;

use serde::de::DeserializeOwned;
use serde_json::Value;

use self::by_name::ByName;
use crate::refusal::Outcome;
use crate::refusal::Refusal;

/// The value of a JSON text. Unknown and duplicate members are refused.
pub fn parse<T: DeserializeOwned>(text: &[u8]) -> Outcome<T> {
    if text.trim_ascii().is_empty() {
        return Err(Refusal::invalid("Request payload cannot be empty."));
    }
    let value = phantom_core::json::parse(text).map_err(|error| match error.position() {
        Some((line, column)) => {
            Refusal::invalid(format!("Malformed request body: line {line}, column {column}."))
        }
        None => Refusal::invalid("Malformed request body."),
    })?;
    if holds_nul(&value) {
        return Err(Refusal::invalid(misfit::DISALLOWED));
    }
    typed(value)
}

/// The value as that type, or what of it does not fit.
pub fn typed<T: DeserializeOwned>(value: Value) -> Outcome<T> {
    T::deserialize(ByName(value)).map_err(|misfit| Refusal::invalid(misfit.to_string()))
}

/// No database of ours keeps it, and no name holds it for a good reason.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(members) => {
            members.iter().any(|(name, value)| name.contains('\0') || holds_nul(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
