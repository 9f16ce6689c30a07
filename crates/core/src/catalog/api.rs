//! A managed API: one deployed revision, with the state of its life cycle.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::catalog::EntityId;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagedApi {
    pub id: EntityId,
    pub name: Arc<str>,
    pub version: Box<str>,
    /// The path it is served at, version included: `/httpbin/v1`. Starts with a slash, does not end
    /// with one.
    pub path: Box<str>,
    /// The path without version, where the default version is served as well.
    pub default_path: Option<Box<str>>,
    pub state: ApiState,
    pub transports: Transports,
    pub key_managers: KeyManagerChoice,
    /// Never empty.
    pub operations: Vec<Operation>,
    /// Absolute `http` or `https` URL without query; `None`: this kind of key has no endpoint.
    pub production_endpoint: Option<Box<str>>,
    pub sandbox_endpoint: Option<Box<str>>,
    /// The field that carries the token; lower case.
    pub authorization_header: Box<str>,
    /// Remove the credential field on open operations too, instead of passing it on.
    pub strip_open_authorization: bool,
    /// Any one has to be in the token's `aud`; empty: not asked for.
    pub audiences: Vec<Box<str>>,
    /// An advanced plan for the API as a whole, in place of those of its operations.
    pub plan: Option<Box<str>>,
    pub cors: Option<CorsPolicy>,
}

/// The states of the life cycle that the gateway sees: APIs in any other state are not in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApiState {
    /// 503 until it is published again.
    Blocked,
    /// Published, prototyped or deprecated.
    Serving,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transports {
    pub http: bool,
    pub https: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyManagerChoice {
    All,
    Only(Vec<EntityId>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Upper-case method.
    pub verb: Box<str>,
    /// `/orders/{id}`, `/*`: `{x}` takes one segment, a last `*` takes the rest, also none.
    pub template: Box<str>,
    pub security: OperationSecurity,
    /// Any one suffices; empty: none is asked for.
    pub scopes: Vec<Box<str>>,
    /// An advanced plan.
    pub plan: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperationSecurity {
    /// No token is asked for and none is read.
    Open,
    Protected,
}

/// As the API's owner configured it. Methods are those of the resource asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorsPolicy {
    /// `*` among them: any.
    pub origins: Vec<Box<str>>,
    pub headers: Vec<Box<str>>,
    pub credentials: bool,
}
