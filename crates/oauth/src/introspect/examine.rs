//! One question for whoever sets a server up: what came of it, in as much detail as can be told.

use std::sync::Arc;

use http::header;
use phantom_core::Audience;
use phantom_core::BearerToken;
use phantom_core::json;
use serde_json::Value;

use super::IntrospectionClient;
use super::ask::NoAnswer;
use crate::answer::Said;
use crate::answer::Unusable;
use crate::freshness::freshness_of;
use crate::introspection::IntrospectError;
use crate::introspection::Introspection;
use crate::verify::UnverifiedJws;

/// What came of a question, and what an answer to it said.
#[derive(Clone, Debug)]
pub struct Examined {
    /// Of the answer, if there was one.
    pub status: Option<u16>,
    /// `Content-Type` as it came, 256 characters of it at most. `None`: absent, or no text.
    pub media_type: Option<String>,
    /// What the JWT in the answer says of itself, whether or not it can be believed.
    pub claimed: Option<Claimed>,
    /// The verdict that a request would have got.
    pub outcome: Result<Introspection, Trouble>,
}

/// Claims that are compared with the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// `iss`, 256 characters of it at most.
    pub issuer: Option<String>,
    /// `aud`: 8 members at most, of 256 characters each.
    pub audience: Vec<String>,
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The server was not reached, or did not answer to the end.
    NoAnswer(Arc<str>),
    /// It refused our credentials.
    ClientRefused,
    /// It answered something else than was asked for.
    Unusable(Arc<str>),
    /// The JWT that it answered is not believed.
    NotBelieved(Arc<str>),
    /// Anything else that came of it.
    Else {
        /// Without a full stop.
        cause: Arc<str>,
        /// What to do about it, in whole sentences.
        advice: &'static str,
    },
}

/// Longest claim that is repeated, in characters.
const LONGEST: usize = 256;
/// Most audiences that are repeated.
const MOST: usize = 8;
const UNAVAILABLE: &str = "The server's own log says why. Until it is well, gateways answer 503.";

impl IntrospectionClient {
    pub(crate) async fn examine(&self, token: BearerToken<'_>) -> Examined {
        let examining = tokio::time::timeout(self.timeout, self.examined(token));
        examining
            .await
            .unwrap_or_else(|_| Examined::without(Trouble::NoAnswer("no answer in time".into())))
    }

    async fn examined(&self, token: BearerToken<'_>) -> Examined {
        let no_place = |error: IntrospectError| Examined::without(error.into());
        let metadata = match self.metadata().await {
            Ok(metadata) => metadata,
            Err(error) => return no_place(error),
        };
        let target = match self.target(metadata.as_deref()) {
            Ok(target) => target,
            Err(error) => return no_place(error),
        };
        let credential = self.auth.credential();
        let answer = match self.attempt(token, target, metadata.as_deref(), &credential).await {
            Ok(answer) => answer,
            Err(NoAnswer::NotSent(cause)) => return Examined::without(Trouble::NoAnswer(cause)),
            Err(NoAnswer::Call(error)) => {
                return Examined::without(Trouble::NoAnswer(error.with_causes()));
            }
        };
        let media_type = answer.headers.get(header::CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok()).map(bounded);
        let (claimed, outcome) = match self.read(&answer) {
            Ok(said) => {
                let claimed = match &said {
                    Said::PhantomToken { jws, .. } => Claimed::of(jws),
                    _ => None,
                };
                let verdict = self.verdict(said, freshness_of(&answer.headers)).await;
                (claimed, verdict.map_err(Trouble::from))
            }
            Err(Unusable::ClientRefused) => (None, Err(Trouble::ClientRefused)),
            Err(Unusable::Unavailable { cause, .. }) => {
                (None, Err(Trouble::Else { cause, advice: UNAVAILABLE }))
            }
            Err(Unusable::NoVerdict(error)) => (None, Err(error.into())),
        };
        Examined { status: Some(answer.status.as_u16()), media_type, claimed, outcome }
    }
}

impl Examined {
    const fn without(trouble: Trouble) -> Self {
        Self { status: None, media_type: None, claimed: None, outcome: Err(trouble) }
    }
}

impl Claimed {
    fn of(jws: &UnverifiedJws) -> Option<Self> {
        let members = json::parse_object(&jws.unproven_payload().ok()?).ok()?;
        let issuer = members.get("iss").and_then(Value::as_str).map(bounded);
        let audience = members.get("aud").and_then(|claim| Audience::from_claim(claim).ok());
        let audience =
            audience.iter().flat_map(Audience::members).take(MOST).map(bounded).collect();
        Some(Self { issuer, audience })
    }
}

impl From<IntrospectError> for Trouble {
    fn from(error: IntrospectError) -> Self {
        match error {
            IntrospectError::Misbehaved { cause } => Self::Unusable(cause),
            IntrospectError::Refused { cause } => Self::NotBelieved(cause),
            IntrospectError::Unavailable { cause, .. } => Self::Else { cause, advice: UNAVAILABLE },
            IntrospectError::NotAsked(not_asked) => Self::NoAnswer(not_asked.to_string().into()),
        }
    }
}

fn bounded(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}
