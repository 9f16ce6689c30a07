//! `/throttling/deny-policies` and `/throttling/deny-policy/{conditionId}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::exchange::ChangeErrors;
use super::exchange::Created;
use super::exchange::DeleteErrors;
use super::exchange::Id;
use super::exchange::IfMatch;
use super::exchange::ReadErrors;
use super::exchange::SearchQuery;
use super::exchange::Tagged;
use super::exchange::WriteErrors;
use crate::app::deny_policies;
use crate::app::deny_policies::BlockingCondition;
use crate::app::deny_policies::BlockingConditionStatus;
use crate::body::Body;
use crate::caller::Caller;
use crate::list::WholeList;
use crate::plane::Control;
use crate::problem::Outcome;

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
) -> Outcome<Json<WholeList<BlockingCondition>>> {
    Ok(Json(WholeList::new(deny_policies::list(&control, query.text()).await?)))
}

/// Add a deny policy
#[utoipa::path(
    post,
    path = "/throttling/deny-policies",
    operation_id = "createDenyPolicy",
    tag = "Admin: throttling",
    request_body = BlockingCondition,
    responses((status = 201, description = "Made", body = BlockingCondition), WriteErrors)
)]
pub async fn create(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Body(condition): Body<BlockingCondition>,
) -> Outcome<Created<BlockingCondition>> {
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
    Id(id): Id,
) -> Outcome<Tagged<BlockingCondition>> {
    deny_policies::read(&control, &id).await.map(Tagged)
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
        WriteErrors,
        ChangeErrors,
    )
)]
pub async fn switch(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Id(id): Id,
    if_match: IfMatch,
    Body(status): Body<BlockingConditionStatus>,
) -> Outcome<Tagged<BlockingCondition>> {
    deny_policies::switch(&control, &caller, &id, if_match.accepts(), &status).await.map(Tagged)
}

/// Delete a deny policy
#[utoipa::path(
    delete,
    path = "/throttling/deny-policy/{conditionId}",
    operation_id = "deleteDenyPolicy",
    tag = "Admin: throttling",
    params(("conditionId" = String, Path)),
    responses((status = 200, description = "Deleted"), DeleteErrors)
)]
pub async fn delete(
    State(control): State<Arc<Control>>,
    caller: Caller,
    Id(id): Id,
    if_match: IfMatch,
) -> Outcome<StatusCode> {
    deny_policies::delete(&control, &caller, &id, if_match.accepts()).await?;
    Ok(StatusCode::OK)
}
