//! Another version of an API, with the settings of this one.

use axum::extract::Path;
use axum::routing::get;
use phantom_access::rights::publisher as rights;
use phantom_manage::apis;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Head;
use phantom_pages::components::Notice;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::visit::Visit;
use phantom_terms::refusal::Refusal;

use super::HERE;
use super::PLACE;
use super::api::Opened;
use super::new::New;

pub(super) fn pages(pages: Pages) -> Pages {
    pages.page(rights::CREATORS, "/publisher/apis/{id}/version", get(new).post(create))
}

const TITLE: &str = "Create new version";

fn page(visit: &Visit, opened: &Opened, draft: &Draft, notices: Vec<Notice>) -> New {
    let head = Head::new(TITLE).under("APIs", HERE).under(opened.title(), opened.address("")).state(
        "With the settings of this one as they are saved: endpoints, resources, scopes, plans. It begins as \
         Created, without revisions and subscriptions; this one stays what it is.",
    );
    let help = format!("This one is {}, at {}.", opened.api.row.version_name, opened.api.path());
    let fields = vec![
        draft.text("version", "Version").required().such_as("v2").helped(&help),
        draft.tick("default", "It is the default version").helped(
            "It is served at the context without a version, in the place of the version that is so far.",
        ),
    ];
    New { head, notices, csrf: visit.csrf.clone(), fields, back: opened.address("") }
}

async fn new(visit: Visit, Path(id): Path<String>) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    Ok(visit.show(PLACE, TITLE, &page(&visit, &opened, &Draft::new(Form::default()), Vec::new())))
}

async fn create(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let version = form.get("version");
    let errors = if version.is_empty() {
        Errors::default().at("version", "Give a version.")
    } else {
        let is_default = form.has("default");
        match apis::copy(&visit.control, &visit.caller, &id, version, is_default).await {
            Ok(api) => return Ok(answer::see(&format!("{HERE}/{}?done=version", api.row.id))),
            Err(refusal) => placed(refusal)?,
        }
    };
    let notice = Notice::refused(errors.whole.as_deref());
    let page = page(&visit, &opened, &Draft::refused(form, errors), vec![notice]);
    Ok(visit.show_refused(PLACE, TITLE, &page))
}

fn placed(refusal: Refusal) -> Result<Errors, Failure> {
    match refusal {
        Refusal::ApiExists { .. }
        | Refusal::ContextExists(_)
        | Refusal::PathOfAnotherApi { .. } => {
            Ok(Errors::default().at("version", refusal.to_string()))
        }
        _ => Errors::from_refusal(refusal, &[("version", "version")]),
    }
}
