//! From what the control plane publishes to the next snapshot. One per process; changes in, snapshots
//! out, and all that did not change is shared between them.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use phantom_core::catalog::Application;
use phantom_core::catalog::Catalog;
use phantom_core::catalog::Change;
use phantom_core::catalog::EntityId;
use phantom_core::catalog::ManagedApi;
use phantom_core::catalog::ManagedKeyManager;

use crate::exchange::KeyManagerHandle;
use crate::managed::api::ServedApi;
use crate::managed::api_table::ApiTable;
use crate::managed::compile::compile;
use crate::managed::denied::Denied;
use crate::managed::directory::Directory;
use crate::managed::election;
use crate::managed::plans::PlanTable;
use crate::managed::revocations::Revocations;
use crate::managed::revocations::TokenNames;
use crate::snapshot::Snapshot;

/// Makes the handle of a key manager, with its caches. `None` where its settings make no sense, which
/// it says in the log: nobody's tokens go there then.
pub type Binder = Box<dyn FnMut(&ManagedKeyManager) -> Option<Arc<KeyManagerHandle>> + Send>;

/// The catalog as of the last change, compiled.
pub struct Publication {
    /// With the routes of the file.
    snapshot: Snapshot,
    bind: Binder,
    token_names: Option<TokenNames>,
    key_managers: Vec<Bound>,
    /// In the order of their ids, which decides who is first where two want one path.
    apis: BTreeMap<EntityId, Compiled>,
    applications: HashMap<EntityId, Arc<Application>>,
    /// Compiled APIs that are not in the table yet.
    stale: bool,
    /// See [`Publication::guarded`].
    guarded: bool,
}

struct Bound {
    id: EntityId,
    revision: u64,
    handle: Arc<KeyManagerHandle>,
}

struct Compiled {
    published: Arc<ManagedApi>,
    served: Arc<ServedApi>,
}

impl Publication {
    /// `file` has the routes of the configuration file, and no catalog yet.
    #[must_use]
    pub fn new(file: Snapshot, bind: Binder) -> Self {
        Self {
            snapshot: file,
            bind,
            token_names: None,
            key_managers: Vec::new(),
            apis: BTreeMap::new(),
            applications: HashMap::new(),
            stale: false,
            guarded: false,
        }
    }

    /// How the control plane names tokens that it was shown.
    #[must_use]
    pub fn naming_tokens(self, names: TokenNames) -> Self {
        Self { token_names: Some(names), ..self }
    }

    /// Endpoints of APIs are not called on this machine or its link, whatever their names lead to.
    #[must_use]
    pub fn guarded(self, guarded: bool) -> Self {
        Self { guarded, ..self }
    }

    /// Takes a whole catalog in the place of all that was known. Key managers whose revision is the
    /// same keep their handles.
    pub fn replace(&mut self, catalog: &Catalog) {
        self.apis.clear();
        self.bind_key_managers(&catalog.key_managers);
        for api in &catalog.apis {
            self.add_api(api.clone());
        }
        self.stale = true;
        self.applications.clear();
        let managed = &mut self.snapshot.managed;
        let mut directory = Directory::default();
        let mut revocations = Revocations::new(self.token_names.clone());
        for application in &catalog.applications {
            let before = self.applications.insert(application.id, application.clone());
            directory.replace(before.as_deref(), application);
        }
        for revocation in &catalog.revocations {
            revocations.add(revocation);
        }
        managed.directory = Arc::new(directory);
        managed.revocations = Arc::new(revocations);
        managed.plans = Arc::new(PlanTable::new(&catalog.plans));
        managed.denied = Arc::new(Denied::new(&catalog.deny_policies));
        self.snapshot.apis_loaded = true;
    }

    /// Takes one change. Twice the same does no harm.
    pub fn apply(&mut self, change: &Change) {
        let managed = &mut self.snapshot.managed;
        match change {
            Change::KeyManagers(key_managers) => {
                self.bind_key_managers(key_managers);
                let apis = std::mem::take(&mut self.apis);
                for compiled in apis.into_values() {
                    self.add_api(compiled.published);
                }
            }
            Change::Api(api) => self.add_api(api.clone()),
            Change::ApiGone(id) => {
                self.stale |= self.apis.remove(id).is_some();
            }
            Change::Application(application) => {
                let before = self.applications.insert(application.id, application.clone());
                Arc::make_mut(&mut managed.directory).replace(before.as_deref(), application);
            }
            Change::ApplicationGone(id) => {
                if let Some(before) = self.applications.remove(id) {
                    Arc::make_mut(&mut managed.directory).remove(&before);
                }
            }
            Change::Plans(plans) => managed.plans = Arc::new(PlanTable::new(plans)),
            Change::DenyPolicies(policies) => managed.denied = Arc::new(Denied::new(policies)),
            // It is in no snapshot: the caches forget it.
            Change::TokenEnded(_) => {}
            Change::Revoked(revocation) => {
                Arc::make_mut(&mut managed.revocations).add(revocation);
            }
        }
    }

    /// The snapshot as of now, with the next version.
    pub fn snapshot(&mut self) -> Snapshot {
        if std::mem::take(&mut self.stale) {
            self.snapshot.managed.apis = Arc::new(self.table());
        }
        self.snapshot.version += 1;
        self.snapshot.clone()
    }

    /// The key managers that are bound now: for sweeping, metrics and revocation.
    pub fn key_managers(&self) -> impl Iterator<Item = &Arc<KeyManagerHandle>> {
        self.key_managers.iter().map(|bound| &bound.handle)
    }

    /// How many APIs there are.
    #[must_use]
    pub fn apis(&self) -> usize {
        self.apis.len()
    }

    fn bind_key_managers(&mut self, key_managers: &[Arc<ManagedKeyManager>]) {
        let before = std::mem::take(&mut self.key_managers);
        for key_manager in key_managers {
            let ManagedKeyManager { id, revision, .. } = **key_manager;
            let kept = before.iter().find(|bound| (bound.id, bound.revision) == (id, revision));
            let handle = match kept {
                Some(bound) => Some(bound.handle.clone()),
                None => (self.bind)(key_manager),
            };
            self.key_managers.extend(handle.map(|handle| Bound { id, revision, handle }));
        }
        let all: Vec<_> = self.key_managers().cloned().collect();
        election::warn_of_undecided(
            "all that name no key manager",
            &election::in_order(all.clone()),
        );
        self.snapshot.managed.key_managers = all.into();
    }

    fn add_api(&mut self, published: Arc<ManagedApi>) {
        let served =
            Arc::new(compile(&published, &self.snapshot.managed.key_managers, self.guarded));
        self.apis.insert(published.id, Compiled { published, served });
        self.stale = true;
    }

    /// Full paths go before the paths of default versions: those are a second door.
    fn table(&self) -> ApiTable {
        let mut table = ApiTable::default();
        let mut add = |path: &str, served: &Arc<ServedApi>| {
            if !table.add(path, served) {
                let api = &*served.api.label;
                tracing::error!(
                    api,
                    path,
                    "the API cannot be served at this path: it is another's"
                );
            }
        };
        for Compiled { published, served } in self.apis.values() {
            add(&published.path, served);
        }
        // Two versions may both have been deployed as the default: the younger one is it.
        for Compiled { published, served } in self.apis.values().rev() {
            if let Some(path) = &published.default_path {
                add(path, served);
            }
        }
        table
    }
}

impl std::fmt::Debug for Publication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publication")
            .field("version", &self.snapshot.version)
            .field("apis", &self.apis.len())
            .field("applications", &self.applications.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
