//! A change of an API's life cycle, and the changes there were.

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_core::UnixTime;
use phantom_store::ApiRow;
use phantom_store::Write;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde::Deserialize;
use serde::Serialize;

use super::LifecycleAction;
use super::LifecycleState;
use crate::apis;
use crate::apis::Api;
use phantom_terms::versioned::Expected;

/// Most changes remembered.
const MAX_HISTORY: usize = 100;
/// What may be asked for when an API is published.
const DEPRECATE_OLD: &str = "Deprecate old versions after publishing the API";
/// So it always is: a subscription is to one version.
const SUBSCRIBE_ANEW: &str = "Requires re-subscription when publishing the API";

/// A change that was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// `None`: it was made.
    pub from: Option<LifecycleState>,
    pub to: LifecycleState,
    pub by: String,
    /// Milliseconds since 1970.
    pub at: u64,
}

/// Something that can be ticked with an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChecklistItem {
    pub name: &'static str,
    pub value: bool,
    /// States it matters on the way to.
    pub required_states: &'static [&'static str],
}

#[must_use]
pub const fn checklist(state: LifecycleState) -> &'static [ChecklistItem] {
    use LifecycleState as State;
    match state {
        State::Created | State::Prototyped => {
            &[ChecklistItem { name: DEPRECATE_OLD, value: false, required_states: &["Published"] }]
        }
        State::Published | State::Blocked | State::Deprecated | State::Retired => &[],
    }
}

/// `action` is the name of one; `checklist` is `item:true,item:false`.
pub async fn change(
    control: &Control,
    caller: &Caller,
    id: &str,
    action: &str,
    checklist: Option<&str>,
    expected: &Expected,
) -> Outcome<Api> {
    let known = LifecycleAction::named(action);
    let action = known.ok_or_else(|| Refusal::UnknownAction(action.to_owned()))?;
    let ticks = Ticks::read(checklist)?;
    let mut write = control.write(caller).await?;
    let mut api = apis::find_one(&mut write, id).await?;
    expected.check(api.row.version)?;
    let state = api.row.state;
    let next = super::after(state, action).ok_or_else(|| Refusal::NoSuchTransition {
        action: action.as_str(),
        state: super::title(state),
    })?;
    require_ready(&api, next)?;
    ticks.check(&mut write, &api, next).await?;
    enter(&mut api, next, caller, control.now());
    let api = api.save(&mut write).await?;
    if ticks.deprecate_old == Some(true) {
        deprecate_older(&mut write, &api, caller, control.now()).await?;
    }
    write.commit().await?;
    Ok(api)
}

/// All that are remembered, the oldest first.
pub async fn history(control: &Control, id: &str) -> Outcome<Vec<Transition>> {
    let api = apis::read(control, id).await?;
    let made = Transition {
        from: None,
        to: LifecycleState::Created,
        by: api.row.provider,
        at: api.row.created_at.as_millis(),
    };
    Ok(std::iter::once(made).chain(api.document.history).collect())
}

fn require_ready(api: &Api, next: LifecycleState) -> Outcome<()> {
    use LifecycleState::Prototyped;
    use LifecycleState::Published;
    let config = api.document.endpoint_config.as_ref();
    let has_endpoint =
        config.is_some_and(|config| config.production().or_else(|| config.sandbox()).is_some());
    if matches!(next, Published | Prototyped) && !has_endpoint {
        return Err(Refusal::NoEndpoint);
    }
    if next == Published && api.document.policies.is_empty() {
        return Err(Refusal::NoBusinessPlan);
    }
    Ok(())
}

fn enter(api: &mut Api, next: LifecycleState, caller: &Caller, now: UnixTime) {
    let history = &mut api.document.history;
    if history.len() >= MAX_HISTORY {
        history.remove(0);
    }
    let from = Some(api.row.state);
    history.push(Transition { from, to: next, by: caller.name.clone(), at: now.as_millis() });
    api.row.state = next;
}

async fn deprecate_older(
    write: &mut Write,
    published: &Api,
    caller: &Caller,
    now: UnixTime,
) -> Outcome<()> {
    for row in older(write, published).await? {
        let mut other = Api::of(row)?;
        if other.row.state == LifecycleState::Published {
            enter(&mut other, LifecycleState::Deprecated, caller, now);
            other.save(write).await?;
        }
    }
    Ok(())
}

/// The versions made before it.
async fn older(write: &mut Write, api: &Api) -> Outcome<Vec<ApiRow>> {
    let mut rows = write.apis_named(&api.row.name).await?;
    rows.retain(|row| (row.created_at, row.id) < (api.row.created_at, api.row.id));
    Ok(rows)
}

/// What a checklist says of each item.
#[derive(Clone, Copy, Debug, Default)]
struct Ticks {
    deprecate_old: Option<bool>,
    subscribe_anew: Option<bool>,
}

impl Ticks {
    fn read(checklist: Option<&str>) -> Outcome<Self> {
        let mut ticks = Self::default();
        let items = checklist.unwrap_or_default().split(',').filter(|item| !item.trim().is_empty());
        for item in items {
            let parts = item.rsplit_once(':').map(|(name, value)| (name.trim(), value.trim()));
            let (name, value) = match parts {
                Some((name, "true")) => (name, true),
                Some((name, "false")) => (name, false),
                _ => return Err(Refusal::invalid("lifecycleChecklist: item:true or item:false")),
            };
            match name {
                DEPRECATE_OLD => ticks.deprecate_old = Some(value),
                SUBSCRIBE_ANEW => ticks.subscribe_anew = Some(value),
                unknown => {
                    return Err(Refusal::invalid(format!(
                        "lifecycleChecklist: there is no item '{unknown}': {DEPRECATE_OLD}, {SUBSCRIBE_ANEW}"
                    )));
                }
            }
        }
        Ok(ticks)
    }

    /// Refuses what would be asked for in vain.
    async fn check(self, write: &mut Write, api: &Api, next: LifecycleState) -> Outcome<()> {
        if next != LifecycleState::Published {
            return match self.deprecate_old {
                Some(true) => Err(Refusal::invalid(format!(
                    "lifecycleChecklist: '{DEPRECATE_OLD}' goes with what publishes the API"
                ))),
                _ => Ok(()),
            };
        }
        if self.subscribe_anew == Some(false) {
            for row in older(write, api).await? {
                if write.subscriber_count(row.id).await? > 0 {
                    return Err(Refusal::invalid(format!(
                        "lifecycleChecklist: '{SUBSCRIBE_ANEW}' cannot be false: version {} has \
                         subscriptions, which no other version takes over",
                        row.version_name
                    )));
                }
            }
        }
        Ok(())
    }
}
