//! Secrets that change while we run (CLA-9): the new one is picked up when the old one is refused,
//! and the old one is kept in hand until the new one has worked.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use http::HeaderMap;
use phantom_core::Clock;
use phantom_core::Tick;

use crate::client_auth::CallContext;
use crate::client_auth::ClientAuth;
use crate::client_auth::ClientAuthError;
use crate::client_auth::Credential;

/// A server that refuses everything does not make us read files for every request.
const REREAD_INTERVAL: Duration = Duration::from_secs(1);

/// Our identity at one authorization server.
#[derive(Debug)]
pub(crate) struct Authenticator {
    client_id: Box<str>,
    issuer: Option<Arc<str>>,
    method: ClientAuth,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    current: Arc<Credential>,
    former: Option<Arc<Credential>>,
    next_read: Option<Tick>,
}

impl Authenticator {
    pub(crate) fn new(
        client_id: &str,
        issuer: Option<Arc<str>>,
        method: ClientAuth,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ClientAuthError> {
        let current = Arc::new(method.credential(client_id)?);
        let state = Mutex::new(State { current, former: None, next_read: None });
        Ok(Self { client_id: client_id.into(), issuer, method, clock, state })
    }

    pub(crate) const fn uses_tls(&self) -> bool {
        matches!(self.method, ClientAuth::Tls { .. })
    }

    pub(crate) fn credential(&self) -> Arc<Credential> {
        Arc::clone(&self.state().current)
    }

    pub(crate) fn apply(
        &self,
        credential: &Credential,
        context: CallContext<'_>,
        headers: &mut HeaderMap,
        form: &mut String,
    ) -> Result<(), Arc<str>> {
        credential.apply(&self.client_id, self.issuer.as_deref(), context, headers, form)
    }

    /// The server refused this credential: another one to try, if there is one.
    pub(crate) async fn another(&self, refused: &Arc<Credential>) -> Option<Arc<Credential>> {
        {
            let mut state = self.state();
            if !Arc::ptr_eq(&state.current, refused) {
                return Some(Arc::clone(&state.current));
            }
            let now = self.clock.now().tick;
            if state.next_read.is_some_and(|next| now < next) {
                return state.former.take();
            }
            state.next_read = Some(now.plus(REREAD_INTERVAL));
        }
        let (method, client_id) = (self.method.clone(), self.client_id.clone());
        let read = tokio::task::spawn_blocking(move || method.credential(&client_id)).await;
        let mut state = self.state();
        match read {
            Ok(Ok(read)) if !read.same_secret(&state.current) => {
                tracing::info!("the client secret has changed: the new one is tried");
                state.former = Some(std::mem::replace(&mut state.current, Arc::new(read)));
                Some(Arc::clone(&state.current))
            }
            Ok(Ok(_)) => state.former.take(),
            Ok(Err(cause)) => {
                tracing::warn!(%cause, "the client secret cannot be read again");
                state.former.take()
            }
            Err(_) => None,
        }
    }

    /// The server accepted this credential. One that had been replaced comes back.
    pub(crate) fn accepted(&self, credential: &Arc<Credential>) {
        let mut state = self.state();
        if !Arc::ptr_eq(&state.current, credential) {
            state.former = Some(std::mem::replace(&mut state.current, Arc::clone(credential)));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
