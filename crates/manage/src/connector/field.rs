//! One field of a connector's form.

use serde_json::Value;

/// Longest text taken for a field.
const MAX_TEXT: usize = 4096;

/// An input of the form, and what may be entered.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub required: bool,
    /// A secret: sealed, and shown as a mask.
    pub mask: bool,
    pub tooltip: &'static str,
    pub default: Option<&'static str>,
    /// Least and largest number; `None`: text.
    pub range: Option<(u64, u64)>,
}

impl Field {
    pub(super) const fn required(name: &'static str, label: &'static str) -> Self {
        let (required, mask, tooltip, default, range) = (true, false, "", None, None);
        Self { name, label, required, mask, tooltip, default, range }
    }

    pub(super) const fn number(
        name: &'static str,
        label: &'static str,
        default: &'static str,
        least: u64,
        most: u64,
    ) -> Self {
        let (required, mask, tooltip) = (false, false, "");
        let (default, range) = (Some(default), Some((least, most)));
        Self { name, label, required, mask, tooltip, default, range }
    }

    /// Whether the value may stand in this field. Texts are not empty.
    #[must_use]
    pub fn takes(&self, value: &Value) -> bool {
        match self.range {
            Some((least, most)) => {
                number(value).is_some_and(|number| (least..=most).contains(&number))
            }
            None => value.as_str().is_some_and(|text| {
                let sound = !text.chars().any(char::is_control);
                sound && !text.trim().is_empty() && text.chars().count() <= MAX_TEXT
            }),
        }
    }
}

/// A number, or a text of decimal digits alone: forms send either.
#[must_use]
pub fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}
