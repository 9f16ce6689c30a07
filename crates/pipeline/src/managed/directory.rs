//! Who a consumer key acts for: the applications, by key manager and consumer key.

use std::borrow::Borrow;
use std::hash::Hash;
use std::hash::Hasher;
use std::sync::Arc;

use phantom_core::catalog::Application;
use phantom_core::catalog::EntityId;
use phantom_core::catalog::KeyType;

use crate::managed::sharded_map::ShardedMap;

/// Applications of a snapshot, found by their consumer keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    clients: ShardedMap<ClientKey, Client>,
}

/// An application, as one of its consumer keys leads to it.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) application: Arc<Application>,
    pub(crate) key_type: KeyType,
}

impl Directory {
    #[must_use]
    pub(crate) fn client(&self, key_manager: EntityId, consumer_key: &str) -> Option<&Client> {
        self.clients.find(&(key_manager, consumer_key) as &dyn ClientId)
    }

    /// Puts an application in the place of what it was before, if it was there.
    pub(super) fn replace(&mut self, before: Option<&Application>, now: &Arc<Application>) {
        if let Some(before) = before {
            self.remove(before);
        }
        for key in &now.keys {
            let id = ClientKey(key.key_manager, key.consumer_key.as_ref().into());
            let client = Client { application: now.clone(), key_type: key.key_type };
            self.clients.insert(id, client);
        }
    }

    pub(super) fn remove(&mut self, application: &Application) {
        for key in &application.keys {
            // A consumer key may have gone over to another application meanwhile.
            let client = self.client(key.key_manager, &key.consumer_key);
            if client.is_some_and(|client| client.application.id == application.id) {
                self.clients.remove(&(key.key_manager, &*key.consumer_key) as &dyn ClientId);
            }
        }
    }

    /// Number of consumer keys.
    #[cfg(test)]
    pub(crate) const fn len(&self) -> usize {
        self.clients.len()
    }

    #[cfg(test)]
    pub(crate) const fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }
}

#[derive(Clone, Debug)]
struct ClientKey(EntityId, Arc<str>);

/// A [`ClientKey`] that need not be made to be looked for.
trait ClientId {
    fn parts(&self) -> (EntityId, &str);
}

impl ClientId for ClientKey {
    fn parts(&self) -> (EntityId, &str) {
        (self.0, &self.1)
    }
}

impl ClientId for (EntityId, &str) {
    fn parts(&self) -> (EntityId, &str) {
        *self
    }
}

impl Hash for dyn ClientId + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl PartialEq for dyn ClientId + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for dyn ClientId + '_ {}

impl Hash for ClientKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl PartialEq for ClientKey {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for ClientKey {}

impl<'a> Borrow<dyn ClientId + 'a> for ClientKey {
    fn borrow(&self) -> &(dyn ClientId + 'a) {
        self
    }
}
