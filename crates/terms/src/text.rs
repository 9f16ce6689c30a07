//! Bounds of what clients send, refused with the offending member's name.

use serde::Deserialize;
use serde::Deserializer;
use url::Url;

use crate::bounded::OutOfBounds;
use crate::refusal::Outcome;
use crate::refusal::Refusal;

/// Longest URL taken.
pub const MAX_URL: usize = 2000;

/// In characters, none of which is a control character other than the white space of texts.
pub fn length(member: &str, text: &str, least: usize, most: usize) -> Outcome<()> {
    sized(text, least, most).map_err(of(member))
}

/// A name: not only white space, and on one line.
pub fn name(member: &str, text: &str, most: usize) -> Outcome<()> {
    one_line(text, most).map_err(of(member))
}

pub fn optional(member: &str, text: Option<&str>, most: usize) -> Outcome<()> {
    text.map_or(Ok(()), |text| length(member, text, 0, most))
}

pub fn count(member: &str, count: usize, most: usize) -> Outcome<()> {
    few(count, most).map_err(of(member))
}

pub(crate) fn sized(text: &str, least: usize, most: usize) -> Result<(), OutOfBounds> {
    let printable = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    match text.chars().count() {
        length if !(least..=most).contains(&length) => {
            Err(OutOfBounds(format!("size must be between {least} and {most}")))
        }
        _ if text.chars().all(printable) => Ok(()),
        _ => Err(OutOfBounds("must not hold control characters".to_owned())),
    }
}

pub(crate) fn one_line(text: &str, most: usize) -> Result<(), OutOfBounds> {
    if text.trim().is_empty() {
        return Err(OutOfBounds("must not be blank".to_owned()));
    }
    sized(text, 1, most)?;
    match text.trim() == text && !text.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(OutOfBounds("must be one line without white space around it".to_owned())),
    }
}

pub(crate) fn few(count: usize, most: usize) -> Result<(), OutOfBounds> {
    match count {
        count if count <= most => Ok(()),
        _ => Err(OutOfBounds(format!("at most {most} entries"))),
    }
}

fn of(member: &str) -> impl FnOnce(OutOfBounds) -> Refusal {
    move |bound| Refusal::invalid(format!("{member}: {bound}"))
}

/// An absolute http or https URL without credentials and fragment, as it was written.
pub fn url(member: &str, text: &str) -> Outcome<Url> {
    let refused = |rule: &str| Refusal::invalid(format!("{member}: {rule}"));
    if text.len() > MAX_URL {
        return Err(refused("is longer than 2000 bytes"));
    }
    // The parser mends what others may read differently.
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(refused("must not hold white space, control characters or backslashes"));
    }
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let parsed = Url::parse(text).ok().filter(Url::has_host);
    match (scheme.as_deref(), parsed) {
        (Some("http" | "https"), Some(url)) => {
            if !url.username().is_empty() || url.password().is_some() {
                Err(refused("must not hold credentials"))
            } else if url.fragment().is_some() {
                Err(refused("must not hold a fragment"))
            } else {
                Ok(url)
            }
        }
        _ => Err(refused("must be an absolute http or https URL")),
    }
}

/// For members that clients write as null where they mean nothing.
pub fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
