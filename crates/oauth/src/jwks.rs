//! The keys of one issuer over time (DSC-5 to DSC-10): fetched, kept, replaced.

use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use http::StatusCode;
use phantom_core::Clock;
use phantom_core::Tick;
use thiserror::Error;

use crate::algorithm::Algorithms;
use crate::discovery::Discovery;
use crate::egress::Egress;
use crate::egress::Target;
use crate::file;
use crate::freshness::freshness_of;
use crate::introspection::Freshness;
use crate::jwk::JwkSet;
use crate::single_run::SingleRun;

/// Keys that could not be replaced are used this long, and no longer (DSC-5).
const HARD_LIMIT: Duration = Duration::from_secs(24 * 3600);
/// A set is fetched again at least this often (DSC-8) and at most this often.
const CEILING: Duration = Duration::from_secs(600);
const FLOOR: Duration = Duration::from_secs(30);
/// After a failure with no keys at hand: soon, then less often.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// However long the issuer was away, it is missed no longer than this.
const LAST_RETRY: Duration = Duration::from_secs(5);
/// How long a kid that the issuer did not know asks for no further fetch, and how many are kept.
const UNKNOWN_FOR: Duration = Duration::from_secs(60);
const UNKNOWN_KEPT: usize = 64;

/// Where keys come from. Never from a token (JWT-3).
#[derive(Debug)]
pub(crate) enum KeyLocation {
    Inline(JwkSet),
    File(PathBuf),
    Uri(Target),
    Discovered(Arc<Discovery>),
}

/// No keys to verify with: nothing can be said about the token (DSC-10).
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the issuer's keys are not available: {cause}")]
pub struct KeysUnavailable {
    pub(crate) cause: Arc<str>,
    pub(crate) retry_after: Option<Duration>,
}

/// The lack of the keys at hand, going by a token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Missing<'t> {
    /// A key of this name.
    Kid(Option<&'t str>),
    /// A key of that name is there, but the signature is not by it: forged, or by one that took its place.
    KeyOfThatKid,
}

/// Refreshes so far, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefreshCounts {
    /// Fetches that gave a key set, be it one without a usable key.
    pub succeeded: u64,
    /// Fetches that gave none; the former keys stay in use, for a day at most.
    pub failed: u64,
}

