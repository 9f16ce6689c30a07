//! Which JWT is an access token of this issuer (RFC 9068 §4, RFC 8725 §3.8 to §3.12), and what of
//! it becomes the statement.
//!
//! The audience is not tested here: `core::authorize` does that on every request.

use std::sync::Arc;
use std::time::Duration;

use phantom_core::Audience;
use phantom_core::PhantomToken;
use phantom_core::Scope;
use phantom_core::Statement;
use phantom_core::UnixTime;
use phantom_core::json::Member;
use phantom_core::json::Members;
use phantom_core::json::Object;
use phantom_core::token::InvalidPhantomToken;

use crate::kind;
use crate::refusal::Refusal;
use crate::typ::AcceptedTyp;
use crate::verify::UnverifiedJws;

/// RFC 9068 §2.2.
pub(crate) const REQUIRED_CLAIMS: [&str; 7] =
    ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];

/// The rules of one key manager.
#[derive(Clone, Debug)]
pub(crate) struct AccessTokenRules {
    /// `None` only where nothing is verified.
    pub(crate) issuer: Option<Arc<str>>,
    pub(crate) accepted_typ: AcceptedTyp,
    pub(crate) required_claims: Vec<Box<str>>,
    pub(crate) clock_skew: Duration,
    pub(crate) scope_array: bool,
    /// The most that the backend's header field takes (JIR-7).
    pub(crate) max_phantom_token_len: usize,
}

impl AccessTokenRules {
    /// Judges the kind of token and its claims. `payload` has been verified, or the key manager
    /// was told not to. Its life is judged by [`AccessTokenRules::check_life`] and, on each
    /// request, by `core::authorize`.
    pub(crate) fn statement(
        &self,
        jws: UnverifiedJws,
        payload: &[u8],
        now: UnixTime,
    ) -> Result<Statement, Refusal> {
        self.accepted_typ.check(jws.typ())?;
        let claims = Object::parse(payload).map_err(|_| Refusal::Payload)?;
        check_kind(&claims)?;
        check_required(&claims, &self.required_claims)?;
        self.check_issued(&claims, now)?;
        let issuer = self.issuer(&claims)?;
        let limit = self.max_phantom_token_len;
        let phantom_token =
            PhantomToken::from_jws(jws.into_jws(), limit).map_err(|error| match error {
                InvalidPhantomToken::TooLong { length, limit } => {
                    Refusal::TooLongForBackend { length, limit }
                }
                InvalidPhantomToken::Shape => Refusal::Shape,
            })?;
        statement_of(&claims, phantom_token, issuer, self.scope_array)
    }

    /// JWT-9, for a token that a client presents as a JWT.
    pub(crate) fn check_life(&self, statement: &Statement, now: UnixTime) -> Result<(), Refusal> {
        use phantom_core::statement::Life;
        match statement.live_at(now, self.clock_skew) {
            Life::Live => Ok(()),
            Life::Expired => Err(Refusal::Expired),
            Life::NotYetValid => Err(Refusal::NotYetValid),
        }
    }

    fn check_issued(&self, claims: &impl Members, now: UnixTime) -> Result<(), Refusal> {
        match date(claims, "iat")? {
            Some(issued) if issued > now.plus(self.clock_skew) => Err(Refusal::IssuedInFuture),
            _ => Ok(()),
        }
    }

    /// JWT-6: byte for byte.
    fn issuer(&self, claims: &impl Members) -> Result<Option<Arc<str>>, Refusal> {
        let named = text(claims, "iss")?;
        match (&self.issuer, named) {
            (Some(ours), Some(named)) if **ours == *named => Ok(Some(Arc::clone(ours))),
            (Some(_), _) => Err(Refusal::Issuer),
            (None, named) => Ok(named.map(Arc::from)),
        }
    }
}

