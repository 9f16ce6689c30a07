//! The catalog of the store, for decisions that are explained: read, and nothing of it made or kept on the disk.

use std::path::Path;
use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;

use phantom_cache::CachePolicy;
use phantom_cache::CacheSecret;
use phantom_config::ControlConfig;
use phantom_config::DatabaseChoice;
use phantom_config::self_signed;
use phantom_core::Clock;
use phantom_oauth::Minter;
use phantom_pipeline::Snapshot;
use phantom_pipeline::managed::Publication;
use phantom_pipeline::managed::TokenNames;
use phantom_publish::Follower;
use phantom_publish::ResidentEndpoint;
use phantom_publish::Update;
use phantom_store::Store;
use phantom_store::StoreError;
use prometheus_client::registry::Registry;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use crate::compose::StartError;
use crate::compose::control::store;
use crate::compose::control::store::Opened;
use crate::compose::live;
use crate::compose::live::Live;
use crate::compose::managed::Binding;
use crate::compose::managed::Resident;
use crate::telemetry::metrics::GatewayMetrics;

/// What was read stays for so long, and only what changed since is read again.
const KEPT: Duration = Duration::from_secs(600);
/// Turns in which changes are read before a decision; who writes without an end is not waited for.
const TURNS: usize = 8;

/// Where the catalog comes from.
#[derive(Debug)]
pub(crate) enum Origin {
    /// The store that the configuration names, opened once it is needed.
    Files,
    /// The store of this process.
    Store(Box<Known>),
}

/// A store, and how phantom tokens for tokens of our own are made.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    store: Store,
    resident: ResidentEndpoint,
    minter: Arc<Minter>,
}

impl From<&Opened> for Origin {
    fn from(opened: &Opened) -> Self {
        let Opened { store, resident, minter, .. } = opened;
        let (store, resident, minter) = (store.clone(), resident.clone(), Arc::clone(minter));
        Self::Store(Box::new(Known { store, resident, minter }))
    }
}

#[derive(Debug)]
pub(super) struct Catalog {
    origin: Origin,
    kept: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    known: Known,
    follower: Follower,
    publication: Publication,
    live: Arc<Live>,
    is_fresh: bool,
}

/// A configuration of a control plane, and the folder with its files.
type Place<'p> = (&'p ControlConfig, &'p Path);

impl Catalog {
    pub(super) const fn of(origin: Origin) -> Self {
        Self { origin, kept: None }
    }

    /// The snapshot with the catalog, and what it is in words.
    pub(super) async fn over(
        &mut self,
        of_the_file: Snapshot,
        place: Place<'_>,
        secret: CacheSecret,
        clock: &Arc<dyn Clock>,
    ) -> (String, Snapshot) {
        match self.in_force(&of_the_file, place, secret, clock).await {
            Ok(Some(kept)) => {
                let apis = match kept.publication.apis() {
                    1 => "1 API".to_owned(),
                    apis => format!("{apis} APIs"),
                };
                let change = kept.follower.position();
                // Whatever was asked about before is asked about again.
                kept.live.forget();
                let Snapshot { version, managed, apis_loaded, .. } = kept.publication.snapshot();
                let snapshot = Snapshot { version, managed, apis_loaded, ..of_the_file };
                (format!("{apis}, as of change {change} of the store"), snapshot)
            }
            Ok(None) => ("no store yet, so no managed APIs".to_owned(), of_the_file),
            Err(error) => (format!("cannot be read, so no managed APIs: {error}"), of_the_file),
        }
    }

    /// Whether the catalog was read as a whole for the last question.
    pub(super) fn is_fresh(&mut self) -> bool {
        self.kept.as_mut().is_some_and(|kept| std::mem::take(&mut kept.is_fresh))
    }

    pub(super) async fn close(&mut self) {
        if let (Origin::Files, Some(kept)) = (&self.origin, self.kept.take()) {
            kept.known.store.close().await;
        }
    }

