//! An API is taken away, with what hangs on it counted before.

use axum::extract::Path;
use axum::routing::get;
use phantom_access::rights::publisher as rights;
use phantom_manage::apis;
use phantom_manage::lifecycle::LifecycleState;
use phantom_manage::revisions;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Confirm;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_subscribe::subscribers;
use phantom_terms::page::Page as Part;

use super::HERE;
use super::PLACE;
use super::api::Opened;

pub(super) fn pages(pages: Pages) -> Pages {
    pages.page(rights::DELETERS, "/publisher/apis/{id}/delete", get(confirm).post(delete))
}

async fn confirm(visit: Visit, Path(id): Path<String>) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    Ok(visit.show(PLACE, "Delete API", &deletion(&visit, &opened, None).await?))
}

async fn deletion(
    visit: &Visit,
    opened: &Opened,
    error: Option<String>,
) -> Result<Confirm, Failure> {
    let id = opened.api.row.id.to_string();
    let one = Part { limit: 1, offset: 0 };
    let (_, subscribers) = subscribers::list(&visit.control, Some(&id), one).await?;
    let revisions = revisions::list(&visit.control, &id).await?.len() as u64;
    let mut effects = Vec::new();
    let obstacle = (subscribers > 0).then(|| {
        format!(
            "{} subscribed to it. It cannot be deleted before that ends, in the devportal; until then \
             {}.",
            words::several(subscribers, "application is", "applications are"),
            until_then(opened.api.row.state)
        )
    });
    if obstacle.is_none() {
        effects.push("No application is subscribed to it.".to_owned());
    }
    if opened.is_served() {
        let path = opened.api.path();
        effects.push(format!("Gateways stop to serve {path}: its calls get 404 from then on."));
    }
    let revisions = words::several(revisions, "revision", "revisions");
    effects.push(format!("Its {revisions} and its local scopes go with it, for good."));
    Ok(Confirm {
        csrf: visit.csrf.clone(),
        version: Some(opened.version()),
        action: opened.address("/delete"),
        back: opened.address(""),
        question: format!("Delete the API {}?", opened.title()),
        effects,
        obstacle,
        verb: "Delete API".to_owned(),
        typed: Some(opened.api.row.name.clone()),
        error,
    })
}

/// What stands in the place of deleting it.
const fn until_then(state: LifecycleState) -> &'static str {
    match state {
        LifecycleState::Published => "publishers can block it or demote it to created",
        LifecycleState::Prototyped => "publishers can demote it to created",
        LifecycleState::Deprecated => "publishers can retire it",
        LifecycleState::Created => "it is not published, and gateways do not serve it",
        LifecycleState::Blocked => "it is blocked, and every call is refused",
        LifecycleState::Retired => "it is retired, and gateways do not serve it",
    }
}

async fn delete(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let error = if form.is_typed(&opened.api.row.name) {
        match apis::delete(&visit.control, &visit.caller, &id, &form.expected()).await {
            Ok(()) => return Ok(answer::see(&format!("{HERE}?done=deleted"))),
            Err(refusal) => Errors::from_refusal(refusal, &[])?.whole,
        }
    } else {
        Some(format!("What was typed is not “{}”.", opened.api.row.name))
    };
    Ok(visit.show_refused(PLACE, "Delete API", &deletion(&visit, &opened, error).await?))
}
