//! The life cycle of an API: what can be done to it now, each a button.

use askama::Template;
use axum::extract::Path;
use axum::extract::Query;
use axum::routing::post;
use phantom_access::rights::publisher as rights;
use phantom_manage::lifecycle;
use phantom_manage::lifecycle::LifecycleAction;
use phantom_manage::lifecycle::LifecycleState;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::components::Badge;
use phantom_pages::components::Confirm;
use phantom_pages::components::Csrf;
use phantom_pages::components::Notice;
use phantom_pages::components::Tone;
use phantom_pages::components::Version;
use phantom_pages::components::drawn;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_subscribe::subscribers;
use phantom_terms::page::Page as Part;
use phantom_terms::refusal::Refusal;
use serde::Deserialize;

use super::PLACE;
use super::api;
use super::api::Opened;
use super::overview;

pub(super) fn pages(pages: Pages) -> Pages {
    pages.page(rights::PUBLISHERS, "/publisher/apis/{id}/lifecycle", post(change))
}

/// The steps that lead on from here.
#[derive(Template)]
#[template(path = "publisher/lifecycle.html")]
pub(super) struct Steps {
    csrf: Csrf,
    version: Version,
    action: String,
    state: Badge,
    /// What each does, and whether it is the usual way on.
    steps: Vec<(&'static str, bool)>,
    may_go: bool,
}

drawn!(Steps);

pub(super) fn steps(visit: &Visit, opened: &Opened) -> Steps {
    let state = opened.api.row.state;
    let steps = lifecycle::transitions(state).iter().filter(|(_, to)| *to != state);
    let is_usual = |action| matches!(action, LifecycleAction::Publish | LifecycleAction::RePublish);
    Steps {
        csrf: visit.csrf.clone(),
        version: opened.version(),
        action: opened.address("/lifecycle"),
        state: api::state(state),
        steps: steps.map(|(action, _)| (action.as_str(), is_usual(*action))).collect(),
        may_go: visit.may(rights::PUBLISHERS),
    }
}

/// What was asked about before.
#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    sure: String,
}

async fn change(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    form: Form,
) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let name = form.given("action").unwrap_or(asked.sure);
    let action = LifecycleAction::named(&name).ok_or(Refusal::UnknownAction(name))?;
    let is_sure = !form.has("action");
    if let (false, Some(effect)) = (is_sure, effect(action)) {
        let confirm = confirm(&visit, &opened, action, effect).await?;
        return Ok(visit.show(PLACE, &opened.title(), &confirm));
    }
    let (control, caller) = (&visit.control, &visit.caller);
    let changed =
        lifecycle::change(control, caller, &id, action.as_str(), None, &form.expected()).await;
    let (title, words) = match changed {
        Ok(_) => return Ok(answer::see(&format!("{}?done=state", opened.address("")))),
        Err(Refusal::OtherVersion) => (
            "It was changed meanwhile",
            "Somebody changed this API while you looked at it. Look again before you go on.".into(),
        ),
        Err(refusal @ (Refusal::Unavailable(_) | Refusal::Internal { .. })) => {
            return Err(refusal.into());
        }
        Err(Refusal::NoEndpoint) => (
            "It is not ready",
            "It has no endpoint: say where the backend is first, under Endpoints.".to_owned(),
        ),
        Err(Refusal::NoBusinessPlan) => (
            "It is not ready",
            "It offers no business plan: choose one first, under Subscriptions.".to_owned(),
        ),
        Err(refusal) => ("It cannot be done", words::sentence(&refusal.to_string())),
    };
    let notices = vec![Notice::new(Tone::Bad, title, words)];
    let page = overview::drawn(&visit, &opened, notices, None).await?;
    Ok(visit.show_refused(PLACE, &opened.title(), &page))
}

/// What takes an API from those who call it or want to is asked about first.
const fn effect(action: LifecycleAction) -> Option<&'static str> {
    match action {
        LifecycleAction::Block => {
            Some("Every call is refused with 503 until it is published again.")
        }
        LifecycleAction::DemoteToCreated => {
            Some("Gateways serve it no more until it is published again: its calls get 404.")
        }
        LifecycleAction::Deprecate => {
            Some("Nobody subscribes to it any more. Gateways serve it to those who are subscribed.")
        }
        LifecycleAction::Retire => Some("Gateways serve it no more: its calls get 404."),
        LifecycleAction::Publish
        | LifecycleAction::DeployAsAPrototype
        | LifecycleAction::RePublish => None,
    }
}

async fn confirm(
    visit: &Visit,
    opened: &Opened,
    action: LifecycleAction,
    effect: &str,
) -> Result<Confirm, answer::Failure> {
    let id = opened.api.row.id.to_string();
    let one = Part { limit: 1, offset: 0 };
    let (_, subscribers) = subscribers::list(&visit.control, Some(&id), one).await?;
    let name = action.as_str();
    let sure: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let before = opened.api.row.state;
    let after = lifecycle::after(before, action).unwrap_or(LifecycleState::Created);
    let mut effects = vec![
        effect.to_owned(),
        format!(
            "{} subscribed to it.",
            words::several(subscribers, "application is", "applications are")
        ),
        format!("Its state becomes {}.", lifecycle::title(after)),
    ];
    if !lifecycle::leads_to(after, before) {
        let left = lifecycle::transitions(after).iter().map(|(action, _)| action.as_str());
        let left = left.collect::<Vec<_>>().join(", ");
        effects.push(match left.is_empty() {
            true => "There is no way back.".to_owned(),
            false => format!("There is no way back: what can be done from then on is {left}."),
        });
    }
    Ok(Confirm {
        csrf: visit.csrf.clone(),
        version: Some(opened.version()),
        action: format!("{}?sure={sure}", opened.address("/lifecycle")),
        back: opened.address(""),
        question: format!("{name}: {}?", opened.title()),
        effects,
        obstacle: None,
        verb: name.to_owned(),
        typed: None,
        error: None,
    })
}