    /// `None`: the control plane has not been started yet, so there is nothing to read.
    async fn in_force(
        &mut self,
        of_the_file: &Snapshot,
        place: Place<'_>,
        secret: CacheSecret,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<&mut Kept>, StartError> {
        if self.kept.is_none() {
            let known = match &self.origin {
                Origin::Store(known) => Some((**known).clone()),
                Origin::Files => open(place, clock).await?,
            };
            let Some(known) = known else { return Ok(None) };
            self.kept = Some(begin(known, of_the_file.clone(), place, secret, clock));
        }
        let Some(kept) = &mut self.kept else { return Ok(None) };
        match kept.follow().await {
            Ok(()) => Ok(self.kept.as_mut()),
            Err(error) => {
                // What is half read is read anew.
                self.kept = None;
                Err(error.into())
            }
        }
    }
}

impl Kept {
    async fn follow(&mut self) -> Result<(), StoreError> {
        for _ in 0..TURNS {
            match self.follower.next().await? {
                Update::Nothing => break,
                Update::Whole(catalog) => self.publication.replace(&catalog),
                Update::Changes(changes) => {
                    changes.iter().for_each(|change| self.publication.apply(change));
                }
            }
        }
        Ok(())
    }
}

/// The store, if it was made.
async fn open(place: Place<'_>, clock: &Arc<dyn Clock>) -> Result<Option<Known>, StartError> {
    let (config, data_dir) = place;
    let is_made = match &config.database {
        DatabaseChoice::Sqlite(path) => path.exists(),
        DatabaseChoice::Postgres(_) => true,
    };
    let has_key = config.sealing_key.is_some() || data_dir.join(store::SEALING_KEY).exists();
    if !is_made || !has_key {
        return Ok(None);
    }
    let opened = store::opened_store(config, data_dir).await?;
    let resident = match phantom_publish::resident(&opened, &config.public_url).await {
        Err(StoreError::Missing) => return Ok(None),
        resident => resident?,
    };
    let key = phantom_access::resident::signing_key(&opened, clock.now().wall).await;
    let minter = store::minter(&key.map_err(StartError::first_start)?, &config.public_url)?;
    Ok(Some(Known { store: opened, resident, minter }))
}

/// Nothing is read yet.
fn begin(
    known: Known,
    of_the_file: Snapshot,
    (config, data_dir): Place<'_>,
    secret: CacheSecret,
    clock: &Arc<dyn Clock>,
) -> Kept {
    let own = self_signed::path(data_dir);
    let is_self_signed = config.tls.is_none() && own.exists();
    let binding = Binding {
        secret: Arc::new(secret),
        // The next question asks again.
        policy: CachePolicy { inactive: Duration::ZERO, ..CachePolicy::default() },
        clock: Arc::clone(clock),
        runtime: Handle::current(),
        metrics: GatewayMetrics::register(&mut Registry::default()),
        ca_file: config.ca_file.clone(),
        allow_private: config.allow_private,
        resident: Resident {
            introspection_endpoint: phantom_publish::introspection_endpoint(&config.public_url),
            ca_file: if is_self_signed { Some(own) } else { config.ca_file.clone() },
            minter: Arc::clone(&known.minter),
        },
    };
    let live = Arc::new(Live::default());
    let names = known.store.clone();
    let names = TokenNames::new(move |token| names.token_digest(token.expose()));
    let publication = Publication::new(of_the_file, live::binder(binding, Arc::clone(&live)))
        .naming_tokens(names)
        .guarded(!config.allow_local_endpoints);
    let follower = Follower::new(known.store.clone(), known.resident.clone(), Arc::clone(clock));
    Kept { known, follower, publication, live, is_fresh: true }
}

/// Nobody has a catalog twice for longer than it takes to understand a decision.
pub(super) async fn forget(catalog: Weak<Mutex<Catalog>>) {
    tokio::time::sleep(KEPT).await;
    if let Some(catalog) = catalog.upgrade() {
        let mut catalog = catalog.lock().await;
        catalog.kept = None;
    }
}
