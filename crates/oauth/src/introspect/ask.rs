//! One question to the server: the request, the attempts, the answer's meaning.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::HeaderValue;
use http::header;
use phantom_core::BearerToken;

use super::IntrospectionClient;
use super::misbehaved;
use super::unavailable;
use crate::answer;
use crate::answer::RawAnswer;
use crate::answer::Said;
use crate::answer::Unusable;
use crate::client_auth::CallContext;
use crate::client_auth::Credential;
use crate::client_auth::encoded;
use crate::discovery::Metadata;
use crate::egress::Answer;
use crate::egress::EgressError;
use crate::egress::Target;
use crate::freshness::freshness_of;
use crate::guard::Call;
use crate::guard::NotAdmitted;
use crate::introspection::Freshness;
use crate::introspection::IntrospectError;

/// A server that asks for a longer pause is not asked again in this call.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// An attempt without an answer.
enum NoAnswer {
    /// We could not say who we are.
    NotSent(Arc<str>),
    Call(EgressError),
}

impl IntrospectionClient {
    /// One question: one attempt, one more where that is cheap and safe, one more with another
    /// credential where ours has changed.
    pub(super) async fn ask(
        &self,
        token: BearerToken<'_>,
    ) -> Result<(Said, Freshness), IntrospectError> {
        let metadata = self.metadata().await?;
        let target = self.target(metadata.as_deref())?;
        let call = self.guard.admit().await.map_err(|refused| not_admitted(&refused))?;
        let mut credential = self.auth.credential();
        let (mut may_retry, mut may_swap) = (true, true);
        loop {
            let sent = self.attempt(token, target, metadata.as_deref(), &credential).await;
            let (pause, retry_after, cause) = match sent {
                Ok(answer) => match self.read(&answer) {
                    Ok(said) => {
                        self.auth.accepted(&credential);
                        call.succeeded();
                        return Ok((said, freshness_of(&answer.headers)));
                    }
                    Err(Unusable::ClientRefused) => {
                        let another = match may_swap {
                            true => self.auth.another(&credential).await,
                            false => None,
                        };
                        let Some(another) = another else {
                            call.succeeded();
                            return Err(misbehaved(
                                "it refused our client credentials: check client_id and secret",
                            ));
                        };
                        (credential, may_swap) = (another, false);
                        continue;
                    }
                    Err(Unusable::Misbehaved(cause)) => {
                        call.succeeded();
                        return Err(IntrospectError::Misbehaved { cause });
                    }
                    Err(Unusable::Unavailable { retry_after, cause }) => {
                        let asked = matches!(answer.status.as_u16(), 429 | 503);
                        let pause = retry_after.filter(|pause| asked && *pause <= LONGEST_PAUSE);
                        match pause {
                            Some(pause) if may_retry => (pause, retry_after, cause),
                            _ => return Err(give_up(call, retry_after, cause)),
                        }
                    }
                },
                // Not sent, so it can be sent again.
                Err(NoAnswer::Call(error @ EgressError::Connect(_))) if may_retry => {
                    (Duration::ZERO, None, reason(&error))
                }
                Err(NoAnswer::Call(
                    error @ (EgressError::ForbiddenAddress | EgressError::Encoded),
                )) => {
                    call.succeeded();
                    return Err(misbehaved(reason(&error)));
                }
                Err(NoAnswer::Call(error)) => return Err(give_up(call, None, reason(&error))),
                // Our own fault says nothing about the server's health.
                Err(NoAnswer::NotSent(cause)) => {
                    call.succeeded();
                    return Err(misbehaved(cause));
                }
            };
            if !self.guard.afford_retry() {
                return Err(give_up(call, retry_after, cause));
            }
            tokio::time::sleep(pause).await;
            may_retry = false;
        }
    }

    async fn attempt(
        &self,
        token: BearerToken<'_>,
        target: &Target,
        metadata: Option<&Metadata>,
        credential: &Arc<Credential>,
    ) -> Result<Answer, NoAnswer> {
        let mut headers = HeaderMap::with_capacity(6);
        headers.insert(header::ACCEPT, HeaderValue::from_static(self.format.accept()));
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        // INT-1: encoded, so that no token can add a parameter.
        let mut form = String::with_capacity(token.expose().len() + 128);
        form.push_str("token=");
        form.push_str(&encoded(token.expose()));
        form.push_str("&token_type_hint=access_token");
        let context = CallContext {
            now: self.clock.now().wall,
            endpoint: &target.url,
            accepted_algorithms: metadata.and_then(|known| known.assertion_algorithms.as_deref()),
        };
        self.auth.apply(credential, context, &mut headers, &mut form).map_err(NoAnswer::NotSent)?;
        self.egress.post_form(target, headers, form).await.map_err(NoAnswer::Call)
    }

    fn read(&self, answer: &Answer) -> Result<Said, Unusable> {
        let mut types = answer.headers.get_all(header::CONTENT_TYPE).iter();
        let content_type = match (types.next(), types.next()) {
            (Some(only), None) => only.to_str().ok(),
            _ => None,
        };
        let retry_after = answer.headers.get(header::RETRY_AFTER);
        let raw = RawAnswer {
            status: answer.status.as_u16(),
            content_type,
            retry_after: retry_after.and_then(|value| value.to_str().ok()),
            body: &answer.body,
        };
        answer::read(raw, &self.format, self.clock.now().wall)
    }

    /// Needed for the endpoint; wanted for the algorithms of assertions (CLA-8).
    async fn metadata(&self) -> Result<Option<Arc<Metadata>>, IntrospectError> {
        let Some(discovery) = &self.discovery else { return Ok(None) };
        match (discovery.metadata().await, &self.endpoint) {
            (Ok(metadata), _) => Ok(Some(metadata)),
            (Err(_), Some(_)) => Ok(None),
            (Err(error), None) => Err(unavailable(error.cause, error.retry_after)),
        }
    }

    fn target<'a>(&'a self, metadata: Option<&'a Metadata>) -> Result<&'a Target, IntrospectError> {
        if let Some(endpoint) = &self.endpoint {
            return Ok(endpoint);
        }
        let alias = metadata
            .and_then(|metadata| metadata.mtls_introspection_endpoint.as_ref())
            .filter(|_| self.auth.uses_tls());
        alias
            .or_else(|| metadata.and_then(|metadata| metadata.introspection_endpoint.as_ref()))
            .ok_or_else(|| {
                misbehaved("its metadata names no introspection_endpoint: set it in the file")
            })
    }
}

fn give_up(
    call: Call<'_>,
    retry_after: Option<Duration>,
    cause: impl Into<Arc<str>>,
) -> IntrospectError {
    call.failed();
    unavailable(cause, retry_after)
}

/// The error and its causes in one line.
fn reason(error: &EgressError) -> Arc<str> {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text.into()
}

fn not_admitted(refused: &NotAdmitted) -> IntrospectError {
    let retry_after = match refused {
        NotAdmitted::Open { retry_after } => Some(*retry_after),
        NotAdmitted::Crowded => Some(LONGEST_PAUSE),
    };
    unavailable(refused.to_string(), retry_after)
}
