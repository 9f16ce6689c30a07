//! An application: its consumer keys, and the APIs it is subscribed to.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::catalog::EntityId;

/// What subscribes to APIs, for the clients that act for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Its id at the control plane.
    pub id: EntityId,
    /// Unique among its owner's.
    pub name: Box<str>,
    /// User name of the subscriber.
    pub owner: Box<str>,
    /// An application plan.
    pub plan: Arc<str>,
    /// Clients that act for it: at most one a key manager and key type.
    pub keys: Vec<KeyMapping>,
    /// In the order of their APIs' ids.
    pub subscriptions: Vec<Subscription>,
}

impl Application {
    /// The one subscription to that API, if there is one.
    #[must_use]
    pub fn subscription(&self, api: EntityId) -> Option<&Subscription> {
        let at = self.subscriptions.binary_search_by_key(&api, |subscription| subscription.api);
        at.ok().and_then(|at| self.subscriptions.get(at))
    }
}

/// The client of that key at that key manager acts for the application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyMapping {
    /// Where the client is registered.
    pub key_manager: EntityId,
    /// Its `client_id` there.
    pub consumer_key: Box<str>,
    /// The endpoint that it is for.
    pub key_type: KeyType,
}

/// Which of an API's endpoints a key leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyType {
    /// The endpoint for production.
    #[default]
    Production,
    /// The endpoint for trying things out.
    Sandbox,
}

/// An application may call an API, as far as its status lets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// The API that may be called.
    pub api: EntityId,
    /// A subscription plan.
    pub plan: Arc<str>,
    /// Whether it may be called now.
    pub status: SubscriptionStatus,
}

/// What a subscription lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SubscriptionStatus {
    /// Unblocked, or waiting for a change of plan or for its end.
    Active,
    /// Nothing.
    Blocked,
    /// On hold or rejected.
    Inactive,
    /// What comes with keys of the type sandbox.
    ProductionBlocked,
}
