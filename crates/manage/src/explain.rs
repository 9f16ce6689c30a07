//! What a gateway would decide on a request, which is sent nowhere. Who decides lies behind [`Explain`]: the
//! control plane knows no gateway.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;

use phantom_core::credential_field::is_token;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Caller;
use crate::plane::Control;
use crate::rights;
use crate::workbench;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;

/// Longest URL taken, in bytes.
const MAX_URL: usize = 8 * 1024;
/// Longest method, in bytes.
const MAX_METHOD: usize = 32;
/// All header fields together, in bytes.
const MAX_FIELDS: usize = 32 * 1024;

/// Decides as gateways do. Nothing of it changes what they decide: caches, quotas and limits are its own.
pub trait Explain: fmt::Debug + Send + Sync {
    fn explain<'a>(
        &'a self,
        question: &'a Question,
    ) -> Pin<Box<dyn Future<Output = Outcome<Explained>> + Send + 'a>>;
}

/// The request that is asked about. All but method and URL may be secret, and so may the query.
#[derive(Clone)]
pub struct Question {
    pub method: String,
    /// `https://host:port/path?query`, or a path alone.
    pub url: String,
    /// Sent as `Authorization: Bearer`.
    pub token: Option<SecretString>,
    pub headers: Vec<(String, SecretString)>,
    /// Where it comes from: deny policies are on addresses, too.
    pub peer: Option<IpAddr>,
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("method", &self.method).finish_non_exhaustive()
    }
}

/// A decision, hop by hop. Never a token, a claim's value or the query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Explained {
    /// Method, path and host.
    pub request: String,
    /// What the route or the API asks of its callers, where one was found.
    pub asks: Vec<String>,
    pub steps: Vec<Hop>,
    pub outcome: Verdict,
}

/// What was compared, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Hop {
    pub hop: String,
    pub outcome: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    Answer(Answered),
    Forward(Forwarded),
    /// Nobody listens where it is sent; always true.
    Unheard(bool),
}

/// The gateway answers itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Answered {
    pub status: u16,
    /// Why it is refused, by its name in the log.
    pub reason: Option<String>,
    pub fields: Vec<AnsweredField>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AnsweredField {
    pub name: String,
    pub value: String,
}

/// The request goes on to a backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Forwarded {
    pub to: String,
    /// What is changed of it.
    pub edits: Vec<String>,
}

/// Explains what the caller may call: APIs at the addresses of gateways. Those who see all traffic may ask about
/// any address of a gateway, routes of its file among them.
pub async fn explain(
    control: &Control,
    caller: &Caller,
    question: &Question,
) -> Outcome<Explained> {
    let Some(explainer) = &control.explainer else {
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
    let Some(_turn) = control.explaining.take(caller.name.clone(), 1) else {
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
