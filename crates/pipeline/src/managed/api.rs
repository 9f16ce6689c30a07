//! A managed API as requests meet it, and its operations.

use std::sync::Arc;

use phantom_core::Access;
use phantom_core::catalog::KeyType;
use phantom_core::catalog::ManagedApi;

use crate::cors::Cors;
use crate::exchange::KeyManagerHandle;
use crate::managed::template::Resources;
use crate::route::Upstream;

/// The part of an API that all of its operations have in common: as it was published, and what was compiled
/// of it.
#[derive(Debug)]
pub struct Api {
    /// As the control plane has it: what needs no compiling is read from there.
    pub published: Arc<ManagedApi>,
    /// Name and version: the label in metrics and logs.
    pub label: Arc<str>,
    /// Asked before anything about the caller.
    pub(crate) standing: Standing,
    /// Those that may vouch for its callers, in the order in which they are elected.
    pub(crate) key_managers: Vec<Arc<KeyManagerHandle>>,
    /// Endpoints for calls with production keys, and with sandbox keys.
    pub(crate) production: Option<Arc<Upstream>>,
    pub(crate) sandbox: Option<Arc<Upstream>>,
    /// The field that carries the token where that is not `Authorization`; lower case.
    pub(crate) credential_field: Option<Box<str>>,
    pub(crate) cors: Option<Arc<Cors>>,
}

/// An API's readiness for calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// By the owner, for a while.
    Blocked,
    /// Something in it makes no sense. What, was said in the log when it was published.
    Misconfigured,
    Serving,
}

/// An API and its operations.
#[derive(Debug)]
pub struct ServedApi {
    /// Shared with its operations.
    pub api: Arc<Api>,
    pub(crate) resources: Resources,
}

/// One verb on one template of paths.
#[derive(Debug)]
pub struct ManagedOperation {
    /// The API that it belongs to.
    pub api: Arc<Api>,
    pub(crate) verb: Box<str>,
    pub(crate) template: Box<str>,
    pub(crate) access: Access,
    /// An advanced plan.
    pub(crate) plan: Box<str>,
}

/// Identity that WSO2 gateways assert to backends: never a client's to send.
const ASSERTION: &[u8] = b"x-jwt-assertion";

impl Api {
    #[must_use]
    pub(crate) const fn endpoint(&self, key_type: KeyType) -> Option<&Arc<Upstream>> {
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
            || ((protected || self.published.strip_open_authorization) && credential())
    }
}

fn is_spelling_of(name: &[u8], field: &[u8]) -> bool {
    let plain = |byte: &u8| if *byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    name.len() == field.len() && name.iter().map(plain).eq(field.iter().map(plain))
}
