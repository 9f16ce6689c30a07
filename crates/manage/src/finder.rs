//! What somebody looks for by a part of its name, of all kinds at once: each kind for those whose scopes
//! open its list, and of each no more than a glance takes in.

use phantom_store::ApplicationRow;
use uuid::Uuid;

use crate::apis;
use crate::apis::Api;
use crate::applications;
use crate::applications::ApplicationFilter;
use crate::caller::Caller;
use crate::connector::Connector;
use crate::page::Few;
use crate::page::Page;
use crate::plane::Control;
use crate::plans::PlanLevel;
use crate::refusal::Outcome;
use crate::rights;
use crate::search::ApiQuery;
use crate::subscriptions::visible;
use crate::text;

/// Of each kind.
const MOST: u64 = 8;
/// Longest part of a name, in characters.
pub const MAX_PART: usize = 100;

/// What was found, of each kind by name. Of a kind that the caller may not see: nothing.
#[derive(Debug, Default)]
pub struct Found {
    /// As their owners see them.
    pub apis: Few<Api>,
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

async fn owned_apis(control: &Control, caller: &Caller, part: &str) -> Outcome<Few<Api>> {
    if !caller.holds_any(rights::publisher::READERS) {
        return Ok(Few::default());
    }
    let page = Page { limit: MOST, offset: 0 };
    let (first, total) = apis::find(control, &ApiQuery::of_name(part), page).await?;
    Ok(Few { first, is_more: total > MOST })
}

async fn own_applications(
    control: &Control,
    caller: &Caller,
    part: &str,
) -> Outcome<Few<ApplicationRow>> {
    if !caller.holds_any(rights::devportal::APPLICATIONS) {
        return Ok(Few::default());
    }
    let name_contains = Some(part.to_owned());
    let filter = ApplicationFilter { name_contains, ..ApplicationFilter::default() };
    let page = Page { limit: MOST, offset: 0 };
    let found = applications::list(control, caller, filter, page).await?;
    let first = found.rows.into_iter().map(|application| application.row).collect();
    Ok(Few { first, is_more: found.total > MOST })
}

async fn key_managers(
    control: &Control,
    caller: &Caller,
    part: &str,
) -> Outcome<Few<NamedKeyManager>> {
    if !caller.holds_any(rights::admin::KEY_MANAGERS) {
        return Ok(Few::default());
    }
    let all = control.store.key_managers().await?.into_iter().map(|row| NamedKeyManager {
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
    let all = control.store.plans().await?.into_iter();
    let all = all.map(|row| NamedPolicy { id: row.id, level: row.level, name: row.name });
    Ok(few(all, part, |policy| &policy.name))
}

/// Those with that text in their name, of a list that is bounded and in order of names.
fn few<T>(all: impl Iterator<Item = T>, part: &str, name: impl Fn(&T) -> &str) -> Few<T> {
    let part = part.to_lowercase();
    Few::of(all.filter(|one| name(one).to_lowercase().contains(&part)), MOST)
}
