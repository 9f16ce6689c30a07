//! What a route asks of its callers.

use phantom_core::Access;
use phantom_core::ClaimPath;
use phantom_core::ClaimRule;
use phantom_core::Protection;
use phantom_core::RequiredScope;
use phantom_core::Scope;
use phantom_core::claims::ClaimTest;
use phantom_pipeline::route::JwtPolicy;

use crate::compile::key_manager::Named;
use crate::compile::route::RouteAccess;
use crate::context::Context;
use crate::place::At;
use crate::place::Place;
use crate::raw::RawClaimRule;
use crate::raw::RawRoute;
use crate::suggest;

const JWT_POLICIES: [(&str, JwtPolicy); 2] =
    [("introspect_only", JwtPolicy::IntrospectOnly), ("accept_jwt", JwtPolicy::AcceptJwt)];

pub(super) fn compile(raw: &RawRoute, named: &[Named], context: Context<'_>) -> RouteAccess {
    let is_public = raw.public.as_ref().is_some_and(|at| at.value);
    let key_managers = key_managers(raw, named, context);
    let jwt = context.choice(raw.jwt.as_ref(), &JWT_POLICIES);
    match (is_public, &raw.key_manager) {
        (true, None) => {
            refuse_protection(raw, context);
            return RouteAccess { access: Access::Public, key_managers, jwt };
        }
        (true, Some(at)) => {
            let message = "the route is public = true as well";
            context.error(&at.place, message, "a route is public or protected: remove one");
        }
        (false, None) => {
            let meant = |key| context.problems.concerns(&raw.place, key);
            if !meant("key_manager") && !meant("public") {
                let hint = "add key_manager = \"…\", or public = true if anyone may call it";
                context.error(&raw.place, "the route is neither protected nor public", hint);
            }
        }
        (false, Some(at)) if at.value.is_empty() => {
            let message = "an empty list protects nothing";
            context.error(&at.place, message, "name a key manager");
        }
        (false, Some(_)) => {}
    }
    if jwt == JwtPolicy::AcceptJwt {
        check_accept_jwt(raw, &key_managers, named, context);
    }
    let claims = raw.claims.iter().filter_map(|raw| claim_rule(raw, context)).collect();
    let access = Access::Protected(Protection { scope: scope(raw, context), claims });
    RouteAccess { access, key_managers, jwt }
}

fn key_managers(raw: &RawRoute, named: &[Named], context: Context<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    for at in raw.key_manager.iter().flat_map(|list| &list.value) {
        match named.iter().position(|named| named.name.as_ref() == Some(&at.value)) {
            Some(index) if found.contains(&index) => {
                context.error(&at.place, format!("{:?} is listed twice", at.value), "");
            }
            Some(index) => found.push(index),
            // One has no name that could be read, which is said: it may be the one that is meant.
            None if named.iter().any(|named| named.name.is_none()) => {}
            None if context.problems.concerns(&Place::default(), "key_manager") => {}
            None => {
                let names: Vec<&str> = named.iter().filter_map(|n| n.name.as_deref()).collect();
                let hint = match suggest::nearest(&at.value, &names) {
                    Some(name) => format!("did you mean {name:?}?"),
                    None if names.is_empty() => "add [[key_manager]]".to_owned(),
                    None => format!("there are: {}", names.join(", ")),
                };
                context.error(&at.place, format!("there is no key manager {:?}", at.value), hint);
            }
        }
    }
    found
}

/// On a public route nobody is asked for a token: a rule on it would be a false comfort.
fn refuse_protection(raw: &RawRoute, context: Context<'_>) {
    let claims = raw.claims.first().map(|rule| &rule.place);
    let cookie = raw.token_cookie.as_ref().map(|cookie| &cookie.place);
    let idle: [(&str, Option<&Place>); 8] = [
        ("scope", raw.scope.as_ref().map(|at| &at.place)),
        ("scope_any", raw.scope_any.as_ref().map(|at| &at.place)),
        ("claims", claims),
        ("jwt", raw.jwt.as_ref().map(|at| &at.place)),
        ("realm", raw.realm.as_ref().map(|at| &at.place)),
        ("token_in_query", raw.token_in_query.as_ref().map(|at| &at.place)),
        ("token_in_form", raw.token_in_form.as_ref().map(|at| &at.place)),
        ("token_cookie", cookie),
    ];
    for (key, place) in idle {
        if let Some(place) = place {
            let message = format!("`{key}` has no effect on a public route");
            context.error(place, message, "remove it, or protect the route with key_manager");
        }
    }
}

