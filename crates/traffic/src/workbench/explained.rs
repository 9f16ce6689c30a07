//! A decision that was explained, as a trace: the hops and words of `phantom explain`.

use phantom_access::explain::Answered;
use phantom_access::explain::Explained;
use phantom_access::explain::Forwarded;
use phantom_access::explain::Hop as Told;
use phantom_access::explain::Verdict;
use phantom_core::DenyReason;
use phantom_pages::components::Badge;
use phantom_pages::components::Hop;
use phantom_pages::components::Trace;
use phantom_pages::words;

use crate::advice;

pub(super) struct Decision {
    pub(super) request: String,
    pub(super) badge: Badge,
    /// What was found wrong, and what to do about it.
    pub(super) advice: Option<(String, &'static str)>,
    pub(super) trace: Trace,
}

impl Decision {
    pub(super) fn of(explained: Explained) -> Self {
        let Explained { request, asks, steps, outcome } = explained;
        let stopped = steps.last().map(|step| step.hop.clone()).unwrap_or_default();
        // A hop may have said several things before it came to its end.
        let reached = steps.iter().rposition(|step| step.hop != stopped).map_or(0, |at| at + 1);
        let mut hops: Vec<Hop> = Vec::new();
        for (at, step) in steps.into_iter().enumerate() {
            let badge = match &outcome {
                _ if at >= reached => end(&outcome),
                outcome if is_missing(&step, outcome) => Badge::bad("Missing"),
                _ => Badge::good("Passed"),
            };
            hops.push(hop(&step, &asks, badge));
        }
        let reason = match &outcome {
            Verdict::Answer(answered) => answered.reason.as_deref(),
            Verdict::Forward(_) | Verdict::Unheard(_) => None,
        };
        let advice = reason.and_then(DenyReason::from_name);
        let advice = advice.map(|reason| (advice::meaning(reason), reason.remedy()));
        let (badge, last) = last(outcome);
        hops.extend(last);
        Self { request, badge, advice, trace: Trace(hops) }
    }
}

/// What the later hop refused is the want of this one.
fn is_missing(step: &Told, outcome: &Verdict) -> bool {
    let Verdict::Answer(Answered { reason: Some(reason), .. }) = outcome else { return false };
    let is_party = matches!(&*step.hop, "application" | "subscription");
    let is_told_none = ["none ", "the token has no "].iter().any(|it| step.outcome.starts_with(it));
    is_party && is_told_none && reason == "no_subscription"
}

/// How the hop came out at which the decision was made.
fn end(outcome: &Verdict) -> Badge {
    match outcome {
        Verdict::Answer(Answered { reason: Some(_), .. }) => Badge::bad("Refused"),
        Verdict::Answer(Answered { status: 400.., .. }) => Badge::bad("Refused"),
        Verdict::Answer(_) => Badge::good("Answered"),
        Verdict::Forward(_) => Badge::good("Passed"),
        Verdict::Unheard(_) => Badge::bad("Nobody listens"),
    }
}

fn hop(step: &Told, asks: &[String], outcome: Badge) -> Hop {
    let mut text = match &*step.outcome {
        // The badge says it.
        "passed" => String::new(),
        told => told.to_owned(),
    };
    if matches!(&*step.hop, "resource" | "route") {
        for ask in asks {
            text.push_str("\n– ");
            text.push_str(ask);
        }
    }
    let name = match &*step.hop {
        "api" => "API".to_owned(),
        hop => words::sentence(hop),
    };
    Hop { name, outcome, text }
}

/// What the client would be told, or where the request would go.
fn last(outcome: Verdict) -> (Badge, Option<Hop>) {
    match outcome {
        Verdict::Answer(Answered { status, reason, fields }) => {
            let tone = if status < 400 { Badge::good } else { Badge::bad };
            let words = match reason {
                Some(reason) => format!("{status} ({reason})"),
                None => status.to_string(),
            };
            let fields = fields.iter().map(|field| format!("{}: {}", field.name, field.value));
            let text = fields.collect::<Vec<_>>().join("\n");
            let hop = Hop { name: "Answer".to_owned(), outcome: tone(words.clone()), text };
            (tone(words), Some(hop))
        }
        Verdict::Forward(Forwarded { to, edits }) => {
            let text = edits.iter().fold(to, |text, edit| format!("{text}\n{edit}"));
            let outcome = Badge::good("Would be sent");
            let hop = Hop { name: "Forward to".to_owned(), outcome, text };
            (Badge::good("Let through"), Some(hop))
        }
        Verdict::Unheard(_) => (Badge::bad("This gateway does not listen there"), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phantom_pages::components::Tone;

    fn explained(steps: &[(&str, &str)], outcome: Verdict) -> Decision {
        let told = |(hop, outcome): &(&str, &str)| Told {
            hop: (*hop).to_owned(),
            outcome: (*outcome).to_owned(),
        };
        let steps = steps.iter().map(told).collect();
        let asks = vec!["scope: any of `read`".to_owned()];
        Decision::of(Explained { request: "GET / of host a".to_owned(), asks, steps, outcome })
    }

    fn tones(decision: &Decision) -> Vec<Tone> {
        decision.trace.0.iter().map(|hop| hop.outcome.tone).collect()
    }

    #[test]
    fn a_refusal_stands_at_its_hop_with_all_that_it_said() {
        let steps = [("resource", "`/x`"), ("exchange", "one: no"), ("exchange", "nobody")];
        let refused = Verdict::Answer(Answered {
            status: 401,
            reason: Some("token_inactive".to_owned()),
            fields: Vec::new(),
        });
        let decision = explained(&steps, refused);
        assert_eq!(tones(&decision), [Tone::Good, Tone::Bad, Tone::Bad, Tone::Bad]);
        assert_eq!(decision.trace.0[0].text, "`/x`\n– scope: any of `read`");
        assert_eq!(decision.badge.words, "401 (token_inactive)");
        assert!(decision.advice.is_some());
    }

    #[test]
    fn what_is_let_through_says_where_it_would_go() {
        let to = Forwarded { to: "http://b/x".to_owned(), edits: vec!["an edit".to_owned()] };
        let decision = explained(&[("credential", "passed")], Verdict::Forward(to));
        assert_eq!(tones(&decision), [Tone::Good, Tone::Good]);
        assert_eq!(decision.trace.0[0].text, "", "the badge says it");
        assert_eq!(decision.trace.0[1].text, "http://b/x\nan edit");
        let decision = explained(&[("listener", "none")], Verdict::Unheard(true));
        assert_eq!(tones(&decision), [Tone::Bad]);
    }
}
