//! A managed API as requests meet it, and its operations.

use std::sync::Arc;

use phantom_core::Access;
use phantom_core::catalog::EntityId;
use phantom_core::catalog::KeyType;
use phantom_core::catalog::Transports;

use crate::cors::Cors;
use crate::exchange::KeyManagerHandle;
use crate::managed::template::Resources;
use crate::route::Upstream;

/// The part of an API that all of its operations have in common.
#[derive(Debug)]
pub struct Api {
    pub id: EntityId,
    /// Name and version: the label in metrics and logs.
    pub label: Arc<str>,
    /// Where it is served, version included: what deny policies name it by.
    pub path: Box<str>,
    pub standing: Standing,
    pub transports: Transports,
    /// Those that may vouch for its callers, in the order in which they are elected.
    pub key_managers: Vec<Arc<KeyManagerHandle>>,
    /// Endpoints for calls with production keys, and with sandbox keys.
    pub production: Option<Arc<Upstream>>,
    pub sandbox: Option<Arc<Upstream>>,
    /// See [`phantom_core::authorize::Call::audiences`].
    pub audiences: Box<[Box<str>]>,
    /// An advanced plan in place of those of the operations.
    pub plan: Option<Box<str>>,
    /// The field that carries the token where that is not `Authorization`; lower case.
    pub credential_field: Option<Box<str>>,
    pub strip_open_authorization: bool,
    pub cors: Option<Arc<Cors>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// By the owner, for a while.
    Blocked,
    /// Something in it makes no sense. What, was said in the log when it was published.
    Misconfigured,
    Serving,
}

/// An API and its operations.
#[derive(Debug)]
pub struct ServedApi {
    pub api: Arc<Api>,
    pub resources: Resources,
}

/// One verb on one template of paths.
#[derive(Debug)]
pub struct ManagedOperation {
    pub api: Arc<Api>,
    pub verb: Box<str>,
    pub template: Box<str>,
    pub access: Access,
    /// An advanced plan.
    pub plan: Box<str>,
}

/// Identity that WSO2 gateways assert to backends: never a client's to send.
const ASSERTION: &[u8] = b"x-jwt-assertion";

impl Api {
    #[must_use]
    pub const fn endpoint(&self, key_type: KeyType) -> Option<&Arc<Upstream>> {
        match key_type {
            KeyType::Production => self.production.as_ref(),
            KeyType::Sandbox => self.sandbox.as_ref(),
        }
    }

    /// Returns whether a client's field of that name is kept from the backend. On protected operations the
    /// credential is; on open ones only where the API says so. Other spellings, with `_` for `-`,
    /// are the same to some backends.
    #[must_use]
    pub fn strips(&self, name: &[u8], protected: bool) -> bool {
        let credential = || {
            let field = self.credential_field.as_deref().unwrap_or("authorization");
            is_spelling_of(name, field.as_bytes())
        };
        is_spelling_of(name, ASSERTION)
            || ((protected || self.strip_open_authorization) && credential())
    }
}

fn is_spelling_of(name: &[u8], field: &[u8]) -> bool {
    let plain = |byte: &u8| if *byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    name.len() == field.len() && name.iter().map(plain).eq(field.iter().map(plain))
}
