//! An API from scratch: four fields.

use askama::Template;
use axum::routing::get;
use phantom_access::rights::publisher as rights;
use phantom_manage::apis;
use phantom_manage::apis::document::ApiDocument;
use phantom_manage::apis::rules::Identity;
use phantom_manage::apis::rules::Reach;
use phantom_manage::plans;
use phantom_manage::plans::PlanLevel;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Csrf;
use phantom_pages::components::Field;
use phantom_pages::components::Head;
use phantom_pages::components::Link;
use phantom_pages::components::Notice;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::visit::Visit;
use phantom_terms::json;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde_json::Value;
use serde_json::json;

use super::HERE;
use super::PLACE;

pub(super) fn pages(pages: Pages) -> Pages {
    pages.page(rights::CREATORS, "/publisher/apis/new", get(new).post(create))
}

/// What refusals call a field, and where it stands.
pub(super) const FIELDS: &[(&str, &str)] = &[
    ("name", "name"),
    ("version", "version"),
    ("context", "context"),
    ("production_endpoints", "endpoint"),
    ("endpointConfig", "endpoint"),
];
/// The plan that an API offers at first, if there is one of that name.
const FIRST_PLAN: &str = "Unlimited";

#[derive(Template)]
#[template(path = "publisher/new.html")]
pub(super) struct New {
    pub(super) head: Head,
    pub(super) notices: Vec<Notice>,
    pub(super) csrf: Csrf,
    pub(super) fields: Vec<Field>,
    /// Where nothing is made.
    pub(super) back: String,
}

/// The four fields, also for what is made from a document.
pub(super) fn fields(draft: &Draft) -> Vec<Field> {
    vec![
        draft.text("name", "Name").required().such_as("HttpBin"),
        draft.text("version", "Version").required().such_as("v1"),
        draft
            .text("context", "Context")
            .required()
            .such_as("/httpbin")
            .helped("Its path at the gateways, before the version: /httpbin/v1/…"),
        draft
            .url("endpoint", "Endpoint")
            .such_as("https://httpbin.org")
            .helped("Where the backend is. It can be added later."),
    ]
}

fn page(visit: &Visit, draft: &Draft, notices: Vec<Notice>) -> New {
    let head = Head::new("Create API")
        .under("APIs", HERE)
        .state(
            "Name, version and context; the endpoint can follow. All paths are passed on, and protected, \
             until you say otherwise.",
        )
        .action(Link::new("Import OpenAPI instead", "/publisher/apis/import"));
    let back = HERE.to_owned();
    New { head, notices, csrf: visit.csrf.clone(), fields: fields(draft), back }
}

async fn new(visit: Visit) -> Answer {
    let draft = Draft::new(Form::default().with("version", "v1"));
    Ok(visit.show(PLACE, "Create API", &page(&visit, &draft, Vec::new())))
}

async fn create(visit: Visit, form: Form) -> Answer {
    let mut errors = checked(&visit, &form)?;
    if errors.is_empty() {
        errors = match make(&visit, &form).await {
            Ok(id) => return Ok(answer::see(&format!("{HERE}/{id}?done=created"))),
            Err(refusal) => placed(refusal)?,
        };
    }
    let notice = Notice::refused(errors.whole.as_deref());
    let page = page(&visit, &Draft::refused(form, errors), vec![notice]);
    Ok(visit.show_refused(PLACE, "Create API", &page))
}

/// What is wrong with each field by itself, all of it at once.
pub(super) fn checked(visit: &Visit, form: &Form) -> Result<Errors, Failure> {
    let required = [
        ("name", "Give a name."),
        ("version", "Give a version."),
        ("context", "Give a context, the path at the gateways."),
    ];
    let missing = required.into_iter().filter(|(field, _)| form.get(field).is_empty());
    let mut errors =
        missing.fold(Errors::default(), |errors, (field, words)| errors.at(field, words));
    let reach = Reach::of(&visit.control.settings);
    let alone = [
        ("name", Identity::new(form.get("name"), "v1", "/api").err()),
        ("version", Identity::new("Api", form.get("version"), "/api").err()),
        ("context", Identity::new("Api", "v1", form.get("context")).err()),
        (
            "endpoint",
            form.given("endpoint").and_then(|url| reach.check("production_endpoints", &url).err()),
        ),
    ];
    for (field, refusal) in alone {
        let Some(refusal) = refusal.filter(|_| errors.of(field).is_none()) else { continue };
        errors.add(field, placed(refusal)?.of(field).unwrap_or_default());
    }
    Ok(errors)
}

async fn make(visit: &Visit, form: &Form) -> Outcome<String> {
    let settings = settings(visit, form).await?;
    let document: ApiDocument = json::typed(settings)?;
    let made = apis::create(&visit.control, &visit.caller, document, None).await?;
    Ok(made.row.id.to_string())
}

/// Members of an API object that the four fields stand for.
pub(super) async fn settings(visit: &Visit, form: &Form) -> Outcome<Value> {
    let plans = plans::offered(&visit.control, PlanLevel::Subscription).await?;
    let policies: Vec<&str> =
        plans.iter().map(|plan| plan.name.as_str()).filter(|name| *name == FIRST_PLAN).collect();
    let mut settings = json!({
        "name": form.get("name"),
        "version": form.get("version"),
        "context": form.get("context"),
        "policies": policies,
    });
    if let (Some(url), Value::Object(members)) = (form.given("endpoint"), &mut settings) {
        let config = json!({"endpoint_type": "http", "production_endpoints": {"url": url}});
        members.insert("endpointConfig".to_owned(), config);
    }
    Ok(settings)
}

pub(super) fn placed(refusal: Refusal) -> Result<Errors, Failure> {
    let field = match &refusal {
        Refusal::ApiExists { .. } | Refusal::ApiNameInOtherCase(_) => "name",
        Refusal::ContextExists(_) | Refusal::PathOfAnotherApi { .. } => "context",
        // Its name is not the API's.
        Refusal::ScopeOfAnotherApi { .. } => return Ok(Errors::of_all(refusal.to_string())),
        _ => return Errors::from_refusal(refusal, FIELDS),
    };
    Ok(Errors::default().at(field, refusal.to_string()))
}
