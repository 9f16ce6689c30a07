//! The life cycle of APIs: where one is, was, and can go.

use phantom_manage::apis;
use phantom_manage::apis::Api;
use phantom_manage::lifecycle;
use phantom_manage::lifecycle::LifecycleAction;
use phantom_manage::lifecycle::LifecycleState;
use phantom_rest::answers::millis;
use phantom_rest::prelude::*;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

use super::extract::ApiParameter;

/// What is to be done.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct ActionParameters {
    #[param(value_type = LifecycleAction, inline)]
    action: String,
    /// `item:true,item:false`, of `Deprecate old versions after publishing the API` and `Requires re-subscription
    /// when publishing the API`. The latter always holds: false is refused where an older version has subscriptions.
    #[param(max_length = 1024)]
    lifecycle_checklist: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::WorkflowResponse)]
pub struct WorkflowResponse {
    workflow_status: WorkflowStatus,
    json_payload: Option<String>,
    lifecycle_state: LifecycleStateResponse,
}

/// No workflow holds changes back.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = publisher::WorkflowStatus)]
pub enum WorkflowStatus {
    Approved,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::LifecycleState)]
pub struct LifecycleStateResponse {
    /// `Published`.
    state: &'static str,
    check_items: Vec<CheckItem>,
    available_transitions: Vec<AvailableTransition>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::LifecycleCheckItem)]
pub struct CheckItem {
    name: &'static str,
    value: bool,
    required_states: Vec<&'static str>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::LifecycleTransition)]
pub struct AvailableTransition {
    event: LifecycleAction,
    /// `Blocked`.
    target_state: &'static str,
}

/// A change that was.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::LifecycleHistoryItem)]
pub struct HistoryItem {
    previous_state: Option<LifecycleState>,
    post_state: LifecycleState,
    user: String,
    /// Milliseconds since 1970.
    updated_time: String,
}

/// Change the state of an API
#[utoipa::path(
    post,
    path = "/apis/change-lifecycle",
    operation_id = "publisher_change_lifecycle",
    tag = "Publisher: life cycle",
    params(ActionParameters, ApiParameter),
    responses((status = 200, body = WorkflowResponse), DeleteErrors),
)]
pub async fn change(
    State(control): State<Arc<Control>>,
    QueryOf(of): QueryOf<ApiParameter>,
    QueryOf(asked): QueryOf<ActionParameters>,
    IfMatch(expected): IfMatch,
    Extension(caller): Extension<Caller>,
) -> Answer<Response> {
    let checklist = asked.lifecycle_checklist.as_deref();
    let (id, action) = (&of.api_id, &asked.action);
    let api = lifecycle::change(&control, &caller, id, action, checklist, &expected).await?;
    let headers = [(header::ETAG, entity_tag(api.row.version))];
    let answer = WorkflowResponse {
        workflow_status: WorkflowStatus::Approved,
        json_payload: None,
        lifecycle_state: LifecycleStateResponse::of(&api),
    };
    Ok((headers, Json(answer)).into_response())
}

/// Read the state of an API and what can be done
#[utoipa::path(
    get,
    path = "/apis/{apiId}/lifecycle-state",
    operation_id = "publisher_read_lifecycle_state",
    tag = "Publisher: life cycle",
    params(("apiId" = String, Path)),
    responses((status = 200, body = LifecycleStateResponse), ReadErrors),
)]
pub async fn state(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
) -> Answer<Json<LifecycleStateResponse>> {
    Ok(Json(LifecycleStateResponse::of(&apis::read(&control, &id).await?)))
}

/// List the changes of an API's state, the oldest first
#[utoipa::path(
    get,
    path = "/apis/{apiId}/lifecycle-history",
    operation_id = "publisher_read_lifecycle_history",
    tag = "Publisher: life cycle",
    params(("apiId" = String, Path)),
    responses((status = 200, body = WholeList<HistoryItem>), ReadErrors),
)]
pub async fn history(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
) -> Answer<Json<WholeList<HistoryItem>>> {
    let history = lifecycle::history(&control, &id).await?;
    let items = history.into_iter().map(|transition| HistoryItem {
        previous_state: transition.from,
        post_state: transition.to,
        user: transition.by,
        updated_time: millis(phantom_core::UnixTime::from_millis(transition.at)),
    });
    Ok(Json(WholeList::new(items.collect())))
}

impl LifecycleStateResponse {
    fn of(api: &Api) -> Self {
        let state = api.row.state;
        let check_items = lifecycle::checklist(state).iter().map(|item| CheckItem {
            name: item.name,
            value: item.value,
            required_states: item.required_states.to_vec(),
        });
        let transitions = lifecycle::transitions(state).iter().map(|(event, target)| {
            AvailableTransition { event: *event, target_state: lifecycle::title(*target) }
        });
        Self {
            state: lifecycle::title(state),
            check_items: check_items.collect(),
            available_transitions: transitions.collect(),
        }
    }
}
