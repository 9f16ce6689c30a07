//! One question to the server: the request, the attempts, the answer's meaning.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use form_urlencoded::byte_serialize;
use http::HeaderMap;
use http::HeaderValue;
use http::header;
use phantom_core::BearerToken;
use phantom_core::causes::causes;

use super::IntrospectionClient;
use super::misbehaved;
use super::unavailable;
use crate::answer;
use crate::answer::RawAnswer;
use crate::answer::Said;
use crate::answer::Unusable;
use crate::client_auth::CallContext;
use crate::client_auth::Credential;
use crate::discovery::Metadata;
use crate::egress::Answer;
use crate::egress::DEFAULT_BODY_LIMIT;
use crate::egress::EgressError;
use crate::egress::Target;
use crate::freshness::freshness_of;
use crate::guard::Call;
use crate::introspection::Freshness;
use crate::introspection::IntrospectError;

/// A server that asks for a longer pause is not asked again in this call.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// An attempt without an answer.
pub(super) enum NoAnswer {
    /// We could not say who we are.
    NotSent(Arc<str>),
    Call(EgressError),
}

impl IntrospectionClient {
    /// One question: one attempt, one more where that is cheap and safe, one more with another
    /// credential where ours has changed. `call` is told of every way this can end.
    pub(super) async fn ask(
        &self,
        call: &mut Call<'_>,
        token: BearerToken<'_>,
    ) -> Result<(Said, Freshness), IntrospectError> {
        call.not_sent();
        let metadata = self.metadata().await?;
        let target = self.target(metadata.as_deref())?;
        let mut credential = self.auth.credential();
        let (mut may_retry, mut may_swap) = (true, true);
        loop {
            // What becomes of it if nobody waits for its end any longer.
            call.failed(None);
            let sent = self.attempt(token, target, metadata.as_deref(), &credential).await;
            let (pause, retry_after, cause) = match sent {
                Ok(answer) => {
                    call.answered();
                    match self.read(&answer) {
                        Ok(said) => {
                            self.auth.accepted(&credential);
                            return Ok((said, freshness_of(&answer.headers)));
                        }
                        Err(Unusable::ClientRefused) => {
                            let another = match may_swap {
                                true => self.auth.another(&credential).await,
                                false => None,
                            };
                            let Some(another) = another else {
                                return Err(misbehaved(self.advice.client));
                            };
                            (credential, may_swap) = (another, false);
                            continue;
                        }
                        Err(Unusable::NoVerdict(error)) => return Err(error),
                        Err(Unusable::Unavailable { retry_after, cause }) => {
                            // Others say when they will be back, not that they want to be left alone.
                            let asked = matches!(answer.status.as_u16(), 429 | 503);
                            let wait = retry_after.filter(|_| asked);
                            call.failed(wait);
                            match wait.filter(|pause| *pause <= LONGEST_PAUSE) {
                                Some(pause) if may_retry => (pause, retry_after, cause),
                                _ => return Err(unavailable(cause, None)),
                            }
                        }
                    }
                }
                // It is we who lack something, and trying again makes that worse.
                Err(NoAnswer::Call(error)) if lacks_resources(&error) => {
                    call.not_sent();
                    return Err(unavailable(error.with_causes(), None));
                }
                // Not sent, so it can be sent again.
                Err(NoAnswer::Call(error @ EgressError::Connect { .. })) if may_retry => {
                    (Duration::ZERO, None, error.with_causes())
                }
                Err(NoAnswer::Call(error @ EgressError::ForbiddenAddress)) => {
                    call.not_sent();
                    return Err(misbehaved(error.with_causes()));
                }
                // The server answers; what it has to say of this token is too much, or is nothing.
                Err(NoAnswer::Call(error)) if error.is_answered() => {
                    call.answered();
                    return Err(misbehaved(error.with_causes()));
                }
                Err(NoAnswer::Call(error)) => return Err(unavailable(error.with_causes(), None)),
                // Our own fault says nothing about the server's health.
                Err(NoAnswer::NotSent(cause)) => {
                    call.not_sent();
                    return Err(misbehaved(cause));
                }
            };
            if !call.afford_retry() {
                return Err(unavailable(cause, retry_after));
            }
            tokio::time::sleep(pause).await;
            may_retry = false;
        }
    }

    pub(super) async fn attempt(
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
        form.extend(byte_serialize(token.expose().as_bytes()));
        form.push_str("&token_type_hint=access_token");
        let context = CallContext {
            now: self.clock.now().wall,
            endpoint: &target.url,
            accepted_algorithms: metadata.and_then(|known| known.assertion_algorithms.as_deref()),
        };
        self.auth.apply(credential, context, &mut headers, &mut form).map_err(NoAnswer::NotSent)?;
        // Room for the longest JWT, and as much again around it.
        let limit = DEFAULT_BODY_LIMIT.max(2 * self.verifier.rules.max_phantom_token_len);
        self.egress.post_form(target, headers, form, limit).await.map_err(NoAnswer::Call)
    }

    pub(super) fn read(&self, answer: &Answer) -> Result<Said, Unusable> {
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
        answer::read(raw, &self.format, self.advice, self.clock.now().wall)
    }

    /// Needed for the endpoint; wanted for the algorithms of assertions (CLA-8).
    pub(super) async fn metadata(&self) -> Result<Option<Arc<Metadata>>, IntrospectError> {
        let Some(discovery) = &self.discovery else { return Ok(None) };
        match (discovery.metadata().await, &self.endpoint) {
            (Ok(metadata), _) => Ok(Some(metadata)),
            (Err(_), Some(_)) => Ok(None),
            (Err(error), None) => Err(unavailable(error.cause, error.retry_after)),
        }
    }

    pub(super) fn target<'a>(
        &'a self,
        metadata: Option<&'a Metadata>,
    ) -> Result<&'a Target, IntrospectError> {
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
            })?
            .as_ref()
            .map_err(|invalid| misbehaved(invalid.to_string()))
    }
}

/// Returns whether this process or machine has no descriptor or no port left for a connection.
fn lacks_resources(error: &(dyn std::error::Error + 'static)) -> bool {
    /// `ENFILE` and `EMFILE`, which `ErrorKind` does not name.
    const NO_DESCRIPTOR: [i32; 2] = [23, 24];
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|error| {
        error.kind() == io::ErrorKind::AddrNotAvailable
            || error.raw_os_error().is_some_and(|code| NO_DESCRIPTOR.contains(&code))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot connect")]
    struct Connect(#[source] io::Error);

    #[test]
    fn a_connection_for_which_we_have_no_descriptor_is_not_the_server_s_failure() {
        for ours in [23, 24] {
            assert!(lacks_resources(&Connect(io::Error::from_raw_os_error(ours))));
        }
        assert!(lacks_resources(&Connect(io::ErrorKind::AddrNotAvailable.into())));
        for its in [io::ErrorKind::ConnectionRefused, io::ErrorKind::TimedOut] {
            assert!(!lacks_resources(&Connect(its.into())));
        }
    }
}
