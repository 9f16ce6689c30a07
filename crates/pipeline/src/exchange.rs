//! From credential to verified statement: cache, else the key manager is asked.

use std::sync::Arc;

use phantom_cache::Asked;
use phantom_cache::Lookup;
use phantom_cache::NoStatement;
use phantom_cache::TokenCache;
use phantom_core::BearerToken;
use phantom_core::Deny;
use phantom_core::DenyReason;
use phantom_core::Now;
use phantom_core::Peer;
use phantom_core::Statement;
use phantom_core::TokenDigest;
use phantom_core::Trust;
use phantom_core::UnixTime;
use phantom_core::jwt;
use phantom_core::traffic::Consulted;

use crate::managed::ManagedTerms;
use crate::route::JwtPolicy;
use crate::trace::Trace;

/// One key manager as the decision uses it.
#[derive(Debug)]
pub struct KeyManagerHandle {
    /// As configured; a label in logs and metrics.
    pub name: Arc<str>,
    /// The terms on which its statements are believed.
    pub trust: Trust,
    /// Opaque tokens, by introspection. `None`: it is not asked about any.
    pub opaque: Option<Arc<TokenCache>>,
    /// Tokens that are JWTs already, by the issuer's keys; for routes that accept them.
    pub jwt: Option<Arc<TokenCache>>,
    /// For managed APIs. `None`: it serves routes of the file alone.
    pub managed: Option<ManagedTerms>,
}

/// A statement, who made it, and the handle by which a revocation would kill it.
#[derive(Clone, Debug)]
pub struct Exchanged {
    /// Shared with the cache.
    pub statement: Arc<Statement>,
    /// The one that vouched.
    pub key_manager: Arc<KeyManagerHandle>,
    /// For log and metrics.
    pub source: Source,
    kind: Kind,
    digest: TokenDigest,
}

/// Where the statement came from, for log and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The cache in memory.
    L1,
    /// An introspection, or a verification by the issuer's keys: this request's, or another's of
    /// the same token at that time.
    AuthorizationServer,
}

impl Source {
    /// As logs and metrics write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::L1 => "l1",
            Self::AuthorizationServer => "authorization_server",
        }
    }
}

impl Exchanged {
    /// Returns whether the token was revoked since: asked by long streams (STR-1).
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        let cache = self.kind.cache_at(&self.key_manager);
        cache.is_some_and(|cache| cache.is_revoked(&self.digest))
    }
}

/// Exchanges a credential at the route's key managers.
///
/// A statement in any of their caches is taken before anybody is asked, so that one key manager's
/// trouble does not delay tokens that another has vouched for. Opaque tokens tell nothing of their
/// issuer: each key manager is asked in the route's order until one vouches. A token that nobody
/// vouches for is refused as bad only if *everybody* said so.
///
/// `consulted` is told where the statement came from, or was looked for.
pub(crate) async fn exchange(
    key_managers: &[Arc<KeyManagerHandle>],
    policy: JwtPolicy,
    token: BearerToken<'_>,
    peer: Peer,
    now: Now,
    trace: &mut impl Trace,
    consulted: &mut Option<Consulted>,
) -> Result<Exchanged, Deny> {
    let kind = Kind::of(token, policy);
    let mut refusal = None;
    // Allocates nothing where the first cache knows the token.
    let mut unknown = Vec::new();
    for key_manager in key_managers {
        let Some(cache) = kind.cache_at(key_manager) else { continue };
        let inquiry = Inquiry { key_manager, cache, digest: cache.digest(token), kind };
        let found = cache.lookup(&inquiry.digest, now);
        if !matches!(found, Lookup::Miss) {
            *consulted = Some(Consulted::Cache);
        }
        match found {
            Lookup::Hit(statement) => {
                inquiry.tell(trace, || "statement in the cache".to_owned());
                return Ok(inquiry.exchanged(statement, Source::L1));
            }
            Lookup::Inactive => {
                inquiry.tell(trace, || "known to be inactive".to_owned());
                refusal = graver(refusal, inquiry.inactive(token, now.wall).into());
            }
            Lookup::Revoked => {
                inquiry.tell(trace, || "revoked".to_owned());
                refusal = graver(refusal, DenyReason::TokenRevoked.into());
            }
            Lookup::Miss => unknown.push(inquiry),
        }
    }
    if kind == Kind::Jwt {
        keep_responsible(&mut unknown, token);
    }
    let mut in_vain = Vec::new();
    for inquiry in unknown {
        match inquiry.ask(token, peer, now.wall, trace, consulted).await {
            Ok(exchanged) => {
                // Nobody could know which of them to ask.
                in_vain.into_iter().for_each(|asked: &TokenCache| asked.forgive(peer));
                return Ok(exchanged);
            }
            Err(Unvouched { deny, charged }) => {
                in_vain.extend(charged.then_some(&**inquiry.cache));
                refusal = graver(refusal, deny);
            }
        }
    }
    Err(refusal.unwrap_or_else(|| {
        trace.step("exchange", || "no key manager of the route could vouch for it".to_owned());
        kind.unasked()
    }))
}

