//! Which claims of a token name its client and hold its scopes, by a key manager's settings.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use phantom_core::ClaimPath;
use phantom_core::Claims;
use phantom_core::Scope;
use phantom_core::Statement;
use phantom_core::Trust;
use phantom_core::catalog::ClaimRename;
use serde_json::Value;

/// A claim by the name it has in the token, or the path to a value in one. Some are ready in the statement; for the others the
/// token's payload is parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClaimName {
    Audience,
    AuthorizedParty,
    ClientId,
    Scope,
    Subject,
    Other(ClaimPath),
}

impl ClaimName {
    /// `name` as the settings have it, which is its name after the renames.
    pub(crate) fn new(name: &str, renames: &[ClaimRename]) -> Self {
        let of = |local: &str| renames.iter().find(|rename| &*rename.local == local);
        let path = ClaimPath::of(name);
        let path = match (of(name), of(path.split().0)) {
            (Some(whole), _) => ClaimPath::of(&whole.remote),
            (None, Some(outermost)) => path.below(&ClaimPath::of(&outermost.remote)),
            (None, None) => path,
        };
        match path.split() {
            ("aud", []) => Self::Audience,
            ("azp", []) => Self::AuthorizedParty,
            ("client_id", []) => Self::ClientId,
            ("scope", []) => Self::Scope,
            ("sub", []) => Self::Subject,
            _ => Self::Other(path),
        }
    }
}

/// As the token calls it, in backticks.
impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Audience => "`aud`",
            Self::AuthorizedParty => "`azp`",
            Self::ClientId => "`client_id`",
            Self::Scope => "`scope`",
            Self::Subject => "`sub`",
            Self::Other(path) => return path.fmt(f),
        })
    }
}

/// A token's claims under one key manager's terms; the payload is parsed at most once.
#[derive(Debug)]
pub(crate) struct TokenClaims<'s> {
    statement: &'s Statement,
    trust: &'s Trust,
    all: OnceCell<Option<Claims>>,
}

impl<'s> TokenClaims<'s> {
    pub(crate) const fn new(statement: &'s Statement, trust: &'s Trust) -> Self {
        Self { statement, trust, all: OnceCell::new() }
    }

    /// The client's identifier: a string, or the first of a list.
    pub(crate) fn consumer_key(&self, claim: &ClaimName) -> Option<Cow<'_, str>> {
        let Statement { audience, authorized_party, client_id, subject, .. } = self.statement;
        let ready = match claim {
            // The audience that the token must contain is the key, wherever in the list it stands. One
            // that is not there is nobody's: the application must not be charged for strangers' tokens.
            ClaimName::Audience => {
                let expected = self.trust.audience.as_deref();
                let expected = expected.filter(|expected| audience.contains(expected));
                expected.or_else(|| audience.members().next())
            }
            ClaimName::AuthorizedParty => authorized_party.as_deref(),
            // Where there is no `client_id` the statement's is `azp`, which was not asked for.
            ClaimName::ClientId if client_id != authorized_party => client_id.as_deref(),
            ClaimName::Subject => subject.as_deref(),
            ClaimName::ClientId | ClaimName::Scope | ClaimName::Other(_) => None,
        };
        ready.map(Cow::Borrowed).or_else(|| self.first(claim))
    }

    /// Scopes: blank-separated in a string, or a list. None where the claim is missing or no such.
    pub(crate) fn scope(&self, claim: &ClaimName) -> Cow<'_, Scope> {
        if *claim == ClaimName::Scope {
            return Cow::Borrowed(&self.statement.scope);
        }
        let scope = match self.claim(claim) {
            Some(Value::String(text)) => Scope::parse(text).ok(),
            Some(Value::Array(tokens)) => {
                let tokens: Option<Vec<&str>> = tokens.iter().map(Value::as_str).collect();
                tokens.and_then(|tokens| Scope::from_tokens(tokens.into_iter()).ok())
            }
            _ => None,
        };
        Cow::Owned(scope.unwrap_or_default())
    }

    fn first(&self, name: &ClaimName) -> Option<Cow<'_, str>> {
        let value = match self.claim(name)? {
            Value::Array(list) => list.first()?,
            value => value,
        };
        value.as_str().map(Cow::Borrowed)
    }

    fn claim(&self, name: &ClaimName) -> Option<&Value> {
        let all = self.all.get_or_init(|| self.statement.claims()).as_ref()?;
        match name {
            ClaimName::Audience => all.claim("aud"),
            ClaimName::AuthorizedParty => all.claim("azp"),
            ClaimName::ClientId => all.claim("client_id"),
            ClaimName::Scope => all.claim("scope"),
            ClaimName::Subject => all.claim("sub"),
            ClaimName::Other(path) => path.find(all),
        }
    }
}

#[cfg(test)]
mod tests;
