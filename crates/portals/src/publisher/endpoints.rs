//! Where the backends of an API are, and whether they answer.

use askama::Template;
use axum::extract::Path;
use axum::extract::Query;
use axum::routing::get;
use axum::routing::post;
use phantom_access::rights::publisher as rights;
use phantom_manage::apis::document::ApiDocument;
use phantom_manage::apis::document::EndpointConfig;
use phantom_observe::endpoint;
use phantom_observe::endpoint::Reached;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Badge;
use phantom_pages::components::Csrf;
use phantom_pages::components::Field;
use phantom_pages::components::Notice;
use phantom_pages::components::Step;
use phantom_pages::components::Steps;
use phantom_pages::components::Tone;
use phantom_pages::components::Version;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::list::Asked;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use serde_json::Value;
use serde_json::json;

use super::PLACE;
use super::api;
use super::api::Bar;
use super::api::Frame;
use super::api::No;
use super::api::Opened;

const PATH: &str = "/publisher/apis/{id}/endpoints";
const TAB: &str = "/endpoints";

pub(super) fn pages(pages: Pages) -> Pages {
    pages.page(rights::READERS, PATH, get(read)).page(rights::EDITORS, PATH, post(update))
}

/// Fields with the member each stands for.
const ENDPOINTS: [(&str, &str, &str); 2] = [
    ("production", "production_endpoints", "Production"),
    ("sandbox", "sandbox_endpoints", "Sandbox"),
];

#[derive(Template)]
#[template(path = "publisher/endpoints.html")]
struct Endpoints {
    frame: Frame,
    csrf: Csrf,
    version: Version,
    fields: Vec<Field>,
    /// What came of asking them.
    checked: Option<Steps>,
    may_check: bool,
    bar: Bar,
}

async fn read(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let frame = opened.frame(&visit, TAB, opened.done(&asked.done));
    let draft = Draft::new(filled(&opened.api.document));
    Ok(visit.show(PLACE, &opened.title(), &drawn(&visit, &opened, frame, &draft, None)))
}

async fn update(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    if form.has("check") {
        if !visit.may(rights::CREATORS) {
            return Err(Failure::NotForYou);
        }
        return check(&visit, &opened, form).await;
    }
    let mine = changed(&form, &opened.api.document);
    match opened.keep(&visit, &form, mine.clone()).await {
        Ok(done) => Ok(answer::see(&format!("{}?done={done}", opened.address(TAB)))),
        Err(refusal) => {
            let fields = ENDPOINTS.map(|(field, member, _)| (member, field));
            let no = api::refused(form, refusal, &fields)?;
            let frame = opened.frame(&visit, TAB, Vec::new());
            let frame = frame.refusing(&opened, &no, Some(&mine));
            let page = drawn(&visit, &opened, frame, &no.draft, None);
            Ok(visit.show_refused(PLACE, &opened.title(), &page))
        }
    }
}

/// Asks what was entered, saved or not.
async fn check(visit: &Visit, opened: &Opened, form: Form) -> Answer {
    let (mut errors, mut steps) = (Errors::default(), Vec::new());
    for (field, _, label) in ENDPOINTS {
        let Some(url) = form.given(field) else { continue };
        match endpoint::check(&visit.control, &url).await {
            Ok(reached) => steps.push(step(label, &url, reached)),
            Err(refusal) => {
                let refused = Errors::from_refusal(refusal, &[("url", "url")])?;
                let words = refused.of("url").or(refused.whole).unwrap_or_default();
                errors.add(field, words);
            }
        }
    }
    if steps.is_empty() && errors.is_empty() {
        errors.add("production", "Enter a URL first.");
    }
    if !errors.is_empty() {
        let mut no = No::checked(form, errors);
        let words = "What has to be changed is said at the fields.";
        no.notice = Notice::new(Tone::Bad, "It was not checked", words);
        let frame = opened.frame(visit, TAB, Vec::new()).refusing(opened, &no, None);
        let page = drawn(visit, opened, frame, &no.draft, Some(Steps(steps)));
        return Ok(visit.show_refused(PLACE, &opened.title(), &page));
    }
    let frame = opened.frame(visit, TAB, Vec::new());
    let page = drawn(visit, opened, frame, &Draft::new(form), Some(Steps(steps)));
    Ok(visit.show(PLACE, &opened.title(), &page))
}

fn step(label: &str, url: &str, reached: Reached) -> Step {
    let title = format!("{label}: {url}");
    let (badge, text) = match reached {
        Reached::Answered(Some(status)) if status < 500 => {
            let text =
                format!("It answered GET with {status}, so there is a server that speaks HTTP.");
            (Badge::good("Reached"), text)
        }
        Reached::Answered(Some(status)) => {
            let text =
                format!("It answered GET with {status}: the server is there, and is in trouble.");
            (Badge::warn("In trouble"), text)
        }
        Reached::Answered(None) => {
            (Badge::good("Reached"), "It answered with more than was read.".to_owned())
        }
        Reached::Not(why) => (
            Badge::bad("Not reached"),
            format!("{}. It was asked from the control plane.", words::sentence(&why)),
        ),
    };
    Step { badge, title, text }
}

fn drawn(
    visit: &Visit,
    opened: &Opened,
    frame: Frame,
    draft: &Draft,
    checked: Option<Steps>,
) -> Endpoints {
    Endpoints {
        frame,
        csrf: visit.csrf.clone(),
        version: opened.version(),
        fields: vec![
            draft
                .url("production", "Production endpoint")
                .such_as("https://orders.example.com/v1")
                .helped(
                    "Calls with production keys go there; the resource's path is appended. Empty: they \
                     are refused.",
                ),
            draft
                .url("sandbox", "Sandbox endpoint")
                .helped("Calls with sandbox keys go there. Empty: they are refused."),
        ],
        checked,
        may_check: visit.may(rights::CREATORS),
        bar: opened.bar(visit, rights::EDITORS),
    }
}

fn filled(document: &ApiDocument) -> Form {
    let config = document.endpoint_config.clone().unwrap_or_default();
    Form::default()
        .with("production", config.production().unwrap_or_default())
        .with("sandbox", config.sandbox().unwrap_or_default())
}

/// Whatever else is configured of an endpoint stays.
fn changed(form: &Form, before: &ApiDocument) -> ApiDocument {
    let EndpointConfig(mut config) = before.endpoint_config.clone().unwrap_or_default();
    for (field, member, _) in ENDPOINTS {
        match (form.given(field), config.get_mut(member)) {
            (Some(url), Some(Value::Object(endpoint))) => {
                endpoint.insert("url".to_owned(), json!(url));
            }
            (Some(url), _) => drop(config.insert(member.to_owned(), json!({"url": url}))),
            (None, _) => drop(config.remove(member)),
        }
    }
    config.entry("endpoint_type").or_insert_with(|| json!("http"));
    ApiDocument { endpoint_config: Some(EndpointConfig(config)), ..before.clone() }
}
