//! What only one API may have: its name and version, its paths, its local scopes.

use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_store::ApiFilter;
use phantom_store::ApiRow;
use phantom_store::ScopeUse;
use phantom_store::Write;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;

use super::document::ApiDocument;
use super::rules;
use super::rules::Identity;
use super::scan;

pub(super) async fn require_identity(write: &mut Write, identity: &Identity) -> Outcome<()> {
    let Identity { name, version, context } = identity;
    let namesakes = write.apis_named(name).await?;
    if namesakes.iter().any(|row| row.name == *name && row.version_name == *version) {
        return Err(Refusal::ApiExists { name: name.clone(), version: version.clone() });
    }
    if namesakes.iter().any(|row| row.name != *name) {
        return Err(Refusal::ApiNameInOtherCase(name.clone()));
    }
    let paths = [Some(identity.path()), rules::default_path(context)];
    for path in paths.into_iter().flatten() {
        if let Some(other) = served_at(write, &path, name).await? {
            let namesakes = write.apis_at(context).await?;
            if namesakes.iter().any(|row| row.name != *name) {
                return Err(Refusal::ContextExists(context.clone()));
            }
            let (context, name, version) = (context.clone(), other.name, other.version_name);
            return Err(Refusal::PathOfAnotherApi { context, path, name, version });
        }
    }
    Ok(())
}

/// The API of another name that is served at that path, or would be as the default version.
async fn served_at(write: &mut Write, path: &str, name: &str) -> Outcome<Option<ApiRow>> {
    let is_other = |row: &ApiRow| row.name != name;
    if let Some(other) = write.apis_at(path).await?.into_iter().find(is_other) {
        return Ok(Some(other));
    }
    if let Some((context, version)) = path.rsplit_once('/') {
        let mut others = write.apis_at(context).await?.into_iter();
        let other = others.find(|row| is_other(row) && row.version_name == version);
        if other.is_some() {
            return Ok(other);
        }
    }
    let filter =
        ApiFilter { context_contains: Some(rules::VERSION.to_owned()), ..ApiFilter::default() };
    let mut found = None;
    scan::each(write, filter, |row| {
        let served = rules::path(&row.context, &row.version_name);
        let default = rules::default_path(&row.context);
        let is_here = served.eq_ignore_ascii_case(path)
            || default.is_some_and(|default| default.eq_ignore_ascii_case(path));
        if is_other(&row) && is_here {
            found.get_or_insert(row);
        }
        Ok(())
    })
    .await?;
    Ok(found)
}

/// Whether there is an API of just that name (`name:x`) or context (`context:/x`), whatever it holds.
pub async fn is_taken(control: &Control, text: &str) -> Outcome<bool> {
    Ok(if let Some(context) = text.strip_prefix("context:") {
        let context = format!("/{}", context.trim_matches(['/', '"']));
        !control.store().apis_at(&context).await?.is_empty()
    } else {
        let name = text.strip_prefix("name:").unwrap_or(text);
        !control.store().apis_named(name.trim_matches('"')).await?.is_empty()
    })
}

/// Whether an API is there that is served at just that path, version included.
pub async fn is_served_at(write: &mut Write, path: &str) -> Outcome<bool> {
    let mut served = false;
    scan::each(write, ApiFilter::default(), |row| {
        served |= rules::path(&row.context, &row.version_name) == path;
        Ok(())
    })
    .await?;
    Ok(served)
}

/// A local scope belongs to one API, in all of its versions.
pub(super) async fn require_scopes(
    write: &mut Write,
    name: &str,
    settings: &ApiDocument,
    before: Option<&ApiDocument>,
) -> Outcome<()> {
    let had = |scope: &str| {
        let mut scopes = before.iter().flat_map(|before| &before.scopes);
        scopes.any(|each| !each.shared && each.name == scope)
    };
    for scope in settings.scopes.iter().filter(|scope| !scope.shared && !had(&scope.name)) {
        let mut uses = write.scope_uses(&scope.name).await?;
        uses.retain(|each| !each.shared && each.api != name);
        if !uses.is_empty() {
            let (scope, api) = (scope.name.clone(), named(&uses));
            return Err(Refusal::ScopeOfAnotherApi { scope, api });
        }
    }
    Ok(())
}

/// The versions of APIs that have a scope, as many as a sentence bears: `Orders v1, Orders v2 and 3 more`.
pub(crate) fn named(uses: &[ScopeUse]) -> String {
    const MOST: usize = 3;
    let shown = uses.iter().take(MOST).map(|each| format!("{} {}", each.api, each.version));
    let shown = shown.collect::<Vec<_>>().join(", ");
    match uses.len().saturating_sub(MOST) {
        0 => shown,
        left => format!("{shown} and {left} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_versions_the_first_are_named_and_the_rest_is_counted() {
        let uses = |count: u32| {
            let used = |number| ScopeUse {
                api: "Orders".to_owned(),
                version: format!("v{number}"),
                shared: false,
            };
            (1..=count).map(used).collect::<Vec<_>>()
        };
        assert_eq!(named(&uses(1)), "Orders v1");
        assert_eq!(named(&uses(3)), "Orders v1, Orders v2, Orders v3");
        assert_eq!(named(&uses(5)), "Orders v1, Orders v2, Orders v3 and 2 more");
    }
}
