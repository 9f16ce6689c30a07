//! Key managers, looked at: who uses each, how it answers gateways, and what it says when it is tried.

mod discovered;
mod health;
mod trial;

use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_manage::key_managers;
use phantom_manage::key_managers::KeyManagerDocument;
use phantom_manage::key_managers::KeyManagerInfo;
use phantom_manage::key_managers::Uses;
use phantom_manage::key_managers::takes_any;
use phantom_store::KeyManagerRow;
use phantom_terms::refusal::Outcome;

pub use discovered::Certificate;
pub use discovered::DiscoveredKeyManager;
pub use discovered::NothingFound;
pub use discovered::discover;
pub use discovered::discovered;
pub use health::Health;
pub use health::State;
pub use trial::StepName;
pub use trial::StepOutcome;
pub use trial::Trial;
pub use trial::TrialStep;
pub use trial::test;

/// A key manager among all, with what a listing over REST has no room for.
#[derive(Clone, Debug)]
pub struct Overview {
    pub info: KeyManagerInfo,
    pub issuer: Option<String>,
    /// Keys that applications have there.
    pub keys: u64,
    pub apis: Uses,
    pub health: Health,
    /// Enabled, it takes any opaque token; of two such one gets tokens that are the other's.
    pub takes_any: bool,
}

/// Every key manager, in the order of the store.
pub async fn overview(control: &Control) -> Outcome<Vec<Overview>> {
    let named = control.store().key_managers_named().await?;
    let mut health = health::all(control).await?;
    let mut list = Vec::new();
    for row in control.store().key_managers().await? {
        let health = health.remove(&row.name).unwrap_or_default();
        let apis = Uses::among(&named, &row.name);
        list.push(overview_with(control, row, apis, health).await?);
    }
    Ok(list)
}

/// One of them.
pub async fn overview_of(control: &Control, id: &str) -> Outcome<Overview> {
    let row = key_managers::row(control, id).await?;
    let apis = Uses::of(control, &row.name).await?;
    let health = health::all(control).await?.remove(&row.name).unwrap_or_default();
    overview_with(control, row, apis, health).await
}

async fn overview_with(
    control: &Control,
    row: KeyManagerRow,
    apis: Uses,
    health: Health,
) -> Outcome<Overview> {
    let keys = control.store().key_mapping_count(row.id).await?;
    let document = KeyManagerDocument::of(&row)?;
    let (takes_any, info) = (takes_any(&row), KeyManagerInfo::of(&row, &document, keys > 0));
    Ok(Overview { info, issuer: document.issuer, keys, apis, health, takes_any })
}
