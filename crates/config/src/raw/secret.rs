//! A secret: `{ env = "…" }`, `{ file = "…" }`, or the thing itself.

use secrecy::SecretString;
use toml::de::DeValue;

use crate::place::At;
use crate::section::Section;

#[derive(Clone, Debug)]
pub(crate) enum RawSecret {
    Literal(SecretString),
    Env(At<String>),
    File(At<String>),
}

impl RawSecret {
    pub(crate) fn take(section: &mut Section<'_>, key: &'static str) -> Option<At<Self>> {
        let (value, place) = section.raw(key)?;
        if let DeValue::String(text) = value {
            let value = Self::Literal(SecretString::from(text.as_ref()));
            return Some(At { value, place });
        }
        let expected = "{ env = \"…\" }, { file = \"…\" } or a string";
        let mut table = section.subsection(value, place.clone(), expected)?;
        let (env, file) = (table.take("env"), table.take("file"));
        let problems = table.problems();
        table.finish();
        match (env, file) {
            (Some(env), None) => Some(At { value: Self::Env(env), place }),
            (None, Some(file)) => Some(At { value: Self::File(file), place }),
            (Some(_), Some(_)) => {
                problems.error(&place, "has both `env` and `file`", "keep one of them");
                None
            }
            (None, None) => {
                problems.error(&place, "names no place", format!("write {expected}"));
                None
            }
        }
    }
}
