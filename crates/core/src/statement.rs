//! The words of an authorization server on a token, verified: the JWT, its claims, its life.

use std::sync::Arc;
use std::time::Duration;

use crate::audience::Audience;
use crate::claims::Claims;
use crate::json;
use crate::jwt;
use crate::jwt::CompactJws;
use crate::scope::Scope;
use crate::time::UnixTime;
use crate::token::PhantomToken;

/// A verified statement. It is cached; what is decided on it is not (CAC-4).
///
/// The claims every decision needs are kept ready; the rest is read from the JWT when a rule asks,
/// which costs a few microseconds and saves a kilobyte a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The JWT that backends get.
    pub phantom_token: PhantomToken,
    /// The claim `iss`.
    pub issuer: Option<Arc<str>>,
    /// The claim `sub`.
    pub subject: Option<Box<str>>,
    /// The claim `client_id`.
    pub client_id: Option<Box<str>>,
    /// The claim `azp`, which names the client where there is no `client_id`.
    pub authorized_party: Option<Box<str>>,
    /// The claim `jti`, by which a token is revoked.
    pub token_id: Option<Box<str>>,
    /// The claim `aud`; nobody, where there is none.
    pub audience: Audience,
    /// The claim `scope`; empty, where there is none.
    pub scope: Scope,
    /// `None` where the server named no end (legal, RFC 7662 §2.2): the cache keeps it briefly.
    pub expires_at: Option<UnixTime>,
    /// The claim `nbf`.
    pub not_before: Option<UnixTime>,
    /// The claim `iat`.
    pub issued_at: Option<UnixTime>,
    /// The token is bound to a key (`cnf`, RFC 7800).
    pub confirmed: bool,
}

impl Statement {
    /// Returns whether the token is within its life, `skew` applied once at each end.
    #[must_use]
    pub fn live_at(&self, now: UnixTime, skew: Duration) -> Life {
        if self.expires_at.is_some_and(|end| now >= end.plus(skew)) {
            Life::Expired
        } else if self.not_before.is_some_and(|start| now < start.minus(skew)) {
            Life::NotYetValid
        } else {
            Life::Live
        }
    }

    /// All claims, read from the payload of the verified JWT. `None` only if the JWT is not one.
    #[must_use]
    pub fn claims(&self) -> Option<Claims> {
        let jws = CompactJws::parse(self.phantom_token.expose()).ok()?;
        let payload = jwt::decode(jws.payload).ok()?;
        json::parse_object(&payload).ok().map(Claims::new)
    }

    /// Bytes this statement occupies, for the cache's budget.
    #[must_use]
    pub fn weight(&self) -> usize {
        let text = |value: &Option<Box<str>>| value.as_deref().map_or(0, str::len);
        size_of::<Self>()
            + self.phantom_token.expose().len()
            + text(&self.subject)
            + text(&self.client_id)
            + text(&self.authorized_party)
            + text(&self.token_id)
            + self.scope.as_str().len()
            + self
                .audience
                .members()
                .map(|member| member.len() + size_of::<Box<str>>())
                .sum::<usize>()
    }
}

/// Where in its life a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// `exp` is over, with the tolerance for clocks.
    Expired,
    /// It can be used.
    Live,
    /// `nbf` is still to come, with the same tolerance.
    NotYetValid,
}
