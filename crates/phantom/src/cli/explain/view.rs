//! A decision as it is printed: never a token, never a claim's value, never the query.

use std::fmt;

use phantom_core::Access;
use phantom_pipeline::Decision;
use phantom_pipeline::Forward;
use phantom_pipeline::Matched;
use phantom_pipeline::Route;
use phantom_pipeline::Target;
use phantom_pipeline::edits::CredentialPlace;
use phantom_pipeline::route::JwtPolicy;
use phantom_pipeline::trace::Step;
use phantom_pipeline::trace::Steps;
use serde_json::Value;
use serde_json::json;

use crate::cli::explain::AskedRequest;
use crate::cli::words;

/// What was compared, and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct View {
    request: String,
    /// What the route asks for, where one was found.
    asks: Vec<String>,
    steps: Vec<Step>,
    outcome: Verdict,
}

#[derive(Clone, Debug)]
enum Verdict {
    Answer {
        status: u16,
        reason: Option<&'static str>,
        fields: Vec<(&'static str, String)>,
    },
    Forward {
        to: String,
        edits: Vec<String>,
    },
    /// Nobody listens where it is sent.
    Unheard,
}

impl View {
    pub(super) fn new(asked: &AskedRequest, steps: Steps, decision: &Decision) -> Self {
        let request = format!("{} {} of host {}", asked.method, asked.path, asked.host);
        let (asks, outcome) = match decision {
            Decision::Answer { answer, matched, reason, .. } => {
                let outcome = Verdict::Answer {
                    status: answer.status,
                    reason: reason.map(phantom_core::DenyReason::name),
                    fields: answer.fields.clone(),
                };
                (matched.as_ref().map(asks).unwrap_or_default(), outcome)
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
                (self::asks(&forward.matched), Verdict::Forward { to, edits })
            }
        };
        Self { request, asks, steps: steps.0, outcome }
    }

    /// Of a request that no listener takes.
    pub(super) fn unheard(asked: &AskedRequest, steps: Steps) -> Self {
        let request = format!("{} {} of host {}", asked.method, asked.path, asked.host);
        Self { request, asks: Vec::new(), steps: steps.0, outcome: Verdict::Unheard }
    }

    #[must_use]
    pub(crate) fn to_json(&self) -> Value {
        let steps = self.steps.iter().map(|step| json!({"hop": step.hop, "outcome": step.outcome}));
        let steps: Vec<Value> = steps.collect();
        let outcome = match &self.outcome {
            Verdict::Answer { status, reason, fields } => {
                let fields =
                    fields.iter().map(|(name, value)| json!({"name": name, "value": value}));
                let fields: Vec<Value> = fields.collect();
                json!({"answer": {"status": status, "reason": reason, "fields": fields}})
            }
            Verdict::Forward { to, edits } => json!({"forward": {"to": to, "edits": edits}}),
            Verdict::Unheard => json!({"unheard": true}),
        };
        json!({
            "request": self.request,
            "route_asks": self.asks,
            "steps": steps,
            "outcome": outcome,
        })
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.request)?;
        for step in &self.steps {
            writeln!(f, "  {:<12} {}", step.hop, step.outcome)?;
            if matches!(step.hop, "resource" | "route") {
                for asked in &self.asks {
                    writeln!(f, "  {:<12} - {asked}", "")?;
                }
            }
        }
        match &self.outcome {
            Verdict::Answer { status, reason, fields } => {
                match reason {
                    Some(reason) => writeln!(f, "answer {status} ({reason})")?,
                    None => writeln!(f, "answer {status}")?,
                }
                for (name, value) in fields {
                    writeln!(f, "  {name}: {value}")?;
                }
                Ok(())
            }
            Verdict::Forward { to, edits } => {
                writeln!(f, "forward to {to}")?;
                edits.iter().try_for_each(|edit| writeln!(f, "  {edit}"))
            }
            Verdict::Unheard => writeln!(f, "no answer: this gateway does not listen there"),
        }
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
        Target::Directory(directory) => format!("files of {}", directory.display()),
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
