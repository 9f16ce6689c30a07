//! A key manager as the control plane keeps it.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::catalog::EntityId;

/// Only those that are enabled and validate tokens themselves are in a catalog.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagedKeyManager {
    /// Its id at the control plane.
    pub id: EntityId,
    /// Rises with every change; a changed key manager starts with empty caches.
    pub revision: u64,
    /// Unique. For logs, metrics and APIs that name their key managers.
    pub name: Arc<str>,
    /// Compared exactly with `iss`. `None`: JWTs from clients are not taken.
    pub issuer: Option<Box<str>>,
    /// Verifies JWTs. `None`: there are none to verify.
    pub keys: Option<KeySet>,
    /// `None`: opaque tokens are not taken.
    pub opaque: Option<OpaqueTokens>,
    /// Verify JWTs that clients present, instead of introspecting them.
    pub validates_jwt: bool,
    /// One member of `aud` has to be this; `None`: it is not asked for.
    pub expected_audience: Option<Box<str>>,
    /// 0 to 60 s.
    pub clock_skew: Duration,
    /// The claim with the consumer key.
    pub consumer_key_claim: Box<str>,
    /// The claim with the scopes.
    pub scopes_claim: Box<str>,
    /// Applied before any claim is used.
    pub claim_renames: Vec<ClaimRename>,
    /// Which tokens this one takes; empty: all.
    pub token_rules: Vec<TokenRule>,
}

/// How an opaque token is asked about.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpaqueTokens {
    /// Absolute `http` or `https` URL (RFC 7662 §2).
    pub introspection_endpoint: Box<str>,
    /// Our own, at that endpoint.
    pub client_id: Box<str>,
    /// Goes with `client_id`.
    pub client_secret: Zeroizing<String>,
    /// Most statements that are kept at once.
    pub cache_max_entries: usize,
}

/// Where the keys come from that verify JWTs (RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeySet {
    /// Where the JSON Web Key Set is.
    Uri(Box<str>),
    /// The key set itself, in JSON.
    Inline(Box<str>),
}

/// A claim that comes under another name than ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimRename {
    /// The server's name of it.
    pub remote: Box<str>,
    /// Our name of it.
    pub local: Box<str>,
}

/// What a token has to look like to be this key manager's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenRule {
    /// A regular expression for the whole of an opaque token.
    Reference(Box<str>),
    /// Claims, each with a regular expression for the whole of its value; all must fit.
    Jwt(Vec<(Box<str>, Box<str>)>),
}

impl std::fmt::Debug for ManagedKeyManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ManagedKeyManager")
            .field("name", &self.name)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for OpaqueTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpaqueTokens")
            .field("introspection_endpoint", &self.introspection_endpoint)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
