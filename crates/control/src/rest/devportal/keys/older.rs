//! `/applications/{applicationId}/keys`: what older clients know keys by, their type.

use phantom_rest::prelude::*;
use phantom_subscribe::keys;
use serde::Deserialize;
use utoipa::IntoParams;

use super::ApplicationKey;
use super::KeyType;

/// Names the resident key manager's key of one type.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[serde(rename_all = "camelCase")]
pub struct KeyTypePath {
    application_id: String,
    key_type: KeyType,
}

/// List the keys of an application
#[utoipa::path(
    get,
    path = "/applications/{applicationId}/keys",
    operation_id = "devportal_list_keys_older",
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

/// Read the resident key manager's key of a type
#[utoipa::path(
    get,
    path = "/applications/{applicationId}/keys/{keyType}",
    operation_id = "devportal_read_key_older",
    tag = "DevPortal: application keys",
    params(KeyTypePath),
    responses((status = 200, body = ApplicationKey), OwnReadErrors),
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    PathOf(path): PathOf<KeyTypePath>,
    Extension(caller): Extension<Caller>,
) -> Answer<Json<ApplicationKey>> {
    let (application, key_type) = (&path.application_id, path.key_type.into());
    let key = keys::find_resident(&control, &caller, application, key_type).await?;
    Ok(Json(key.into()))
}