/// A JWT taken as it is needs all that tells a good one: whose it is, whom it is for, and keys.
fn check_accept_jwt(raw: &RawRoute, key_managers: &[usize], named: &[Named], context: Context<'_>) {
    let Some(at) = &raw.jwt else { return };
    for key_manager in key_managers.iter().filter_map(|index| named.get(*index)) {
        let missing = &key_manager.missing_for_jwt;
        if !missing.is_empty() {
            let name = key_manager.name.as_deref().unwrap_or_default();
            let message = format!("key manager {name:?} cannot validate JWTs by itself");
            context.error(&at.place, message, format!("it lacks {}", missing.join(", and ")));
        }
    }
}

fn scope(raw: &RawRoute, context: Context<'_>) -> RequiredScope {
    let parse = |at: &At<String>| {
        let scope = Scope::parse(&at.value).ok().filter(|scope| !scope.is_empty());
        if scope.is_none() {
            let hint = "tokens separated by spaces, as \"read write\"";
            context.error(&at.place, format!("{:?} is not a scope", at.value), hint);
        }
        let joined = |token: &&str| token.contains([',', ';', '|']);
        if let Some(token) = at.value.split(' ').find(joined) {
            let apart = at.value.replace([',', ';', '|'], " ");
            let apart = apart.split_whitespace().collect::<Vec<_>>().join(" ");
            let message = format!("{token:?} is one scope of that name, not several");
            context.warning(&at.place, message, format!("spaces part scopes: {apart:?}"));
        }
        scope.unwrap_or_default()
    };
    match (&raw.scope, &raw.scope_any) {
        (Some(_), Some(any)) => {
            context.error(&any.place, "there is `scope` as well", "keep one of them");
            RequiredScope::Nothing
        }
        (Some(all), None) => RequiredScope::All(parse(all)),
        (None, Some(any)) => RequiredScope::Any(parse(any)),
        (None, None) => RequiredScope::Nothing,
    }
}

fn claim_rule(raw: &RawClaimRule, context: Context<'_>) -> Option<ClaimRule> {
    let claim = context.required(raw.claim.clone(), &raw.place, "claim", "\"tenant\"")?;
    if let Some(at) = raw.exists.as_ref().filter(|at| !at.value) {
        let hint = "rules can ask for a claim, not for its absence";
        context.error(&at.place, "has to be true", hint);
    }
    let tests: Vec<ClaimTest> = [
        raw.equals.as_ref().map(|at| ClaimTest::Equals(at.value.clone())),
        raw.one_of.as_ref().map(|at| ClaimTest::OneOf(at.value.clone())),
        raw.contains.as_ref().map(|at| ClaimTest::Contains(at.value.clone())),
        raw.exists.as_ref().map(|_| ClaimTest::Exists),
    ]
    .into_iter()
    .flatten()
    .collect();
    match <[ClaimTest; 1]>::try_from(tests) {
        Ok([test]) => {
            let path = ClaimPath::parse(&claim.value).map_err(|error| {
                let hint = "as \"tenant\", \"realm_access.roles\" or \"/realm_access/roles\"";
                context.error(&claim.place, format!("{:?} {error}", claim.value), hint);
            });
            Some(ClaimRule { claim: path.ok()?, test })
        }
        Err(_) => {
            let message = "a rule has exactly one of equals, one_of, contains and exists";
            let hint = "write { claim = \"tenant\", equals = \"acme\" }";
            context.error(&raw.place, message, hint);
            None
        }
    }
}