/// Exchanges a credential at the one key manager that is responsible for it.
pub(crate) async fn exchange_at(
    key_manager: &Arc<KeyManagerHandle>,
    kind: Kind,
    token: BearerToken<'_>,
    peer: Peer,
    now: Now,
    trace: &mut impl Trace,
    consulted: &mut Option<Consulted>,
) -> Result<Exchanged, Deny> {
    let Some(cache) = kind.cache_at(key_manager) else { return Err(kind.unasked()) };
    let inquiry = Inquiry { key_manager, cache, digest: cache.digest(token), kind };
    let found = cache.lookup(&inquiry.digest, now);
    if !matches!(found, Lookup::Miss) {
        *consulted = Some(Consulted::Cache);
    }
    match found {
        Lookup::Hit(statement) => {
            inquiry.tell(trace, || "statement in the cache".to_owned());
            Ok(inquiry.exchanged(statement, Source::L1))
        }
        Lookup::Inactive => {
            inquiry.tell(trace, || "known to be inactive".to_owned());
            Err(inquiry.inactive(token, now.wall).into())
        }
        Lookup::Revoked => {
            inquiry.tell(trace, || "revoked".to_owned());
            Err(DenyReason::TokenRevoked.into())
        }
        Lookup::Miss => {
            let asking = inquiry.ask(token, peer, now.wall, trace, consulted);
            asking.await.map_err(|unvouched| unvouched.deny)
        }
    }
}

/// A JWT that the key manager has verified already.
pub(crate) fn verified_before(
    key_manager: &Arc<KeyManagerHandle>,
    token: BearerToken<'_>,
    now: Now,
) -> Option<Exchanged> {
    let kind = Kind::Jwt;
    let cache = kind.cache_at(key_manager)?;
    let inquiry = Inquiry { key_manager, cache, digest: cache.digest(token), kind };
    match cache.lookup(&inquiry.digest, now) {
        Lookup::Hit(statement) => Some(inquiry.exchanged(statement, Source::L1)),
        Lookup::Inactive | Lookup::Miss | Lookup::Revoked => None,
    }
}

/// How a credential is exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// By its issuer's keys. A JWT that fails there is not introspected instead (JWT-15).
    Jwt,
    Opaque,
}

impl Kind {
    fn of(token: BearerToken<'_>, policy: JwtPolicy) -> Self {
        if policy == JwtPolicy::AcceptJwt && jwt::looks_like_jwt(token.expose()) {
            Self::Jwt
        } else {
            Self::Opaque
        }
    }

    fn cache_at(self, key_manager: &KeyManagerHandle) -> Option<&Arc<TokenCache>> {
        match self {
            Self::Jwt => key_manager.jwt.as_ref(),
            Self::Opaque => key_manager.opaque.as_ref(),
        }
    }

    /// How a key manager came to vouch, in the words of a trace.
    const fn vouched(self) -> &'static str {
        match self {
            Self::Jwt => "its keys verify it",
            Self::Opaque => "asked, active",
        }
    }

    /// The refusal when there was nobody to ask: a JWT of a stranger is a bad token; an opaque token
    /// is not known to be one, the route lacks its key managers (pitfall 26).
    fn unasked(self) -> Deny {
        match self {
            Self::Jwt => DenyReason::TokenUnverified.into(),
            Self::Opaque => DenyReason::AuthorizationServerUnavailable.into(),
        }
    }
}

/// A key manager's refusal, and whether its question was to the peer's account.
struct Unvouched {
    deny: Deny,
    charged: bool,
}

/// One credential at one key manager.
struct Inquiry<'r> {
    key_manager: &'r Arc<KeyManagerHandle>,
    cache: &'r Arc<TokenCache>,
    digest: TokenDigest,
    kind: Kind,
}

