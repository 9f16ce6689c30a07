//! A JWT that a client presents, in the shape the cache knows: verified here instead of asked about.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use phantom_core::BearerToken;
use phantom_core::Peer;
use phantom_oauth::Freshness;
use phantom_oauth::Introspect;
use phantom_oauth::IntrospectError;
use phantom_oauth::Introspection;
use phantom_oauth::KeyManager;
use phantom_oauth::Refusal;
use phantom_oauth::VerifyError;
use phantom_telemetry::complaints::KeyManagerComplaints;

/// For routes with `jwt = "accept_jwt"` (JWT-15).
#[derive(Debug)]
pub(super) struct PresentedJwt {
    manager: Arc<KeyManager>,
    complaints: KeyManagerComplaints,
}

impl PresentedJwt {
    pub(super) fn new(manager: Arc<KeyManager>) -> Self {
        let complaints = KeyManagerComplaints::about(manager.name());
        Self { manager, complaints }
    }

    fn log(&self, refusal: &Refusal) {
        use Refusal::{ClaimMalformed, ClaimMissing, OtherKind, Typ};
        // Strangers cannot make these: the signature was the issuer's.
        if matches!(refusal, ClaimMissing(_) | ClaimMalformed(_) | OtherKind(_) | Typ) {
            self.complaints.log_of_jwt(refusal, Instant::now());
        } else {
            let key_manager = &**self.manager.name();
            tracing::debug!(key_manager, %refusal, "a presented JWT does not verify");
        }
    }
}

impl Introspect for PresentedJwt {
    fn introspect<'a>(
        &'a self,
        token: BearerToken<'a>,
        _: Peer,
    ) -> Pin<Box<dyn Future<Output = Result<Introspection, IntrospectError>> + Send + 'a>> {
        Box::pin(async move {
            match self.manager.verify_access_token(token.expose()).await {
                Ok(statement) => {
                    Ok(Introspection::Active { statement, freshness: Freshness::Unstated })
                }
                Err(VerifyError::Refused(refusal)) => {
                    self.log(&refusal);
                    Ok(Introspection::Inactive)
                }
                // Nothing is known of the token: never a verdict (DSC-10).
                Err(VerifyError::KeysUnavailable(error)) => Err(IntrospectError::Unavailable {
                    retry_after: None,
                    cause: error.to_string().into(),
                }),
            }
        })
    }
}
