//! An application: its consumer keys, and the APIs it is subscribed to.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::catalog::EntityId;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    pub id: EntityId,
    pub name: Box<str>,
    pub owner: Box<str>,
    /// An application plan.
    pub plan: Arc<str>,
    pub keys: Vec<KeyMapping>,
    /// In the order of their APIs' ids.
    pub subscriptions: Vec<Subscription>,
}

impl Application {
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
    pub key_manager: EntityId,
    pub consumer_key: Box<str>,
    pub key_type: KeyType,
}

/// Which of an API's endpoints a key leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyType {
    #[default]
    Production,
    Sandbox,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    pub api: EntityId,
    /// A subscription plan.
    pub plan: Arc<str>,
    pub status: SubscriptionStatus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SubscriptionStatus {
    /// Unblocked, or waiting for a change of plan or for its end.
    Active,
    Blocked,
    /// On hold or rejected.
    Inactive,
    ProductionBlocked,
}
