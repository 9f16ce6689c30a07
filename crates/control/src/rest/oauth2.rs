//! The OAuth endpoints: tokens of the management APIs, and the resident key manager.

mod client;
mod error;
mod form;
pub mod introspect;
pub mod revoke;
pub mod token;

use phantom_rest::prelude::*;

pub(crate) use error::OAuthProblem;

/// The key set that the resident key manager's tokens are signed with
#[utoipa::path(
    get,
    path = "/oauth2/jwks",
    tag = "OAuth",
    responses((status = 200, description = "RFC 7517 §5", body = serde_json::Value))
)]
pub async fn jwks(State(control): State<Arc<Control>>) -> impl IntoResponse {
    let fields = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (fields, control.settings.published_keys.clone())
}
