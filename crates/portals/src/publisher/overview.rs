//! An API at a glance: how it stands, what to do next, how to call it, what it is called.

use askama::Template;
use axum::extract::Path;
use axum::extract::Query;
use axum::routing::get;
use phantom_access::rights::publisher as rights;
use phantom_definition::Verb;
use phantom_manage::apis::document::ApiDocument;
use phantom_manage::lifecycle::LifecycleState;
use phantom_observe::traffic;
use phantom_observe::workbench::quoted;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::components::Cell;
use phantom_pages::components::Code;
use phantom_pages::components::Csrf;
use phantom_pages::components::Facts;
use phantom_pages::components::Field;
use phantom_pages::components::Link;
use phantom_pages::components::Notice;
use phantom_pages::components::Version;
use phantom_pages::form::Draft;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::list::Asked;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_subscribe::subscribers;
use phantom_terms::page::Page as Part;

use super::PLACE;
use super::api;
use super::api::Bar;
use super::api::Frame;
use super::api::No;
use super::api::Opened;
use super::lifecycle;
use super::lifecycle::Steps;

const PATH: &str = "/publisher/apis/{id}";

pub(super) fn pages(pages: Pages) -> Pages {
    pages.page(rights::READERS, PATH, get(read)).page(
        rights::EDITORS,
        PATH,
        axum::routing::post(update),
    )
}

#[derive(Template)]
#[template(path = "publisher/overview.html")]
pub(super) struct Overview {
    frame: Frame,
    next: Next,
    steps: Steps,
    /// How it is called, where gateways serve it.
    code: Option<Code>,
    facts: Facts,
    csrf: Csrf,
    version: Version,
    fields: Vec<Field>,
    bar: Bar,
}

/// The one thing to do next.
struct Next {
    title: &'static str,
    text: String,
    action: Option<Link>,
}

async fn read(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let page = drawn(&visit, &opened, opened.done(&asked.done), None).await?;
    Ok(visit.show(PLACE, &opened.title(), &page))
}

async fn update(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let mine = ApiDocument {
        display_name: form.given("display_name"),
        description: form.given("description"),
        tags: listed(form.get("tags")),
        is_default_version: form.has("default"),
        ..opened.api.document.clone()
    };
    match opened.keep(&visit, &form, mine.clone()).await {
        Ok(done) => Ok(answer::see(&format!("{}?done={done}", opened.address("")))),
        Err(refusal) => {
            let fields =
                [("displayName", "display_name"), ("description", "description"), ("tags", "tags")];
            let no = api::refused(form, refusal, &fields)?;
            let page = drawn(&visit, &opened, Vec::new(), Some((&no, &mine))).await?;
            Ok(visit.show_refused(PLACE, &opened.title(), &page))
        }
    }
}

/// Texts with commas between, or one a line.
pub(super) fn listed(text: &str) -> Vec<String> {
    let texts = text.split([',', '\n']).map(str::trim).filter(|text| !text.is_empty());
    texts.map(str::to_owned).collect()
}

pub(super) async fn drawn(
    visit: &Visit,
    opened: &Opened,
    notices: Vec<Notice>,
    no: Option<(&No, &ApiDocument)>,
) -> Result<Overview, answer::Failure> {
    let id = opened.api.row.id.to_string();
    let one = Part { limit: 1, offset: 0 };
    let (_, subscribers) = subscribers::list(&visit.control, Some(&id), one).await?;
    let requests = traffic::requests_by_api(&visit.control, &visit.caller).await?;
    let requests = requests.get(&id).copied();
    let mut frame = opened.frame(visit, "", notices);
    let draft = match no {
        Some((no, mine)) => {
            frame = frame.refusing(opened, no, Some(mine));
            no.draft.clone()
        }
        None => Draft::new(filled(&opened.api.document)),
    };
    Ok(Overview {
        frame,
        next: next(opened, subscribers),
        steps: lifecycle::steps(visit, opened),
        code: opened.is_served().then(|| Code::new("curl", curl(visit, opened))),
        facts: facts(visit, opened, subscribers, requests),
        csrf: visit.csrf.clone(),
        version: opened.version(),
        fields: fields(&draft),
        bar: opened.bar(visit, rights::EDITORS),
    })
}

fn filled(document: &ApiDocument) -> Form {
    Form::default()
        .with("display_name", document.display_name.clone().unwrap_or_default())
        .with("description", document.description.clone().unwrap_or_default())
        .with("tags", document.tags.join(", "))
        .ticked("default", document.is_default_version)
}

fn fields(draft: &Draft) -> Vec<Field> {
    vec![
        draft.text("display_name", "Display name"),
        draft.area("description", "Description", 3),
        draft.text("tags", "Tags").such_as("payments, internal").helped("With commas between."),
        draft
            .tick("default", "This is the default version")
            .helped("It is served at the context without a version, too."),
    ]
}

