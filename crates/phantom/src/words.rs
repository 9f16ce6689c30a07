//! What a configuration asks for, in words: for `check` and `explain`.

use phantom_core::Protection;
use phantom_core::RequiredScope;

/// A line for the scope and one for each rule.
pub(crate) fn protection(protection: &Protection) -> Vec<String> {
    let mut lines = Vec::new();
    match &protection.scope {
        RequiredScope::All(scope) | RequiredScope::Any(scope) if scope.is_empty() => {}
        RequiredScope::All(scope) => lines.push(format!("scope: all of `{}`", scope.as_str())),
        RequiredScope::Any(scope) => lines.push(format!("scope: any of `{}`", scope.as_str())),
        RequiredScope::Nothing => {}
    }
    lines.extend(protection.claims.iter().map(ToString::to_string));
    lines
}
