//! Users, their roles and passwords.

use axum::extract::Path;
use axum::extract::Query;
use axum::routing::get;
use axum::routing::post;
use phantom_access::rights::admin as rights;
use phantom_access::roles::Role;
use phantom_access::users;
use phantom_access::users::NewUser;
use phantom_access::users::User;
use phantom_core::UnixTime;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Cell;
use phantom_pages::components::Confirm;
use phantom_pages::components::Diff;
use phantom_pages::components::Field;
use phantom_pages::components::Head;
use phantom_pages::components::Link;
use phantom_pages::components::Notice;
use phantom_pages::components::Table;
use phantom_pages::components::Tone;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::list::Asked;
use phantom_pages::list::List;
use phantom_pages::list::encoded;
use phantom_pages::shell::Place;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use secrecy::SecretString;
use serde_json::json;

use super::editor::Editor;
use super::editor::Sheet;

const HERE: &str = "/admin/users";
const PLACE: Place = Place::Admin(HERE);
const PASSWORD: &str = "secret.password";
/// The roles that the form was filled from.
const BEFORE: &str = "before";
/// That an administrator means to be none any more.
const SURE: &str = "sure";
const FIELDS: &[(&str, &str)] = &[("name", "name"), ("roles", "roles"), ("password", PASSWORD)];

const DONE: &[(&str, &str, &str)] = &[
    ("created", "The user is added", "They sign in with the password you entered."),
    ("roles", "The roles are in force", "From the user's next request on."),
    ("password", "The password is changed", "The user's sessions and tokens have ended."),
    (
        "deleted",
        "The user is deleted",
        "Their applications went with them. APIs that they made are still there.",
    ),
];

/// A role and what it lets do.
const ROLES: [(&str, &str); 6] = [
    ("admin", "admin: everything"),
    ("Internal/creator", "Internal/creator: makes and changes APIs"),
    ("Internal/publisher", "Internal/publisher: publishes APIs, blocks subscriptions"),
    ("Internal/subscriber", "Internal/subscriber: has applications and subscribes"),
    ("Internal/devops", "Internal/devops: deploys and deletes APIs, and their life cycle"),
    ("Internal/integration_dev", "Internal/integration_dev: reads definitions"),
];

pub(super) fn pages(pages: Pages) -> Pages {
    let needs = rights::USERS;
    pages
        .page(needs, HERE, get(list))
        .page(needs, "/admin/users/new", get(new).post(create))
        .page(needs, "/admin/users/of/{name}", get(read).post(change_roles))
        .page(needs, "/admin/users/of/{name}/password", post(change_password))
        .page(needs, "/admin/users/of/{name}/delete", get(confirm).post(delete))
}

/// Names are anybody's text, `new` too.
fn address(name: &str) -> String {
    format!("{HERE}/of/{}", encoded(name))
}

async fn list(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let query = asked.query.trim().to_lowercase();
    let mut all = users::list(&visit.control).await?;
    let everybody = all.len() as u64;
    all.retain(|user| user.name.to_lowercase().contains(&query));
    let total = all.len() as u64;
    let now = visit.control.now();
    let row = |user: User| {
        vec![
            Cell::link(&user.name, address(&user.name)),
            Cell::text(match user.roles.as_slice() {
                [] => "None".to_owned(),
                roles => roles.join(", "),
            }),
            Cell::time(now, UnixTime::from_millis(user.created_at)),
        ]
    };
    let table = Table::new("Users", &["Name", "Roles", "Added"])
        .rows(asked.part_of(all).into_iter().map(row).collect())
        .search(asked.query.trim(), "Name")
        .empty("Users sign in to these pages and to the REST APIs.", None)
        .paged(asked.pager(HERE, total));
    let head = Head::new("Users and roles")
        .state(format!(
            "{}. A role is in force from the next request on.",
            words::several(everybody, "user", "users")
        ))
        .action(Link::main("Add user", "/admin/users/new"));
    let page = List { head, tabs: None, notices: asked.notice(DONE).into_iter().collect(), table };
    Ok(visit.show(PLACE, "Users and roles", &page))
}

fn roles(draft: &Draft) -> Field {
    draft.ticks("roles", "Roles", &ROLES).stacked()
}

fn password(label: &str, errors: &Errors) -> Field {
    Field::password(PASSWORD, label)
        .required()
        .completed("new-password")
        .helped("At least 8 characters, and none of those that are guessed first.")
        .failing(errors.of(PASSWORD))
}

