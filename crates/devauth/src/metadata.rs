//! Metadata (RFC 8414 §2, OpenID Connect Discovery §3) and keys (RFC 7517).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::authorization_server::AuthorizationServer;

/// The same document for both well-known paths.
pub(crate) async fn metadata(State(server): State<Arc<AuthorizationServer>>) -> Json<Value> {
    let issuer = &server.issuer;
    let algorithm = server.keys.algorithm().name();
    let assertion_algorithms = ["HS256", "RS256", "ES256", "EdDSA"];
    let confidential =
        ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"];
    let with_public: Vec<&str> = confidential.into_iter().chain(["none"]).collect();
    Json(json!({
        "issuer": issuer.as_str(),
        "authorization_endpoint": issuer.authorization_endpoint(),
        "token_endpoint": issuer.token_endpoint(),
        "introspection_endpoint": issuer.introspection_endpoint(),
        "revocation_endpoint": issuer.revocation_endpoint(),
        "jwks_uri": issuer.jwks_uri(),
        "scopes_supported": server.clients.scopes(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["client_credentials", "authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [algorithm],
        "introspection_signing_alg_values_supported": [algorithm],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": with_public,
        "token_endpoint_auth_signing_alg_values_supported": assertion_algorithms,
        "revocation_endpoint_auth_methods_supported": with_public,
        "revocation_endpoint_auth_signing_alg_values_supported": assertion_algorithms,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": assertion_algorithms,
        "authorization_response_iss_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    }))
}

pub(crate) async fn jwks(State(server): State<Arc<AuthorizationServer>>) -> Json<Value> {
    Json(server.keys.jwks(server.now()))
}

#[cfg(test)]
mod tests;
