//! Subscriptions as the owner of an API sees them: whose they are, blocked or not.

use phantom_store::ApiFilter;
use phantom_store::ApplicationRow;
use phantom_store::SubscriptionRow;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::apis;
use crate::apis::scan;
use crate::caller::Caller;
use crate::lookup;
use crate::lookup::Expected;
use crate::page::Page;
use crate::plane::Control;
use crate::refusal::Outcome;
use crate::refusal::Refusal;

/// A subscription and whose it is.
#[derive(Clone, Debug)]
pub struct Subscriber {
    pub row: SubscriptionRow,
    pub application: ApplicationRow,
    pub description: Option<String>,
    /// Of the application, to any API.
    pub subscription_count: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = publisher::SubscriptionState)]
pub enum SubscriptionState {
    Blocked,
    ProdOnlyBlocked,
    Unblocked,
    OnHold,
    Rejected,
    TierUpdatePending,
    DeletePending,
}

impl SubscriptionState {
    /// As stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "BLOCKED",
            Self::ProdOnlyBlocked => "PROD_ONLY_BLOCKED",
            Self::Unblocked => "UNBLOCKED",
            Self::OnHold => "ON_HOLD",
            Self::Rejected => "REJECTED",
            Self::TierUpdatePending => "TIER_UPDATE_PENDING",
            Self::DeletePending => "DELETE_PENDING",
        }
    }
}

/// Of one API, or of all of them.
pub async fn list(
    control: &Control,
    api: Option<&str>,
    page: Page,
) -> Outcome<(Vec<Subscriber>, u64)> {
    let apis = match api {
        Some(id) => vec![apis::read(control, id).await?.row.id],
        None => all_apis(control).await?,
    };
    let clamp = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let (mut rows, mut total) = (Vec::new(), 0);
    for api in apis {
        // What the pages before have left of this API, and what this page has room for.
        let offset = page.offset.saturating_sub(total);
        let limit = page.limit.saturating_sub(rows.len() as u64);
        let store = &control.store;
        let found = store.subscriptions_of_api(api, clamp(limit), clamp(offset)).await?;
        total += found.total;
        rows.extend(found.rows);
    }
    let mut subscribers = Vec::with_capacity(rows.len());
    for row in rows {
        // Gone between the two reads: so is the subscription.
        if let Some(application) = control.store.application(row.application).await? {
            let subscription_count = control.store.subscription_count(application.id).await?;
            let description = application.document.get("description");
            let description = description.and_then(|text| text.as_str()).map(str::to_owned);
            subscribers.push(Subscriber { row, application, description, subscription_count });
        }
    }
    Ok((subscribers, total))
}

/// Blocks a subscription, or ends that.
pub async fn block(
    control: &Control,
    caller: &Caller,
    id: &str,
    state: SubscriptionState,
    expected: &Expected,
) -> Outcome<()> {
    let mut write = control.write(caller).await?;
    let row = lookup::find::<SubscriptionRow>(&mut write, id).await?;
    expected.check(row.version)?;
    if matches!(row.status.as_str(), "ON_HOLD" | "REJECTED") {
        let rule = format!("A subscription that is {} can be neither blocked nor not", row.status);
        return Err(Refusal::invalid(rule));
    }
    write.update_subscription(SubscriptionRow { status: state.as_str().to_owned(), ..row }).await?;
    Ok(write.commit().await?)
}

/// To another of the API's business plans.
pub async fn change_plan(
    control: &Control,
    caller: &Caller,
    id: &str,
    plan: &str,
    expected: &Expected,
) -> Outcome<()> {
    let mut write = control.write(caller).await?;
    let row = lookup::find::<SubscriptionRow>(&mut write, id).await?;
    expected.check(row.version)?;
    let api = apis::find_one(&mut write, &row.api.to_string()).await?;
    if !api.document.policies.iter().any(|policy| policy == plan) {
        return Err(Refusal::PlanNotOffered(plan.to_owned()));
    }
    let (plan, requested_plan) = (plan.to_owned(), plan.to_owned());
    write.update_subscription(SubscriptionRow { plan, requested_plan, ..row }).await?;
    Ok(write.commit().await?)
}

async fn all_apis(control: &Control) -> Outcome<Vec<Uuid>> {
    let mut ids = Vec::new();
    scan::each(&mut control.read(), ApiFilter::default(), |row| {
        ids.push(row.id);
        Ok(())
    })
    .await?;
    Ok(ids)
}
