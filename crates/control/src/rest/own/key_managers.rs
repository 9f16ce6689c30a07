//! `/key-managers/{keyManagerId}/test`.

use phantom_manage::key_managers;
use phantom_manage::key_managers::Trial;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::rest::devportal::secret::WireSecret;
use crate::rest::prelude::*;

/// What to ask about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyManagerTestOrder)]
pub struct TestOrder {
    /// A token of the server's; one is made up where there is none.
    #[schema(value_type = Option<String>, max_length = 32768, write_only)]
    token: Option<WireSecret>,
}

/// Test a key manager, as gateways would ask it
#[utoipa::path(
    post,
    path = "/key-managers/{keyManagerId}/test",
    operation_id = "testKeyManager",
    tag = "Phantom Gateway",
    params(("keyManagerId" = String, Path)),
    request_body = TestOrder,
    responses((status = 200, description = "What was found", body = Trial), AdminUpdateErrors)
)]
pub async fn test(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
    Body(order): Body<TestOrder>,
) -> Answer<Json<Trial>> {
    let token = order.token.map(|WireSecret(token)| token);
    Ok(Json(key_managers::test(&control, &id, token.as_ref()).await?))
}