async fn new(visit: Visit) -> Answer {
    Ok(visit.show(PLACE, "Add user", &adding(&visit, &Draft::default(), None)))
}

fn adding(visit: &Visit, draft: &Draft, notice: Option<Notice>) -> Editor {
    let name = draft
        .text("name", "Name")
        .required()
        .such_as("sue")
        .helped("Without colon and @. It cannot be changed later.");
    let fields = vec![name, password("Password", &draft.errors), roles(draft)];
    let sheet = Sheet::new(visit, "/admin/users/new".to_owned(), "Add user").group("User", fields);
    Editor {
        head: Head::new("Add user").under("Users and roles", HERE),
        notices: notice.into_iter().collect(),
        diff: None,
        sheets: vec![sheet],
        cancel: HERE.to_owned(),
    }
}

fn chosen(form: &Form) -> Vec<String> {
    form.all("roles").map(str::to_owned).collect()
}

async fn create(visit: Visit, form: Form) -> Answer {
    let user = NewUser {
        name: form.get("name").to_owned(),
        password: SecretString::from(form.raw(PASSWORD)),
        roles: chosen(&form),
    };
    let Err(refusal) = users::create(&visit.control, &visit.caller, user).await else {
        return Ok(answer::see(&format!("{HERE}?done=created")));
    };
    let errors = match refusal {
        refusal @ Refusal::Exists(_) => {
            Errors::default().at("name", format!("{}.", words::sentence(&refusal.to_string())))
        }
        refusal => Errors::from_refusal(refusal, FIELDS)?,
    };
    let notice = Notice::refused(errors.whole.as_deref());
    let page = adding(&visit, &Draft::refused(form, errors), Some(notice));
    Ok(visit.show_refused(PLACE, "Add user", &page))
}

async fn read(visit: Visit, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let user = users::read(&visit.control, &name).await?;
    let notice = asked.notice(DONE);
    let page = changing(&visit, &user, &Draft::new(filled(&user)), notice);
    Ok(visit.show(PLACE, &user.name, &page))
}

fn filled(user: &User) -> Form {
    user.roles.iter().fold(Form::default(), |form, role| form.with("roles", role))
}

fn changing(visit: &Visit, user: &User, draft: &Draft, notice: Option<Notice>) -> Editor {
    let at = address(&user.name);
    let mut head = Head::new(&user.name)
        .under("Users and roles", HERE)
        .action(Link::new("Delete", format!("{at}/delete")));
    if user.name == visit.caller.name {
        head = head.state("It is you.");
    }
    let before = Field::hidden(BEFORE, &user.roles.join(","));
    let mut fields = vec![roles(draft), before];
    if draft.errors.of(SURE).is_some() {
        fields.push(draft.tick(SURE, "Take the role admin from me"));
    }
    let of_roles =
        Sheet::new(visit, at.clone(), "Save roles").group("What the user may do", fields);
    let of_password = Sheet {
        is_main: false,
        ..Sheet::new(visit, format!("{at}/password"), "Set password")
            .group("Password", vec![password("New password", &draft.errors)])
    };
    Editor {
        head,
        notices: notice.into_iter().collect(),
        diff: None,
        sheets: vec![of_roles, of_password],
        cancel: HERE.to_owned(),
    }
}

async fn change_roles(visit: Visit, Path(name): Path<String>, form: Form) -> Answer {
    let user = users::read(&visit.control, &name).await?;
    if form.get(BEFORE) != user.roles.join(",") {
        let words = "By somebody else, or by you in another tab. Below is what you ticked; saving it now \
                     replaces what is stored.";
        let notice = Notice::new(Tone::Warn, "It was changed meanwhile", words);
        let names = ("Stored now", "What you ticked");
        let typed = json!({"roles": chosen(&form)});
        let diff = Diff::between(names, &json!({"roles": user.roles}), &typed);
        let page = changing(&visit, &user, &Draft::new(form), Some(notice));
        let page = Editor { diff: Some(diff), ..page };
        return Ok(visit.show_refused(PLACE, &user.name, &page));
    }
    if !form.has(SURE) && gives_up(&visit, &user, &form).await? {
        let words =
            "It is you: without admin these pages are closed to you at once. Tick it to go on.";
        let errors = Errors::default().at(SURE, words);
        let notice = Notice::refused(None);
        let page = changing(&visit, &user, &Draft::refused(form, errors), Some(notice));
        return Ok(visit.show_refused(PLACE, &user.name, &page));
    }
    // One that everybody has is shown nowhere, and stays.
    let everyone = Role::Everyone.as_str().to_owned();
    let kept = user.roles.iter().filter(|role| **role == everyone).cloned();
    let wanted: Vec<String> = chosen(&form).into_iter().chain(kept).collect();
    match users::change_roles(&visit.control, &visit.caller, &name, &wanted).await {
        Ok(_) => Ok(answer::see(&format!("{}?done=roles", address(&name)))),
        Err(refusal) => refused(&visit, &user, form, refusal),
    }
}

