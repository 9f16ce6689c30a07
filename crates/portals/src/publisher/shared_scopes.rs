//! Scopes that many APIs use, defined once.

use askama::Template;
use axum::extract::Path;
use axum::extract::Query;
use axum::routing::get;
use axum::routing::post;
use phantom_access::rights::publisher as rights;
use phantom_access::roles::Role;
use phantom_manage::apis::scope::RawScope;
use phantom_manage::scopes;
use phantom_manage::scopes::SharedScope;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Cell;
use phantom_pages::components::Confirm;
use phantom_pages::components::Csrf;
use phantom_pages::components::Diff;
use phantom_pages::components::Field;
use phantom_pages::components::Head;
use phantom_pages::components::Link;
use phantom_pages::components::Notice;
use phantom_pages::components::Table;
use phantom_pages::components::Version;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::list::Asked;
use phantom_pages::list::Done;
use phantom_pages::list::List;
use phantom_pages::shell::Place;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde_json::Value;
use serde_json::json;

use super::api;
use super::api::No;

const HERE: &str = "/publisher/scopes";
const PLACE: Place = Place::Publisher(HERE);
const NEW: &str = "/publisher/scopes/new";
const ONE: &str = "/publisher/scopes/{id}";

pub(super) fn pages(pages: Pages) -> Pages {
    pages
        .page(rights::SCOPE_READERS, HERE, get(list))
        .page(rights::SCOPE_MANAGERS, NEW, get(new).post(create))
        .page(rights::SCOPE_READERS, ONE, get(read))
        .page(rights::SCOPE_MANAGERS, ONE, post(update))
        .page(rights::SCOPE_MANAGERS, "/publisher/scopes/{id}/delete", get(confirm).post(delete))
}

#[derive(Template)]
#[template(path = "publisher/shared_scope.html")]
struct Sheet {
    head: Head,
    notices: Vec<Notice>,
    /// Somebody else's change, beside that of the form.
    conflict: Option<Diff>,
    csrf: Csrf,
    version: Option<Version>,
    fields: Vec<Field>,
    may_edit: bool,
}

const DONE: &[Done] = &[
    ("created", "The scope is made", "Every API can ask for it under its Resources."),
    ("changed", "The change is saved", ""),
    ("deleted", "The scope is deleted", ""),
];

async fn list(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let query = asked.query.trim().to_lowercase();
    let mut all = scopes::list(&visit.control).await?;
    all.retain(|(scope, _)| scope.name.to_lowercase().contains(&query));
    let (shown, total) = asked.part().of(all);
    let mut head = Head::new("Scopes")
        .state("Shared scopes: defined once, asked for by any API. An API's own are on its page.");
    let add = visit.may(rights::SCOPE_MANAGERS).then(|| Link::main("Create scope", NEW));
    if let Some(add) = &add {
        head = head.action(add.clone());
    }
    let row = |(scope, uses): (SharedScope, u64)| {
        vec![
            Cell::link(&scope.name, format!("{HERE}/{}", scope.id)),
            Cell::text(scope.description.unwrap_or_default()),
            Cell::text(scope.bindings.join(", ")),
            Cell::number(uses),
        ]
    };
    let table = Table::new("Shared scopes", &["Name", "Description", "Roles", "APIs"])
        .rows(shown.into_iter().map(row).collect())
        .search(asked.query.trim(), "Name")
        .empty("A scope says what a token lets its bearer do. None is shared yet.", add)
        .paged(asked.pager(HERE, total));
    Ok(visit.show(
        PLACE,
        "Scopes",
        &List { head, tabs: None, notices: asked.notice(DONE).into_iter().collect(), table },
    ))
}

fn fields(draft: &Draft, is_new: bool) -> Vec<Field> {
    let roles: Vec<_> = Role::ALL.iter().map(|role| (role.as_str(), role.as_str())).collect();
    let name = draft.text("name", "Name").required().such_as("orders.read");
    vec![
        if is_new { name } else { name.fixed() },
        draft.text("display_name", "Display name"),
        draft.text("description", "Description"),
        draft
            .ticks("roles", "Roles", &roles)
            .helped("Users with one of these may be given it by our own token endpoint."),
    ]
}

fn filled(scope: &SharedScope) -> Form {
    let form = Form::default()
        .with("name", &scope.name)
        .with("display_name", scope.display_name.clone().unwrap_or_default())
        .with("description", scope.description.clone().unwrap_or_default());
    scope.bindings.iter().fold(form, |form, role| form.with("roles", role))
}

fn entered(form: &Form, name: &str) -> RawScope {
    RawScope {
        name: name.to_owned(),
        display_name: form.given("display_name").or_else(|| Some(name.to_owned())),
        description: form.given("description"),
        bindings: form.all("roles").map(str::to_owned).collect(),
    }
}

/// What is told of two people's changes, in the words of the form.
fn compared(
    (display_name, description, roles): (&Option<String>, &Option<String>, &Vec<String>),
) -> Value {
    let mut roles = roles.clone();
    roles.sort();
    json!({"display name": display_name, "description": description, "roles": roles})
}

