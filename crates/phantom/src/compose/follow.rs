//! The gateway follows the store: what is published there is in force here within a second, and what
//! was published stays in force while the store is away. A gateway that starts meanwhile serves the
//! catalog that it has kept.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::Instant;

use phantom_core::Clock;
use phantom_core::HeldBack;
use phantom_core::UnixTime;
use phantom_core::catalog::Change;
use phantom_core::causes::with_causes;
use phantom_oauth::Minter;
use phantom_pipeline::Snapshot;
use phantom_pipeline::managed::Publication;
use phantom_pipeline::managed::TokenNames;
use phantom_proxy::Shared;
use phantom_publish::Follower;
use phantom_publish::Update;
use phantom_publish::kept::CatalogFile;
use secrecy::SecretString;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::compose::background;
use crate::compose::control;
use crate::compose::control::Door;
use crate::compose::control::Opened;
use crate::compose::control::Opener;
use crate::compose::keep::Keeper;
use crate::compose::live::Live;
use crate::compose::live::binder;
use crate::compose::managed::Binding;
use crate::compose::report::Reporter;
use crate::telemetry::management::Readiness;
use crate::telemetry::metrics::GatewayMetrics;

/// Between two looks at the store, where nothing has changed it from here.
const EVERY: Duration = Duration::from_millis(200);
/// Between two looks at least: a stream of changes is taken in pieces.
const SETTLING: Duration = Duration::from_millis(10);
/// While the store is away.
const AWAY: Duration = Duration::from_secs(1);
/// While it has been away since the start.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);

/// What following needs besides the store.
pub(super) struct Gateway {
    pub(super) shared: Arc<Shared>,
    pub(super) live: Arc<Live>,
    pub(super) metrics: GatewayMetrics,
    pub(super) readiness: Arc<Readiness>,
    pub(super) started_at: UnixTime,
}

/// What a gateway that follows a store has from its start to its end.
pub(super) struct Node {
    pub(super) of_the_file: Snapshot,
    pub(super) gateway: Gateway,
    /// How key managers are bound; phantom tokens of our own are signed with that.
    pub(super) bind: Box<dyn Fn(Arc<Minter>) -> Binding + Send + Sync>,
    pub(super) file: CatalogFile,
    pub(super) token_names: TokenNames,
    pub(super) public_url: String,
    /// Endpoints of APIs may be on this machine.
    pub(super) allow_local_endpoints: bool,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) stop: CancellationToken,
}

impl Node {
    /// Serves what was kept on the disk, if anything was and it can be believed. Within the runtime.
    pub(super) fn serve_kept(&self) {
        let path = self.file.path().display();
        let now = self.clock.now().wall;
        let kept = match self.file.load(now) {
            Ok(Some(kept)) => kept,
            Ok(None) => {
                tracing::warn!(%path, "no catalog is kept: APIs are served once the store is there");
                return;
            }
            Err(error) => {
                tracing::error!(
                    %path, %error,
                    "the kept catalog is not used: APIs are served once the store is there"
                );
                return;
            }
        };
        let minter = match control::minter(&kept.signing_key.0, &self.public_url) {
            Ok(minter) => minter,
            Err(error) => {
                tracing::error!(%path, %error, "the kept catalog is not used");
                return;
            }
        };
        let Gateway { shared, live, metrics, readiness, .. } = &self.gateway;
        let mut publication = self.publication(minter);
        publication.replace(&kept.catalog);
        publish(&mut publication, shared, live, metrics);
        metrics.catalog_as_of(kept.as_of);
        metrics.store_answers(false);
        readiness.kept_catalog_loaded();
        tracing::warn!(
            %path,
            age_seconds = kept.as_of.until(now).as_secs(),
            change = kept.catalog.sequence,
            "the kept catalog is served: what was changed since is not in force"
        );
    }