/// Whether an administrator would be none any more by their own doing. The last one stays, without being asked.
async fn gives_up(visit: &Visit, user: &User, form: &Form) -> Outcome<bool> {
    let admin = Role::Admin.as_str();
    let has = |user: &User| user.roles.iter().any(|role| role == admin);
    if user.name != visit.caller.name || !has(user) || form.chose("roles", admin) {
        return Ok(false);
    }
    let all = users::list(&visit.control).await?;
    Ok(all.iter().any(|other| other.name != user.name && has(other)))
}

async fn change_password(visit: Visit, Path(name): Path<String>, form: Form) -> Answer {
    let user = users::read(&visit.control, &name).await?;
    let password = SecretString::from(form.raw(PASSWORD));
    match users::change_password(&visit.control, &visit.caller, &name, &password).await {
        Ok(()) => Ok(answer::see(&format!("{}?done=password", address(&name)))),
        Err(refusal) => refused(&visit, &user, filled(&user), refusal),
    }
}

fn refused(visit: &Visit, user: &User, form: Form, refusal: Refusal) -> Answer {
    let errors = Errors::from_refusal(refusal, FIELDS)?;
    let notice = Notice::refused(errors.whole.as_deref());
    let page = changing(visit, user, &Draft::refused(form, errors), Some(notice));
    Ok(visit.show_refused(PLACE, &user.name, &page))
}

async fn confirm(visit: Visit, Path(name): Path<String>) -> Answer {
    let page = deletion(&visit, &name, None).await?;
    Ok(visit.show(PLACE, "Delete user", &page))
}

async fn deletion(visit: &Visit, name: &str, error: Option<String>) -> Result<Confirm, Failure> {
    let user = users::read(&visit.control, name).await?;
    let owned = users::owned(&visit.control, name).await?;
    let obstacle = users::is_last_administrator(&visit.control, name).await?.then(|| {
        "It is the last administrator, who stays: add another with the role admin first.".to_owned()
    });
    let mut effects = vec!["All of their sessions and tokens end.".to_owned()];
    if owned.applications > 0 {
        let applications = words::several(owned.applications, "application", "applications");
        effects.push(format!(
            "{applications} of theirs {go}, with keys and subscriptions: gateways refuse their tokens from then on.",
            go = if owned.applications == 1 { "goes" } else { "go" }
        ));
    }
    if owned.apis > 0 {
        let stay = if owned.apis == 1 { "stays" } else { "stay" };
        effects.push(format!("{} of theirs {stay}.", words::several(owned.apis, "API", "APIs")));
    }
    if user.name == visit.caller.name {
        effects.push("It is you: you are signed out at once.".to_owned());
    }
    Ok(Confirm {
        csrf: visit.csrf.clone(),
        version: None,
        action: format!("{}/delete", address(name)),
        back: address(name),
        question: format!("Delete the user {name}?"),
        effects,
        obstacle,
        verb: "Delete user".to_owned(),
        typed: Some(user.name),
        error,
    })
}

async fn delete(visit: Visit, Path(name): Path<String>, form: Form) -> Answer {
    let error = if form.is_typed(&name) {
        match users::delete(&visit.control, &visit.caller, &name).await {
            Ok(()) => return Ok(answer::see(&format!("{HERE}?done=deleted"))),
            Err(refusal) => Errors::from_refusal(refusal, &[])?.whole,
        }
    } else {
        Some(format!("What was typed is not “{name}”."))
    };
    let page = deletion(&visit, &name, error).await?;
    Ok(visit.show_refused(PLACE, "Delete user", &page))
}
