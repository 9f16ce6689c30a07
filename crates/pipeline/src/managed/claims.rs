//! Which claims of a token name its client and hold its scopes, by a key manager's settings.

use std::borrow::Cow;
use std::cell::OnceCell;

use phantom_core::Claims;
use phantom_core::Scope;
use phantom_core::Statement;
use phantom_core::Trust;
use phantom_core::catalog::ClaimRename;
use serde_json::Value;

/// A claim by the name it has in the token. Some are ready in the statement; for the others the
/// token's payload is parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClaimName {
    Audience,
    AuthorizedParty,
    ClientId,
    Scope,
    Subject,
    Other(Box<str>),
}

impl ClaimName {
    /// `name` as the settings have it, which is its name after the renames.
    pub(crate) fn new(name: &str, renames: &[ClaimRename]) -> Self {
        let renamed = renames.iter().find(|rename| &*rename.local == name);
        match renamed.map_or(name, |rename| &rename.remote) {
            "aud" => Self::Audience,
            "azp" => Self::AuthorizedParty,
            "client_id" => Self::ClientId,
            "scope" => Self::Scope,
            "sub" => Self::Subject,
            other => Self::Other(other.into()),
        }
    }

    const fn as_str(&self) -> &str {
        match self {
            Self::Audience => "aud",
            Self::AuthorizedParty => "azp",
            Self::ClientId => "client_id",
            Self::Scope => "scope",
            Self::Subject => "sub",
            Self::Other(name) => name,
        }
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
            // The audience that the token must contain is the key, wherever in the list it stands.
            ClaimName::Audience => {
                self.trust.audience.as_deref().or_else(|| audience.members().next())
            }
            ClaimName::AuthorizedParty => authorized_party.as_deref(),
            // Where there is no `client_id` the statement's is `azp`, which was not asked for.
            ClaimName::ClientId if client_id != authorized_party => client_id.as_deref(),
            ClaimName::Subject => subject.as_deref(),
            ClaimName::ClientId | ClaimName::Scope | ClaimName::Other(_) => None,
        };
        ready.map(Cow::Borrowed).or_else(|| self.first(claim.as_str()))
    }

    /// Scopes: blank-separated in a string, or a list. None where the claim is missing or no such.
    pub(crate) fn scope(&self, claim: &ClaimName) -> Cow<'_, Scope> {
        if *claim == ClaimName::Scope {
            return Cow::Borrowed(&self.statement.scope);
        }
        let scope = match self.claim(claim.as_str()) {
            Some(Value::String(text)) => Scope::parse(text).ok(),
            Some(Value::Array(tokens)) => {
                let tokens: Option<Vec<&str>> = tokens.iter().map(Value::as_str).collect();
                tokens.and_then(|tokens| Scope::from_tokens(tokens.into_iter()).ok())
            }
            _ => None,
        };
        Cow::Owned(scope.unwrap_or_default())
    }

    fn first(&self, name: &str) -> Option<Cow<'_, str>> {
        let value = match self.claim(name)? {
            Value::Array(list) => list.first()?,
            value => value,
        };
        value.as_str().map(Cow::Borrowed)
    }

    fn claim(&self, name: &str) -> Option<&Value> {
        self.all.get_or_init(|| self.statement.claims()).as_ref()?.claim(name)
    }
}

#[cfg(test)]
mod tests;
