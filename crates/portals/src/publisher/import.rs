//! An API from its OpenAPI document: given, looked at, then made.

use askama::Template;
use axum::routing::get;
use phantom_access::rights::publisher as rights;
use phantom_definition::Definition;
use phantom_definition::Described;
use phantom_manage::definition;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Badge;
use phantom_pages::components::Cell;
use phantom_pages::components::Csrf;
use phantom_pages::components::Facts;
use phantom_pages::components::Field;
use phantom_pages::components::Head;
use phantom_pages::components::Notice;
use phantom_pages::components::Table;
use phantom_pages::components::Tone;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde_json::Value;

use super::HERE;
use super::PLACE;
use super::new;

pub(super) fn pages(pages: Pages) -> Pages {
    pages.page(rights::CREATORS, "/publisher/apis/import", get(first).post(import))
}

/// Resources that a preview shows; the others are counted.
const MOST_SHOWN: usize = 25;

/// Where the document comes from.
#[derive(Template)]
#[template(path = "publisher/import.html")]
struct Import {
    head: Head,
    notices: Vec<Notice>,
    csrf: Csrf,
    file: Field,
    others: Vec<Field>,
}

/// What would be made of it.
#[derive(Template)]
#[template(path = "publisher/preview.html")]
struct Preview {
    head: Head,
    notices: Vec<Notice>,
    csrf: Csrf,
    fields: Vec<Field>,
    facts: Facts,
    resources: Table,
    more: Option<String>,
    /// The document itself, which comes back with the form.
    document: String,
}

fn head(title: &str) -> Head {
    Head::new(title).under("APIs", HERE)
}

fn page(visit: &Visit, draft: &Draft, notices: Vec<Notice>) -> Import {
    Import {
        head: head("Import OpenAPI").state(
            "From a file, a URL or pasted text: OpenAPI 3.0 or 3.1 or Swagger 2.0, JSON or YAML.",
        ),
        notices,
        csrf: visit.csrf.clone(),
        file: Field::file("file", "File", ".json,.yaml,.yml").failing(draft.errors.of("file")),
        others: vec![
            draft.url("url", "URL").such_as("https://api.example.com/openapi.json"),
            draft.area("pasted", "Text", 8),
        ],
    }
}

async fn first(visit: Visit) -> Answer {
    let draft = Draft::new(Form::default());
    Ok(visit.show(PLACE, "Import OpenAPI", &page(&visit, &draft, Vec::new())))
}

async fn import(visit: Visit, form: Form) -> Answer {
    if form.has("document") {
        return create(visit, form).await;
    }
    let text = match text(&visit, &form).await {
        Ok(text) => text,
        Err((field, words)) => return Ok(refused(&visit, form, field, words)),
    };
    let checked = match definition::parse(&text) {
        Ok(parsed) => {
            let described = definition::check(&visit.control, &parsed).await?;
            described.map(|described| (parsed, described))
        }
        Err(refusal) => Err(refusal),
    };
    match checked {
        Ok((parsed, described)) => {
            let draft = Draft::new(suggested(&parsed, &described));
            let page = preview(&visit, &draft, &parsed, &described, Vec::new());
            Ok(visit.show(PLACE, "Import OpenAPI", &page))
        }
        Err(refusal) => {
            let words = told(refusal)?;
            let field = ["file", "url"].into_iter().find(|field| form.given(field).is_some());
            Ok(refused(&visit, form, field.unwrap_or("pasted"), words))
        }
    }
}

/// The document from the one place that was given, or which field is wrong.
async fn text(visit: &Visit, form: &Form) -> Result<Vec<u8>, (&'static str, String)> {
    if let Some(fault) = form.fault_of_file("file") {
        return Err(("file", fault.to_owned()));
    }
    let given = ["file", "url", "pasted"].into_iter().filter(|name| form.given(name).is_some());
    let given: Vec<_> = given.collect();
    match given.as_slice() {
        [] => Err(("url", "Give the document: a file, its URL, or its text.".to_owned())),
        ["url"] => phantom_observe::definition::fetch(&visit.control, form.get("url"))
            .await
            .map_err(|refusal| ("url", words::sentence(&refusal.to_string()))),
        [one] => Ok(form.raw(one).as_bytes().to_vec()),
        [_, second, ..] => Err((second, "Give one of the three only.".to_owned())),
    }
}

fn told(refusal: Refusal) -> Result<String, Failure> {
    let errors = Errors::from_refusal(refusal, &[])?;
    Ok(words::sentence(&errors.whole.unwrap_or_default()))
}

/// A file is not sent back: browsers do not take it.
fn refused(visit: &Visit, form: Form, field: &str, words: String) -> axum::response::Response {
    let notice = Notice::new(Tone::Bad, "Nothing can be made of it", "Why is said at the field.");
    let draft = Draft::refused(form, Errors::default().at(field, words));
    visit.show_refused(PLACE, "Import OpenAPI", &page(visit, &draft, vec![notice]))
}