fn placed(form: Form, refusal: Refusal) -> Result<No, Failure> {
    let field = match &refusal {
        Refusal::ScopeName | Refusal::ScopeExists(_) | Refusal::ScopeOfApi { .. } => "name",
        Refusal::Invalid(words) if words.starts_with("scope name") => "name",
        Refusal::UnknownRole(_) => "roles",
        _ => {
            let fields = [("displayName", "display_name"), ("description", "description")];
            return api::refused(form, refusal, &fields);
        }
    };
    Ok(No::checked(form, Errors::default().at(field, words::sentence(&refusal.to_string()))))
}

fn adding(visit: &Visit, draft: &Draft, notices: Vec<Notice>) -> Sheet {
    Sheet {
        head: Head::new("Create scope").under("Scopes", HERE),
        notices,
        conflict: None,
        csrf: visit.csrf.clone(),
        version: None,
        fields: fields(draft, true),
        may_edit: true,
    }
}

async fn new(visit: Visit) -> Answer {
    let page = adding(&visit, &Draft::new(Form::default()), Vec::new());
    Ok(visit.show(PLACE, "Create scope", &page))
}

async fn create(visit: Visit, form: Form) -> Answer {
    let raw = entered(&form, form.get("name"));
    match scopes::create(&visit.control, &visit.caller, raw).await {
        Ok(_) => Ok(answer::see(&format!("{HERE}?done=created"))),
        Err(refusal) => {
            let no = placed(form, refusal)?;
            let page = adding(&visit, &no.draft, vec![no.notice]);
            Ok(visit.show_refused(PLACE, "Create scope", &page))
        }
    }
}

fn changing(visit: &Visit, scope: &SharedScope, draft: &Draft, notices: Vec<Notice>) -> Sheet {
    let may_edit = visit.may(rights::SCOPE_MANAGERS);
    let mut head = Head::new(&scope.name).under("Scopes", HERE);
    if may_edit {
        head = head.action(Link::new("Delete", format!("{HERE}/{}/delete", scope.id)));
    }
    Sheet {
        head,
        notices,
        conflict: None,
        csrf: visit.csrf.clone(),
        version: Some(Version(scope.version)),
        fields: fields(draft, false),
        may_edit,
    }
}

async fn read(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let scope = scopes::read(&visit.control, &id).await?;
    let notices = asked.notice(DONE).into_iter().collect();
    let page = changing(&visit, &scope, &Draft::new(filled(&scope)), notices);
    Ok(visit.show(PLACE, &scope.name, &page))
}

async fn update(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let scope = scopes::read(&visit.control, &id).await?;
    let (raw, expected) = (entered(&form, &scope.name), form.expected());
    match scopes::update(&visit.control, &visit.caller, &id, raw, &expected).await {
        Ok(_) => Ok(answer::see(&format!("{HERE}/{id}?done=changed"))),
        Err(refusal) => {
            let mine = entered(&form, &scope.name);
            let no = placed(form, refusal)?;
            let conflict = no.is_late.then(|| {
                let names = ("As it is now", "With yours");
                let now = (&scope.display_name, &scope.description, &scope.bindings);
                let then = (&mine.display_name, &mine.description, &mine.bindings);
                Diff::between(names, &compared(now), &compared(then))
            });
            let page = changing(&visit, &scope, &no.draft, vec![no.notice]);
            let page = Sheet { conflict, ..page };
            Ok(visit.show_refused(PLACE, &scope.name, &page))
        }
    }
}

async fn deletion(visit: &Visit, scope: &SharedScope, error: Option<String>) -> Outcome<Confirm> {
    let all = scopes::list(&visit.control).await?;
    let uses = all.into_iter().find(|(each, _)| each.id == scope.id).map_or(0, |(_, uses)| uses);
    let (effects, obstacle) = match uses {
        0 => (vec!["No API uses it.".to_owned()], None),
        uses => {
            let users = words::several(uses, "API uses", "APIs use");
            (Vec::new(), Some(format!("{users} it. It cannot be deleted until none does.")))
        }
    };
    Ok(Confirm {
        csrf: visit.csrf.clone(),
        version: Some(Version(scope.version)),
        action: format!("{HERE}/{}/delete", scope.id),
        back: format!("{HERE}/{}", scope.id),
        question: format!("Delete the scope {}?", scope.name),
        effects,
        obstacle,
        verb: "Delete scope".to_owned(),
        typed: None,
        error,
    })
}

async fn confirm(visit: Visit, Path(id): Path<String>) -> Answer {
    let scope = scopes::read(&visit.control, &id).await?;
    let page = deletion(&visit, &scope, None).await?;
    Ok(visit.show(PLACE, "Delete scope", &page))
}

async fn delete(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let scope = scopes::read(&visit.control, &id).await?;
    match scopes::delete(&visit.control, &visit.caller, &id, &form.expected()).await {
        Ok(()) => Ok(answer::see(&format!("{HERE}?done=deleted"))),
        Err(refusal) => {
            let error = match refusal {
                Refusal::OtherVersion => Some("It was changed meanwhile. Look again.".to_owned()),
                refusal => Errors::from_refusal(refusal, &[])?.whole,
            };
            let page = deletion(&visit, &scope, error).await?;
            Ok(visit.show_refused(PLACE, "Delete scope", &page))
        }
    }
}
