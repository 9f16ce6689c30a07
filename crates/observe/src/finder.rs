//! What somebody looks for by a part of its name, of all kinds at once: each kind for those whose scopes
//! open its list, and of each no more than a glance takes in.

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::rights;
use phantom_manage::apis::Api;
use phantom_manage::connector::Connector;
use phantom_manage::plans::PlanLevel;
use phantom_store::ApiRow;
use phantom_store::ApplicationRow;
use phantom_store::NamePart;
use phantom_store::NamePlace;
use phantom_subscribe::subscriptions::visible;
use phantom_terms::page::Few;
use phantom_terms::refusal::Outcome;
use phantom_terms::text;
use uuid::Uuid;

/// Of each kind.
const MOST: u64 = 8;
/// Longest part of a name, in characters.
pub const MAX_PART: usize = 100;

/// What was found: of each kind by name, those that begin with the text before others. Of a kind that the caller may not see: nothing.
#[derive(Debug, Default)]
pub struct Found {
    /// As their owners see them.
    pub apis: Few<ApiRow>,
    /// As subscribers see them.
    pub offered: Few<Api>,
    /// The caller's own.
    pub applications: Few<ApplicationRow>,
    pub key_managers: Few<NamedKeyManager>,
    pub policies: Few<NamedPolicy>,
}

#[derive(Debug)]
pub struct NamedKeyManager {
    pub id: Uuid,
    pub name: String,
    /// Of a kind that this version does not know: none.
    pub connector: Option<Connector>,
}

#[derive(Debug)]
pub struct NamedPolicy {
    pub id: Uuid,
    pub level: PlanLevel,
    pub name: String,
}

/// Case does not count. An empty part is in every name, and asks for nothing.
pub async fn find(control: &Control, caller: &Caller, part: &str) -> Outcome<Found> {
    let part = part.trim();
    text::optional("q", Some(part), MAX_PART)?;
    if part.is_empty() {
        return Ok(Found::default());
    }
    let (apis, offered, applications, key_managers, policies) = tokio::try_join!(
        owned_apis(control, caller, part),
        visible::first(control, caller, part, MOST),
        own_applications(control, caller, part),
        key_managers(control, caller, part),
        policies(control, caller, part),
    )?;
    Ok(Found { apis, offered, applications, key_managers, policies })
}

async fn owned_apis(control: &Control, caller: &Caller, part: &str) -> Outcome<Few<ApiRow>> {
    if !caller.holds_any(rights::publisher::READERS) {
        return Ok(Few::default());
    }
    let mut found = Vec::new();
    for place in NamePlace::ALL {
        let limit = (MOST + 1).saturating_sub(found.len() as u64);
        let part = NamePart { text: part, place, limit, offset: 0 };
        found.extend(control.store().apis_of_name(&part, &[]).await?);
    }
    Ok(Few::of(found.into_iter(), MOST))
}

async fn own_applications(
    control: &Control,
    caller: &Caller,
    part: &str,
) -> Outcome<Few<ApplicationRow>> {
    if !caller.holds_any(rights::devportal::APPLICATIONS) {
        return Ok(Few::default());
    }
    let mut found = Vec::new();
    for place in NamePlace::ALL {
        let limit = (MOST + 1).saturating_sub(found.len() as u64);
        let part = NamePart { text: part, place, limit, offset: 0 };
        found.extend(control.store().applications_of_name(&caller.name, &part).await?);
    }
    Ok(Few::of(found.into_iter(), MOST))
}

async fn key_managers(
    control: &Control,
    caller: &Caller,
    part: &str,
) -> Outcome<Few<NamedKeyManager>> {
    if !caller.holds_any(rights::admin::KEY_MANAGERS) {
        return Ok(Few::default());
    }
    let all = control.store().key_managers().await?.into_iter().map(|row| NamedKeyManager {
        id: row.id,
        name: row.name,
        connector: Connector::of_kind(&row.kind),
    });
    Ok(few(all, part, |manager| &manager.name))
}

async fn policies(control: &Control, caller: &Caller, part: &str) -> Outcome<Few<NamedPolicy>> {
    if !caller.holds_any(rights::admin::TIERS_READ) {
        return Ok(Few::default());
    }
    let all = control.store().plans().await?.into_iter();
    let all = all.map(|row| NamedPolicy { id: row.id, level: row.level, name: row.name });
    Ok(few(all, part, |policy| &policy.name))
}

/// Those with that text in their name, of a list that is bounded and in order of names.
fn few<T>(all: impl Iterator<Item = T>, part: &str, name: impl Fn(&T) -> &str) -> Few<T> {
    let part = part.to_lowercase();
    Few::of(all.filter(|one| name(one).to_lowercase().contains(&part)), MOST)
}
