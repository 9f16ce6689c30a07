//! Which scopes a token holds.

use crate::roles;
use crate::roles::Role;

/// What a token holds that was granted nothing else.
const DEFAULT: &str = "default";

/// What is granted of what is asked for, in order of name: of the management scopes those that the
/// roles give; of others, which APIs define, all or none.
pub fn granted<'a>(
    asked: impl IntoIterator<Item = &'a str>,
    roles: &[Role],
    others: bool,
) -> String {
    let given: Vec<&str> = roles::scopes_of(roles).collect();
    let is_granted = |scope: &&str| match roles::scope(scope) {
        Some(management) => given.contains(&management),
        None => others && !scope.is_empty() && !scope.starts_with(roles::PREFIX),
    };
    joined(asked.into_iter().filter(is_granted))
}

/// Of what is asked for, what was granted before.
pub(super) fn narrowed(held: &str, asked: &str) -> String {
    let held: Vec<&str> = held.split(' ').collect();
    joined(asked.split_ascii_whitespace().filter(|scope| held.contains(scope)))
}

pub(super) fn joined<'a>(scopes: impl Iterator<Item = &'a str>) -> String {
    let mut scopes: Vec<&str> = scopes.collect();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() { DEFAULT.to_owned() } else { scopes.join(" ") }
}