fn next(opened: &Opened, subscribers: u64) -> Next {
    use LifecycleState as State;
    let (document, state) = (&opened.api.document, opened.api.row.state);
    let endpoint = document.endpoint_config.as_ref();
    let to = |words: &str, tab: &str| Some(Link::main(words, opened.address(tab)));
    let next = |title, text: &str, action| Next { title, text: text.to_owned(), action };
    match state {
        State::Retired => {
            return next("It is retired", "Gateways serve it no more, for good.", None);
        }
        State::Blocked => {
            let text = "Every call is refused until it is published again.";
            return next("It is blocked", text, None);
        }
        _ => {}
    }
    if endpoint.is_none_or(|all| all.production().or_else(|| all.sandbox()).is_none()) {
        let text = "Gateways do not know yet where requests are to go.";
        return next("Say where the backend is", text, to("Add an endpoint", "/endpoints"));
    }
    if document.policies.is_empty() && matches!(state, State::Created | State::Prototyped) {
        let text = "Applications subscribe by a plan, and there is none to choose.";
        return next("Offer a business plan", text, to("Choose plans", "/subscriptions"));
    }
    if opened.standing.deployed.is_none() {
        let text = "Save and Deploy, at the end of this page, makes the first revision and puts it \
                    on the gateways.";
        return next("Deploy it", text, None);
    }
    match state {
        State::Prototyped => next("Publish it", "Gateways serve it as a prototype.", None),
        State::Created => {
            let text = "It is deployed, but gateways serve APIs only once they are published.";
            next("Publish it", text, None)
        }
        _ if opened.standing.is_changed => {
            let text = "What was saved since the last deployment is not in force.";
            next("Deploy the changes", text, to("What changed", "/revisions#changes"))
        }
        State::Deprecated => Next {
            title: "It is deprecated",
            text: format!(
                "Nobody subscribes to it any more. {} may call it until it is retired.",
                words::several(subscribers, "application", "applications")
            ),
            action: None,
        },
        _ if subscribers == 0 => {
            let text = "Protected resources ask for a subscription: an application subscribes in the \
                        devportal.";
            let action = Some(Link::main("To the devportal", "/devportal"));
            next("Get the first subscriber", text, action)
        }
        _ => Next {
            title: "It is served",
            text: format!(
                "{} may call it.",
                words::several(subscribers, "application", "applications")
            ),
            action: to("Subscriptions", "/subscriptions"),
        },
    }
}

fn curl(visit: &Visit, opened: &Opened) -> String {
    let operations = &opened.api.document.operations;
    let get = operations.iter().find(|each| each.verb == Verb::Get).or_else(|| operations.first());
    let (verb, target, is_open) = match get {
        Some(operation) => {
            (operation.verb.as_str(), operation.target.as_str(), operation.auth_type.is_open())
        }
        None => ("GET", "/", false),
    };
    let url = format!(
        "{}{}{}",
        visit.control.settings.gateway_https_url,
        opened.api.path(),
        target.replace("/*", "/"),
    );
    let method = if verb == "GET" { String::new() } else { format!(" -X {verb}") };
    let token = if is_open { "" } else { " \\\n  -H \"Authorization: Bearer $TOKEN\"" };
    // As the code samples of the devportal have it: a gateway's first certificate is its own.
    format!("curl -k{method} {}{token}", quoted(&url))
}

fn facts(visit: &Visit, opened: &Opened, subscribers: u64, requests: Option<u64>) -> Facts {
    let (row, document) = (&opened.api.row, &opened.api.document);
    let now = visit.control.now();
    let open = document.operations.iter().filter(|each| each.auth_type.is_open()).count() as u64;
    let resources = match (document.operations.len() as u64, open) {
        (all, 0) => format!("{}, all protected", words::several(all, "resource", "resources")),
        (all, open) => format!(
            "{}, {} without security",
            words::several(all, "resource", "resources"),
            words::count(open),
        ),
    };
    let key_managers = match document.takes_all_key_managers() {
        true => "All".to_owned(),
        false => document.key_managers.join(", "),
    };
    let plans = match document.policies.is_empty() {
        true => "None".to_owned(),
        false => document.policies.join(", "),
    };
    let endpoint = document.endpoint_config.as_ref().and_then(|config| config.production());
    let requests = match requests {
        Some(requests) => words::several(requests, "request", "requests"),
        None => "None, or too few to be told apart".to_owned(),
    };
    let traffic = Cell::link(requests, opened.address("/traffic"));
    let mut facts = vec![
        ("In the last 24 hours", traffic),
        ("Context", Cell::code(&row.context)),
        ("Backend", endpoint.map_or_else(|| Cell::text("None yet"), Cell::code)),
        ("Resources", Cell::link(resources, opened.address("/resources"))),
        ("Key managers", Cell::link(key_managers, opened.address("/runtime"))),
        ("Business plans", Cell::link(plans, opened.address("/subscriptions"))),
        ("Subscribers", Cell::text(words::count(subscribers))),
        ("Made by", Cell::text(&row.provider)),
        ("Made", Cell::time(now, row.created_at)),
        ("Changed", Cell::time(now, row.updated_at)),
    ];
    if let Some(deployed) = &opened.standing.deployed {
        facts.push(("Deployed", Cell::time(now, deployed.since)));
    }
    Facts(facts.into_iter().map(|(name, cell)| (name.to_owned(), cell)).collect())
}
