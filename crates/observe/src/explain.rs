//! What a gateway would decide on a request, which is sent nowhere.

use phantom_access::caller::Caller;
use phantom_access::explain::Explained;
use phantom_access::explain::Question;
use phantom_access::explain::Verdict;
use phantom_access::plane::Control;
use phantom_access::plane::Outgoing;
use phantom_access::rights;
use phantom_core::credential_field::is_token;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;
use secrecy::ExposeSecret;

use crate::workbench;

/// Longest URL taken, in bytes.
const MAX_URL: usize = 8 * 1024;
/// Longest method, in bytes.
const MAX_METHOD: usize = 32;
/// All header fields together, in bytes.
const MAX_FIELDS: usize = 32 * 1024;

/// Explains what the caller may call: APIs at the addresses of gateways. Those who see all traffic may ask about
/// any address of a gateway, routes of its file among them.
pub async fn explain(
    control: &Control,
    caller: &Caller,
    question: &Question,
) -> Outcome<Explained> {
    let Some(explainer) = control.explainer() else {
        return Err(Refusal::conflict(
            "This control plane has no gateway's configuration beside it.",
        ));
    };
    check(question)?;
    let is_operator = caller.holds_any(rights::admin::TRAFFIC);
    if !is_operator {
        let url = text::url("url", &question.url)?;
        workbench::check_is_served(&control.settings, &url)?;
    }
    // Nobody takes the places of all.
    let Some(_turn) = control.explaining().take(caller.name.clone(), 1) else {
        let words = "A decision is being explained to you already. Ask again when that is done.";
        return Err(Refusal::Crowded(words));
    };
    let mut explained = explainer.explain(question).await?;
    if !is_operator
        && !caller.holds_any(rights::publisher::READERS)
        && let Verdict::Forward(forwarded) = &mut explained.outcome
    {
        // Where backends are is not for subscribers.
        "the endpoint of the API".clone_into(&mut forwarded.to);
    }
    Ok(explained)
}

fn check(question: &Question) -> Outcome<()> {
    let Question { method, url, token, headers, peer: _ } = question;
    let is_name = |text: &str| !text.is_empty() && text.bytes().all(is_token);
    if method.len() > MAX_METHOD || !is_name(method) {
        return Err(Refusal::invalid("method: is none that a request can have"));
    }
    if url.len() > MAX_URL || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        let words = format!("url: at most {MAX_URL} bytes, without blanks and control characters");
        return Err(Refusal::invalid(words));
    }
    // No client sends one (RFC 9110 §7.1).
    if url.contains('#') {
        return Err(Refusal::invalid("url: must not hold a fragment"));
    }
    if token.as_ref().is_some_and(|token| token.expose_secret().len() > workbench::MAX_TOKEN) {
        return Err(Refusal::invalid(format!("token: at most {} bytes", workbench::MAX_TOKEN)));
    }
    let bytes: usize = headers.iter().map(|(n, v)| n.len() + v.expose_secret().len()).sum();
    if bytes > MAX_FIELDS || !headers.iter().all(|(name, _)| is_name(name)) {
        let words = format!("headers: at most {MAX_FIELDS} bytes, with the names of fields");
        return Err(Refusal::invalid(words));
    }
    Ok(())
}
