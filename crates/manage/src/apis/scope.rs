//! Scopes as clients send them, of an API's own and shared.

use phantom_definition::ScopeDocument;
use phantom_terms::text::null_as_default;
use serde::Deserialize;
use utoipa::ToSchema;

// How the scopes of an API stand on the wire; they are read as `ScopeDocument`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = publisher::APIScopeRequest)]
#[expect(dead_code, reason = "describes what is sent")]
pub struct RawApiScope {
    scope: RawScope,
    shared: Option<bool>,
}

/// A scope, of an API's own or shared.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = publisher::ScopeRequest)]
pub struct RawScope {
    /// A scope token of RFC 6749 §3.3.
    #[schema(min_length = 1, max_length = 255)]
    pub name: String,
    #[schema(max_length = 255)]
    pub display_name: Option<String>,
    #[schema(max_length = 512)]
    pub description: Option<String>,
    /// Roles.
    #[serde(default, deserialize_with = "null_as_default")]
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    pub bindings: Vec<String>,
}

/// As a shared scope.
impl From<RawScope> for ScopeDocument {
    fn from(raw: RawScope) -> Self {
        let RawScope { name, display_name, description, bindings } = raw;
        Self { name, display_name, description, bindings, shared: true }
    }
}
