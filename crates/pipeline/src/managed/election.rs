//! Which one key manager gets a token: exactly one is asked, for a token sent to the wrong server is
//! a token leaked.

use std::sync::Arc;

use phantom_core::BearerToken;
use phantom_core::ClaimPath;
use phantom_core::Claims;
use phantom_core::catalog::EntityId;
use phantom_core::catalog::ManagedKeyManager;
use phantom_core::catalog::TokenRule;
use phantom_core::json;
use phantom_core::jwt;
use phantom_core::jwt::CompactJws;
use regex::Regex;
use regex::RegexBuilder;
use serde_json::Value;

use crate::exchange::KeyManagerHandle;
use crate::exchange::Kind;
use crate::managed::api::Api;
use crate::managed::claims::ClaimName;

/// Bytes a compiled rule may take. Matching is linear in the token, whatever the rule.
const MAX_RULE_SIZE: usize = 1 << 20;

/// The terms that managed APIs need of a key manager besides its caches.
#[derive(Clone, Debug)]
pub struct ManagedTerms {
    pub(crate) id: EntityId,
    pub(crate) consumer_key: ClaimName,
    pub(crate) scopes: ClaimName,
    /// Empty: takes every token.
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
enum Rule {
    /// A rule that cannot be compiled takes nothing: without it every token would be taken.
    Broken,
    /// For the whole token.
    Reference(Regex),
    /// For the whole value of each claim.
    Jwt(Vec<(ClaimPath, Regex)>),
}

impl ManagedTerms {
    /// A rule that cannot be compiled is said in the log.
    #[must_use]
    pub fn new(key_manager: &ManagedKeyManager) -> Self {
        let renames = &key_manager.claim_renames;
        let rule = |rule| {
            Rule::compile(rule).unwrap_or_else(|error| {
                let key_manager = &*key_manager.name;
                tracing::error!(key_manager, %error, "a token rule is broken and takes no token");
                Rule::Broken
            })
        };
        Self {
            id: key_manager.id,
            consumer_key: ClaimName::new(&key_manager.consumer_key_claim, renames),
            scopes: ClaimName::new(&key_manager.scopes_claim, renames),
            rules: key_manager.token_rules.iter().map(rule).collect(),
        }
    }
}

impl Rule {
    fn compile(rule: &TokenRule) -> Result<Self, regex::Error> {
        match rule {
            TokenRule::Reference(pattern) => whole(pattern).map(Self::Reference),
            TokenRule::Jwt(claims) => {
                let claims =
                    claims.iter().map(|(name, pattern)| Ok((ClaimPath::of(name), whole(pattern)?)));
                claims.collect::<Result<_, _>>().map(Self::Jwt)
            }
        }
    }

    fn takes(&self, token: &Presented<'_>) -> bool {
        match self {
            Self::Broken => false,
            Self::Reference(pattern) => pattern.is_match(token.token.expose()),
            Self::Jwt(claims) => token.claims.as_ref().is_some_and(|held| {
                claims.iter().all(|(path, pattern)| match path.find(held) {
                    Some(Value::String(text)) => pattern.is_match(text),
                    Some(value @ (Value::Bool(_) | Value::Number(_))) => {
                        pattern.is_match(&value.to_string())
                    }
                    _ => false,
                })
            }),
        }
    }
}

/// A pattern for whole texts. It has to be one by itself, so that it cannot close our group.
fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    let bounded = |pattern: &str| {
        RegexBuilder::new(pattern).size_limit(MAX_RULE_SIZE).dfa_size_limit(MAX_RULE_SIZE).build()
    };
    bounded(pattern)?;
    bounded(&format!(r"\A(?:{pattern})\z"))
}

/// A credential as the election sees it.
#[derive(Debug)]
struct Presented<'t> {
    token: BearerToken<'t>,
    /// Unverified: good for choosing who verifies them, for nothing else. `None`: not a JWT.
    claims: Option<Claims>,
}

impl<'t> Presented<'t> {
    fn new(token: BearerToken<'t>) -> Self {
        Self { token, claims: claims(token.expose()) }
    }
}

fn claims(token: &str) -> Option<Claims> {
    if !jwt::looks_like_jwt(token) {
        return None;
    }
    let payload = jwt::decode(CompactJws::parse(token).ok()?.payload).ok()?;
    json::parse_object(&payload).ok().map(Claims::new)
}

/// Who is asked about the token, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elected<'a> {
    pub(crate) key_manager: &'a Arc<KeyManagerHandle>,
    pub(crate) kind: Kind,
}