/// JWT-14: what other kinds of JWT have and no access token has.
fn check_kind(claims: &impl Members) -> Result<(), Refusal> {
    let marks = [
        ("nonce", "an ID token or a DPoP proof"),
        ("at_hash", "an ID token"),
        ("c_hash", "an ID token"),
        ("events", "a security event or logout token"),
        ("htm", "a DPoP proof"),
        ("htu", "a DPoP proof"),
        ("token_introspection", "an introspection answer"),
    ];
    match marks.iter().find(|(mark, _)| claims.member(mark).is_some()) {
        Some((_, kind)) => Err(Refusal::OtherKind(kind)),
        None if kind::is_refresh_token(claims) => Err(Refusal::OtherKind("a refresh token")),
        None if kind::is_id_token(claims) => Err(Refusal::OtherKind("an ID token")),
        None => Ok(()),
    }
}

pub(crate) fn check_required(claims: &impl Members, required: &[Box<str>]) -> Result<(), Refusal> {
    match required.iter().find(|name| claims.member(name).is_none()) {
        Some(missing) => Err(Refusal::ClaimMissing(missing.clone())),
        None => Ok(()),
    }
}

/// The claims every decision needs, each of the type its standard gives it (INT-9).
pub(crate) fn statement_of(
    claims: &impl Members,
    phantom_token: PhantomToken,
    issuer: Option<Arc<str>>,
    scope_array: bool,
) -> Result<Statement, Refusal> {
    let client_id = match text(claims, "client_id")? {
        Some(client_id) => Some(client_id),
        None => text(claims, "azp")?,
    };
    Ok(Statement {
        phantom_token,
        issuer,
        subject: text(claims, "sub")?.map(Box::from),
        client_id: client_id.map(Box::from),
        authorized_party: claims.member("azp").and_then(Member::as_str).map(Box::from),
        token_id: claims.member("jti").and_then(Member::as_str).map(Box::from),
        audience: audience(claims)?,
        scope: scope(claims, scope_array)?,
        expires_at: date(claims, "exp")?,
        not_before: date(claims, "nbf")?,
        issued_at: date(claims, "iat").unwrap_or_default(),
        confirmed: kind::is_bound(claims),
    })
}

fn audience(claims: &impl Members) -> Result<Audience, Refusal> {
    match claims.member("aud") {
        None => Ok(Audience::default()),
        Some(claim) => Audience::from_member(claim).map_err(|_| Refusal::ClaimMalformed("aud")),
    }
}

fn scope(claims: &impl Members, array_allowed: bool) -> Result<Scope, Refusal> {
    let malformed = Refusal::ClaimMalformed("scope");
    match claims.member("scope") {
        None => Ok(Scope::default()),
        Some(Member::Text(scope)) => Scope::parse(scope).map_err(|_| malformed),
        Some(Member::Array(tokens)) if array_allowed => {
            let tokens: Vec<&str> = tokens
                .iter()
                .map(|token| token.as_str().ok_or_else(|| malformed.clone()))
                .collect::<Result<_, _>>()?;
            Scope::from_tokens(tokens.into_iter()).map_err(|_| malformed)
        }
        Some(_) => Err(malformed),
    }
}

/// A NumericDate; a string, a negative or a huge one is no date.
pub(crate) fn date(claims: &impl Members, name: &'static str) -> Result<Option<UnixTime>, Refusal> {
    match claims.member(name) {
        None => Ok(None),
        Some(Member::Number(number)) => {
            UnixTime::from_numeric_date(number).map(Some).ok_or(Refusal::ClaimMalformed(name))
        }
        Some(_) => Err(Refusal::ClaimMalformed(name)),
    }
}

pub(crate) fn text<'a>(
    claims: &'a impl Members,
    name: &'static str,
) -> Result<Option<&'a str>, Refusal> {
    match claims.member(name) {
        None => Ok(None),
        Some(Member::Text(text)) => Ok(Some(text)),
        Some(_) => Err(Refusal::ClaimMalformed(name)),
    }
}

#[cfg(test)]
mod tests;
