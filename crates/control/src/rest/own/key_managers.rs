//! `/key-managers/{keyManagerId}/test` and `/standing`.

use phantom_core::UnixTime;
use phantom_observe::key_managers;
use phantom_observe::key_managers::State as HealthState;
use phantom_observe::key_managers::Trial;
use phantom_rest::prelude::*;
use phantom_rest::secret::WireSecret;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

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

/// Who depends on a key manager, and how it answers. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyManagerStanding)]
pub struct Standing {
    /// APIs that name it.
    apis: u64,
    /// APIs that take all key managers.
    apis_taking_all: u64,
    /// Keys that applications have there.
    keys: u64,
    state: HealthState,
    /// Questions of the last five minutes, as gateways reported them.
    asked: u64,
    /// Those of them that had no verdict.
    failed: u64,
    #[schema(value_type = Option<u64>)]
    asked_at: Option<UnixTime>,
    /// Since when its keys are known, at the gateway whose keys are the oldest.
    #[schema(value_type = Option<u64>)]
    keys_from: Option<UnixTime>,
}

/// Read who uses a key manager and how it answers
#[utoipa::path(
    get,
    path = "/key-managers/{keyManagerId}/standing",
    operation_id = "readKeyManagerStanding",
    tag = "Phantom Gateway",
    params(("keyManagerId" = String, Path)),
    responses((status = 200, description = "How it stands", body = Standing), ReadErrors)
)]
pub async fn standing(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
) -> Answer<Json<Standing>> {
    let found = key_managers::overview_of(&control, &id).await?;
    Ok(Json(Standing {
        apis: found.apis.named,
        apis_taking_all: found.apis.all,
        keys: found.keys,
        state: found.health.state(),
        asked: found.health.calls.total(),
        failed: found.health.calls.failed(),
        asked_at: found.health.asked_at,
        keys_from: found.health.keys_from,
    }))
}
