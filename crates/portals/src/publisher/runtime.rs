//! What holds for all resources of an API: whose tokens are taken, by which transports, and what browsers
//! may do.

use askama::Template;
use axum::extract::Path;
use axum::extract::Query;
use axum::routing::get;
use axum::routing::post;
use phantom_access::rights::publisher as rights;
use phantom_definition::Transport;
use phantom_manage::apis::document::ALL_KEY_MANAGERS;
use phantom_manage::apis::document::ApiDocument;
use phantom_manage::apis::document::SecurityScheme;
use phantom_manage::connector::Connector;
use phantom_manage::key_managers;
use phantom_manage::plans;
use phantom_manage::plans::PlanLevel;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::components::Csrf;
use phantom_pages::components::Field;
use phantom_pages::components::Version;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::list::Asked;
use phantom_pages::visit::Visit;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;

use super::PLACE;
use super::api;
use super::api::Bar;
use super::api::Frame;
use super::api::No;
use super::api::Opened;
use super::overview::listed;

const PATH: &str = "/publisher/apis/{id}/runtime";
const TAB: &str = "/runtime";

pub(super) fn pages(pages: Pages) -> Pages {
    pages.page(rights::READERS, PATH, get(read)).page(rights::EDITORS, PATH, post(update))
}

const FIELDS: &[(&str, &str)] = &[
    ("keyManagers", "key_managers"),
    ("transport", "transport"),
    ("authorizationHeader", "authorization_header"),
    ("audiences", "audiences"),
    ("apiThrottlingPolicy", "plan"),
    ("accessControlAllowOrigins", "origins"),
    ("accessControlAllowHeaders", "headers"),
    ("accessControlAllowMethods", "methods"),
];
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

#[derive(Template)]
#[template(path = "publisher/runtime.html")]
struct Runtime {
    frame: Frame,
    csrf: Csrf,
    version: Version,
    oauth2: Field,
    levels: Vec<Field>,
    key_managers: Vec<Field>,
    transports: Vec<Field>,
    cors: Vec<Field>,
    may_edit: bool,
    bar: Bar,
}

/// What can be chosen: the value, and the words beside it.
struct Choices {
    key_managers: Vec<(String, String)>,
    plans: Vec<(String, String)>,
}

async fn choices(visit: &Visit, opened: &Opened) -> Outcome<Choices> {
    let mut known: Vec<(String, String)> = Vec::new();
    if visit.may(rights::KEY_MANAGER_READERS) {
        for one in key_managers::list(&visit.control).await? {
            let kind = match Connector::of_kind(&one.kind) {
                Some(Connector::Resident) => "our own token endpoint",
                Some(known) => known.display_name(),
                None => one.kind.as_str(),
            };
            let state = if one.enabled { "" } else { ", disabled" };
            let words = format!("{} ({kind}{state})", one.name);
            known.push((one.name, words));
        }
    }
    let document = &opened.api.document;
    let named = document.key_managers.iter().filter(|name| *name != ALL_KEY_MANAGERS);
    for name in named {
        if !known.iter().any(|(known, _)| known == name) {
            known.push((name.clone(), name.clone()));
        }
    }
    let plans = plans::offered(&visit.control, PlanLevel::Advanced).await?.into_iter();
    let plans = plans.map(|plan| (plan.name.clone(), plan.display_name.unwrap_or(plan.name)));
    let none = (String::new(), "By resource".to_owned());
    Ok(Choices { key_managers: known, plans: std::iter::once(none).chain(plans).collect() })
}

async fn read(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let choices = choices(&visit, &opened).await?;
    let frame = opened.frame(&visit, TAB, opened.done(&asked.done));
    let draft = Draft::new(filled(&opened.api.document));
    Ok(visit.show(PLACE, &opened.title(), &drawn(&visit, &opened, frame, &draft, &choices)))
}

async fn update(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let mine = changed(&form, &opened.api.document);
    let errors = check(&form);
    let no = if errors.is_empty() {
        match opened.keep(&visit, &form, mine.clone()).await {
            Ok(done) => {
                return Ok(answer::see(&format!("{}?done={done}", opened.address(TAB))));
            }
            Err(refusal @ Refusal::UnknownKeyManager(_)) => {
                No::checked(form, Errors::default().at("key_managers", refusal.to_string()))
            }
            Err(refusal) => api::refused(form, refusal, FIELDS)?,
        }
    } else {
        No::checked(form, errors)
    };
    let choices = choices(&visit, &opened).await?;
    let frame = opened.frame(&visit, TAB, Vec::new()).refusing(&opened, &no, Some(&mine));
    let page = drawn(&visit, &opened, frame, &no.draft, &choices);
    Ok(visit.show_refused(PLACE, &opened.title(), &page))
}

/// What no document could say.
fn check(form: &Form) -> Errors {
    let mut errors = Errors::default();
    if !form.has("oauth2") {
        errors.add(
            "oauth2",
            "Callers are known by OAuth2 tokens alone. To let everybody call a resource, set its \
             Security to disabled under Resources.",
        );
    }
    if form.get("choice") == "selected" && form.all("key_managers").next().is_none() {
        let words = "Choose at least one, or Allow all: without a key manager no token is taken.";
        errors.add("key_managers", words);
    }
    errors
}

