//! Revocations from outside: an operator, or an authorization server that tells of what it ended.

use std::time::Duration;

use phantom_core::BearerToken;
use phantom_core::UnixTime;
use phantom_core::json;
use phantom_core::jwt;
use phantom_core::jwt::CompactJws;
pub use phantom_store::RevocationKind;
use phantom_store::TokensOf;
use phantom_store::Write;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::caller::Caller;
use crate::plane::Control;
use crate::plane::Means;
use crate::random;

/// How long tokens of one party may live where nobody says: the revocation is kept as long.
pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(30 * 86_400);
pub const MAX_LIFETIME: Duration = Duration::from_secs(366 * 86_400);
/// In characters.
pub const MAX_NAME: usize = 1024;

/// What is dead.
#[derive(Debug)]
pub enum Dead {
    /// One token, whoever issued it.
    Token(SecretString),
    /// The token of that `jti`, or all tokens of that consumer key or subject so far.
    Named(RevocationKind, String),
}

impl Dead {
    fn check(&self) -> Outcome<()> {
        match self {
            Self::Token(token) => BearerToken::parse(token.expose_secret().as_bytes())
                .map(drop)
                .map_err(|_| Refusal::invalid("token: is not one (RFC 6750 §2.1)")),
            Self::Named(kind, name) => {
                let member = match kind {
                    RevocationKind::TokenId => "tokenId",
                    RevocationKind::ConsumerKey => "consumerKey",
                    RevocationKind::Subject => "subject",
                    RevocationKind::Token => "token",
                };
                text::length(member, name, 1, MAX_NAME)
            }
        }
    }
}

/// A revocation in force.
#[derive(Clone, Copy, Debug)]
pub struct InForce {
    pub at: UnixTime,
    /// When it is forgotten: until then what it is of is refused, over restarts too.
    pub until: UnixTime,
}

pub async fn revoke(
    control: &Control,
    caller: &Caller,
    dead: Dead,
    lifetime: Duration,
) -> Outcome<InForce> {
    // Before a writer's turn is taken.
    dead.check()?;
    let at = control.now();
    let until = at.plus(lifetime);
    let mut write = control.write(caller).await?;
    let until = match dead {
        Dead::Token(token) => end_token(&mut write, &token, at, until).await?,
        Dead::Named(kind, name) => {
            write.insert_revocation(kind, &name, at, until).await?;
            until
        }
    };
    write.commit().await?;
    Ok(InForce { at, until })
}

/// Ours end in the store. Any other is refused by its digest from here on, whatever its server says: as
/// long as it says itself that it lives, or as long as whoever revokes it does. A JWT is kept by its
/// name as well, under which it may hide behind another signature.
async fn end_token(
    write: &mut Write,
    token: &SecretString,
    at: UnixTime,
    until: UnixTime,
) -> Outcome<UnixTime> {
    let exposed = token.expose_secret();
    if let Some(row) = write.token(&random::token_digest(exposed)).await? {
        write.end_tokens(TokensOf::Family(row.family)).await?;
        return Ok(row.expires_at);
    }
    let presented = Presented::parse(exposed);
    let end = presented.as_ref().and_then(|presented| presented.expires_at);
    let until = end.map_or(until, |end| end.min(at.plus(MAX_LIFETIME)));
    write.announce_end(token, at, until).await?;
    if let Some(presented) = presented.filter(|_| at < until) {
        write.insert_revocation(RevocationKind::TokenId, &presented.name, at, until).await?;
    }
    Ok(until)
}

/// A JWT as somebody showed it: nothing of it is believed but what it is called.
struct Presented {
    /// Its `jti`, or its signature.
    name: String,
    expires_at: Option<UnixTime>,
}

impl Presented {
    fn parse(token: &str) -> Option<Self> {
        let jws = CompactJws::parse(token).ok()?;
        let claims = json::parse_object(&jwt::decode(jws.payload).ok()?).ok()?;
        let id = claims.get("jti").and_then(|id| id.as_str());
        let name = id.filter(|id| id.chars().count() <= MAX_NAME).unwrap_or(jws.signature);
        let expires_at = claims.get("exp").and_then(serde_json::Value::as_u64);
        Some(Self { name: name.to_owned(), expires_at: expires_at.map(UnixTime::from_secs) })
    }
}