/// What the document says of the four fields.
fn suggested(definition: &Definition, described: &Described) -> Form {
    let title = definition.title().unwrap_or_default();
    let version = definition.version().unwrap_or_default();
    let is_sound = |c: char| c.is_alphanumeric() || " -_.".contains(c);
    let name: String = title.chars().filter(|c| is_sound(*c)).take(200).collect();
    let version: String = version
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c))
        .take(30)
        .collect();
    let slug: String = title
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(200)
        .collect();
    let slug: Vec<&str> = slug.split('-').filter(|part| !part.is_empty()).collect();
    let base = described
        .base_path
        .as_deref()
        .map(|path| path.strip_suffix(&format!("/{version}")).unwrap_or(path).to_owned());
    let server = || definition.servers().into_iter().next();
    let endpoint = described.production_endpoint.clone().or_else(server);
    Form::default()
        .with("name", name.trim())
        .with("context", base.unwrap_or_else(|| format!("/{}", slug.join("-"))))
        .with("endpoint", endpoint.unwrap_or_default().trim_end_matches('/'))
        .with("version", version)
}

fn preview(
    visit: &Visit,
    draft: &Draft,
    definition: &Definition,
    described: &Described,
    mut notices: Vec<Notice>,
) -> Preview {
    if described.operations.iter().any(|operation| operation.scopes.len() > 1) {
        let words = "The document may ask for all of them at once. A resource here lets a token through that \
                     has any one.";
        notices.push(Notice::new(Tone::Warn, "Of several scopes, one suffices", words));
    }
    if let Some(notice) = differing(definition, described) {
        notices.push(notice);
    }
    let open = described.operations.iter().filter(|each| each.auth_type.is_open()).count() as u64;
    let names: Vec<_> = described.scopes.iter().map(|scope| scope.name.as_str()).collect();
    let scopes = match names.is_empty() {
        true => "None".to_owned(),
        false => names.join(", "),
    };
    let all = described.operations.len();
    let facts = vec![
        ("Kept as", Cell::text(format!("OpenAPI {}", definition.openapi()))),
        (
            "Resources",
            Cell::text(format!(
                "{}, {} without security",
                words::several(all as u64, "resource", "resources"),
                words::count(open)
            )),
        ),
        ("Local scopes", Cell::text(scopes)),
    ];
    let rows = described.operations.iter().take(MOST_SHOWN).map(|operation| {
        let security = match operation.auth_type.is_open() {
            true => Badge::warn("disabled"),
            false => Badge::good("enabled"),
        };
        vec![
            Cell::code(format!("{} {}", operation.verb.as_str(), operation.target)),
            security.into(),
            Cell::text(operation.scopes.join(", ")),
        ]
    });
    let more = all.saturating_sub(MOST_SHOWN) as u64;
    let document = Value::Object(definition.members().clone());
    Preview {
        head: head("What will be made")
            .state("Nothing is made yet. Change what should be called otherwise, then create it."),
        notices,
        csrf: visit.csrf.clone(),
        fields: new::fields(draft),
        facts: Facts(facts.into_iter().map(|(name, cell)| (name.to_owned(), cell)).collect()),
        resources: Table::new("Resources", &["Resource", "Security", "Scopes, any one"])
            .rows(rows.collect())
            .empty("The document has no path: all are passed on, and protected.", None),
        more: (more > 0).then(|| format!("And {} more.", words::count(more))),
        document: document.to_string(),
    }
}

/// What of the document is otherwise here.
fn differing(definition: &Definition, described: &Described) -> Option<Notice> {
    let mut words = Vec::new();
    if described.unprotected > 0 {
        words.push(format!(
            "The document leaves {} without security, and here each is protected until you disable that \
             under Resources.",
            words::several(described.unprotected, "resource", "resources"),
        ));
    }
    if described.traces > 0 {
        words.push(format!(
            "{} left out: gateways refuse the method.",
            words::several(described.traces, "operation of TRACE is", "operations of TRACE are"),
        ));
    }
    if definition.has_relative_server() && described.production_endpoint.is_none() {
        words.push(
            "A server that it names is a path without a host: enter the endpoint.".to_owned(),
        );
    }
    let text = words.join(" ");
    (!text.is_empty()).then(|| Notice::new(Tone::Warn, "Not all is as the document has it", text))
}

async fn create(visit: Visit, form: Form) -> Answer {
    let parsed = definition::parse(form.raw("document").as_bytes())?;
    let described = definition::check(&visit.control, &parsed).await??;
    let mut errors = new::checked(&visit, &form)?;
    if errors.is_empty() {
        errors = match make(&visit, &form, parsed.clone()).await {
            Ok(id) => return Ok(answer::see(&format!("{HERE}/{id}?done=created"))),
            Err(refusal) => new::placed(refusal)?,
        };
    }
    let notice = Notice::refused(errors.whole.as_deref());
    let page = preview(&visit, &Draft::refused(form, errors), &parsed, &described, vec![notice]);
    Ok(visit.show_refused(PLACE, "Import OpenAPI", &page))
}

async fn make(visit: &Visit, form: &Form, definition: Definition) -> Outcome<String> {
    let Value::Object(settings) = new::settings(visit, form).await? else {
        return Err(Refusal::internal("settings are no object"));
    };
    let made = definition::import(&visit.control, &visit.caller, definition, settings).await?;
    Ok(made.row.id.to_string())
}
