//! The gateway follows the store: what is published there is in force here within a second, and what
//! was published stays in force while the store is away.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use phantom_control::publish::Follower;
use phantom_control::publish::Update;
use phantom_core::BearerToken;
use phantom_core::catalog::Change;
use phantom_core::catalog::EndedToken;
use phantom_oauth::KeyManager;
use phantom_pipeline::KeyManagerHandle;
use phantom_pipeline::Snapshot;
use phantom_pipeline::managed::Publication;
use phantom_proxy::Shared;
use tokio_util::sync::CancellationToken;

use crate::compose::error::chain;
use crate::compose::managed::Binding;
use crate::compose::managed::Bound;
use crate::telemetry::management::Readiness;
use crate::telemetry::metrics::GatewayMetrics;

/// Between two looks at the store, where nothing has changed it from here.
const EVERY: Duration = Duration::from_millis(200);
/// Between two looks at least: a stream of changes is taken in pieces.
const SETTLING: Duration = Duration::from_millis(10);
/// While the store is away.
const AWAY: Duration = Duration::from_secs(1);

/// Key managers that the control plane published, with those of the file: what background tasks and
/// metrics go through.
#[derive(Debug, Default)]
pub(super) struct Live(Mutex<Vec<Bound>>);

impl Live {
    pub(super) fn new(of_the_file: Vec<Bound>) -> Self {
        Self(Mutex::new(of_the_file))
    }

    pub(super) fn managers(&self) -> Vec<Arc<KeyManager>> {
        self.bound().iter().map(|bound| Arc::clone(&bound.manager)).collect()
    }

    pub(super) fn handles(&self) -> Vec<Arc<KeyManagerHandle>> {
        self.bound().iter().map(|bound| Arc::clone(&bound.handle)).collect()
    }

    fn add(&self, bound: Bound) {
        self.bound().push(bound);
    }

    /// Whoever vouched for the token: its verdict is dead in all caches.
    fn end(&self, token: &EndedToken) {
        let Ok(token) = BearerToken::parse(token.0.as_bytes()) else { return };
        for handle in self.handles() {
            for exchange in handle.opaque.iter().chain(&handle.jwt) {
                exchange.revoke(exchange.digest(token));
            }
        }
    }

    /// All caches start over: tokens may have ended that we were not told of.
    fn forget(&self) {
        for handle in self.handles() {
            for exchange in handle.opaque.iter().chain(&handle.jwt) {
                exchange.forget();
            }
        }
    }

    /// Forgets managed key managers that are not published any more.
    fn keep(&self, published: &[&Arc<KeyManagerHandle>]) {
        self.bound().retain(|bound| {
            bound.handle.managed.is_none()
                || published.iter().any(|handle| Arc::ptr_eq(handle, &bound.handle))
        });
    }

    fn bound(&self) -> MutexGuard<'_, Vec<Bound>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What following needs besides the store.
pub(super) struct Gateway {
    pub(super) shared: Arc<Shared>,
    pub(super) live: Arc<Live>,
    pub(super) metrics: GatewayMetrics,
    pub(super) readiness: Arc<Readiness>,
}

/// Ends when told to stop.
pub(super) async fn follow(
    mut follower: Follower,
    of_the_file: Snapshot,
    binding: Binding,
    gateway: Gateway,
    stop: CancellationToken,
) {
    let Gateway { shared, live, metrics, readiness } = gateway;
    let mut publication = Publication::new(of_the_file, binder(binding, Arc::clone(&live)));
    let mut published = false;
    loop {
        let next = follower.next().await;
        let answers = next.is_ok();
        readiness.store_answers(answers);
        metrics.store_answers(answers);
        match next {
            Ok(Update::Nothing) => {}
            Ok(Update::Whole(catalog)) => {
                publication.replace(&catalog);
                // What is freed of a large catalog goes back in one piece.
                drop(catalog);
                if std::mem::replace(&mut published, true) {
                    tracing::info!(
                        "too many changes to follow: the whole catalog was read, and caches start over"
                    );
                    live.forget();
                }
                publish(&mut publication, &shared, &live, &metrics);
                readiness.catalog_loaded();
            }
            Ok(Update::Changes(changes)) => {
                for change in &changes {
                    if let Change::TokenEnded(token) = change {
                        live.end(token);
                    }
                    publication.apply(change);
                }
                publish(&mut publication, &shared, &live, &metrics);
            }
            Err(error) => {
                let error = chain(&error);
                tracing::error!(
                    error,
                    "the store does not answer: what was published stays in force"
                );
            }
        }
        let pause = async {
            if answers {
                tokio::time::sleep(SETTLING).await;
                let _ = tokio::time::timeout(EVERY, follower.stirred()).await;
            } else {
                tokio::time::sleep(AWAY).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = pause => {}
        }
    }
}

fn publish(publication: &mut Publication, shared: &Shared, live: &Live, metrics: &GatewayMetrics) {
    let snapshot = publication.snapshot();
    metrics.published(snapshot.version);
    live.keep(&publication.key_managers().collect::<Vec<_>>());
    metrics.observe(&live.handles(), &live.managers());
    let next = shared.published.load().succeeded_by(snapshot, &shared.metrics);
    shared.published.store(Arc::new(next));
}

/// New key managers fetch their keys before the first request needs them.
fn binder(binding: Binding, live: Arc<Live>) -> phantom_pipeline::managed::Binder {
    Box::new(move |managed| {
        let bound = binding.bind(managed)?;
        let (handle, manager) = (Arc::clone(&bound.handle), Arc::clone(&bound.manager));
        live.add(bound);
        binding.runtime.spawn(async move {
            if let Err(error) = manager.warm_up().await {
                let key_manager = &**manager.name();
                tracing::warn!(key_manager, %error, "no keys yet: each request tries again");
            }
        });
        Some(handle)
    })
}