    /// Until the store can be opened; then follows it.
    pub(super) async fn await_store(
        self,
        opener: Opener,
        door: Option<Door>,
        shown: oneshot::Sender<SecretString>,
    ) {
        let Gateway { metrics, readiness, .. } = &self.gateway;
        readiness.store_answers(false);
        metrics.store_answers(false);
        let mut complaints = HeldBack::new(COMPLAIN_EVERY);
        let mut opened = loop {
            if background::pause_or_stop(&self.stop, AWAY).await {
                return;
            }
            let opened = tokio::select! {
                () = self.stop.cancelled() => return,
                opened = opener.open() => opened,
            };
            let opened = opened.and_then(|opened| {
                door.as_ref().map_or(Ok(()), |door| door.open(&opened))?;
                Ok(opened)
            });
            match opened {
                Ok(opened) => break opened,
                Err(error) => {
                    if let Some(held_back) = complaints.turn(Instant::now()) {
                        tracing::error!(held_back, %error, "still without the store");
                    }
                }
            }
        };
        tracing::info!("the store is there");
        if let Some(password) = opened.password.take() {
            // Nobody looks: then it is shown to nobody.
            let _ = shown.send(password);
        }
        self.follow(opened, true).await;
    }

    /// Ends when told to stop. `missed`: there was a time when changes were not followed.
    pub(super) async fn follow(self, opened: Opened, mut missed: bool) {
        let mut publication = self.publication(Arc::clone(&opened.minter));
        let Self { gateway, file, public_url, clock, stop, .. } = self;
        let Gateway { shared, live, metrics, readiness, started_at } = gateway;
        let store = opened.store.clone();
        let in_force = Arc::new(AtomicU64::new(0));
        let reporting = shared.traffic.as_ref().map(|traffic| {
            let reporter = Reporter {
                traffic: Arc::clone(traffic),
                metrics: metrics.clone(),
                in_force: Arc::clone(&in_force),
                started_at,
                clock: Arc::clone(&clock),
                stop: stop.clone(),
            };
            tokio::spawn(reporter.run(store.clone()))
        });
        let mut follower = Follower::new(opened.store, opened.resident, Arc::clone(&clock));
        let mut keeper = Keeper::new(file, public_url, opened.signing_key);
        loop {
            let next = follower.next().await;
            let (answers, now) = (next.is_ok(), clock.now().wall);
            readiness.store_answers(answers);
            metrics.store_answers(answers);
            match next {
                Ok(Update::Nothing) => {}
                Ok(Update::Whole(catalog)) => {
                    publication.replace(&catalog);
                    keeper.replace(*catalog);
                    if std::mem::replace(&mut missed, true) {
                        tracing::info!(
                            "changes were missed or too many to follow: the whole catalog was read, and caches start over"
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
                    keeper.apply(&changes, follower.position());
                }
                Err(error) => {
                    let error = with_causes(&error);
                    tracing::error!(
                        error,
                        "the store does not answer: what was published stays in force"
                    );
                }
            }
            in_force.store(follower.position(), Relaxed);
            store.in_force(answers.then(|| follower.position()));
            if answers {
                metrics.catalog_as_of(now);
                keeper.confirm(now);
            }
            keeper.save_when_due(Instant::now()).await;
            let pause = async {
                if answers {
                    tokio::time::sleep(SETTLING).await;
                    let _ = tokio::time::timeout(EVERY, follower.stirred()).await;
                } else {
                    tokio::time::sleep(AWAY).await;
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = pause => {}
            }
        }
        store.in_force(None);
        keeper.save_at_the_end().await;
        if let Some(reporting) = reporting {
            // Its last report; with the store away it gives up by itself.
            let _ = reporting.await;
        }
        // Whoever stopped us may move or delete its files next.
        store.close().await;
    }

    /// With no catalog yet. Its versions go on from the one in force.
    fn publication(&self, minter: Arc<Minter>) -> Publication {
        let in_force = self.gateway.shared.published.load().snapshot.version;
        let of_the_file = Snapshot { version: in_force, ..self.of_the_file.clone() };
        let binder = binder((self.bind)(minter), Arc::clone(&self.gateway.live));
        Publication::new(of_the_file, binder)
            .naming_tokens(self.token_names.clone())
            .guarded(!self.allow_local_endpoints)
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