impl Inquiry<'_> {
    async fn ask(
        &self,
        token: BearerToken<'_>,
        peer: Peer,
        now: UnixTime,
        trace: &mut impl Trace,
        consulted: &mut Option<Consulted>,
    ) -> Result<Exchanged, Unvouched> {
        let Asked { outcome, put } = self.cache.ask(token, self.digest, peer).await;
        *consulted = Some(if put { Consulted::Asked } else { Consulted::Shared });
        match outcome {
            Ok(statement) => {
                self.tell(trace, || self.kind.vouched().to_owned());
                Ok(self.exchanged(statement, Source::AuthorizationServer))
            }
            Err(error) => {
                let is_bad = matches!(error, NoStatement::Inactive | NoStatement::RefreshToken);
                let deny = match error {
                    NoStatement::Inactive => self.inactive(token, now).into(),
                    NoStatement::RefreshToken => DenyReason::RefreshToken.into(),
                    NoStatement::Revoked => DenyReason::TokenRevoked.into(),
                    NoStatement::NoVerdict(ref error) => error.deny(),
                };
                self.tell(trace, || match (self.kind, is_bad) {
                    (Kind::Jwt, true) => format!("refused: {}", deny.reason.meaning()),
                    (Kind::Jwt, false) => format!("its keys do not verify it: {error}"),
                    (Kind::Opaque, _) => format!("asked: {error}"),
                });
                Err(Unvouched { deny, charged: put && is_bad })
            }
        }
    }

    fn exchanged(&self, statement: Arc<Statement>, source: Source) -> Exchanged {
        let Self { key_manager, digest, kind, .. } = *self;
        Exchanged { statement, key_manager: key_manager.clone(), source, kind, digest }
    }

    /// Why a token is bad. A JWT says itself when it is good, whoever signed it.
    fn inactive(&self, token: BearerToken<'_>, now: UnixTime) -> DenyReason {
        if self.kind == Kind::Opaque {
            return DenyReason::TokenInactive;
        }
        let claims = claims(token).unwrap_or_default();
        let date = |name: &str| {
            let date = claims.get(name).and_then(serde_json::Value::as_f64);
            date.filter(|date| *date >= 0.0).map(|date| UnixTime::from_secs(date as u64))
        };
        let skew = self.key_manager.trust.clock_skew;
        if date("exp").is_some_and(|end| end.plus(skew) <= now) {
            return DenyReason::TokenExpired;
        }
        if date("nbf").is_some_and(|begin| begin > now.plus(skew)) {
            return DenyReason::TokenNotYetValid;
        }
        DenyReason::TokenUnverified
    }

    fn tell(&self, trace: &mut impl Trace, what: impl FnOnce() -> String) {
        trace.step("exchange", || format!("key manager `{}`: {}", self.key_manager.name, what()));
    }
}

/// A JWT names its issuer, so only the issuer's key managers are responsible for it.
fn keep_responsible(inquiries: &mut Vec<Inquiry<'_>>, token: BearerToken<'_>) {
    let issuer = claimed_issuer(token);
    inquiries.retain(|inquiry| {
        issuer.is_some() && inquiry.key_manager.trust.issuer.as_deref() == issuer.as_deref()
    });
}

/// The `iss` a JWT claims, unverified: good for choosing who verifies it, for nothing else.
fn claimed_issuer(token: BearerToken<'_>) -> Option<Box<str>> {
    claims(token)?.get("iss").and_then(serde_json::Value::as_str).map(Box::from)
}

/// What a JWT claims, unverified.
fn claims(token: BearerToken<'_>) -> Option<serde_json::Map<String, serde_json::Value>> {
    let jws = jwt::CompactJws::parse(token.expose()).ok()?;
    phantom_core::json::parse_object(&jwt::decode(jws.payload).ok()?).ok()
}

/// A verdict is only as good as the least certain key manager: one that could not be asked might
/// have vouched.
fn graver(so_far: Option<Deny>, next: Deny) -> Option<Deny> {
    let rank = |deny: &Deny| match deny.reason {
        DenyReason::AuthorizationServerUnavailable => 4,
        DenyReason::PeerBudget => 3,
        DenyReason::AuthorizationServerMisbehaved | DenyReason::StatementRefused => 2,
        DenyReason::TokenRevoked => 1,
        _ => 0,
    };
    match so_far {
        Some(deny) if rank(&deny) >= rank(&next) => Some(deny),
        _ => Some(next),
    }
}

#[cfg(test)]
mod tests;
