//! One API on offer: what it is, where it is, who of one's own may call it, and how.

use axum::extract::Path;
use axum::extract::Query;
use axum::response::IntoResponse;
use http::header;
use phantom_access::rights::devportal as rights;
use phantom_definition::AuthType;
use phantom_definition::OperationDocument;
use phantom_definition::Verb;
use phantom_manage::apis::Api;
use phantom_manage::plans;
use phantom_manage::revisions;
use phantom_observe::workbench::quoted;
use phantom_pages::answer::Answer;
use phantom_pages::components::Badge;
use phantom_pages::components::Cell;
use phantom_pages::components::Code;
use phantom_pages::components::Facts;
use phantom_pages::components::Head;
use phantom_pages::components::Link;
use phantom_pages::components::Stack;
use phantom_pages::components::Table;
use phantom_pages::components::Tabs;
use phantom_pages::list::Asked;
use phantom_pages::list::encoded;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_subscribe::subscriptions;
use phantom_subscribe::subscriptions::Subscription;
use phantom_subscribe::subscriptions::visible;
use phantom_subscribe::subscriptions::visible::Addresses;
use phantom_terms::refusal::Outcome;

use super::apis::HERE;
use super::apis::shortened;
use super::subscriptions::APIS;
use super::subscriptions::state;

/// Of a description, in characters.
const DESCRIPTION: usize = 4000;
/// Resources and scopes that are listed; the definition has all.
const LISTED: usize = 60;

/// Below the samples.
const TRUST: &str = "curl -k takes any certificate, to try things. Where the gateway's is self-signed, as the \
                     demo's, the others trust it once they are told: it as a file in PEM, named by \
                     REQUESTS_CA_BUNDLE=gateway.pem for Python and by NODE_EXTRA_CA_CERTS=gateway.pem for \
                     Node.js.";

/// The page of an API with its tabs.
pub(super) fn stack(visit: &Visit, api: &Api) -> Stack {
    let base = format!("{HERE}/{}", api.row.id);
    let tab = |words, path: &str| (words, format!("{base}{path}"));
    let links = [tab("Overview", ""), tab("Code samples", "/samples"), tab("Try it", "/try")];
    let mut head = Head::new(&api.row.name)
        .under("APIs", HERE)
        .state(format!("Version {} of {}.", api.row.version_name, api.row.provider));
    if api.row.state != phantom_manage::lifecycle::LifecycleState::Published {
        head = head.badge(Badge::warn(phantom_manage::lifecycle::title(api.row.state)));
    }
    if !api.document.policies.is_empty() && visit.may(rights::SUBSCRIPTIONS) {
        let at = format!("/devportal/subscriptions/new?api={}", api.row.id);
        head = head.action(Link::main("Subscribe", at));
    }
    Stack::new(head).tabs(Tabs::new(&api.row.name, &visit.here, &links))
}

pub(super) async fn read(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let api = visible::find(&visit.control, &visit.caller, &id).await?;
    let mut page = stack(&visit, &api);
    if let Some(text) = &api.document.description {
        page = page.text("", shortened(text, DESCRIPTION));
    }
    page = page.part(&facts(&visit, &api).await?);
    if visit.may(rights::SUBSCRIPTIONS) {
        let (own, total) =
            subscriptions::list(&visit.control, &visit.caller, None, Some(&id), asked.part())
                .await?;
        let pager = asked.pager(&format!("{HERE}/{}", api.row.id), total);
        let table = Table::new("Your subscriptions", &["Application", "Plan", "State", ""])
            .rows(own.into_iter().map(subscription).collect())
            .paged(pager)
            .empty("None of your applications may call it yet.", None);
        page = page.section("Your subscriptions", "", &table);
    }
    let plans = plans::open_of(&visit.control, &visit.caller, &api.document.policies).await?;
    let row = |plan: plans::Summary| {
        let allows = words::sentence(&super::allowance(&plan));
        vec![
            Cell::text(plan.name),
            Cell::text(allows),
            Cell::text(plan.description.unwrap_or_default()),
        ]
    };
    let plans = Table::new("Plans", &["Plan", "Allows", "Description"])
        .rows(plans.into_iter().map(row).collect())
        .empty("No plan of it is open to you.", None);
    page = page.section("Plans", "What an application may use of it.", &plans);
    page = page.section("Resources", listed(api.document.operations.len()), &resources(&api));
    if !api.document.scopes.is_empty() {
        page = page.section("Scopes", listed(api.document.scopes.len()), &scopes(&api));
    }
    Ok(visit.show(APIS, &api.row.name, &page))
}

fn listed(all: usize) -> String {
    match all > LISTED {
        true => format!("{LISTED} of {}; the definition has all.", words::count(all as u64)),
        false => String::new(),
    }
}

