//! What clients send: strict, read by name, and refused in the words of the conventions, which name the
//! member that is at fault.

mod by_name;
mod by_text;
mod misfit;
pub mod shape;
#[cfg(test)]
mod tests;

use phantom_core::json::Fault;
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::by_name::ByName;
use self::by_text::Parameters;
use self::misfit::Misfit;
use crate::refusal::Outcome;
use crate::refusal::Refusal;

/// The value of a JSON text. Unknown and duplicate members are refused.
pub fn parse<T: DeserializeOwned>(text: &[u8]) -> Outcome<T> {
    if text.trim_ascii().is_empty() {
        return Err(Refusal::invalid("Request payload cannot be empty."));
    }
    let value = phantom_core::json::parse(text).map_err(|error| match error.position() {
        Some((line, column)) => {
            let why = match error.fault() {
                Fault::Syntax => "",
                Fault::Duplicate => ", where a member stands twice",
                Fault::TooDeep => ", where it is nested too deeply",
            };
            Refusal::invalid(format!("Malformed request body: line {line}, column {column}{why}."))
        }
        None => Refusal::invalid("Malformed request body."),
    })?;
    without_nul(&value).map_err(|misfit| Refusal::invalid(misfit.to_string()))?;
    typed(value)
}

/// The value as that type, or what of it does not fit.
pub fn typed<T: DeserializeOwned>(value: Value) -> Outcome<T> {
    T::deserialize(ByName(value)).map_err(|misfit| Refusal::invalid(misfit.to_string()))
}

/// The same of a value that was that member of another.
pub fn typed_member<T: DeserializeOwned>(name: &str, value: Value) -> Outcome<T> {
    let typed = T::deserialize(ByName(value)).map_err(|misfit| misfit.of(name));
    typed.map_err(|misfit| Refusal::invalid(misfit.to_string()))
}

/// Parameters of a query as that type. Those that it does not know are passed over.
pub fn parameters<T: DeserializeOwned>(
    pairs: impl Iterator<Item = (String, String)>,
) -> Outcome<T> {
    T::deserialize(Parameters::new(pairs)).map_err(|misfit| Refusal::invalid(misfit.of_query()))
}

/// No database of ours keeps it, and no name holds it for a good reason.
fn without_nul(value: &Value) -> Result<(), Misfit> {
    let held = || Err(Misfit::disallowed("must not hold the character U+0000"));
    match value {
        Value::String(text) if text.contains('\0') => held(),
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.try_for_each(|(index, item)| without_nul(item).map_err(|misfit| misfit.at(index)))
        }
        Value::Object(members) => members.iter().try_for_each(|(name, value)| match name {
            name if name.contains('\0') => held(),
            name => without_nul(value).map_err(|misfit| misfit.of(name)),
        }),
        _ => Ok(()),
    }
}
