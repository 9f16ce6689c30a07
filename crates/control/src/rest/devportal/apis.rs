//! `/apis`: what a subscriber may see of the APIs on offer.

mod endpoints;
mod wire;

use phantom_manage::plans;
use phantom_manage::revisions;
use phantom_rest::prelude::*;
use phantom_subscribe::subscriptions::visible;
use phantom_terms::search::ApiQuery;
use serde::Deserialize;
use utoipa::IntoParams;

pub use wire::ApiInfo;
pub use wire::ApiResponse;
pub use wire::ApiSearchResult;
pub use wire::ScopeInfo;

use super::policies::ThrottlingPolicy;

/// Which APIs are listed.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ApisQuery {
    /// `name:Http version:"v1" tag:weather`, or part of the name.
    #[param(max_length = 1024)]
    query: Option<String>,
}

/// List the APIs on offer
///
/// Without a credential those that are open to everybody.
#[utoipa::path(
    get,
    path = "/apis",
    operation_id = "devportal_list_apis",
    tag = "DevPortal: APIs",
    params(ApisQuery, PageRequest),
    responses((status = 200, body = PagedList<ApiInfo>), ListErrors),
)]
pub async fn list(
    State(control): State<Arc<Control>>,
    QueryOf(query): QueryOf<ApisQuery>,
    QueryOf(page): QueryOf<PageRequest>,
    Extension(caller): Extension<Caller>,
) -> Answer<Json<PagedList<ApiInfo>>> {
    let page = page.page()?;
    let asked = ApiQuery::parse(query.query.as_deref().unwrap_or_default())?;
    let (list, total) = page.of(visible::list(&control, &caller, &asked).await?);
    let list = list.into_iter().map(ApiInfo::from).collect();
    let parameters = [("query", query.query.as_deref())];
    Ok(Json(PagedList::new(list, total, page, "/apis", &parameters)))
}

/// Search what is on offer
#[utoipa::path(
    get,
    path = "/search",
    operation_id = "devportal_search",
    tag = "DevPortal: APIs",
    params(ApisQuery, PageRequest),
    responses((status = 200, body = PagedList<ApiSearchResult>), ListErrors),
)]
pub async fn search(
    State(control): State<Arc<Control>>,
    QueryOf(query): QueryOf<ApisQuery>,
    QueryOf(page): QueryOf<PageRequest>,
    Extension(caller): Extension<Caller>,
) -> Answer<Json<PagedList<ApiSearchResult>>> {
    let page = page.page()?;
    let asked = ApiQuery::parse(query.query.as_deref().unwrap_or_default())?;
    let (list, total) = page.of(visible::list(&control, &caller, &asked).await?);
    let list = list.into_iter().map(ApiSearchResult::from).collect();
    let parameters = [("query", query.query.as_deref())];
    Ok(Json(PagedList::new(list, total, page, "/search", &parameters)))
}

/// Read an API
#[utoipa::path(
    get,
    path = "/apis/{apiId}",
    operation_id = "devportal_read_api",
    tag = "DevPortal: APIs",
    params(("apiId" = String, Path)),
    responses((status = 200, body = ApiResponse), ReadErrors),
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
    Extension(caller): Extension<Caller>,
) -> Answer<Response> {
    let api = visible::find(&control, &caller, &id).await?;
    let deployments = revisions::deployments_of(&control, &api).await?;
    let endpoints = endpoints::of(&control.settings, &api, &deployments);
    let tag = [(header::ETAG, entity_tag(api.row.version))];
    Ok((tag, Json(ApiResponse::new(api, endpoints))).into_response())
}

/// Read the definition of an API
///
/// With the gateways' URLs in the place of the backends'.
#[utoipa::path(
    get,
    path = "/apis/{apiId}/swagger",
    operation_id = "devportal_read_definition",
    tag = "DevPortal: APIs",
    params(("apiId" = String, Path)),
    responses((status = 200, description = "An OpenAPI document", body = Object), ReadErrors),
)]
pub async fn definition(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
    Extension(caller): Extension<Caller>,
) -> Answer<Response> {
    let api = visible::find(&control, &caller, &id).await?;
    let tag = [(header::ETAG, entity_tag(api.row.version))];
    Ok((tag, Json(visible::definition::of(&control.settings, &api))).into_response())
}

/// List the plans that an API can be subscribed to under
#[utoipa::path(
    get,
    path = "/apis/{apiId}/subscription-policies",
    operation_id = "devportal_list_api_plans",
    tag = "DevPortal: APIs",
    params(("apiId" = String, Path)),
    responses((status = 200, body = Vec<ThrottlingPolicy>), ReadErrors),
)]
pub async fn subscription_policies(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
    Extension(caller): Extension<Caller>,
) -> Answer<Json<Vec<ThrottlingPolicy>>> {
    let api = visible::find(&control, &caller, &id).await?;
    let plans = plans::open_of(&control, &caller, &api.document.policies).await?;
    Ok(Json(plans.into_iter().map(ThrottlingPolicy::from).collect()))
}
