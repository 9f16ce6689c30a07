//! Plans: how much of an API may be used in which time, at four levels.

mod condition;
mod defaults;
pub mod limit;
mod policy;
mod search;
mod summary;

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::random;
use phantom_store::ApiFilter;
use phantom_store::PlanRow;
use phantom_store::StoreError;
use phantom_terms::bounded::Text;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::stored;
use phantom_terms::unenforced;
use uuid::Uuid;

pub use defaults::SUBSCRIPTIONLESS;
pub use defaults::UNAUTHENTICATED;
pub use defaults::UNLIMITED_NAME;
pub use defaults::default_plans;
pub use defaults::is_fallback;
pub use limit::UNLIMITED;
pub use phantom_store::PlanLevel;
pub use policy::AdvancedThrottlePolicy;
pub use policy::ApplicationThrottlePolicy;
pub use policy::CustomRule;
pub use policy::Policy;
pub use policy::SubscriptionThrottlePolicy;
pub use policy::Terms;
pub use policy::known_roles;
pub use search::PlanDetails;
pub use search::search;
pub use summary::Summary;
pub use summary::named;
pub use summary::offered;
pub use summary::open;
pub use summary::open_named;
pub use summary::open_of;

use crate::apis::document::ApiDocument;
use crate::apis::scan;
use crate::lookup;
use crate::lookup::Source;
use phantom_terms::versioned::Expected;
use phantom_terms::versioned::Versioned;

lookup::entity!(PlanRow, KIND, plan);

const KIND: Kind = Kind::Other("Throttle Policy");

/// Plans of one level. The bound keeps lists, which have no pages, within reason.
const MAX_PLANS: usize = 1000;
/// Uses of a plan are counted so far.
pub const MOST_COUNTED: u64 = 1000;

pub async fn list<P: Policy>(control: &Control) -> Outcome<Vec<P>> {
    let rows = control.store().plans_of(P::LEVEL).await?;
    rows.iter().map(view).collect()
}

pub async fn read<P: Policy>(control: &Control, id: &str) -> Outcome<Versioned<P>> {
    versioned(&found::<P>(&mut control.store(), id).await?)
}

/// How many applications or subscriptions have that plan, counted no further than to [`MOST_COUNTED`].
/// APIs that name an advanced one are not counted.
pub async fn uses(control: &Control, level: PlanLevel, name: &str) -> Outcome<u64> {
    Ok(control.store().plan_uses(level, name).await?)
}

pub async fn create<P: Policy>(
    control: &Control,
    caller: &Caller,
    policy: P,
) -> Outcome<(Uuid, Versioned<P>)> {
    let mut policy = checked(policy)?;
    let name = policy.head().name.to_string();
    let mut write = control.write(caller).await?;
    let plans = write.plans_of(P::LEVEL).await?;
    if plans.iter().any(|plan| plan.name == name) {
        return Err(exists(&name));
    }
    if plans.len() >= MAX_PLANS {
        return Err(Refusal::conflict(format!("There are {MAX_PLANS} policies already.")));
    }
    let row = PlanRow {
        id: random::id(),
        level: P::LEVEL,
        name: name.clone(),
        document: stored::write(&policy)?,
        version: 1,
        created_at: control.now(),
    };
    write.insert_plan(&row).await.map_err(Refusal::if_duplicate(|| exists(&name)))?;
    write.commit().await?;
    Ok((row.id, versioned(&row)?))
}

/// The name stays what it was, whatever the request says: as WSO2 has it.
pub async fn update<P: Policy>(
    control: &Control,
    caller: &Caller,
    id: &str,
    expected: &Expected,
    policy: P,
) -> Outcome<Versioned<P>> {
    let mut policy = checked(policy)?;
    let mut write = control.write(caller).await?;
    let row = found::<P>(&mut write, id).await?;
    expected.check(row.version)?;
    policy.head().name.clone_from(view::<P>(&row)?.head().name);
    let row = PlanRow { document: stored::write(&policy)?, ..row };
    let row = write.update_plan(row).await?;
    write.commit().await?;
    versioned(&row)
}

pub async fn delete<P: Policy>(
    control: &Control,
    caller: &Caller,
    id: &str,
    expected: &Expected,
) -> Outcome<()> {
    let mut write = control.write(caller).await?;
    let row = found::<P>(&mut write, id).await?;
    expected.check(row.version)?;
    let in_use = |by: &str| Refusal::conflict(format!("The policy {} is {by}.", row.name));
    if defaults::is_fallback(row.level, &row.name) {
        return Err(in_use("the default where nothing else is set"));
    }
    let mut named = false;
    scan::each(&mut write, ApiFilter::default(), |api| {
        named |= names(&stored::read(&api.document)?, row.level, &row.name);
        Ok(())
    })
    .await?;
    if named {
        return Err(in_use("in use by an API"));
    }
    write.delete_plan(row.id).await.map_err(|error| match error {
        StoreError::InUse { .. } => in_use("in use by an application or a subscription"),
        error => error.into(),
    })?;
    Ok(write.commit().await?)
}

fn names(api: &ApiDocument, level: PlanLevel, name: &str) -> bool {
    match level {
        PlanLevel::Subscription => api.policies.iter().any(|policy| policy == name),
        PlanLevel::Advanced => {
            api.api_throttling_policy.as_deref() == Some(name)
                || api.operations.iter().any(|operation| operation.throttling_policy == name)
        }
        PlanLevel::Application | PlanLevel::Custom => false,
    }
}

/// What every level asks for.
fn checked<P: Policy>(mut policy: P) -> Outcome<P> {
    let head = policy.head();
    if head.kind.as_ref().is_some_and(|kind| kind != P::TYPE) {
        return Err(Refusal::invalid(format!("type: must be {}", P::TYPE)));
    }
    *head.kind = Some(P::TYPE.to_owned());
    *head.is_deployed = Some(true);
    if head.display_name.as_deref().is_none_or(str::is_empty) {
        *head.display_name = Text::try_from(String::from(head.name.clone())).ok();
    }
    policy.check()?;
    unenforced::refuse(P::OF, &stored::write(&policy)?)?;
    Ok(policy)
}

async fn found<P: Policy>(source: &mut impl Source, id: &str) -> Outcome<PlanRow> {
    let row: PlanRow = lookup::find(source, id).await?;
    if row.level == P::LEVEL { Ok(row) } else { Err(Refusal::not_found(KIND, id)) }
}

fn versioned<P: Policy>(row: &PlanRow) -> Outcome<Versioned<P>> {
    Ok(Versioned { version: row.version, value: view(row)? })
}

fn view<P: Policy>(row: &PlanRow) -> Outcome<P> {
    let mut policy: P = stored::read(&row.document)?;
    *policy.head().id = Some(row.id.to_string());
    Ok(policy)
}

fn exists(name: &str) -> Refusal {
    Refusal::exists(format!("A policy named {name} exists already at this level."))
}

#[cfg(test)]
mod tests;
