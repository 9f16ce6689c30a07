//! `"${SECRET}"`: other programs put variables into their files. Here such a text is the text itself, which
//! is noticed late and far away.

use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

use crate::place::Place;
use crate::problem::Problems;

/// Warns of every string of the file in which something looks like a variable.
pub(crate) fn warn(table: &DeTable<'_>, problems: &Problems) {
    in_table(table, "", problems);
}

fn in_table(table: &DeTable<'_>, path: &str, problems: &Problems) {
    for (key, value) in table {
        let path = match path {
            "" => key.get_ref().to_string(),
            path => format!("{path}.{}", key.get_ref()),
        };
        in_value(value, path, problems);
    }
}

fn in_value(value: &Spanned<DeValue<'_>>, path: String, problems: &Problems) {
    match value.get_ref() {
        DeValue::String(text) => {
            let Some(variable) = variable(text) else { return };
            let place = Place { span: value.span().into(), key: path.into() };
            let message = format!("`{variable}` is not replaced: it stands for itself");
            let name = variable.trim_matches(['$', '{', '}']);
            let hint = format!("a secret is read from the environment with {{ env = {name:?} }}");
            problems.warning(&place, message, hint);
        }
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                // A list of tables has its places by number, a list of words as a whole.
                let path = match item.get_ref() {
                    DeValue::Table(_) => format!("{path}[{index}]"),
                    _ => path.clone(),
                };
                in_value(item, path, problems);
            }
        }
        DeValue::Table(table) => in_table(table, &path, problems),
        _ => {}
    }
}

/// `${NAME}` anywhere, or `$NAME` as all there is.
fn variable(text: &str) -> Option<String> {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let shouted = |name: &str| !name.bytes().any(|byte| byte.is_ascii_lowercase());
    if text.strip_prefix('$').is_some_and(|name| is_name(name) && shouted(name)) {
        return Some(text.to_owned());
    }
    text.match_indices("${").find_map(|(start, _)| {
        let rest = text.get(start..)?;
        let end = rest.find('}')?;
        // With a default as shells have it, `${NAME:-x}`, it is no less a variable; that may be secret.
        let name = rest.get(2..end)?.split(':').next().unwrap_or_default();
        is_name(name).then(|| format!("${{{name}}}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_told_from_texts() {
        for (text, found) in [
            ("${SECRET}", Some("${SECRET}")),
            ("https://${HOST}/x", Some("${HOST}")),
            ("${SECRET:-hunter2}", Some("${SECRET}")),
            ("$SECRET", Some("$SECRET")),
            ("$ecret", None),
            ("pa$$word", None),
            ("${}", None),
            ("${a b}", None),
            ("cost: $5", None),
            ("", None),
        ] {
            assert_eq!(variable(text).as_deref(), found, "{text}");
        }
    }
}
