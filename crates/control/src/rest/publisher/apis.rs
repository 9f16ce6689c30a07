//! `/apis`: made, listed, read, changed, copied, taken away.

pub mod wire;

use phantom_manage::apis;
use phantom_manage::apis::Api;
use phantom_manage::apis::document::ApiDocument;
use phantom_rest::prelude::*;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Refusal;
use serde::Deserialize;
use utoipa::IntoParams;

pub use wire::ApiInfo;
pub use wire::ApiResponse;
pub use wire::ScopeResponse;

use super::extract::ApiParameter;
use super::extract::QueryParameter;
use crate::rest::PUBLISHER;

/// How the new version is called.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct CopyParameters {
    #[param(min_length = 1, max_length = 30)]
    new_version: String,
    /// Becomes the default version.
    #[param(default = false)]
    default_version: Option<bool>,
}

/// List APIs, or search them
#[utoipa::path(
    get,
    path = "/apis",
    operation_id = "publisher_list_apis",
    tag = "Publisher: APIs",
    params(QueryParameter, PageRequest),
    responses((status = 200, body = PagedList<ApiInfo>), ListErrors),
)]
pub async fn list(
    State(control): State<Arc<Control>>,
    QueryOf(query): QueryOf<QueryParameter>,
    QueryOf(page): QueryOf<PageRequest>,
) -> Answer<Json<PagedList<ApiInfo>>> {
    let page = page.page()?;
    let (found, total) = apis::find(&control, &query.parse()?, page).await?;
    let list = found.into_iter().map(ApiInfo::of).collect();
    let parameters = [("query", query.query.as_deref())];
    Ok(Json(PagedList::new(list, total, page, "/apis", &parameters)))
}

/// Make an API
#[utoipa::path(
    post,
    path = "/apis",
    operation_id = "publisher_create_api",
    tag = "Publisher: APIs",
    request_body = ApiDocument,
    responses((status = 201, body = ApiResponse), CreateErrors),
)]
pub async fn create(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    Body(document): Body<ApiDocument>,
) -> Answer<Response> {
    created(&control, apis::create(&control, &caller, document, None).await?)
}

/// Read an API
#[utoipa::path(
    get,
    path = "/apis/{apiId}",
    operation_id = "publisher_read_api",
    tag = "Publisher: APIs",
    params(("apiId" = String, Path)),
    responses((status = 200, body = ApiResponse), ReadErrors),
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
) -> Answer<Response> {
    described(apis::read(&control, &id).await?)
}

/// Change an API
#[utoipa::path(
    put,
    path = "/apis/{apiId}",
    operation_id = "publisher_update_api",
    tag = "Publisher: APIs",
    params(("apiId" = String, Path)),
    request_body = ApiDocument,
    responses((status = 200, body = ApiResponse), UpdateErrors),
)]
pub async fn update(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
    IfMatch(expected): IfMatch,
    Extension(caller): Extension<Caller>,
    Body(document): Body<ApiDocument>,
) -> Answer<Response> {
    described(apis::update(&control, &caller, &id, document, &expected).await?)
}

/// Take an API away
#[utoipa::path(
    delete,
    path = "/apis/{apiId}",
    operation_id = "publisher_delete_api",
    tag = "Publisher: APIs",
    params(("apiId" = String, Path)),
    responses((status = 200), DeleteErrors),
)]
pub async fn delete(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
    IfMatch(expected): IfMatch,
    Extension(caller): Extension<Caller>,
) -> Answer<()> {
    Ok(apis::delete(&control, &caller, &id, &expected).await?)
}

/// Make another version of an API
#[utoipa::path(
    post,
    path = "/apis/copy-api",
    operation_id = "publisher_copy_api",
    tag = "Publisher: APIs",
    params(CopyParameters, ApiParameter),
    responses((status = 201, body = ApiResponse), CreateErrors),
)]
pub async fn copy(
    State(control): State<Arc<Control>>,
    QueryOf(of): QueryOf<ApiParameter>,
    QueryOf(copy): QueryOf<CopyParameters>,
    Extension(caller): Extension<Caller>,
) -> Answer<Response> {
    let is_default = copy.default_version.unwrap_or(false);
    let api = apis::copy(&control, &caller, &of.api_id, &copy.new_version, is_default).await?;
    created(&control, api)
}

/// Ask whether a name (`name:x`) or context (`context:/x`) is taken: 200, else 404
#[utoipa::path(
    post,
    path = "/apis/validate",
    operation_id = "publisher_validate_api",
    tag = "Publisher: APIs",
    params(QueryParameter),
    responses((status = 200), ReadErrors),
)]
pub async fn validate(
    State(control): State<Arc<Control>>,
    QueryOf(query): QueryOf<QueryParameter>,
) -> Answer<()> {
    let text = query.query.as_deref().unwrap_or_default();
    if text.is_empty() {
        return Err(Problem::bad_request("query: must not be empty"));
    }
    let is_taken = apis::is_taken(&control, text).await?;
    if is_taken { Ok(()) } else { Err(Refusal::not_found(Kind::Other("API"), text).into()) }
}

pub fn created(control: &Control, api: Api) -> Answer<Response> {
    let location = location(control, PUBLISHER, &format!("/apis/{}", api.row.id))?;
    let headers = [(header::LOCATION, location)];
    Ok((StatusCode::CREATED, headers, described(api)?).into_response())
}

fn described(api: Api) -> Answer<Response> {
    let headers = [(header::ETAG, entity_tag(api.row.version))];
    Ok((headers, Json(ApiResponse::of(api))).into_response())
}
