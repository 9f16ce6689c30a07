//! Deny policies: who gets through to no managed API.

mod condition;

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::random;
use phantom_store::DenyPolicyRow;
use phantom_store::Write;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde_json::Value;
use uuid::Uuid;

pub use condition::Address;
pub use condition::AddressRange;
pub use condition::BlockingCondition;
pub use condition::BlockingConditionStatus;
pub use condition::ConditionType;
pub use condition::owner_and_name;

use crate::apis;
use crate::lookup;
use phantom_terms::versioned::Expected;
use phantom_terms::versioned::Versioned;

lookup::entity!(DenyPolicyRow, Kind::Other("Deny Policy"), deny_policy);

/// The bound keeps the list, which has no pages, within reason.
const MAX_POLICIES: usize = 1000;

/// `query`: `conditionType:API & conditionValue:/orders/v1`, either part alone, or nothing.
pub async fn list(control: &Control, query: &str) -> Outcome<Vec<BlockingCondition>> {
    let wanted = condition::Wanted::parse(query)?;
    let rows = control.store().deny_policies().await?;
    Ok(rows.iter().map(view).filter(|condition| wanted.takes(condition)).collect())
}

pub async fn read(control: &Control, id: &str) -> Outcome<Versioned<BlockingCondition>> {
    Ok(versioned(&lookup::find(&mut control.store(), id).await?))
}

pub async fn create(
    control: &Control,
    caller: &Caller,
    condition: BlockingCondition,
) -> Outcome<(Uuid, Versioned<BlockingCondition>)> {
    let value = condition.checked_value()?;
    let kind = condition.condition_type;
    let mut write = control.write(caller).await?;
    let rows = write.deny_policies().await?;
    if rows.iter().any(|row| row.kind == kind && row.document == value) {
        return Err(Refusal::exists("There is such a deny policy already."));
    }
    if rows.len() >= MAX_POLICIES {
        return Err(Refusal::conflict(format!("There are {MAX_POLICIES} deny policies already.")));
    }
    require_target(&mut write, condition.condition_type, &value).await?;
    let row = DenyPolicyRow {
        id: random::id(),
        kind,
        enabled: condition.condition_status.unwrap_or(true),
        document: value,
        version: 1,
    };
    write.insert_deny_policy(&row).await?;
    write.commit().await?;
    Ok((row.id, versioned(&row)))
}

/// Switches it on or off.
pub async fn switch(
    control: &Control,
    caller: &Caller,
    id: &str,
    expected: &Expected,
    status: &BlockingConditionStatus,
) -> Outcome<Versioned<BlockingCondition>> {
    let mut write = control.write(caller).await?;
    let row = lookup::find::<DenyPolicyRow>(&mut write, id).await?;
    expected.check(row.version)?;
    let row = DenyPolicyRow { enabled: status.condition_status, ..row };
    let row = write.update_deny_policy(row).await?;
    write.commit().await?;
    Ok(versioned(&row))
}

pub async fn delete(
    control: &Control,
    caller: &Caller,
    id: &str,
    expected: &Expected,
) -> Outcome<()> {
    let mut write = control.write(caller).await?;
    let row = lookup::find::<DenyPolicyRow>(&mut write, id).await?;
    expected.check(row.version)?;
    write.delete_deny_policy(row.id).await?;
    Ok(write.commit().await?)
}

/// Whoever is to be denied by name has to be there, as in WSO2: a slip in the name would deny nobody.
/// Users are not all ours to know.
async fn require_target(write: &mut Write, kind: ConditionType, value: &Value) -> Outcome<()> {
    let name = value.as_str().unwrap_or_default();
    match kind {
        ConditionType::Api if !apis::is_served_at(write, name).await? => {
            Err(Refusal::DeniedApiUnknown)
        }
        ConditionType::Application => {
            let application = match condition::owner_and_name(name) {
                Some((owner, name)) => write
                    .application_by_name(owner, name)
                    .await?
                    .filter(|application| application.name == name),
                None => None,
            };
            application.map(drop).ok_or(Refusal::DeniedApplicationUnknown)
        }
        ConditionType::Api | ConditionType::Ip | ConditionType::IpRange | ConditionType::User => {
            Ok(())
        }
    }
}

/// Nobody gets out of a deny policy by another name: what denied the application goes on to.
pub async fn follow_rename(write: &mut Write, owner: &str, from: &str, to: &str) -> Outcome<()> {
    if from == to {
        return Ok(());
    }
    let denied = condition::application(owner, from);
    for row in write.deny_policies().await? {
        if row.kind == ConditionType::Application && row.document == denied {
            let document = condition::application(owner, to);
            write.update_deny_policy(DenyPolicyRow { document, ..row }).await?;
        }
    }
    Ok(())
}

fn versioned(row: &DenyPolicyRow) -> Versioned<BlockingCondition> {
    Versioned { version: row.version, value: view(row) }
}

fn view(row: &DenyPolicyRow) -> BlockingCondition {
    BlockingCondition {
        condition_id: Some(row.id.to_string()),
        condition_type: row.kind,
        condition_value: row.document.clone(),
        condition_status: Some(row.enabled),
    }
}
