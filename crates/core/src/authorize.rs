//! The decision: may the bearer of this statement call this route, now?

use crate::api::Access;
use crate::api::Protection;
use crate::api::Trust;
use crate::catalog::KeyType;
use crate::catalog::Subscription;
use crate::deny::DenyReason;
use crate::scope::RequiredScope;
use crate::scope::Scope;
use crate::statement::Life;
use crate::statement::Statement;
use crate::time::UnixTime;

/// Proof that a request may be forwarded. Only this module makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    until: Option<UnixTime>,
}

impl Permit {
    /// When the permit ends: a stream that is still open then is closed (STR-1). `None`: never.
    #[must_use]
    pub const fn until(&self) -> Option<UnixTime> {
        self.until
    }
}

/// The statement a credential was exchanged for, and the terms of the key manager that made it.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The words of the authorization server, verified.
    pub statement: &'a Statement,
    /// The terms on which that server's statements are believed.
    pub trust: &'a Trust,
}

/// Decides on every request, also where the statement came from the cache (CAC-4).
///
/// Tests the token before the caller's rights, so that a dead token is always an authentication
/// failure (401) and never tells which right it lacked.
///
/// # Errors
/// The first reason to refuse, in that order.
pub fn authorize(
    access: &Access,
    evidence: Option<Evidence<'_>>,
    now: UnixTime,
) -> Result<Permit, DenyReason> {
    match (access, evidence) {
        (Access::Public, _) => Ok(Permit { until: None }),
        (Access::Protected(_), None) => Err(DenyReason::CredentialMissing),
        (Access::Protected(protection), Some(evidence)) => {
            authenticate(evidence, now)?;
            entitle(protection, evidence.statement)?;
            Ok(permit(evidence))
        }
    }
}

/// The demands of an operation of a managed API on its callers.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Scopes of which the token has to grant one.
    pub scope: &'a RequiredScope,
    /// Any one has to be in the token's audience; `all` among them, or none at all: not asked for.
    pub audiences: &'a [Box<str>],
}

/// What stands behind a call of an operation of a managed API.
#[derive(Clone, Copy, Debug)]
pub struct Entitlement<'a> {
    /// The subscription, to the API, of the application that the token's client acts for. `None`: some link on the way
    /// from consumer key to subscription is missing.
    pub subscription: Option<&'a Subscription>,
    /// Which of the API's endpoints the client's key leads to.
    pub key_type: KeyType,
    /// From the claim that the key manager keeps scopes in.
    pub granted: &'a Scope,
    /// The token, its consumer key or its subject was revoked.
    pub revoked: bool,
}

/// As [`authorize`], for managed APIs: token, subscription, scope, audience, in this order.
///
/// # Errors
/// The first reason to refuse, in that order.
pub fn authorize_call(
    call: Call<'_>,
    entitlement: Entitlement<'_>,
    evidence: Evidence<'_>,
    now: UnixTime,
) -> Result<Permit, DenyReason> {
    authenticate(evidence, now)?;
    if entitlement.revoked {
        return Err(DenyReason::TokenRevoked);
    }
    entitlement.subscription.ok_or(DenyReason::NoSubscription)?.admits(entitlement.key_type)?;
    if !call.scope.is_met_by(entitlement.granted) {
        return Err(DenyReason::InsufficientScope);
    }
    let audience = &evidence.statement.audience;
    let accepts = |accepted: &str| accepted == "all" || audience.contains(accepted);
    if !(call.audiences.is_empty() || call.audiences.iter().any(|each| accepts(each))) {
        return Err(DenyReason::AudienceNotAccepted);
    }
    Ok(permit(evidence))
}

fn permit(evidence: Evidence<'_>) -> Permit {
    let skew = evidence.trust.clock_skew;
    Permit { until: evidence.statement.expires_at.map(|end| end.plus(skew)) }
}

fn authenticate(evidence: Evidence<'_>, now: UnixTime) -> Result<(), DenyReason> {
    let Evidence { statement, trust } = evidence;
    match statement.live_at(now, trust.clock_skew) {
        Life::Expired => return Err(DenyReason::TokenExpired),
        Life::Live => {}
        Life::NotYetValid => return Err(DenyReason::TokenNotYetValid),
    }
    if trust.issuer.is_some() && trust.issuer != statement.issuer {
        return Err(DenyReason::IssuerMismatch);
    }
    if trust.audience.as_deref().is_some_and(|us| !statement.audience.contains(us)) {
        return Err(DenyReason::AudienceMismatch);
    }
    // RFC 7800 §3.1 lets a recipient ignore `cnf`; a bearer of a bound token may be its thief.
    if statement.confirmed {
        return Err(DenyReason::ConfirmationUnenforced);
    }
    Ok(())
}

fn entitle(protection: &Protection, statement: &Statement) -> Result<(), DenyReason> {
    if !protection.scope.is_met_by(&statement.scope) {
        return Err(DenyReason::InsufficientScope);
    }
    if protection.claims.is_empty() {
        return Ok(());
    }
    let claims = statement.claims().ok_or(DenyReason::ClaimRuleUnmet)?;
    if protection.claims.iter().all(|rule| rule.is_met_by(&claims)) {
        Ok(())
    } else {
        Err(DenyReason::ClaimRuleUnmet)
    }
}

#[cfg(test)]
mod tests;
