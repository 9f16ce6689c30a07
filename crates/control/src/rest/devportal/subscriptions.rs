//! `/subscriptions`: of a subscriber's applications.

mod wire;

use phantom_rest::prelude::*;
use phantom_subscribe::subscriptions;
use phantom_subscribe::subscriptions::Subscription;
use phantom_terms::refusal::Outcome;
use phantom_terms::text;
use serde::Deserialize;
use utoipa::IntoParams;

pub use wire::SubscriptionRequest;
pub use wire::SubscriptionResponse;
pub use wire::SubscriptionStatus;

use crate::rest::DEVPORTAL;

/// Most subscriptions of one request.
const MAX_AT_ONCE: usize = 100;

/// Whose subscriptions are listed: one of the two has to be given.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionQuery {
    application_id: Option<String>,
    api_id: Option<String>,
}

/// List the subscriptions of an application, or one's own to an API
#[utoipa::path(
    get,
    path = "/subscriptions",
    operation_id = "devportal_list_subscriptions",
    tag = "DevPortal: subscriptions",
    params(SubscriptionQuery, PageRequest),
    responses((status = 200, body = PagedList<SubscriptionResponse>), OwnReadErrors),
)]
pub async fn list(
    State(control): State<Arc<Control>>,
    QueryOf(query): QueryOf<SubscriptionQuery>,
    QueryOf(page): QueryOf<PageRequest>,
    Extension(caller): Extension<Caller>,
) -> Answer<Json<PagedList<SubscriptionResponse>>> {
    let page = page.page()?;
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (application, api) = (given(&query.application_id), given(&query.api_id));
    let (application, api) = (application.as_deref(), api.as_deref());
    let (list, total) = subscriptions::list(&control, &caller, application, api, page).await?;
    let list = list.into_iter().map(SubscriptionResponse::from).collect();
    let parameters = [("applicationId", application), ("apiId", api)];
    Ok(Json(PagedList::new(list, total, page, "/subscriptions", &parameters)))
}

/// Subscribe an application to an API
#[utoipa::path(
    post,
    path = "/subscriptions",
    operation_id = "devportal_create_subscription",
    tag = "DevPortal: subscriptions",
    request_body = SubscriptionRequest,
    responses((status = 201, body = SubscriptionResponse), CreateErrors),
)]
pub async fn create(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<SubscriptionRequest>,
) -> Answer<Response> {
    let subscription = subscriptions::create(&control, &caller, &request.draft()?).await?;
    let path = format!("/subscriptions/{}", subscription.row.id);
    let location = [(header::LOCATION, location(&control, DEVPORTAL, &path)?)];
    Ok((StatusCode::CREATED, location, described(subscription)).into_response())
}

/// Subscribe applications to APIs, all of them or none
#[utoipa::path(
    post,
    path = "/subscriptions/multiple",
    operation_id = "devportal_create_subscriptions",
    tag = "DevPortal: subscriptions",
    request_body(content = Vec<SubscriptionRequest>, description = "At most 100"),
    responses((status = 200, body = Vec<SubscriptionResponse>), CreateErrors),
)]
pub async fn create_all(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    Body(requests): Body<Vec<SubscriptionRequest>>,
) -> Answer<Json<Vec<SubscriptionResponse>>> {
    text::count("subscriptions", requests.len(), MAX_AT_ONCE)?;
    let drafts: Outcome<Vec<_>> = requests.into_iter().map(SubscriptionRequest::draft).collect();
    let made = subscriptions::create_all(&control, &caller, &drafts?).await?;
    Ok(Json(made.into_iter().map(SubscriptionResponse::from).collect()))
}

/// Read a subscription
#[utoipa::path(
    get,
    path = "/subscriptions/{subscriptionId}",
    operation_id = "devportal_read_subscription",
    tag = "DevPortal: subscriptions",
    params(("subscriptionId" = String, Path)),
    responses((status = 200, body = SubscriptionResponse), OwnReadErrors),
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
    Extension(caller): Extension<Caller>,
) -> Answer<Response> {
    Ok(described(subscriptions::find(&control, &caller, &id).await?))
}

/// Change the plan of a subscription
#[utoipa::path(
    put,
    path = "/subscriptions/{subscriptionId}",
    operation_id = "devportal_update_subscription",
    tag = "DevPortal: subscriptions",
    params(("subscriptionId" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = SubscriptionRequest,
    responses((status = 200, body = SubscriptionResponse), UpdateErrors),
)]
pub async fn update(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
    Extension(caller): Extension<Caller>,
    IfMatch(expected): IfMatch,
    Body(request): Body<SubscriptionRequest>,
) -> Answer<Response> {
    request.require_status()?;
    let draft = request.draft()?;
    let changed = subscriptions::change_plan(&control, &caller, &id, &draft, &expected).await?;
    Ok(described(changed))
}

/// End a subscription
#[utoipa::path(
    delete,
    path = "/subscriptions/{subscriptionId}",
    operation_id = "devportal_delete_subscription",
    tag = "DevPortal: subscriptions",
    params(("subscriptionId" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, description = "Ended"), DeleteErrors),
)]
pub async fn delete(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
    Extension(caller): Extension<Caller>,
    IfMatch(expected): IfMatch,
) -> Answer<()> {
    Ok(subscriptions::delete(&control, &caller, &id, &expected).await?)
}

fn described(subscription: Subscription) -> Response {
    let tag = [(header::ETAG, entity_tag(subscription.row.version))];
    (tag, Json(SubscriptionResponse::from(subscription))).into_response()
}
