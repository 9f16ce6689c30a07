//! A decision as it is told: never a token, never a claim's value, never the query.

use phantom_access::explain::Answered;
use phantom_access::explain::AnsweredField;
use phantom_access::explain::Explained;
use phantom_access::explain::Forwarded;
use phantom_access::explain::Hop;
use phantom_access::explain::Verdict;
use phantom_core::Access;
use phantom_core::DenyReason;
use phantom_pipeline::Decision;
use phantom_pipeline::Forward;
use phantom_pipeline::Matched;
use phantom_pipeline::Route;
use phantom_pipeline::Target;
use phantom_pipeline::edits::CredentialPlace;
use phantom_pipeline::route::JwtPolicy;
use phantom_pipeline::trace::Steps;

use crate::compose::explain::AskedRequest;
use crate::words;

pub(super) fn told(asked: &AskedRequest, steps: Steps, decision: &Decision) -> Explained {
    let (asks, outcome) = match decision {
        Decision::Answer { answer, matched, reason, .. } => {
            let fields = answer.fields.iter().map(|(name, value)| AnsweredField {
                name: (*name).to_owned(),
                value: value.clone(),
            });
            let outcome = Verdict::Answer(Answered {
                status: answer.status,
                reason: reason.map(|reason| reason.name().to_owned()),
                fields: fields.collect(),
            });
            // Of a request that has no operation any of the API's stands for it, which asks nothing of it.
            let is_operation =
                !matches!(reason, Some(DenyReason::NoResource | DenyReason::MethodNotAllowed));
            let matched = matched.as_ref().filter(|_| is_operation);
            (matched.map(asks).unwrap_or_default(), outcome)
        }
        Decision::Forward(forward) => {
            let mut edits = Vec::new();
            if let Some(exchanged) = &forward.exchanged {
                let place = match forward.edits.place {
                    CredentialPlace::Cookie => "its cookie",
                    CredentialPlace::Form => "the form",
                    CredentialPlace::Header => "the Authorization field",
                    CredentialPlace::Query => "the query",
                };
                let name = &exchanged.key_manager.name;
                edits.push(format!("the client's token is taken out of {place}"));
                edits.push(format!("Authorization: Bearer <phantom token by `{name}`>"));
            }
            let to = destination(forward, &asked.path);
            (self::asks(&forward.matched), Verdict::Forward(Forwarded { to, edits }))
        }
    };
    explained(asked, asks, steps, outcome)
}

/// Of a request that no listener takes.
pub(super) fn unheard(asked: &AskedRequest, steps: Steps) -> Explained {
    explained(asked, Vec::new(), steps, Verdict::Unheard(true))
}

fn explained(asked: &AskedRequest, asks: Vec<String>, steps: Steps, outcome: Verdict) -> Explained {
    let hop = |step: phantom_pipeline::trace::Step| Hop {
        hop: step.hop.to_owned(),
        outcome: step.outcome,
    };
    Explained {
        request: format!("{} {} of host {}", asked.method, asked.path, asked.host),
        asks,
        steps: steps.0.into_iter().map(hop).collect(),
        outcome,
    }
}

/// Demands on callers, from the configuration: nothing of the token.
fn asks(matched: &Matched) -> Vec<String> {
    let Access::Protected(protection) = matched.access() else {
        return vec!["public: no credential".to_owned()];
    };
    let route = matched.route();
    let mut asks = Vec::new();
    for key_manager in route.into_iter().flat_map(|route| &route.key_managers) {
        let mut ask = format!("a token by key manager `{}`", key_manager.name);
        if let Some(issuer) = &key_manager.trust.issuer {
            ask.push_str(&format!(", issuer `{issuer}`"));
        }
        if let Some(audience) = &key_manager.trust.audience {
            ask.push_str(&format!(", audience `{audience}`"));
        }
        asks.push(ask);
    }
    let takes_jwts =
        |route: &Route| route.jwt == JwtPolicy::AcceptJwt && !route.key_managers.is_empty();
    if route.is_some_and(takes_jwts) {
        asks.push("JWTs of these issuers are accepted as they are".to_owned());
    }
    asks.extend(words::protection(protection));
    if route.is_some_and(|route| route.rate_limit.is_some()) {
        asks.push("a rate limit".to_owned());
    }
    asks
}

fn destination(forward: &Forward, path: &str) -> String {
    match &forward.target {
        Target::Directory(directory) => {
            format!("files of {}", directory.display())
        }
        Target::Upstream(upstream) => {
            let mut target = Vec::new();
            upstream.write_target(forward.consumed, path, None, &mut target);
            let scheme = if upstream.https { "https" } else { "http" };
            let (host, port) = (&upstream.host, upstream.port);
            let host = if host.contains(':') { format!("[{host}]") } else { host.to_string() };
            format!("{scheme}://{host}:{port}{}", String::from_utf8_lossy(&target))
        }
    }
}
