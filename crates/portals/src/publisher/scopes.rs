//! The scopes of one API: defined here, assigned to its resources.

use askama::Template;
use axum::extract::Path;
use axum::extract::Query;
use axum::routing::get;
use axum::routing::post;
use phantom_access::rights::publisher as rights;
use phantom_access::roles::Role;
use phantom_definition::ScopeDocument;
use phantom_manage::apis::document::ApiDocument;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Csrf;
use phantom_pages::components::Field;
use phantom_pages::components::Version;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::list::Asked;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_terms::refusal::Refusal;

use super::PLACE;
use super::api;
use super::api::Bar;
use super::api::Frame;
use super::api::No;
use super::api::Opened;

const PATH: &str = "/publisher/apis/{id}/scopes";
const TAB: &str = "/scopes";

pub(super) fn pages(pages: Pages) -> Pages {
    pages.page(rights::READERS, PATH, get(read)).page(rights::EDITORS, PATH, post(update))
}

#[derive(Template)]
#[template(path = "publisher/scopes.html")]
struct Scopes {
    frame: Frame,
    csrf: Csrf,
    version: Version,
    rows: Vec<Row>,
    added: Vec<Field>,
    may_edit: bool,
    bar: Bar,
}

struct Row {
    name: String,
    description: String,
    roles: String,
    /// Where it comes from, and how many resources ask for it.
    kind: &'static str,
    used: String,
    is_removed: bool,
}

async fn read(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let frame = opened.frame(&visit, TAB, opened.done(&asked.done));
    let page = drawn(&visit, &opened, frame, &Draft::new(Form::default()));
    Ok(visit.show(PLACE, &opened.title(), &page))
}

async fn update(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let (mine, errors) = changed(&form, &opened.api.document);
    let no = if errors.is_empty() {
        match opened.keep(&visit, &form, mine.clone()).await {
            Ok(done) => {
                return Ok(answer::see(&format!("{}?done={done}", opened.address(TAB))));
            }
            Err(refusal) => refused(form, refusal)?,
        }
    } else {
        No::checked(form, errors)
    };
    let frame = opened.frame(&visit, TAB, Vec::new()).refusing(&opened, &no, Some(&mine));
    let page = drawn(&visit, &opened, frame, &no.draft);
    Ok(visit.show_refused(PLACE, &opened.title(), &page))
}

fn refused(form: Form, refusal: Refusal) -> Result<No, Failure> {
    let field = match &refusal {
        Refusal::ScopeName | Refusal::ScopeOfAnotherApi { .. } => "name",
        Refusal::UnknownRole(_) => "roles",
        Refusal::Invalid(words) if words.starts_with("scope name") => "name",
        Refusal::Invalid(words) if words.starts_with("scopes") => "name",
        _ => {
            let fields = [
                ("name", "name"),
                ("displayName", "display_name"),
                ("description", "description"),
                ("bindings", "roles"),
            ];
            return api::refused(form, refusal, &fields);
        }
    };
    Ok(No::checked(form, Errors::default().at(field, words::sentence(&refusal.to_string()))))
}

/// Without those that were removed, with the one that was added. Resources ask for no scope that is gone.
fn changed(form: &Form, before: &ApiDocument) -> (ApiDocument, Errors) {
    let (mut document, mut errors) = (before.clone(), Errors::default());
    let is_removed = |name: &str| form.chose("remove", name);
    document.scopes.retain(|scope| !is_removed(&scope.name));
    let is_gone = |name: &String| !document.scopes.iter().any(|scope| scope.name == *name);
    for operation in &mut document.operations {
        operation.scopes.retain(|name| !(is_removed(name) && is_gone(name)));
    }
    match form.given("name") {
        Some(name) => document.scopes.push(ScopeDocument {
            display_name: form.given("display_name").or_else(|| Some(name.clone())),
            name,
            description: form.given("description"),
            bindings: form.all("roles").map(str::to_owned).collect(),
            shared: false,
        }),
        None if form.has("add") => errors.add("name", "Enter the name of the scope first."),
        None => {}
    }
    (document, errors)
}

fn drawn(visit: &Visit, opened: &Opened, frame: Frame, draft: &Draft) -> Scopes {
    let may_edit = visit.may(rights::EDITORS);
    let document = &opened.api.document;
    let row = |scope: &ScopeDocument| {
        let uses = document.operations.iter().filter(|each| each.scopes.contains(&scope.name));
        Row {
            name: scope.name.clone(),
            description: scope.description.clone().unwrap_or_default(),
            roles: match scope.bindings.is_empty() {
                true => "Any".to_owned(),
                false => scope.bindings.join(", "),
            },
            kind: if scope.shared { "Shared" } else { "Local" },
            used: words::several(uses.count() as u64, "resource", "resources"),
            is_removed: draft.form.chose("remove", &scope.name),
        }
    };
    let roles: Vec<_> = Role::ALL.iter().map(|role| (role.as_str(), role.as_str())).collect();
    Scopes {
        frame,
        csrf: visit.csrf.clone(),
        version: opened.version(),
        rows: document.scopes.iter().map(row).collect(),
        added: vec![
            draft
                .text("name", "Name")
                .such_as("orders.read")
                .helped("As tokens carry it in their claim scope."),
            draft.text("display_name", "Display name"),
            draft.text("description", "Description"),
            draft
                .ticks("roles", "Roles", &roles)
                .helped("Users with one of these may be given it by our own token endpoint."),
        ],
        may_edit,
        bar: opened.bar(visit, rights::EDITORS),
    }
}
