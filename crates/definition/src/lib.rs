//! OpenAPI definitions of APIs, in both directions: what one says of an API, and what an API says
//! as one. Swagger 2.0 is read, JSON and YAML, all of it bounded; operations, scopes and CORS have the
//! shape in which the REST APIs speak of them.
//!
//! What never lives here is the store, the network, or a rule about what an API may be.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

mod document;
mod lenient;
mod parse;
mod read;
mod references;
mod security;
mod servers;
mod swagger2;
mod write;

pub use document::AuthType;
pub use document::CorsDocument;
pub use document::OperationDocument;
pub use document::ScopeDocument;
pub use document::Transport;
pub use document::Verb;
pub use parse::Definition;
pub use parse::InvalidDefinition;
pub use parse::MAX_DEFINITION;
pub use read::Described;
pub use read::describe;
pub use security::DescribedScope;
pub use write::Offered;
pub use write::write;

/// The security scheme that stands for the gateway's own protection in what is written.
const SCHEME: &str = "default";
/// Methods a path item of OpenAPI 3.0 can have that gateways know.
const METHODS: [(&str, Verb); 7] = [
    ("get", Verb::Get),
    ("put", Verb::Put),
    ("post", Verb::Post),
    ("delete", Verb::Delete),
    ("options", Verb::Options),
    ("head", Verb::Head),
    ("patch", Verb::Patch),
];

#[cfg(test)]
mod tests;
