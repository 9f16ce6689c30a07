//! A decision that was made, hop by hop: how far the request got, what stopped it, and what to do about it. In
//! the order in which gateways decide.

use phantom_core::DenyReason;
use phantom_observe::traffic::DecisionInfo;
use phantom_pages::components::Badge;
use phantom_pages::components::Hop;
use phantom_pages::words;

use super::advice;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Resource,
    Standing,
    Policies,
    Credential,
    KeyManager,
    Token,
    Subscription,
    Authorization,
    CallerPolicies,
    Quota,
    Endpoint,
}

impl Step {
    const ALL: [Self; 11] = [
        Self::Resource,
        Self::Standing,
        Self::Policies,
        Self::Credential,
        Self::KeyManager,
        Self::Token,
        Self::Subscription,
        Self::Authorization,
        Self::CallerPolicies,
        Self::Quota,
        Self::Endpoint,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Resource => "API and resource",
            Self::Standing => "State of the API",
            Self::Policies => "Deny policies on API and address",
            Self::Credential => "Credential",
            Self::KeyManager => "Key manager",
            Self::Token => "Token",
            Self::Subscription => "Application and subscription",
            Self::Authorization => "Scope, audience and claims",
            Self::CallerPolicies => "Deny policies on application and user",
            Self::Quota => "Limits",
            Self::Endpoint => "Endpoint",
        }
    }

    /// Routes of the configuration file have no part in it.
    const fn is_managed_only(self) -> bool {
        matches!(
            self,
            Self::Standing
                | Self::Policies
                | Self::Subscription
                | Self::CallerPolicies
                | Self::Endpoint
        )
    }

    const fn is_about_the_token(self) -> bool {
        matches!(
            self,
            Self::KeyManager
                | Self::Token
                | Self::Subscription
                | Self::Authorization
                | Self::CallerPolicies
        )
    }

    const fn of(reason: DenyReason, has_token: bool) -> Self {
        use DenyReason as Reason;
        match reason {
            Reason::HttpNotEnabled
            | Reason::HttpsNotEnabled
            | Reason::MethodNotAllowed
            | Reason::NoResource
            | Reason::NoRoute => Self::Resource,
            Reason::ApiBlocked | Reason::ApiMisconfigured => Self::Standing,
            Reason::Blocked if has_token => Self::CallerPolicies,
            Reason::Blocked => Self::Policies,
            Reason::CredentialMalformed
            | Reason::CredentialMissing
            | Reason::CredentialRepeated
            | Reason::OriginUntrusted => Self::Credential,
            Reason::KeyManagerNotAllowed => Self::KeyManager,
            Reason::AuthorizationServerMisbehaved
            | Reason::AuthorizationServerUnavailable
            | Reason::ConfirmationUnenforced
            | Reason::IssuerMismatch
            | Reason::PeerBudget
            | Reason::StatementRefused
            | Reason::TokenExpired
            | Reason::TokenInactive
            | Reason::TokenNotYetValid
            | Reason::TokenRevoked
            | Reason::TokenUnverified => Self::Token,
            Reason::NoSubscription | Reason::SubscriptionBlocked | Reason::SubscriptionInactive => {
                Self::Subscription
            }
            Reason::AudienceMismatch
            | Reason::AudienceNotAccepted
            | Reason::ClaimRuleUnmet
            | Reason::InsufficientScope => Self::Authorization,
            Reason::ApiQuota
            | Reason::ApplicationBurst
            | Reason::ApplicationQuota
            | Reason::OperationQuota
            | Reason::RateLimited
            | Reason::SubscriptionBurst
            | Reason::SubscriptionQuota => Self::Quota,
            Reason::NoProductionEndpoint | Reason::NoSandboxEndpoint => Self::Endpoint,
        }
    }
}

/// What a reason of that name means.
pub(super) fn sentence(name: &str) -> Option<&'static str> {
    advice::known(name).map(advice::meaning)
}

/// The way of the request, to where it ended.
pub(super) fn of(decision: &DecisionInfo) -> Vec<Hop> {
    let reason = decision.reason.as_deref().and_then(advice::known);
    let stopped = reason.map(|reason| Step::of(reason, decision.key_manager.is_some()));
    let is_managed = decision.api_id.is_some();
    // Nobody was asked about a token, and the request got past where one is needed.
    let is_open =
        decision.key_manager.is_none() && stopped.is_none_or(|at| at > Step::CallerPolicies);
    let steps = Step::ALL.into_iter().filter(|step| {
        let is_known = is_managed || !step.is_managed_only();
        is_known && !(is_open && step.is_about_the_token())
    });
    let mut hops: Vec<_> =
        steps.map(|step| hop(step, stopped, reason, is_open, decision)).collect();
    if stopped.is_none() {
        hops.push(end(decision));
    }
    hops
}

