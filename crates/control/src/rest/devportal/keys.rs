//! `/applications/{applicationId}/…-keys`: the keys of an application.

pub mod older;
mod wire;

use phantom_subscribe::keys;
use serde::Deserialize;
use utoipa::IntoParams;

pub use wire::ApplicationKey;
pub use wire::ApplicationTokenResponse;
pub use wire::ConsumerSecret;
pub use wire::GenerateKeysRequest;
pub use wire::KeyType;
pub use wire::MapKeysRequest;
pub use wire::RegeneratedSecret;
pub use wire::TokenRequest;
pub use wire::UpdateKeyRequest;

use phantom_rest::prelude::*;

/// Names one key.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[serde(rename_all = "camelCase")]
pub struct KeyPath {
    application_id: String,
    key_mapping_id: String,
}

/// Map keys that are there already
///
/// The `keyType` of the query, which older scripts send, is passed over: the body's counts.
#[utoipa::path(
    post,
    path = "/applications/{applicationId}/map-keys",
    operation_id = "devportal_map_keys",
    tag = "DevPortal: application keys",
    params(("applicationId" = String, Path)),
    request_body = MapKeysRequest,
    responses((status = 200, body = ApplicationKey), CreateErrors),
)]
pub async fn map(
    State(control): State<Arc<Control>>,
    PathOf(application): PathOf<String>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<MapKeysRequest>,
) -> Answer<Json<ApplicationKey>> {
    let key = keys::map(&control, &caller, &application, request.request()?).await?;
    Ok(Json(key.into()))
}

/// Make keys at the resident key manager
#[utoipa::path(
    post,
    path = "/applications/{applicationId}/generate-keys",
    operation_id = "devportal_generate_keys",
    tag = "DevPortal: application keys",
    params(("applicationId" = String, Path)),
    request_body = GenerateKeysRequest,
    responses((status = 200, body = ApplicationKey), CreateErrors),
)]
pub async fn generate(
    State(control): State<Arc<Control>>,
    PathOf(application): PathOf<String>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<GenerateKeysRequest>,
) -> Answer<Json<ApplicationKey>> {
    let key = keys::generate(&control, &caller, &application, request.request()?).await?;
    Ok(Json(key.into()))
}

/// List the keys of an application
#[utoipa::path(
    get,
    path = "/applications/{applicationId}/oauth-keys",
    operation_id = "devportal_list_keys",
    tag = "DevPortal: application keys",
    params(("applicationId" = String, Path)),
    responses((status = 200, body = WholeList<ApplicationKey>), OwnReadErrors),
)]
pub async fn list(
    State(control): State<Arc<Control>>,
    PathOf(application): PathOf<String>,
    Extension(caller): Extension<Caller>,
) -> Answer<Json<WholeList<ApplicationKey>>> {
    let keys = keys::list(&control, &caller, &application).await?;
    Ok(Json(WholeList::new(keys.into_iter().map(Into::into).collect())))
}

/// Read a key
#[utoipa::path(
    get,
    path = "/applications/{applicationId}/oauth-keys/{keyMappingId}",
    operation_id = "devportal_read_key",
    tag = "DevPortal: application keys",
    params(KeyPath),
    responses((status = 200, body = ApplicationKey), OwnReadErrors),
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    PathOf(path): PathOf<KeyPath>,
    Extension(caller): Extension<Caller>,
) -> Answer<Json<ApplicationKey>> {
    let key = keys::find(&control, &caller, &path.application_id, &path.key_mapping_id).await?;
    Ok(Json(key.into()))
}

/// Change the grants and the callback of a key
#[utoipa::path(
    put,
    path = "/applications/{applicationId}/oauth-keys/{keyMappingId}",
    operation_id = "devportal_update_key",
    tag = "DevPortal: application keys",
    params(KeyPath),
    request_body = UpdateKeyRequest,
    responses((status = 200, body = ApplicationKey), UpdateErrors),
)]
pub async fn update(
    State(control): State<Arc<Control>>,
    PathOf(path): PathOf<KeyPath>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<UpdateKeyRequest>,
) -> Answer<Json<ApplicationKey>> {
    let (application, id) = (&path.application_id, &path.key_mapping_id);
    let key = keys::update(&control, &caller, application, id, request.document()?).await?;
    Ok(Json(key.into()))
}

/// Take a key from an application
#[utoipa::path(
    delete,
    path = "/applications/{applicationId}/oauth-keys/{keyMappingId}",
    operation_id = "devportal_delete_key",
    tag = "DevPortal: application keys",
    params(KeyPath),
    responses((status = 200, description = "Removed"), DeleteErrors),
)]
pub async fn delete(
    State(control): State<Arc<Control>>,
    PathOf(path): PathOf<KeyPath>,
    Extension(caller): Extension<Caller>,
) -> Answer<()> {
    Ok(keys::delete(&control, &caller, &path.application_id, &path.key_mapping_id).await?)
}

/// Replace the secret of a key
#[utoipa::path(
    post,
    path = "/applications/{applicationId}/oauth-keys/{keyMappingId}/regenerate-secret",
    operation_id = "devportal_regenerate_secret",
    tag = "DevPortal: application keys",
    params(KeyPath),
    responses((status = 200, body = RegeneratedSecret), DeleteErrors),
)]
pub async fn regenerate_secret(
    State(control): State<Arc<Control>>,
    PathOf(path): PathOf<KeyPath>,
    Extension(caller): Extension<Caller>,
) -> Answer<Json<RegeneratedSecret>> {
    let (application, id) = (&path.application_id, &path.key_mapping_id);
    let (key, secret) = keys::regenerate_secret(&control, &caller, application, id).await?;
    Ok(Json(RegeneratedSecret::new(key, secret)))
}

/// Take back keys that were generated
#[utoipa::path(
    post,
    path = "/applications/{applicationId}/oauth-keys/{keyMappingId}/clean-up",
    operation_id = "devportal_clean_up_key",
    tag = "DevPortal: application keys",
    params(KeyPath),
    responses((status = 200, description = "Removed"), DeleteErrors),
)]
pub async fn clean_up(
    State(control): State<Arc<Control>>,
    PathOf(path): PathOf<KeyPath>,
    Extension(caller): Extension<Caller>,
) -> Answer<()> {
    Ok(keys::clean_up(&control, &caller, &path.application_id, &path.key_mapping_id).await?)
}

/// Get a token for an application
#[utoipa::path(
    post,
    path = "/applications/{applicationId}/oauth-keys/{keyMappingId}/generate-token",
    operation_id = "devportal_generate_token",
    tag = "DevPortal: application keys",
    params(KeyPath),
    request_body = TokenRequest,
    responses((status = 200, body = ApplicationTokenResponse), CreateErrors),
)]
pub async fn generate_token(
    State(control): State<Arc<Control>>,
    PathOf(path): PathOf<KeyPath>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<TokenRequest>,
) -> Answer<Json<ApplicationTokenResponse>> {
    let (application, id) = (&path.application_id, &path.key_mapping_id);
    let order = request.order()?;
    let token = keys::generate_token(&control, &caller, application, id, order).await?;
    Ok(Json(token.into()))
}
