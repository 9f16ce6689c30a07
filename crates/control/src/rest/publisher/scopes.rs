//! `/scopes`: shared scopes.

use phantom_definition::Verb;
use phantom_manage::apis::Api;
use phantom_manage::apis::scope::RawScope;
use phantom_manage::scopes;
use phantom_manage::scopes::SharedScope;
use phantom_rest::prelude::*;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Refusal;
use phantom_terms::versioned::Expected;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::apis::ScopeResponse;
use crate::rest::PUBLISHER;

/// Which APIs use a scope.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::SharedScopeUsage)]
pub struct ScopeUsage {
    id: Uuid,
    name: String,
    used_api_list: Vec<UsingApi>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::SharedScopeUsedAPIInfo)]
pub struct UsingApi {
    name: String,
    context: String,
    version: String,
    provider: String,
    used_resource_list: Vec<UsingOperation>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::SharedScopeUsedAPIResourceInfo)]
pub struct UsingOperation {
    target: String,
    verb: Verb,
}

/// List the shared scopes
#[utoipa::path(
    get,
    path = "/scopes",
    operation_id = "publisher_list_scopes",
    tag = "Publisher: scopes",
    params(PageRequest),
    responses((status = 200, body = PagedList<ScopeResponse>), ListErrors),
)]
pub async fn list(
    State(control): State<Arc<Control>>,
    QueryOf(page): QueryOf<PageRequest>,
) -> Answer<Json<PagedList<ScopeResponse>>> {
    let page = page.page()?;
    let all = scopes::list(&control).await?.into_iter();
    let all = all.map(|(scope, count)| described(scope, Some(count))).collect();
    let (list, total) = page.of(all);
    Ok(Json(PagedList::new(list, total, page, "/scopes", &[])))
}

/// Make a shared scope
#[utoipa::path(
    post,
    path = "/scopes",
    operation_id = "publisher_create_scope",
    tag = "Publisher: scopes",
    request_body = RawScope,
    responses((status = 201, body = ScopeResponse), CreateErrors),
)]
pub async fn create(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    Body(raw): Body<RawScope>,
) -> Answer<Response> {
    let scope = scopes::create(&control, &caller, raw).await?;
    let path = format!("/scopes/{}", scope.id);
    let headers = [(header::LOCATION, location(&control, PUBLISHER, &path)?)];
    Ok((StatusCode::CREATED, headers, Json(described(scope, None))).into_response())
}

/// Read a shared scope
#[utoipa::path(
    get,
    path = "/scopes/{scopeId}",
    operation_id = "publisher_read_scope",
    tag = "Publisher: scopes",
    params(("scopeId" = String, Path)),
    responses((status = 200, body = ScopeResponse), ReadErrors),
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
) -> Answer<Json<ScopeResponse>> {
    Ok(Json(described(scopes::read(&control, &id).await?, None)))
}

/// Change a shared scope
#[utoipa::path(
    put,
    path = "/scopes/{scopeId}",
    operation_id = "publisher_update_scope",
    tag = "Publisher: scopes",
    params(("scopeId" = String, Path)),
    request_body = RawScope,
    responses((status = 200, body = ScopeResponse), UpdateErrors),
)]
pub async fn update(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
    Extension(caller): Extension<Caller>,
    Body(raw): Body<RawScope>,
) -> Answer<Json<ScopeResponse>> {
    Ok(Json(described(scopes::update(&control, &caller, &id, raw, &Expected::Any).await?, None)))
}

/// Take a shared scope away
#[utoipa::path(
    delete,
    path = "/scopes/{scopeId}",
    operation_id = "publisher_delete_scope",
    tag = "Publisher: scopes",
    params(("scopeId" = String, Path)),
    responses((status = 200), DeleteErrors),
)]
pub async fn delete(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
    Extension(caller): Extension<Caller>,
) -> Answer<()> {
    Ok(scopes::delete(&control, &caller, &id, &Expected::Any).await?)
}

/// Ask whether the name of a scope is taken: 200, else 404
#[utoipa::path(
    head,
    path = "/scopes/{scopeId}",
    operation_id = "publisher_check_scope",
    tag = "Publisher: scopes",
    params(("scopeId" = String, Path, description = "Its name")),
    responses((status = 200), ReadErrors),
)]
pub async fn exists(
    State(control): State<Arc<Control>>,
    PathOf(name): PathOf<String>,
) -> Answer<()> {
    if scopes::is_taken(&control, &name).await? {
        return Ok(());
    }
    Err(Refusal::not_found(Kind::Other("scope"), &name).into())
}

/// List the APIs that use a shared scope
#[utoipa::path(
    get,
    path = "/scopes/{scopeId}/usage",
    operation_id = "publisher_read_scope_usage",
    tag = "Publisher: scopes",
    params(("scopeId" = String, Path)),
    responses((status = 200, body = ScopeUsage), ReadErrors),
)]
pub async fn usage(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
) -> Answer<Json<ScopeUsage>> {
    let (scope, users) = scopes::usage(&control, &id).await?;
    let used_api_list = users.into_iter().map(|api| UsingApi::of(api, &scope.name)).collect();
    Ok(Json(ScopeUsage { id: scope.id, name: scope.name, used_api_list }))
}

impl UsingApi {
    fn of(api: Api, scope: &str) -> Self {
        let operations = api.document.operations.into_iter();
        let using = operations.filter(|operation| operation.scopes.iter().any(|s| s == scope));
        Self {
            name: api.row.name,
            context: api.row.context,
            version: api.row.version_name,
            provider: api.row.provider,
            used_resource_list: using
                .map(|operation| UsingOperation { target: operation.target, verb: operation.verb })
                .collect(),
        }
    }
}

fn described(scope: SharedScope, usage_count: Option<u64>) -> ScopeResponse {
    let SharedScope { id, name, display_name, description, bindings, .. } = scope;
    ScopeResponse { id: Some(id), name, display_name, description, bindings, usage_count }
}
