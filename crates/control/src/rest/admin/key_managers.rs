//! `/key-managers`.

use axum::extract::Multipart;
use axum::extract::multipart::MultipartRejection;
use phantom_manage::key_managers;
use phantom_manage::key_managers::KeyManagerDocument;
use phantom_manage::key_managers::KeyManagerInfo;
use phantom_observe::key_managers::DiscoveredKeyManager;
use phantom_rest::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::exchange::Created;

/// Parts of the form that are looked at.
const MAX_PARTS: usize = 16;

/// What was found at a well-known URL, if anything was.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = KeyManagerWellKnownResponse)]
pub struct WellKnownResponse {
    pub valid: bool,
    pub value: Option<DiscoveredKeyManager>,
}

/// The parts of the form, for the description.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the form; the form itself may hold other parts")]
pub struct DiscoveryRequest {
    /// Of OpenID or OAuth metadata.
    #[schema(max_length = 2000)]
    url: Option<String>,
    /// A type of connector.
    #[serde(rename = "type")]
    #[schema(max_length = 45)]
    kind: Option<String>,
}

/// List key managers
#[utoipa::path(
    get,
    path = "/key-managers",
    operation_id = "listKeyManagers",
    tag = "Admin: key managers",
    responses((status = 200, description = "All", body = WholeList<KeyManagerInfo>), ReadErrors)
)]
pub async fn list(State(control): State<Arc<Control>>) -> Answer<Json<WholeList<KeyManagerInfo>>> {
    Ok(Json(WholeList::new(key_managers::list(&control).await?)))
}

/// Add a key manager
#[utoipa::path(
    post,
    path = "/key-managers",
    operation_id = "createKeyManager",
    tag = "Admin: key managers",
    request_body = KeyManagerDocument,
    responses(
        (status = 201, description = "Made", body = KeyManagerDocument),
        AdminCreateErrors,
    )
)]
pub async fn create(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<KeyManagerDocument>,
) -> Answer<Created<KeyManagerDocument>> {
    let (id, made) = key_managers::create(&control, &caller, request).await?;
    Ok(Created { collection: "/key-managers", id, made })
}

/// Read a key manager
#[utoipa::path(
    get,
    path = "/key-managers/{keyManagerId}",
    operation_id = "readKeyManager",
    tag = "Admin: key managers",
    params(("keyManagerId" = String, Path)),
    responses((status = 200, description = "As it is", body = KeyManagerDocument), ReadErrors)
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
) -> Answer<Tagged<KeyManagerDocument>> {
    Ok(Tagged(key_managers::read(&control, &id).await?))
}

/// Change a key manager
#[utoipa::path(
    put,
    path = "/key-managers/{keyManagerId}",
    operation_id = "updateKeyManager",
    tag = "Admin: key managers",
    params(("keyManagerId" = String, Path)),
    request_body = KeyManagerDocument,
    responses(
        (status = 200, description = "Changed", body = KeyManagerDocument),
        AdminUpdateErrors,
    )
)]
pub async fn update(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    PathOf(id): PathOf<String>,
    IfMatch(expected): IfMatch,
    Body(request): Body<KeyManagerDocument>,
) -> Answer<Tagged<KeyManagerDocument>> {
    Ok(Tagged(key_managers::update(&control, &caller, &id, &expected, request).await?))
}

/// Delete a key manager
#[utoipa::path(
    delete,
    path = "/key-managers/{keyManagerId}",
    operation_id = "deleteKeyManager",
    tag = "Admin: key managers",
    params(("keyManagerId" = String, Path)),
    responses((status = 200, description = "Deleted"), AdminDeleteErrors)
)]
pub async fn delete(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    PathOf(id): PathOf<String>,
    IfMatch(expected): IfMatch,
) -> Answer<StatusCode> {
    key_managers::delete(&control, &caller, &id, &expected).await?;
    Ok(StatusCode::OK)
}

/// Read the metadata of an authorization server
#[utoipa::path(
    post,
    path = "/key-managers/discover",
    operation_id = "discoverKeyManager",
    tag = "Admin: key managers",
    request_body(content = DiscoveryRequest, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "What was found", body = WellKnownResponse),
        AdminCreateErrors,
    )
)]
pub async fn discover(
    State(control): State<Arc<Control>>,
    form: Result<Multipart, MultipartRejection>,
) -> Answer<Json<WellKnownResponse>> {
    let form = form.map_err(|_| Problem::not_of_type("multipart/form-data"))?;
    let (url, kind) = parts(form).await?;
    let value = match (url.as_str(), kind.as_str()) {
        ("", _) => None,
        (url, kind) => phantom_observe::key_managers::discover(&control, url, kind).await,
    };
    Ok(Json(WellKnownResponse { valid: value.is_some(), value }))
}

/// `url` and `type`; a part that is not there is empty.
async fn parts(mut form: Multipart) -> Answer<(String, String)> {
    let (mut url, mut kind) = (String::new(), String::new());
    let unreadable = |error: axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
        _ => Problem::bad_request("Malformed request body."),
    };
    for _ in 0..MAX_PARTS {
        let Some(field) = form.next_field().await.map_err(unreadable)? else {
            return Ok((url, kind));
        };
        let part = match field.name() {
            Some("url") => &mut url,
            Some("type") => &mut kind,
            _ => continue,
        };
        *part = field.text().await.map_err(unreadable)?;
    }
    Err(Problem::bad_request("The form has too many parts."))
}