/// Elects among the key managers of the API; `all` are those of the snapshot. `None`: nobody there
/// takes the token, and nobody else may be asked.
pub(crate) fn elect<'a>(
    api: &'a Api,
    all: &[Arc<KeyManagerHandle>],
    token: BearerToken<'_>,
) -> Option<Elected<'a>> {
    let presented = Presented::new(token);
    let issuer = presented.claims.as_ref().and_then(|claims| claims.string("iss"));
    if let Some(issuer) = issuer {
        let takes = |key_manager: &&Arc<KeyManagerHandle>| {
            key_manager.trust.issuer.as_deref() == Some(issuer) && accepts(key_manager, &presented)
        };
        if let Some(key_manager) = api.key_managers.iter().find(takes) {
            let kind = if key_manager.jwt.is_some() { Kind::Jwt } else { Kind::Opaque };
            return Some(Elected { key_manager, kind });
        }
        // A token of an issuer we know, whom this API does not trust.
        if all.iter().any(|key_manager| takes(&key_manager)) {
            return None;
        }
    }
    let takes = |key_manager: &&Arc<KeyManagerHandle>| {
        key_manager.opaque.is_some() && accepts(key_manager, &presented)
    };
    let key_manager = api.key_managers.iter().find(takes)?;
    Some(Elected { key_manager, kind: Kind::Opaque })
}

/// Who would take the opaque token as well, but comes later: for whoever wonders why another was asked.
pub(crate) fn others_of(
    api: &Api,
    elected: &Arc<KeyManagerHandle>,
    token: BearerToken<'_>,
) -> String {
    let presented = Presented::new(token);
    let others = api.key_managers.iter().filter(|other| {
        !Arc::ptr_eq(other, elected) && other.opaque.is_some() && accepts(other, &presented)
    });
    others.map(|other| format!("`{}`", other.name)).collect::<Vec<_>>().join(", ")
}

/// The only key manager of the API that verifies JWTs itself. One that is in its cache was elected
/// by these same rules, and need not be taken apart again to elect it.
pub(crate) fn sole_verifier<'a>(
    api: &'a Api,
    token: BearerToken<'_>,
) -> Option<&'a Arc<KeyManagerHandle>> {
    let mut verifiers = api.key_managers.iter().filter(|key_manager| key_manager.jwt.is_some());
    let sole = verifiers.next().filter(|_| verifiers.next().is_none())?;
    jwt::looks_like_jwt(token.expose()).then_some(sole)
}

fn accepts(key_manager: &KeyManagerHandle, token: &Presented<'_>) -> bool {
    let rules = key_manager.managed.as_ref().map(|terms| terms.rules.as_slice());
    rules.is_some_and(|rules| rules.is_empty() || rules.iter().any(|rule| rule.takes(token)))
}

/// The order of election: those with rules first, then by name.
pub(super) fn in_order(mut key_managers: Vec<Arc<KeyManagerHandle>>) -> Vec<Arc<KeyManagerHandle>> {
    let takes_all = |key_manager: &KeyManagerHandle| {
        key_manager.managed.as_ref().is_none_or(|terms| terms.rules.is_empty())
    };
    key_managers.sort_by(|a, b| (takes_all(a), &a.name).cmp(&(takes_all(b), &b.name)));
    key_managers
}

/// Says in the log where it is only the name that decides: of which APIs.
pub(super) fn warn_of_undecided(apis: &str, in_order: &[Arc<KeyManagerHandle>]) {
    let never_asked = undecided(in_order);
    if !never_asked.is_empty() {
        tracing::warn!(
            apis,
            never_asked = never_asked.join(", "),
            "more than one key manager takes every opaque token: only the first by name is asked; say of \
             each which tokens are its own (tokenValidation), or name one in the API's keyManagers"
        );
    }
}

/// Those that would take every opaque token but never get one, since another comes first.
pub(super) fn undecided(in_order: &[Arc<KeyManagerHandle>]) -> Vec<Arc<str>> {
    let takes_all = |key_manager: &&Arc<KeyManagerHandle>| {
        let rules = key_manager.managed.as_ref().map(|terms| terms.rules.is_empty());
        key_manager.opaque.is_some() && rules.unwrap_or(true)
    };
    in_order.iter().filter(takes_all).skip(1).map(|shadowed| shadowed.name.clone()).collect()
}

#[cfg(test)]
mod tests;
