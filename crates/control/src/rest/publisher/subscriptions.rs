//! `/subscriptions`: who is subscribed, and to block them.

use phantom_rest::prelude::*;
use phantom_subscribe::subscribers;
use phantom_subscribe::subscribers::Subscriber;
use phantom_subscribe::subscribers::SubscriptionState;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;
use uuid::Uuid;

/// Of which API.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct ListParameters {
    /// Of all APIs without it.
    #[param(max_length = 255)]
    api_id: Option<String>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionParameter {
    #[param(max_length = 255)]
    subscription_id: String,
}

#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct BlockParameter {
    #[param(inline)]
    block_state: BlockState,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct PlanParameter {
    /// One of the API's.
    #[param(max_length = 255)]
    business_plan: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = publisher::BlockState)]
pub enum BlockState {
    Blocked,
    /// Sandbox keys go on.
    ProdOnlyBlocked,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::Subscription)]
pub struct SubscriptionResponse {
    subscription_id: Uuid,
    application_info: ApplicationInfo,
    throttling_policy: String,
    /// As stored.
    subscription_status: SubscriptionState,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::ApplicationInfo)]
pub struct ApplicationInfo {
    application_id: Uuid,
    name: String,
    subscriber: String,
    description: Option<String>,
    subscription_count: u64,
}

/// List the subscriptions to an API
#[utoipa::path(
    get,
    path = "/subscriptions",
    operation_id = "publisher_list_subscriptions",
    tag = "Publisher: subscriptions",
    params(ListParameters, PageRequest),
    responses((status = 200, body = PagedList<SubscriptionResponse>), ReadErrors),
)]
pub async fn list(
    State(control): State<Arc<Control>>,
    QueryOf(of): QueryOf<ListParameters>,
    QueryOf(page): QueryOf<PageRequest>,
) -> Answer<Json<PagedList<SubscriptionResponse>>> {
    let page = page.page()?;
    let (found, total) = subscribers::list(&control, of.api_id.as_deref(), page).await?;
    let list = found.into_iter().map(SubscriptionResponse::from).collect();
    let parameters = [("apiId", of.api_id.as_deref())];
    Ok(Json(PagedList::new(list, total, page, "/subscriptions", &parameters)))
}

/// Block a subscription
#[utoipa::path(
    post,
    path = "/subscriptions/block-subscription",
    operation_id = "publisher_block_subscription",
    tag = "Publisher: subscriptions",
    params(SubscriptionParameter, BlockParameter),
    responses((status = 200), DeleteErrors),
)]
pub async fn block(
    State(control): State<Arc<Control>>,
    QueryOf(of): QueryOf<SubscriptionParameter>,
    QueryOf(block): QueryOf<BlockParameter>,
    IfMatch(expected): IfMatch,
    Extension(caller): Extension<Caller>,
) -> Answer<()> {
    let state = match block.block_state {
        BlockState::Blocked => SubscriptionState::Blocked,
        BlockState::ProdOnlyBlocked => SubscriptionState::ProdOnlyBlocked,
    };
    let id = &of.subscription_id;
    Ok(subscribers::block(&control, &caller, id, state, &expected).await?)
}

/// Let a blocked subscription through again
#[utoipa::path(
    post,
    path = "/subscriptions/unblock-subscription",
    operation_id = "publisher_unblock_subscription",
    tag = "Publisher: subscriptions",
    params(SubscriptionParameter),
    responses((status = 200), DeleteErrors),
)]
pub async fn unblock(
    State(control): State<Arc<Control>>,
    QueryOf(of): QueryOf<SubscriptionParameter>,
    IfMatch(expected): IfMatch,
    Extension(caller): Extension<Caller>,
) -> Answer<()> {
    let (id, state) = (&of.subscription_id, SubscriptionState::Unblocked);
    Ok(subscribers::block(&control, &caller, id, state, &expected).await?)
}

/// Change the business plan of a subscription
#[utoipa::path(
    post,
    path = "/subscriptions/change-business-plan",
    operation_id = "publisher_change_business_plan",
    tag = "Publisher: subscriptions",
    params(SubscriptionParameter, PlanParameter),
    responses((status = 200), DeleteErrors),
)]
pub async fn change_plan(
    State(control): State<Arc<Control>>,
    QueryOf(of): QueryOf<SubscriptionParameter>,
    QueryOf(plan): QueryOf<PlanParameter>,
    IfMatch(expected): IfMatch,
    Extension(caller): Extension<Caller>,
) -> Answer<()> {
    let (id, plan) = (&of.subscription_id, &plan.business_plan);
    Ok(subscribers::change_plan(&control, &caller, id, plan, &expected).await?)
}

impl From<Subscriber> for SubscriptionResponse {
    fn from(subscriber: Subscriber) -> Self {
        let Subscriber { row, application, description, subscription_count } = subscriber;
        Self {
            subscription_id: row.id,
            application_info: ApplicationInfo {
                application_id: application.id,
                name: application.name,
                subscriber: application.owner,
                description,
                subscription_count,
            },
            throttling_policy: row.plan,
            subscription_status: row.status,
        }
    }
}