fn drawn(
    visit: &Visit,
    opened: &Opened,
    frame: Frame,
    draft: &Draft,
    choices: &Choices,
) -> Runtime {
    let may_edit = visit.may(rights::EDITORS);
    let methods = METHODS.map(|method| (method, method));
    Runtime {
        frame,
        csrf: visit.csrf.clone(),
        version: opened.version(),
        oauth2: draft.tick("oauth2", "OAuth2").helped(
            "Resources whose Security is enabled ask for an access token of a subscribed \
             application.",
        ),
        levels: vec![
            draft
                .text("authorization_header", "Authorization Header")
                .helped("The header that tokens come in. Backends get the JWT in Authorization."),
            draft.text("audiences", "Audiences").helped(
                "A token's aud has to hold one of these, with commas between. Empty: any will do.",
            ),
            draft
                .select("plan", "Rate limit", &borrowed(&choices.plans))
                .helped("Of all calls to the API together, in the place of its resources' own."),
        ],
        key_managers: vec![
            draft.radios(
                "choice",
                "Key managers whose tokens are taken",
                &[("all", "Allow all"), ("selected", "Allow selected")],
            ),
            draft
                .ticks("key_managers", "Selected", &borrowed(&choices.key_managers))
                .helped("They count where Allow selected is chosen."),
        ],
        transports: vec![draft.ticks(
            "transport",
            "Taken by gateways",
            &[("http", "HTTP"), ("https", "HTTPS")],
        )],
        cors: vec![
            draft
                .tick("cors", "Let pages of other origins call it")
                .helped("Gateways answer preflights themselves, without a token."),
            draft
                .area("origins", "Allowed origins", 2)
                .such_as("https://app.example.com")
                .helped("One a line; * stands for every origin."),
            draft.text("headers", "Allowed headers").helped("With commas between."),
            draft
                .ticks("methods", "Allowed methods", &methods)
                .helped("Those of a resource that browsers may use. None ticked: all that it has."),
            draft
                .tick("credentials", "With credentials")
                .helped(
                    "Pages may send cookies. Gateways then name the origin that asks, never *: with * among \
                     the allowed origins, pages of every site may call it with what the browser keeps.",
                ),
        ],
        may_edit,
        bar: opened.bar(visit, rights::EDITORS),
    }
}

fn borrowed(choices: &[(String, String)]) -> Vec<(&str, &str)> {
    choices.iter().map(|(value, words)| (value.as_str(), words.as_str())).collect()
}

fn filled(document: &ApiDocument) -> Form {
    let cors = &document.cors_configuration;
    let choice = if document.takes_all_key_managers() { "all" } else { "selected" };
    let named = document.key_managers.iter().filter(|name| *name != ALL_KEY_MANAGERS);
    let mut form = Form::default()
        .ticked("oauth2", true)
        .with("authorization_header", &document.authorization_header)
        .with("audiences", document.audiences.join(", "))
        .with("plan", document.api_throttling_policy.clone().unwrap_or_default())
        .with("choice", choice)
        .ticked("cors", cors.cors_configuration_enabled)
        .with("origins", cors.access_control_allow_origins.join("\n"))
        .with("headers", cors.access_control_allow_headers.join(", "))
        .ticked("credentials", cors.access_control_allow_credentials);
    form = named.fold(form, |form, name| form.with("key_managers", name));
    for (transport, value) in [(Transport::Http, "http"), (Transport::Https, "https")] {
        if document.transport.contains(&transport) {
            form = form.with("transport", value);
        }
    }
    cors.access_control_allow_methods.iter().fold(form, |form, method| form.with("methods", method))
}

fn changed(form: &Form, before: &ApiDocument) -> ApiDocument {
    let mut document = before.clone();
    let texts = |name| form.all(name).map(str::to_owned).collect::<Vec<_>>();
    document.key_managers = match form.get("choice") {
        "selected" => texts("key_managers"),
        _ => vec![ALL_KEY_MANAGERS.to_owned()],
    };
    document.transport = [("http", Transport::Http), ("https", Transport::Https)]
        .into_iter()
        .filter(|(value, _)| form.chose("transport", value))
        .map(|(_, transport)| transport)
        .collect();
    if !document.security_scheme.contains(&SecurityScheme::OAuth2) {
        document.security_scheme.insert(0, SecurityScheme::OAuth2);
    }
    form.get("authorization_header").clone_into(&mut document.authorization_header);
    document.audiences = listed(form.get("audiences"));
    document.api_throttling_policy = form.given("plan");
    let cors = &mut document.cors_configuration;
    cors.cors_configuration_enabled = form.has("cors");
    cors.access_control_allow_origins = listed(form.get("origins"));
    cors.access_control_allow_headers = listed(form.get("headers"));
    cors.access_control_allow_credentials = form.has("credentials");
    cors.access_control_allow_methods = texts("methods");
    document
}