/// The keys of one issuer.
#[derive(Clone, Debug)]
pub(crate) struct KeySource(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    key_manager: Box<str>,
    location: KeyLocation,
    egress: Egress,
    algorithms: Algorithms,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    run: SingleRun,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct State {
    keys: Option<Held>,
    /// No fetch before this, unless it is the first.
    next_attempt: Option<Tick>,
    /// Why the last fetch failed, if it did.
    failure: Option<Arc<str>>,
    failures: u32,
    counts: RefreshCounts,
    /// Hashes of kids the issuer did not know, oldest first (DSC-7).
    unknown: VecDeque<(u64, Tick)>,
    /// No fetch for a key that is missing before this.
    next_unknown: Option<Tick>,
}

#[derive(Debug)]
struct Held {
    keys: Arc<JwkSet>,
    fetched: Tick,
    due: Tick,
    until: Tick,
}

impl KeySource {
    pub(crate) fn new(
        key_manager: &str,
        location: KeyLocation,
        egress: Egress,
        algorithms: Algorithms,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Shared {
            key_manager: key_manager.into(),
            location,
            egress,
            algorithms,
            clock,
            state: Mutex::default(),
            run: SingleRun::default(),
            hasher: RandomState::new(),
        }))
    }

    /// The keys, fetched first when there are none or when they are due. While the issuer is in
    /// trouble and old keys serve, it is asked again without making anybody wait.
    pub(crate) async fn keys(&self) -> Result<Arc<JwkSet>, KeysUnavailable> {
        if self.0.attempt_wanted(Duration::ZERO) {
            if self.0.serves_in_spite_of_failure() {
                self.0.run.start(|| self.job());
            } else {
                self.refresh().await;
            }
        }
        self.0.held()
    }

    /// For what the keys `seen` lack: newer ones, after one fetch if the issuer may be asked
    /// (DSC-7). `Ok(None)` when it was asked lately: there is no such key.
    pub(crate) async fn newer_keys(
        &self,
        missing: Missing<'_>,
        seen: &Arc<JwkSet>,
    ) -> Result<Option<Arc<JwkSet>>, KeysUnavailable> {
        // Somebody else's fetch may have ended in between, or be under way.
        if let Some(newer) = self.0.newer_than(seen) {
            return Ok(Some(newer));
        }
        if self.0.may_ask_for(missing) {
            self.refresh().await;
        } else {
            self.0.run.join().await;
        }
        if let Some(newer) = self.0.newer_than(seen) {
            return Ok(Some(newer));
        }
        let now = self.0.clock.now().tick;
        let state = self.0.state();
        match &state.failure {
            // We could not look: that there is no such key is not known.
            Some(cause) => {
                let retry_after = state.next_unknown.map(|next| now.until(next));
                Err(KeysUnavailable { cause: Arc::clone(cause), retry_after })
            }
            None => Ok(None),
        }
    }

    /// Fetches ahead of time, so that no request has to wait for it. For a background task.
    pub(crate) async fn refresh_if_due(&self) {
        if self.0.attempt_wanted(FLOOR / 2) {
            self.refresh().await;
        }
    }

    /// For how long they are known; of keys that are fetched, and where there are any.
    pub(crate) fn age(&self) -> Option<Duration> {
        let now = self.0.clock.now().tick;
        let is_fetched = !matches!(self.0.location, KeyLocation::Inline(_));
        let state = self.0.state();
        state.keys.as_ref().filter(|_| is_fetched).map(|held| held.fetched.until(now))
    }

    pub(crate) fn counts(&self) -> RefreshCounts {
        self.0.state().counts
    }

    async fn refresh(&self) {
        self.0.run.run(|| self.job()).await;
    }

    fn job(&self) -> impl Future<Output = ()> + Send + use<> {
        let shared = Arc::clone(&self.0);
        async move { shared.fetch_and_store().await }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attempt_wanted(&self, ahead: Duration) -> bool {
        let now = self.clock.now().tick;
        let state = self.state();
        let due = state.keys.as_ref().is_none_or(|held| now.plus(ahead) >= held.due);
        due && state.next_attempt.is_none_or(|next| now >= next)
    }

    fn held(&self) -> Result<Arc<JwkSet>, KeysUnavailable> {
        let now = self.clock.now().tick;
        let state = self.state();
        match &state.keys {
            // A set that lost its last key verifies nothing any more (DSC-8).
            Some(held) if held.keys.is_empty() => Err(KeysUnavailable {
                cause: "the issuer's key set holds no usable key".into(),
                retry_after: Some(now.until(held.due)),
            }),
            Some(held) if now < held.until => Ok(Arc::clone(&held.keys)),
            _ => Err(KeysUnavailable {
                cause: state.failure.clone().unwrap_or_else(|| "not fetched yet".into()),
                retry_after: state.next_attempt.map(|next| now.until(next)),
            }),
        }
    }

    fn serves_in_spite_of_failure(&self) -> bool {
        let failed = self.state().failure.is_some();
        failed && self.held().is_ok()
    }

    fn newer_than(&self, seen: &Arc<JwkSet>) -> Option<Arc<JwkSet>> {
        self.held().ok().filter(|held| !Arc::ptr_eq(held, seen))
    }

    fn may_ask_for(&self, missing: Missing<'_>) -> bool {
        if matches!(self.location, KeyLocation::Inline(_)) {
            return false;
        }
        let now = self.clock.now().tick;
        let mut state = self.state();
        if state.next_unknown.is_some_and(|next| now < next) {
            return false;
        }
        if let Missing::Kid(kid) = missing {
            let hash = self.hasher.hash_one(kid);
            state.unknown.retain(|(_, until)| now < *until);
            if state.unknown.iter().any(|(known, _)| *known == hash) {
                return false;
            }
            if state.unknown.len() >= UNKNOWN_KEPT {
                state.unknown.pop_front();
            }
            state.unknown.push_back((hash, now.plus(UNKNOWN_FOR)));
        }
        state.next_unknown = Some(now.plus(FLOOR));
        true
    }

    async fn fetch_and_store(&self) {
        let fetched = self.fetch().await;
        let now = self.clock.now().tick;
        let mut state = self.state();
        match fetched {
            Ok((keys, fresh)) => {
                let until = now.plus(HARD_LIMIT);
                let due = match self.location {
                    KeyLocation::Inline(_) => Tick::from_millis(u64::MAX),
                    _ => now.plus(fresh),
                };
                state.keys = Some(Held { keys: Arc::new(keys), fetched: now, due, until });
                state.next_attempt = None;
                state.failure = None;
                state.failures = 0;
                state.counts.succeeded += 1;
            }
            Err(cause) => {
                state.counts.failed += 1;
                let wait = match &state.keys {
                    Some(held) if now < held.until && !held.keys.is_empty() => FLOOR,
                    _ => FIRST_RETRY.saturating_mul(1 << state.failures.min(3)).min(LAST_RETRY),
                };
                state.failures = state.failures.saturating_add(1);
                // The issuer did not say that it does not know them.
                state.unknown.clear();
                if state.next_unknown.is_some() {
                    state.next_unknown = Some(now.plus(LAST_RETRY));
                }
                state.next_attempt = Some(now.plus(wait));
                let key_manager = &*self.key_manager;
                if state.keys.is_some() {
                    tracing::warn!(
                        key_manager,
                        cause = &*cause,
                        "the issuer's keys could not be fetched anew: those that are held stay in use"
                    );
                } else {
                    tracing::warn!(
                        key_manager,
                        cause = &*cause,
                        "the issuer's keys could not be fetched: until then its tokens get 503"
                    );
                }
                state.failure = Some(cause);
            }
        }
    }

    async fn fetch(&self) -> Result<(JwkSet, Duration), Arc<str>> {
        match &self.location {
            // Built once and never due again: only the first fetch comes here.
            KeyLocation::Inline(set) => Ok((set.clone(), CEILING)),
            KeyLocation::File(path) => {
                let document = file::read_bounded(path.clone(), JwkSet::MAX_BYTES)
                    .await
                    .map_err(|error| Arc::from(format!("{}: {error}", path.display())))?;
                Ok((self.parse(&document)?, FLOOR))
            }
            KeyLocation::Uri(target) => self.fetch_from(target).await,
            KeyLocation::Discovered(discovery) => {
                let metadata = discovery.metadata().await.map_err(|error| error.cause)?;
                let target = metadata
                    .jwks_uri
                    .as_ref()
                    .ok_or_else(|| Arc::from("the metadata names no jwks_uri: set jwks_uri"))?
                    .as_ref()
                    .map_err(|invalid| Arc::from(invalid.to_string()))?;
                self.fetch_from(target).await
            }
        }
    }

    async fn fetch_from(&self, target: &Target) -> Result<(JwkSet, Duration), Arc<str>> {
        let accept = "application/jwk-set+json, application/json";
        let answer = self
            .egress
            .get(target, accept, JwkSet::MAX_BYTES)
            .await
            .map_err(|error| Arc::from(format!("{}: {}", target.url, error.with_causes())))?;
        if answer.status != StatusCode::OK {
            return Err(Arc::from(format!("{} answered {}", target.url, answer.status)));
        }
        let fresh = match freshness_of(&answer.headers) {
            Freshness::DoNotStore => FLOOR,
            Freshness::For(stated) => stated.clamp(FLOOR, CEILING),
            Freshness::Unstated => CEILING,
        };
        Ok((self.parse(&answer.body)?, fresh))
    }

    fn parse(&self, document: &[u8]) -> Result<JwkSet, Arc<str>> {
        JwkSet::parse(document, self.algorithms).map_err(|error| Arc::from(error.to_string()))
    }
}

#[cfg(test)]
mod tests;