async fn facts(visit: &Visit, api: &Api) -> Outcome<Facts> {
    let settings = &visit.control.settings;
    let deployments = revisions::deployments_of(&visit.control, api).await?;
    let is_served = deployments.iter().any(|each| each.display_on_devportal);
    let mut facts = Vec::new();
    let mut add = |name: &str, cell| facts.push((name.to_owned(), cell));
    match is_served {
        true => {
            let Addresses { https, http } = Addresses::of_version(settings, api);
            for url in [https, http].into_iter().flatten() {
                add("URL", Cell::code(url));
            }
            let Addresses { https, http } = Addresses::of_default(settings, api);
            for url in [https, http].into_iter().flatten() {
                add("URL of the default version", Cell::code(url));
            }
        }
        false => add("URL", Cell::text("Not deployed: no gateway serves it now.")),
    }
    let key_managers = match api.document.takes_all_key_managers() {
        true => "Tokens of any key manager".to_owned(),
        false => format!("Tokens of {}", api.document.key_managers.join(", ")),
    };
    add("Takes", Cell::text(shortened(&key_managers, 400)));
    let tags = api.document.tags.iter().map(|tag| {
        let query = format!("tag:\"{}\"", tag.replace('"', ""));
        Link::new(tag, format!("{HERE}?query={}", encoded(&query)))
    });
    let tags: Vec<_> = tags.take(LISTED).collect();
    if !tags.is_empty() {
        add("Tags", Cell::Links(tags));
    }
    let definition = format!("{HERE}/{}/definition", api.row.id);
    add("Definition", Cell::link("OpenAPI document", definition));
    add("Changed", Cell::time(visit.control.now(), api.row.updated_at));
    Ok(Facts(facts))
}

fn subscription(subscription: Subscription) -> Vec<Cell> {
    let Subscription { row, application, .. } = subscription;
    let application = application.row;
    vec![
        Cell::link(&application.name, format!("/devportal/applications/{}", application.id)),
        Cell::text(&row.plan),
        state(row.status).into(),
        Cell::Links(vec![Link::new("Change plan", format!("/devportal/subscriptions/{}", row.id))]),
    ]
}

fn resources(api: &Api) -> Table {
    let row = |operation: &OperationDocument| {
        vec![
            Cell::code(operation.verb.as_str()),
            Cell::code(&operation.target),
            match operation.auth_type {
                AuthType::None => Badge::neutral("Open").into(),
                _ => Badge::good("Token").into(),
            },
            Cell::text(shortened(&operation.scopes.join(" "), 200)),
        ]
    };
    Table::new("Resources", &["Verb", "Path", "Security", "Scopes, any one"])
        .rows(api.document.operations.iter().take(LISTED).map(row).collect())
        .empty("It has none.", None)
}

fn scopes(api: &Api) -> Table {
    let row = |scope: &phantom_definition::ScopeDocument| {
        let description = scope.description.as_deref().or(scope.display_name.as_deref());
        vec![Cell::code(&scope.name), Cell::text(shortened(description.unwrap_or_default(), 200))]
    };
    Table::new("Scopes", &["Scope", "What it allows"])
        .rows(api.document.scopes.iter().take(LISTED).map(row).collect())
}

/// The OpenAPI document, with gateways' URLs.
pub(super) async fn definition(visit: Visit, Path(id): Path<String>) -> Answer {
    let api = visible::find(&visit.control, &visit.caller, &id).await?;
    let document = visible::definition::of(&visit.control.settings, &api).to_string();
    Ok(([(header::CONTENT_TYPE, "application/json")], document).into_response())
}

pub(super) async fn samples(visit: Visit, Path(id): Path<String>) -> Answer {
    let api = visible::find(&visit.control, &visit.caller, &id).await?;
    let Addresses { https, http } = Addresses::of_version(&visit.control.settings, &api);
    let base = https.or(http).unwrap_or_default();
    let operations = &api.document.operations;
    let operation = operations.iter().find(|each| each.verb == Verb::Get).or(operations.first());
    let (verb, target) =
        operation.map_or(("GET", "/"), |each| (each.verb.as_str(), each.target.as_str()));
    let url = format!("{base}{}", target.trim_end_matches('*'));
    let text = "Put a token of an application that is subscribed in the place of TOKEN. Keys and tokens \
                are at your applications.";
    let page = stack(&visit, &api)
        .text(&format!("{verb} {target}"), text.to_owned())
        .part(&Code::new("curl", curl(verb, &url)))
        .part(&Code::new("Python", python(verb, &url)))
        .part(&Code::new("JavaScript", javascript(verb, &url)))
        .text("", TRUST.to_owned());
    Ok(visit.show(APIS, &api.row.name, &page))
}

fn curl(verb: &str, url: &str) -> String {
    let method = if verb == "GET" { String::new() } else { format!(" -X {verb}") };
    format!("curl -sk{method} {} \\\n  -H \"Authorization: Bearer $TOKEN\"", quoted(url))
}

fn python(verb: &str, url: &str) -> String {
    format!(
        "import os\nimport requests\n\nresponse = requests.request(\n    {}, {},\n    \
         headers={{\"Authorization\": f\"Bearer {{os.environ['TOKEN']}}\"}},\n    timeout=10,\n)\n\
         response.raise_for_status()\nprint(response.text)",
        literal(verb),
        literal(url)
    )
}

fn javascript(verb: &str, url: &str) -> String {
    format!(
        "const response = await fetch({}, {{\n  method: {},\n  headers: {{ Authorization: `Bearer \
         ${{process.env.TOKEN}}` }},\n}});\nif (!response.ok) throw new Error(`HTTP \
         ${{response.status}}`);\nconsole.log(await response.text());",
        literal(url),
        literal(verb)
    )
}

/// A text of Python and of JavaScript.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