fn hop(
    step: Step,
    stopped: Option<Step>,
    reason: Option<DenyReason>,
    is_open: bool,
    decision: &DecisionInfo,
) -> Hop {
    let (outcome, text) = match (stopped, reason) {
        (Some(stopped), Some(reason)) if stopped == step => {
            (Badge::bad("Refused"), advice::meaning(reason).to_owned())
        }
        (Some(stopped), _) if stopped < step => (Badge::neutral("Not reached"), String::new()),
        _ => (Badge::good("Passed"), passed(step, is_open, decision)),
    };
    Hop { name: step.name().to_owned(), outcome, text }
}

/// What is known of a hop behind it.
fn passed(step: Step, is_open: bool, decision: &DecisionInfo) -> String {
    match step {
        Step::Resource if decision.api == "none" => String::new(),
        Step::Resource => format!("{} takes {}.", decision.api, decision.method),
        Step::Credential if is_open => "None is asked for here.".to_owned(),
        Step::KeyManager => {
            let name = decision.key_manager.as_deref();
            name.map(|name| format!("{name} is the one to ask.")).unwrap_or_default()
        }
        Step::Token => match decision.consulted.as_deref() {
            Some("cache") => "The statement about it was in the cache.",
            Some("shared") => "Another request was asking about it already; its answer was shared.",
            Some("asked") => "The key manager was asked, and vouches for it.",
            _ => "",
        }
        .to_owned(),
        Step::Subscription => {
            let name = decision.application.as_deref();
            name.map(|name| format!("It is of the application {name}.")).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// What came of a request that was let through.
fn end(decision: &DecisionInfo) -> Hop {
    let name = "Answer".to_owned();
    let took = format!("It took {} ms in all.", words::decimal(decision.millis));
    match (&decision.error, decision.status) {
        (Some(error), status) => Hop {
            name,
            outcome: Badge::bad("Failed"),
            text: format!("{} ({error}), status {status}. {took}", advice::failure(error)),
        },
        (None, status) => Hop {
            name,
            outcome: if status < 400 { Badge::good("Answered") } else { Badge::warn("Answered") },
            text: format!("Status {status}. {took}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phantom_pages::components::Tone;

    fn decision(reason: Option<DenyReason>, api: bool, key_manager: bool) -> DecisionInfo {
        DecisionInfo {
            time: phantom_core::UnixTime::from_secs(1),
            request_id: "1".to_owned(),
            gateway_id: "g".to_owned(),
            method: "GET".to_owned(),
            path: "/".to_owned(),
            api: "Orders 1.0".to_owned(),
            api_id: api.then(|| "a".to_owned()),
            application_id: None,
            application: None,
            key_manager: key_manager.then(|| "curity".to_owned()),
            status: 401,
            reason: reason.map(|reason| reason.name().to_owned()),
            reason_text: None,
            error: None,
            millis: 1.5,
            consulted: None,
        }
    }

    #[test]
    fn every_refusal_stops_at_one_hop_that_says_why_and_those_behind_it_are_not_reached() {
        for reason in DenyReason::ALL {
            for (api, key_manager) in [(true, true), (true, false)] {
                let hops = of(&decision(Some(reason), api, key_manager));
                let tones: Vec<_> = hops.iter().map(|hop| hop.outcome.tone).collect();
                let at = tones.iter().position(|tone| *tone == Tone::Bad);
                let at = at.unwrap_or_else(|| panic!("{reason:?}: {hops:?}"));
                assert!(tones[..at].iter().all(|tone| *tone == Tone::Good), "{reason:?}");
                assert!(tones[at + 1..].iter().all(|tone| *tone == Tone::Neutral), "{reason:?}");
                assert!(!hops[at].text.is_empty());
                assert!(!advice::remedy(reason).is_empty() && sentence(reason.name()).is_some());
            }
        }
    }

    #[test]
    fn an_open_call_passes_no_hop_about_tokens() {
        let hops = of(&decision(None, true, false));
        assert!(hops.iter().all(|hop| hop.name != "Token" && hop.outcome.tone != Tone::Bad));
        assert_eq!(hops.last().map(|hop| hop.name.as_str()), Some("Answer"));
    }
}
