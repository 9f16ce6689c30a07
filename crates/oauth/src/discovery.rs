//! Metadata of an authorization server (RFC 8414, OpenID Connect Discovery), kept over time.

mod metadata;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use http::StatusCode;
use phantom_core::Clock;
use phantom_core::Tick;
use url::Url;

pub(crate) use metadata::Metadata;
pub use metadata::WellKnown;

use crate::egress::DEFAULT_BODY_LIMIT;
use crate::egress::Egress;
use crate::egress::Target;
use crate::single_run::SingleRun;

/// A document that could not be replaced is used this long, and no longer (DSC-5).
const HARD_LIMIT: Duration = Duration::from_secs(24 * 3600);
const REFRESH: Duration = Duration::from_secs(3600);
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// However long the server was away, it is missed no longer than this.
const LAST_RETRY: Duration = Duration::from_secs(5);

/// There is no metadata to go by.
#[derive(Clone, Debug)]
pub(crate) struct NoMetadata {
    pub(crate) cause: Arc<str>,
    pub(crate) retry_after: Option<Duration>,
}

/// The places that a document may name: https, on the host it came from or on a listed one (DSC-4).
#[derive(Clone, Debug)]
pub(crate) struct DocumentRules {
    /// The issuer the document has to claim, byte for byte (DSC-2).
    pub(crate) issuer: Box<str>,
    pub(crate) allowed_hosts: Vec<Box<str>>,
}

async fn fetch(
    egress: &Egress,
    well_known: &Url,
    rules: &DocumentRules,
) -> Result<Metadata, Arc<str>> {
    let target = Target::configured(well_known.clone());
    let answer = egress
        .get(&target, "application/json", DEFAULT_BODY_LIMIT)
        .await
        .map_err(|error| Arc::from(format!("{well_known}: {}", error.with_causes())))?;
    if answer.status != StatusCode::OK {
        return Err(Arc::from(format!("{well_known} answered {}", answer.status)));
    }
    Metadata::parse(&answer.body, well_known, rules)
        .map_err(|error| Arc::from(format!("{well_known}: {error}")))
}

/// The metadata of one issuer.
#[derive(Debug)]
pub(crate) struct Discovery(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    key_manager: Box<str>,
    well_known: Url,
    rules: DocumentRules,
    egress: Egress,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    run: SingleRun,
}

#[derive(Debug, Default)]
struct State {
    held: Option<(Arc<Metadata>, Tick)>,
    next_attempt: Option<Tick>,
    failures: u32,
    failure: Option<Arc<str>>,
}

impl Discovery {
    pub(crate) fn new(
        key_manager: &str,
        well_known: Url,
        rules: DocumentRules,
        egress: Egress,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Shared {
            key_manager: key_manager.into(),
            well_known,
            rules,
            egress,
            clock,
            state: Mutex::default(),
            run: SingleRun::default(),
        }))
    }

    /// The document, fetched first when there is none or when it is old.
    pub(crate) async fn metadata(&self) -> Result<Arc<Metadata>, NoMetadata> {
        if self.0.attempt_wanted() {
            let shared = Arc::clone(&self.0);
            self.0.run.run(|| async move { shared.fetch_and_store().await }).await;
        }
        self.0.held()
    }

    pub(crate) fn well_known(&self) -> &Url {
        &self.0.well_known
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `next_attempt` is the due time after a success and the retry time after a failure.
    fn attempt_wanted(&self) -> bool {
        let now = self.clock.now().tick;
        self.state().next_attempt.is_none_or(|next| now >= next)
    }

    fn held(&self) -> Result<Arc<Metadata>, NoMetadata> {
        let now = self.clock.now().tick;
        let state = self.state();
        match &state.held {
            Some((metadata, until)) if now < *until => Ok(Arc::clone(metadata)),
            _ => Err(NoMetadata {
                cause: state.failure.clone().unwrap_or_else(|| "not fetched yet".into()),
                retry_after: state.next_attempt.map(|next| now.until(next)),
            }),
        }
    }

    async fn fetch_and_store(&self) {
        let fetched = fetch(&self.egress, &self.well_known, &self.rules).await;
        let now = self.clock.now().tick;
        let mut state = self.state();
        match fetched {
            Ok(metadata) => {
                state.held = Some((Arc::new(metadata), now.plus(HARD_LIMIT)));
                state.next_attempt = Some(now.plus(REFRESH));
                state.failures = 0;
                state.failure = None;
            }
            Err(cause) => {
                let wait = FIRST_RETRY.saturating_mul(1 << state.failures.min(5)).min(LAST_RETRY);
                state.next_attempt = Some(now.plus(wait));
                state.failures = state.failures.saturating_add(1);
                let key_manager = &*self.key_manager;
                if state.held.is_some() {
                    tracing::warn!(
                        key_manager,
                        cause = &*cause,
                        "the authorization server's metadata could not be fetched anew: what is held stays in use"
                    );
                } else {
                    tracing::warn!(
                        key_manager,
                        cause = &*cause,
                        "the authorization server's metadata could not be fetched: until then its tokens get 503"
                    );
                }
                state.failure = Some(cause);
            }
        }
    }
}

#[cfg(test)]
mod tests;
