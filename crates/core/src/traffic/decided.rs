//! One decision, as it is told afterwards: no token material, no subject, no query.

use serde::Deserialize;
use serde::Serialize;

use super::share::shortened;
use crate::catalog::EntityId;
use crate::time::UnixTime;

/// Where the statement behind a request came from, or was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Consulted {
    /// It was in the cache.
    Cache,
    /// Another request was asking the key manager already.
    Shared,
    /// The key manager was asked.
    Asked,
}

/// A decision of the recent past: what was asked, and how it came out. No token, subject or query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// When the answer ended.
    pub at: UnixTime,
    /// Of the request, as backend, client and access log are told it.
    pub id: String,
    /// The request method, shortened to [`Self::METHOD`] bytes.
    pub method: String,
    /// Without query, its beginning.
    pub path: String,
    /// Name and version of the API, or the route.
    pub api: String,
    /// The managed API, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_id: Option<EntityId>,
    /// The application that the consumer key led to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<EntityId>,
    /// The key manager that the token was held to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_manager: Option<String>,
    /// That the client was told; zero where nothing could be told.
    pub status: u16,
    /// Why it was refused; `None` where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What else went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// From the head of the request to the end of the answer, in microseconds.
    pub micros: u64,
    /// What said whether the token is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consulted: Option<Consulted>,
}

impl Decided {
    /// Longest method kept, and longest path.
    pub const METHOD: usize = 16;
    /// Longest path kept, in bytes.
    pub const PATH: usize = 128;

    /// Refused, or broken off.
    #[must_use]
    pub const fn failed(&self) -> bool {
        self.reason.is_some() || self.error.is_some()
    }

    /// A method or path as it is kept.
    #[must_use]
    pub fn shortened(text: &str, most: usize) -> &str {
        shortened(text, most)
    }
}

/// Keeps the `most` that matter: the newest refusals, then the newest of the others. The newest first.
pub fn newest(all: &mut Vec<Decided>, most: usize) {
    all.sort_by_key(|one| (!one.failed(), std::cmp::Reverse(one.at)));
    all.truncate(most);
    all.sort_by_key(|one| std::cmp::Reverse(one.at));
}
