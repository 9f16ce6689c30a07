//! A managed API: one deployed revision, with the state of its life cycle.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::catalog::EntityId;

/// An API as gateways serve it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagedApi {
    /// The API's own: all of its revisions have it.
    pub id: EntityId,
    /// As its owner called it. For logs, metrics and the backend's claims.
    pub name: Arc<str>,
    /// As it stands in the path.
    pub version: Box<str>,
    /// The path it is served at, version included: `/httpbin/v1`. Starts with a slash, does not end
    /// with one.
    pub path: Box<str>,
    /// The path without version, where the default version is served as well.
    pub default_path: Option<Box<str>>,
    /// Whether it is served now.
    pub state: ApiState,
    /// The listeners that take requests for it.
    pub transports: Transports,
    /// Whose tokens it takes.
    pub key_managers: KeyManagerChoice,
    /// Never empty.
    pub operations: Vec<Operation>,
    /// Absolute `http` or `https` URL without query; `None`: this kind of key has no endpoint.
    pub production_endpoint: Option<Box<str>>,
    /// The same, for keys of the type sandbox.
    pub sandbox_endpoint: Option<Box<str>>,
    /// The field that carries the token; lower case.
    pub authorization_header: Box<str>,
    /// Remove the credential field on open operations too, instead of passing it on.
    pub strip_open_authorization: bool,
    /// Any one has to be in the token's `aud`; empty: not asked for.
    pub audiences: Vec<Box<str>>,
    /// An advanced plan for the API as a whole, in place of those of its operations.
    pub plan: Option<Box<str>>,
    /// `None`: the gateway answers no preflight requests.
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

/// Over which transports an API is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transports {
    /// In plain text.
    pub http: bool,
    /// Over TLS.
    pub https: bool,
}

/// The key managers whose tokens an API takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyManagerChoice {
    /// Any that is in the catalog.
    All,
    /// These alone.
    Only(Vec<EntityId>),
}

/// A verb and the paths that it applies to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Upper-case method.
    pub verb: Box<str>,
    /// `/orders/{id}`, `/*`: `{x}` takes one segment, a last `*` takes the rest, also none.
    pub template: Box<str>,
    /// Whether a token is asked for.
    pub security: OperationSecurity,
    /// Any one suffices; empty: none is asked for.
    pub scopes: Vec<Box<str>>,
    /// An advanced plan.
    pub plan: Box<str>,
}

/// Whether an operation asks for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OperationSecurity {
    /// No token is asked for and none is read.
    Open,
    /// A token with a subscription to the API.
    Protected,
}

/// As the API's owner configured it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorsPolicy {
    /// `*` among them: any.
    pub origins: Vec<Box<str>>,
    /// Fields that requests of other origins may carry.
    pub headers: Vec<Box<str>>,
    /// Of the methods of the resource asked for, those that a preflight is told. `*` among them: all.
    pub methods: Vec<Box<str>>,
    /// Cookies and credentials may be sent.
    pub credentials: bool,
}
