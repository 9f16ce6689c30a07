//! Subscriptions: which APIs an application may call, under which plan.

mod check;
pub mod visible;

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::random;
use phantom_manage::apis::Api;
use phantom_manage::lookup;
use phantom_manage::lookup::Source;
use phantom_store::LifecycleState;
use phantom_store::Page;
use phantom_store::Subscribed;
use phantom_store::SubscriptionRow;
use phantom_store::SubscriptionState;
use phantom_store::Write;
use phantom_terms::page;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::stored;
use phantom_terms::versioned::Expected;
use uuid::Uuid;

use crate::applications;
use crate::applications::Application;

const KIND: Kind = Kind::Other("subscription");

/// What a subscriber asks for.
#[derive(Clone, Debug)]
pub struct SubscriptionDraft {
    pub application: String,
    pub api: Option<String>,
    pub plan: String,
    /// The plan to change to, where `plan` is the one there is.
    pub requested_plan: Option<String>,
}

/// A subscription with both of its ends.
#[derive(Clone, Debug)]
pub struct Subscription {
    pub row: SubscriptionRow,
    pub api: Api,
    pub application: Application,
}

impl Subscription {
    fn of(Subscribed { row, api, application }: Subscribed) -> Outcome<Self> {
        Ok(Self { row, api: Api::of(api)?, application: Application::of(application)? })
    }
}

pub async fn create(
    control: &Control,
    caller: &Caller,
    draft: &SubscriptionDraft,
) -> Outcome<Subscription> {
    let mut write = control.write(caller).await?;
    let subscription = insert(control, &mut write, caller, draft).await?;
    write.commit().await?;
    Ok(subscription)
}

/// All of them or none.
pub async fn create_all(
    control: &Control,
    caller: &Caller,
    drafts: &[SubscriptionDraft],
) -> Outcome<Vec<Subscription>> {
    let mut write = control.write(caller).await?;
    let mut subscriptions = Vec::with_capacity(drafts.len());
    for draft in drafts {
        subscriptions.push(insert(control, &mut write, caller, draft).await?);
    }
    write.commit().await?;
    Ok(subscriptions)
}

pub async fn find(control: &Control, caller: &Caller, id: &str) -> Outcome<Subscription> {
    let row = own(&mut control.store(), caller, id).await?;
    let found = control.store().subscribed(row.id).await?;
    Subscription::of(found.ok_or_else(|| Refusal::not_found(KIND, id))?)
}

/// Those of the caller's application, or of all of the caller's applications to one API.
pub async fn list(
    control: &Control,
    caller: &Caller,
    application: Option<&str>,
    api: Option<&str>,
    page: page::Page,
) -> Outcome<(Vec<Subscription>, u64)> {
    let page::Page { limit, offset } = page;
    let found = match (application, api) {
        (None, None) => {
            return Err(Refusal::invalid("Either applicationId or apiId should be available"));
        }
        (Some(application), None) => {
            let application = applications::own(&mut control.store(), caller, application).await?;
            control.store().subscriptions_of_application(application.id, limit, offset).await?
        }
        (Some(application), Some(api)) => {
            let application = applications::own(&mut control.store(), caller, application).await?;
            let api = visible::existing(&mut control.store(), api).await?;
            let row = control.store().subscription_of(application.id, api.id).await?;
            let found = match row {
                Some(row) => control.store().subscribed(row.id).await?,
                None => None,
            };
            let (rows, total) = page.of(found.into_iter().collect());
            Page { rows, total }
        }
        (None, Some(api)) => {
            let api = visible::existing(&mut control.store(), api).await?;
            control.store().subscriptions_of_owner(&caller.name, api.id, limit, offset).await?
        }
    };
    let rows = found.rows.into_iter().map(Subscription::of).collect::<Outcome<_>>()?;
    Ok((rows, found.total))
}

/// Another plan. What blocks the subscription stays.
pub async fn change_plan(
    control: &Control,
    caller: &Caller,
    id: &str,
    draft: &SubscriptionDraft,
    expected: &Expected,
) -> Outcome<Subscription> {
    let mut write = control.write(caller).await?;
    let row = own(&mut write, caller, id).await?;
    expected.check(row.version)?;
    let is_same = |id: &str, uuid: Uuid| Uuid::try_parse(id).is_ok_and(|id| id == uuid);
    if !is_same(&draft.application, row.application)
        || draft.api.as_deref().is_some_and(|api| !is_same(api, row.api))
    {
        let description = "A subscription keeps its application and its API.";
        return Err(Refusal::invalid(description));
    }
    let api = write.api(row.api).await?.ok_or(Refusal::internal("a subscription is to no API"))?;
    if api.state == LifecycleState::Retired {
        // It has come to its end, and no plan is in force any more.
        return Err(Refusal::NotSubscribable(api.state));
    }
    let plan = match &draft.requested_plan {
        Some(requested) if draft.plan == row.plan => requested,
        _ => &draft.plan,
    };
    check::plan(&mut write, caller, &stored::read(&api.document)?, plan).await?;
    let row = SubscriptionRow { plan: plan.clone(), requested_plan: plan.clone(), ..row };
    let row = write.update_subscription(row).await?;
    let subscription = complete(&mut write, row.id).await?;
    write.commit().await?;
    Ok(subscription)
}

pub async fn delete(
    control: &Control,
    caller: &Caller,
    id: &str,
    expected: &Expected,
) -> Outcome<()> {
    let mut write = control.write(caller).await?;
    let row = own(&mut write, caller, id).await?;
    expected.check(row.version)?;
    write.delete_subscription(row.id).await?;
    Ok(write.commit().await?)
}

async fn insert(
    control: &Control,
    write: &mut Write,
    caller: &Caller,
    draft: &SubscriptionDraft,
) -> Outcome<Subscription> {
    let api = draft.api.as_deref();
    let api = api.ok_or_else(|| Refusal::invalid("apiId: must not be null"))?;
    let application = applications::own(write, caller, &draft.application).await?;
    let Api { row: api, document } = visible::open(write, caller, api).await?;
    check::state(&api)?;
    check::security(&document)?;
    check::plan(write, caller, &document, &draft.plan).await?;
    if let Some(row) = write.subscription_of(application.id, api.id).await? {
        // A script that runs twice has done its work once.
        return match row.status == SubscriptionState::Unblocked && row.plan == draft.plan {
            true => complete(write, row.id).await,
            false => Err(check::exists(&row, &api, &application)),
        };
    }
    let row = SubscriptionRow {
        id: random::id(),
        application: application.id,
        api: api.id,
        plan: draft.plan.clone(),
        requested_plan: draft.plan.clone(),
        status: SubscriptionState::Unblocked,
        version: 1,
        created_at: control.now(),
        updated_at: control.now(),
    };
    let exists = Refusal::if_duplicate(|| check::exists(&row, &api, &application));
    write.insert_subscription(&row).await.map_err(exists)?;
    complete(write, row.id).await
}

/// The subscription of that id, if it is of an application of the caller's.
async fn own(source: &mut impl Source, caller: &Caller, id: &str) -> Outcome<SubscriptionRow> {
    let row: SubscriptionRow = lookup::find(source, id).await?;
    applications::own(source, caller, &row.application.to_string()).await?;
    Ok(row)
}

/// With what it is about, in one statement.
async fn complete(write: &mut Write, id: Uuid) -> Outcome<Subscription> {
    let gone = || Refusal::not_found(KIND, &id.to_string());
    Subscription::of(write.subscribed(id).await?.ok_or_else(gone)?)
}
