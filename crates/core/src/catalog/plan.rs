//! Plans: how much of an API a caller may use in which time.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

/// Plans by level. A name is unique in its level.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plans {
    /// Per application and user.
    pub application: Vec<Arc<Plan>>,
    /// Per application and API.
    pub subscription: Vec<Arc<Plan>>,
    /// Per API or operation, over all callers.
    pub advanced: Vec<Arc<Plan>>,
}

/// A quota by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Unique in its level.
    pub name: Box<str>,
    /// `None`: unlimited.
    pub quota: Option<Limit>,
    /// A second, shorter limit against bursts.
    pub burst: Option<Limit>,
    /// False: the quota is counted but lets all requests through.
    pub stops_on_quota: bool,
}

/// So many requests in a window of that length. Neither is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Requests in one window.
    pub requests: u64,
    /// Length of the window.
    pub window: Duration,
}
