//! What a gateway would decide on a request, which is sent nowhere. Who decides lies behind [`Explain`]: the
//! control plane knows no gateway.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;

use phantom_terms::refusal::Outcome;
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

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
