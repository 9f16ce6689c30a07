//! From credential to verified statement: cache, else the key manager is asked.

use std::sync::Arc;

use phantom_cache::ExchangeError;
use phantom_cache::Lookup;
use phantom_cache::TokenExchange;
use phantom_core::BearerToken;
use phantom_core::Deny;
use phantom_core::DenyReason;
use phantom_core::Now;
use phantom_core::Statement;
use phantom_core::TokenDigest;
use phantom_core::Trust;
use phantom_core::jwt;

use crate::route::JwtPolicy;
use crate::trace::Trace;

/// One key manager as the decision uses it.
#[derive(Debug)]
pub struct KeyManagerHandle {
    pub name: Arc<str>,
    pub trust: Trust,
    /// Opaque tokens, by introspection.
    pub opaque: Arc<TokenExchange>,
    /// Tokens that are JWTs already, by the issuer's keys; for routes that accept them.
    pub jwt: Option<Arc<TokenExchange>>,
}

/// A statement, who made it, and the handle by which a revocation would kill it.
#[derive(Clone, Debug)]
pub struct Exchanged {
    pub statement: Arc<Statement>,
    pub key_manager: Arc<KeyManagerHandle>,
    pub source: Source,
    exchange: Arc<TokenExchange>,
    digest: TokenDigest,
}

/// Where the statement came from, for log and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    L1,
    AuthorizationServer,
}

impl Source {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::L1 => "l1",
            Self::AuthorizationServer => "authorization_server",
        }
    }
}

impl Exchanged {
    /// Whether the token was revoked since: asked by long streams (STR-1).
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.exchange.is_revoked(&self.digest)
    }
}

/// Exchanges a credential at the route's key managers.
///
/// Opaque tokens tell nothing of their issuer, so each is asked in the route's order until one
/// vouches. A token that nobody vouches for is refused as bad only if *everybody* said so.
pub async fn exchange(
    key_managers: &[Arc<KeyManagerHandle>],
    policy: JwtPolicy,
    token: BearerToken<'_>,
    now: Now,
    trace: &mut impl Trace,
) -> Result<Exchanged, Deny> {
    if policy == JwtPolicy::AcceptJwt && jwt::looks_like_jwt(token.expose()) {
        return exchange_jwt(key_managers, token, now, trace).await;
    }
    let mut refusal = Deny::from(DenyReason::TokenInactive);
    for key_manager in key_managers {
        match ask(key_manager, &key_manager.opaque, token, now, trace).await {
            Ok(exchanged) => return Ok(exchanged),
            Err(deny) => refusal = graver(refusal, deny),
        }
    }
    Err(refusal)
}

/// A JWT names its issuer, so one key manager alone is responsible; if it fails there it is not
/// introspected instead (JWT-15).
async fn exchange_jwt(
    key_managers: &[Arc<KeyManagerHandle>],
    token: BearerToken<'_>,
    now: Now,
    trace: &mut impl Trace,
) -> Result<Exchanged, Deny> {
    let issuer = claimed_issuer(token);
    let responsible = key_managers.iter().find(|candidate| {
        candidate.jwt.is_some()
            && issuer.is_some()
            && candidate.trust.issuer.as_deref() == issuer.as_deref()
    });
    let Some((key_manager, exchange)) =
        responsible.and_then(|key_manager| Some((key_manager, key_manager.jwt.as_ref()?)))
    else {
        trace
            .step("exchange", || "the JWT's issuer is none of the route's key managers".to_owned());
        return Err(DenyReason::TokenUnverified.into());
    };
    ask(key_manager, exchange, token, now, trace).await.map_err(|deny| match deny.reason {
        DenyReason::TokenInactive => DenyReason::TokenUnverified.into(),
        _ => deny,
    })
}

async fn ask(
    key_manager: &Arc<KeyManagerHandle>,
    exchange: &Arc<TokenExchange>,
    token: BearerToken<'_>,
    now: Now,
    trace: &mut impl Trace,
) -> Result<Exchanged, Deny> {
    let digest = exchange.digest(token);
    let name = &key_manager.name;
    let exchanged = |statement, source| Exchanged {
        statement,
        key_manager: key_manager.clone(),
        source,
        exchange: exchange.clone(),
        digest,
    };
    match exchange.lookup(&digest, now) {
        Lookup::Hit(statement) => {
            trace.step("exchange", || format!("key manager `{name}`: statement in the cache"));
            Ok(exchanged(statement, Source::L1))
        }
        Lookup::Inactive => {
            trace.step("exchange", || format!("key manager `{name}`: known to be inactive"));
            Err(DenyReason::TokenInactive.into())
        }
        Lookup::Revoked => {
            trace.step("exchange", || format!("key manager `{name}`: revoked"));
            Err(DenyReason::TokenRevoked.into())
        }
        Lookup::Miss => match exchange.exchange(token, digest).await {
            Ok(statement) => {
                trace.step("exchange", || format!("key manager `{name}`: asked, active"));
                Ok(exchanged(statement, Source::AuthorizationServer))
            }
            Err(error) => {
                let deny = deny_of(&error);
                trace.step("exchange", || format!("key manager `{name}`: asked, {}", why(&error)));
                Err(deny)
            }
        },
    }
}

fn deny_of(error: &ExchangeError) -> Deny {
    match error {
        ExchangeError::Inactive => DenyReason::TokenInactive.into(),
        ExchangeError::Revoked => DenyReason::TokenRevoked.into(),
        ExchangeError::Misbehaved { .. } => DenyReason::AuthorizationServerMisbehaved.into(),
        ExchangeError::Unavailable { retry_after, .. } => {
            Deny { reason: DenyReason::AuthorizationServerUnavailable, retry_after: *retry_after }
        }
    }
}

fn why(error: &ExchangeError) -> String {
    match error {
        ExchangeError::Inactive => "not active".to_owned(),
        ExchangeError::Revoked => "revoked meanwhile".to_owned(),
        ExchangeError::Misbehaved { cause } => format!("misbehaved: {cause}"),
        ExchangeError::Unavailable { cause, .. } => format!("unavailable: {cause}"),
    }
}

/// A verdict is only as good as the least certain key manager: one that could not be asked might
/// have vouched.
fn graver(a: Deny, b: Deny) -> Deny {
    let rank = |deny: &Deny| match deny.reason {
        DenyReason::AuthorizationServerUnavailable => 3,
        DenyReason::AuthorizationServerMisbehaved => 2,
        DenyReason::TokenRevoked => 1,
        _ => 0,
    };
    if rank(&b) > rank(&a) { b } else { a }
}

/// The `iss` a JWT claims, unverified: good for choosing who verifies it, for nothing else.
fn claimed_issuer(token: BearerToken<'_>) -> Option<Box<str>> {
    let jws = jwt::CompactJws::parse(token.expose()).ok()?;
    let claims = phantom_core::json::parse_object(&jwt::decode(jws.payload).ok()?).ok()?;
    claims.get("iss").and_then(serde_json::Value::as_str).map(Box::from)
}
