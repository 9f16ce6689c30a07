//! `/throttling/deny-policies` and `/throttling/deny-policy/{conditionId}`.

use phantom_manage::deny_policies;
use phantom_manage::deny_policies::BlockingCondition;
use phantom_manage::deny_policies::BlockingConditionStatus;
use phantom_rest::prelude::*;

use super::exchange::Created;
use super::exchange::SearchQuery;

/// List deny policies
#[utoipa::path(
    get,
    path = "/throttling/deny-policies",
    operation_id = "listDenyPolicies",
    tag = "Admin: throttling",
    params(SearchQuery),
    responses(
        (status = 200, description = "Those that match", body = WholeList<BlockingCondition>),
        ReadErrors,
    )
)]
pub async fn list(
    State(control): State<Arc<Control>>,
    query: SearchQuery,
) -> Answer<Json<WholeList<BlockingCondition>>> {
    Ok(Json(WholeList::new(deny_policies::list(&control, query.text()).await?)))
}

/// Add a deny policy
#[utoipa::path(
    post,
    path = "/throttling/deny-policies",
    operation_id = "createDenyPolicy",
    tag = "Admin: throttling",
    request_body = BlockingCondition,
    responses((status = 201, description = "Made", body = BlockingCondition), AdminCreateErrors)
)]
pub async fn create(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    Body(condition): Body<BlockingCondition>,
) -> Answer<Created<BlockingCondition>> {
    let (id, made) = deny_policies::create(&control, &caller, condition).await?;
    Ok(Created { collection: "/throttling/deny-policy", id, made })
}

/// Read a deny policy
#[utoipa::path(
    get,
    path = "/throttling/deny-policy/{conditionId}",
    operation_id = "readDenyPolicy",
    tag = "Admin: throttling",
    params(("conditionId" = String, Path)),
    responses((status = 200, description = "As it is", body = BlockingCondition), ReadErrors)
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
) -> Answer<Tagged<BlockingCondition>> {
    Ok(Tagged(deny_policies::read(&control, &id).await?))
}

/// Switch a deny policy on or off
#[utoipa::path(
    patch,
    path = "/throttling/deny-policy/{conditionId}",
    operation_id = "switchDenyPolicy",
    tag = "Admin: throttling",
    params(("conditionId" = String, Path)),
    request_body = BlockingConditionStatus,
    responses(
        (status = 200, description = "Switched", body = BlockingCondition),
        AdminUpdateErrors,
    )
)]
pub async fn switch(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    PathOf(id): PathOf<String>,
    IfMatch(expected): IfMatch,
    Body(status): Body<BlockingConditionStatus>,
) -> Answer<Tagged<BlockingCondition>> {
    Ok(Tagged(deny_policies::switch(&control, &caller, &id, &expected, &status).await?))
}

/// Delete a deny policy
#[utoipa::path(
    delete,
    path = "/throttling/deny-policy/{conditionId}",
    operation_id = "deleteDenyPolicy",
    tag = "Admin: throttling",
    params(("conditionId" = String, Path)),
    responses((status = 200, description = "Deleted"), AdminDeleteErrors)
)]
pub async fn delete(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    PathOf(id): PathOf<String>,
    IfMatch(expected): IfMatch,
) -> Answer<StatusCode> {
    deny_policies::delete(&control, &caller, &id, &expected).await?;
    Ok(StatusCode::OK)
}
