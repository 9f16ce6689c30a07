//! `/apis/validate-endpoint`: whether a backend answers.

use phantom_observe::endpoint;
use phantom_observe::endpoint::Reached;
use phantom_rest::prelude::*;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct EndpointParameters {
    #[param(max_length = 2000)]
    endpoint_url: String,
    /// Says nothing more.
    #[param(max_length = 255)]
    #[serde(rename = "apiId")]
    _api_id: Option<String>,
}

/// What came of asking it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::ApiEndpointValidationResponse)]
pub struct EndpointResponse {
    /// 0 where nothing answered, or more than was read.
    status_code: u16,
    status_message: &'static str,
    /// Why nothing answered.
    error: Option<String>,
}

/// Ask a backend whether it answers
///
/// By GET, from the control plane; public addresses only, unless private ones are allowed.
#[utoipa::path(
    post,
    path = "/apis/validate-endpoint",
    operation_id = "publisher_validate_endpoint",
    tag = "Publisher: APIs",
    params(EndpointParameters),
    responses((status = 200, body = EndpointResponse), ReadErrors),
)]
pub async fn validate(
    State(control): State<Arc<Control>>,
    QueryOf(of): QueryOf<EndpointParameters>,
) -> Answer<Json<EndpointResponse>> {
    let (status_code, error) = match endpoint::check(&control, &of.endpoint_url).await? {
        Reached::Answered(status) => (status.unwrap_or(0), None),
        Reached::Not(why) => (0, Some(why)),
    };
    let status = StatusCode::from_u16(status_code).ok();
    let status_message = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
    Ok(Json(EndpointResponse { status_code, status_message, error }))
}
