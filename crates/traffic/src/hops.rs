//! A decision that was made, hop by hop: how far the request got, what stopped it, and what to do about it. In
//! the order in which gateways decide.

use phantom_core::DenyReason;
use phantom_core::deny::Hop;
use phantom_observe::traffic::DecisionInfo;
use phantom_pages::components;
use phantom_pages::components::Badge;
use phantom_pages::words;

use super::advice;

const fn name(hop: Hop) -> &'static str {
    match hop {
        Hop::Resource => "API and resource",
        Hop::Standing => "State of the API",
        Hop::Policies => "Deny policies on API and address",
        Hop::Credential => "Credential",
        Hop::KeyManager => "Key manager",
        Hop::Token => "Token",
        Hop::Subscription => "Application and subscription",
        Hop::Authorization => "Scope, audience and claims",
        Hop::CallerPolicies => "Deny policies on application and user",
        Hop::Quota => "Limits",
        Hop::Endpoint => "Endpoint",
    }
}

/// Routes of the configuration file have no part in it.
const fn is_managed_only(hop: Hop) -> bool {
    matches!(
        hop,
        Hop::Standing | Hop::Policies | Hop::Subscription | Hop::CallerPolicies | Hop::Endpoint
    )
}

const fn is_about_the_token(hop: Hop) -> bool {
    matches!(
        hop,
        Hop::KeyManager | Hop::Token | Hop::Subscription | Hop::Authorization | Hop::CallerPolicies
    )
}

/// The hop that refused. Where a token was looked at, the policy was one on its caller.
fn stopped_at(reason: DenyReason, has_token: bool) -> Hop {
    match reason.hop() {
        Hop::Policies if has_token => Hop::CallerPolicies,
        hop => hop,
    }
}

/// What a reason of that name means.
pub(super) fn sentence(name: &str) -> Option<String> {
    DenyReason::from_name(name).map(advice::meaning)
}

/// The way of the request, to where it ended.
pub(super) fn of(decision: &DecisionInfo) -> Vec<components::Hop> {
    let reason = decision.reason.as_deref().and_then(DenyReason::from_name);
    let stopped = reason.map(|reason| stopped_at(reason, decision.key_manager.is_some()));
    let is_managed = decision.api_id.is_some();
    // Nobody was asked about a token, and the request got past where one is needed.
    let is_open =
        decision.key_manager.is_none() && stopped.is_none_or(|at| at > Hop::CallerPolicies);
    let steps = Hop::ALL.into_iter().filter(|step| {
        let is_known = is_managed || !is_managed_only(*step);
        is_known && !(is_open && is_about_the_token(*step))
    });
    let mut hops: Vec<_> =
        steps.map(|step| hop(step, stopped, reason, is_open, decision)).collect();
    if stopped.is_none() {
        hops.push(end(decision));
    }
    hops
}

fn hop(
    step: Hop,
    stopped: Option<Hop>,
    reason: Option<DenyReason>,
    is_open: bool,
    decision: &DecisionInfo,
) -> components::Hop {
    let (outcome, text) = match (stopped, reason) {
        (Some(stopped), Some(reason)) if stopped == step => {
            (Badge::bad("Refused"), advice::meaning(reason))
        }
        (Some(stopped), _) if stopped < step => (Badge::neutral("Not reached"), String::new()),
        _ => (Badge::good("Passed"), passed(step, is_open, decision)),
    };
    components::Hop { name: name(step).to_owned(), outcome, text }
}

/// What is known of a hop behind it.
fn passed(step: Hop, is_open: bool, decision: &DecisionInfo) -> String {
    match step {
        Hop::Resource if decision.api == "none" => String::new(),
        Hop::Resource => format!("{} takes {}.", decision.api, decision.method),
        Hop::Credential if is_open => "None is asked for here.".to_owned(),
        Hop::KeyManager => {
            let name = decision.key_manager.as_deref();
            name.map(|name| format!("{name} is the one to ask.")).unwrap_or_default()
        }
        Hop::Token => match decision.consulted.as_deref() {
            Some("cache") => "The statement about it was in the cache.",
            Some("shared") => "Another request was asking about it already; its answer was shared.",
            Some("asked") => "The key manager was asked, and vouches for it.",
            _ => "",
        }
        .to_owned(),
        Hop::Subscription => {
            let name = decision.application.as_deref();
            name.map(|name| format!("It is of the application {name}.")).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// What came of a request that was let through.
fn end(decision: &DecisionInfo) -> components::Hop {
    let name = "Answer".to_owned();
    let took = format!("It took {} ms in all.", words::decimal(decision.millis));
    match (&decision.error, decision.status) {
        (Some(error), status) => components::Hop {
            name,
            outcome: Badge::bad("Failed"),
            text: format!("{} ({error}), status {status}. {took}", advice::failure(error)),
        },
        (None, status) => components::Hop {
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
                assert!(!reason.remedy().is_empty() && sentence(reason.name()).is_some());
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
