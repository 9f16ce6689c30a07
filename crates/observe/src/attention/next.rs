//! What somebody does next where nothing needs attention, by what they may do and have not done yet.

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::rights;
use phantom_store::ApiFilter;
use phantom_store::LifecycleState;
use phantom_subscribe::applications;
use phantom_subscribe::applications::ApplicationFilter;
use phantom_subscribe::keys;
use phantom_terms::page::Page;
use phantom_terms::refusal::Outcome;

use super::Named;

/// Of somebody's applications so many are looked at.
const LOOKED_AT: u64 = 20;

/// A step of somebody's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// They have no application.
    Application,
    /// None of their applications has all it needs; this one has no key.
    Key(Named),
    /// The same; this one has no subscription.
    Subscription(Named),
    /// They made no API.
    Api,
    /// An API is made and not published.
    Publication(Named),
    /// Their roles let them read what is offered.
    Catalogue,
}

/// None for administrators, whose steps are those of the instance.
pub async fn next(control: &Control, caller: &Caller) -> Outcome<Vec<Next>> {
    let may = |needs| caller.holds_any(needs);
    if may(rights::admin::KEY_MANAGERS) {
        return Ok(Vec::new());
    }
    let (subscribes, publishes) =
        (may(rights::devportal::APPLICATIONS), may(rights::publisher::PUBLISHERS));
    let creates = may(rights::publisher::CREATORS);
    let mut steps = Vec::new();
    if creates {
        let provider = Some(caller.name.clone());
        let own = ApiFilter { provider, limit: 1, ..ApiFilter::default() };
        if control.store().apis(&own).await?.total == 0 {
            steps.push(Next::Api);
        }
    }
    if publishes {
        let made = control.store().apis_changed_last(&[LifecycleState::Created], 1).await?;
        steps.extend(made.into_iter().map(|row| {
            let name = format!("{} {}", row.name, row.version_name);
            Next::Publication(Named { id: row.id.to_string(), name })
        }));
    }
    if subscribes {
        steps.extend(of_applications(control, caller).await?);
    }
    if !(creates || publishes || subscribes) {
        steps.push(Next::Catalogue);
    }
    Ok(steps)
}

/// What the first application lacks, where none of them is complete.
async fn of_applications(control: &Control, caller: &Caller) -> Outcome<Option<Next>> {
    let page = Page { limit: LOOKED_AT, offset: 0 };
    let own = applications::list(control, caller, ApplicationFilter::default(), page).await?;
    let mut lacking = None;
    for application in own.rows {
        let (id, name) = (application.row.id.to_string(), application.row.name.clone());
        let named = Named { id, name };
        let next = if keys::of_application(control, application.row.id).await?.is_empty() {
            Next::Key(named)
        } else if application.subscriptions == 0 {
            Next::Subscription(named)
        } else {
            return Ok(None);
        };
        lacking.get_or_insert(next);
    }
    Ok(match own.total {
        0 => Some(Next::Application),
        _ => lacking,
    })
}
