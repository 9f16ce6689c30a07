//! Subscriptions as the owner of an API sees them: whose they are, blocked or not.

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_manage::apis;
use phantom_manage::lookup;
use phantom_store::ApplicationRow;
use phantom_store::CountedApplication;
use phantom_store::Subscribed;
use phantom_store::SubscriptionRow;
pub use phantom_store::SubscriptionState;
use phantom_terms::page::Page;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::versioned::Expected;

/// A subscription and whose it is.
#[derive(Clone, Debug)]
pub struct Subscriber {
    pub row: SubscriptionRow,
    pub application: ApplicationRow,
    pub description: Option<String>,
    /// Of the application, to any API.
    pub subscription_count: u64,
}

/// Of one API, or of all of them.
pub async fn list(
    control: &Control,
    api: Option<&str>,
    page: Page,
) -> Outcome<(Vec<Subscriber>, u64)> {
    let api = match api {
        Some(id) => Some(apis::read(control, id).await?.row.id),
        None => None,
    };
    let found = control.store().subscriptions_of_api(api, page.limit, page.offset).await?;
    let subscribers = found.rows.into_iter().map(|Subscribed { row, application, .. }| {
        let CountedApplication { row: application, subscriptions } = application;
        let description = application.document.get("description");
        let description = description.and_then(|text| text.as_str()).map(str::to_owned);
        Subscriber { row, application, description, subscription_count: subscriptions }
    });
    Ok((subscribers.collect(), found.total))
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
    if matches!(row.status, SubscriptionState::OnHold | SubscriptionState::Rejected) {
        let status = row.status.as_str();
        let rule = format!("A subscription that is {status} can be neither blocked nor not");
        return Err(Refusal::invalid(rule));
    }
    write.update_subscription(SubscriptionRow { status: state, ..row }).await?;
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
