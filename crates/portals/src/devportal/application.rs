//! One application: how it stands, its settings, its end.

use axum::extract::Path;
use axum::extract::Query;
use phantom_manage::plans;
use phantom_manage::plans::PlanLevel;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::components::Badge;
use phantom_pages::components::Cell;
use phantom_pages::components::Confirm;
use phantom_pages::components::Diff;
use phantom_pages::components::Facts;
use phantom_pages::components::Head;
use phantom_pages::components::Link;
use phantom_pages::components::Notice;
use phantom_pages::components::Sheet;
use phantom_pages::components::Stack;
use phantom_pages::components::Step;
use phantom_pages::components::Steps;
use phantom_pages::components::Tabs;
use phantom_pages::components::Tone;
use phantom_pages::components::Version;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::list::Asked;
use phantom_pages::visit::Visit;
use phantom_subscribe::applications;
use phantom_subscribe::applications::Application;
use phantom_subscribe::keys;
use phantom_subscribe::subscriptions;
use phantom_terms::page::Page;
use phantom_terms::refusal::Refusal;
use serde_json::Value;
use serde_json::json;

use super::APPLICATIONS;
use super::applications::HERE;
use super::applications::counted;
use super::applications::fields;
use super::applications::quota;
use super::applications::refused;
use super::subscriptions::is_of_use;

/// The page of an application, below `head`, with its tabs.
pub(super) fn stack(visit: &Visit, application: &Application, head: Head) -> Stack {
    let base = format!("{HERE}/{}", application.row.id);
    let tab = |words, path: &str| (words, format!("{base}{path}"));
    let links = [
        tab("Overview", ""),
        tab("Keys", "/keys"),
        tab("Subscriptions", "/subscriptions"),
        tab("Usage", "/usage"),
        tab("Settings", "/edit"),
    ];
    Stack::new(head).tabs(Tabs::new(&application.row.name, &visit.here, &links))
}

/// What it begins with.
pub(super) fn head(application: &Application) -> Head {
    Head::new(&application.row.name).under("Applications", HERE)
}

/// Within an application.
pub(super) fn head_within(application: &Application, title: &str) -> Head {
    let base = format!("{HERE}/{}", application.row.id);
    Head::new(title).under("Applications", HERE).under(&application.row.name, base)
}

pub(super) async fn read(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let application = applications::find(&visit.control, &visit.caller, &id).await?;
    let keys = keys::of_application(&visit.control, application.row.id).await?;
    let notice = asked.notice(&[
        ("created", "The application is made", "Give it a key next."),
        ("changed", "The change is in force", ""),
    ]);
    let (count, subscriptions) = (keys.len() as u64, application.subscriptions);
    let base = format!("{HERE}/{}", application.row.id);
    let mut head = head(&application).state(format!(
        "{}, {}.",
        counted(count, "key", "keys"),
        counted(subscriptions, "subscription", "subscriptions").to_lowercase()
    ));
    head = match (count, subscriptions) {
        (0, _) => head.action(Link::main("Add a key", format!("{base}/keys"))),
        (_, 0) => head.action(Link::main(
            "Subscribe to an API",
            format!("/devportal/apis?application={}", application.row.id),
        )),
        _ => head.action(Link::new("Usage", format!("{base}/usage"))),
    };
    let steps = Steps(vec![
        step(
            "Key",
            count > 0,
            "Says which client is this application: generated here, or mapped from a key manager.",
        ),
        subscription(&visit, &id, subscriptions).await?,
    ]);
    let quota = quota(&visit.control, &visit, &application.row.plan).await?;
    let mut facts = vec![("Shared quota".to_owned(), Cell::text(quota))];
    if let Some(text) = &application.document.description {
        facts.push(("Description".to_owned(), Cell::text(&**text)));
    }
    let made = Cell::time(visit.control.now(), application.row.created_at);
    facts.extend([
        ("Owner".to_owned(), Cell::text(&application.row.owner)),
        ("Made".to_owned(), made),
        ("Id, for REST".to_owned(), Cell::code(application.row.id.to_string())),
    ]);
    let facts = Facts(facts);
    let title = application.row.name.clone();
    let page = stack(&visit, &application, head).notice(notice).part(&facts).section(
        "What it needs to call an API",
        "",
        &steps,
    );
    Ok(visit.show(APPLICATIONS, &title, &page))
}

fn step(title: &str, is_done: bool, text: &str) -> Step {
    let badge = if is_done { Badge::good("Done") } else { Badge::neutral("Not yet") };
    Step { badge, title: title.to_owned(), text: text.to_owned() }
}

/// Done where one of the first so many lets a call through.
async fn subscription(visit: &Visit, id: &str, count: u64) -> Result<Step, Refusal> {
    const LOOKED_AT: u64 = 100;
    let title = "Subscription";
    let page = Page { limit: LOOKED_AT, offset: 0 };
    let (found, total) =
        subscriptions::list(&visit.control, &visit.caller, Some(id), None, page).await?;
    if count == 0 || total > LOOKED_AT || found.iter().any(is_of_use) {
        return Ok(step(title, count > 0, "Lets it call an API, under a plan of that API."));
    }
    Ok(Step {
        badge: Badge::warn("None in force"),
        title: title.to_owned(),
        text: "No call comes through by any of its subscriptions; why is said at each.".to_owned(),
    })
}

pub(super) async fn edit(visit: Visit, Path(id): Path<String>) -> Answer {
    let application = applications::find(&visit.control, &visit.caller, &id).await?;
    let form = Form::default()
        .with("name", &application.row.name)
        .with("quota", &application.row.plan)
        .with("description", application.document.description.as_deref().unwrap_or_default());
    let page = editing(&visit, &application, &Draft::new(form), None, None).await?;
    Ok(visit.show(APPLICATIONS, &application.row.name, &page))
}

async fn editing(
    visit: &Visit,
    application: &Application,
    draft: &Draft,
    notice: Option<Notice>,
    conflict: Option<&Diff>,
) -> Result<Stack, Refusal> {
    let plans = plans::open(&visit.control, &visit.caller, PlanLevel::Application).await?;
    let base = format!("{HERE}/{}", application.row.id);
    let sheet = Sheet::new(&visit.csrf, format!("{base}/edit")).of_version(application.row.version);
    let sheet = fields(draft, &plans).iter().fold(sheet, Sheet::field).button("Save");
    let head = head(application).action(Link::new("Delete", format!("{base}/delete")));
    let mut page = stack(visit, application, head).notice(notice);
    if let Some(conflict) = conflict {
        page = page.section("What saving now would change", "", conflict);
    }
    Ok(page.part(&sheet))
}

/// What is told of two people's changes, in the words of the form.
fn compared(name: &str, quota: &str, description: Option<&str>) -> Value {
    json!({"name": name, "shared quota": quota, "description": description})
}

pub(super) async fn update(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let stored = applications::find(&visit.control, &visit.caller, &id).await?;
    let changed = match super::applications::read(&form, stored.document.clone()) {
        Ok(document) => {
            let expected = form.expected();
            applications::update(&visit.control, &visit.caller, &id, document, &expected).await
        }
        Err(refusal) => Err(refusal),
    };
    let refusal = match changed {
        Ok(application) => {
            return Ok(answer::see(&format!("{HERE}/{}?done=changed", application.row.id)));
        }
        Err(refusal) => refusal,
    };
    let mut conflict = None;
    let (draft, notice) = match refusal {
        Refusal::OtherVersion => {
            let row = &stored.row;
            let now = compared(&row.name, &row.plan, stored.document.description.as_deref());
            let description = form.given("description");
            let mine = compared(form.get("name"), form.get("quota"), description.as_deref());
            conflict = Some(Diff::between(("As it is now", "With yours"), &now, &mine));
            let words = "By somebody else, or by you in another tab. Below is what you entered; saving it now \
                         replaces their change.";
            (Draft::new(form), Notice::new(Tone::Warn, "It was changed meanwhile", words))
        }
        refusal => refused(form, refusal)?,
    };
    let page = editing(&visit, &stored, &draft, Some(notice), conflict.as_ref()).await?;
    Ok(visit.show_refused(APPLICATIONS, &stored.row.name, &page))
}

pub(super) async fn confirm(visit: Visit, Path(id): Path<String>) -> Answer {
    let application = applications::find(&visit.control, &visit.caller, &id).await?;
    let page = deletion(&visit, &application, None).await?;
    Ok(visit.show(APPLICATIONS, "Delete application", &page))
}

async fn deletion(
    visit: &Visit,
    application: &Application,
    error: Option<String>,
) -> Result<Confirm, Refusal> {
    let keys = keys::of_application(&visit.control, application.row.id).await?;
    let base = format!("{HERE}/{}", application.row.id);
    Ok(Confirm {
        csrf: visit.csrf.clone(),
        version: Some(Version(application.row.version)),
        action: format!("{base}/delete"),
        back: format!("{base}/edit"),
        question: format!("Delete the application {}?", application.row.name),
        effects: vec![
            counted(application.subscriptions, "subscription ends", "subscriptions end")
                + " with it.",
            counted(keys.len() as u64, "key is taken away", "keys are taken away")
                + ": calls with its tokens are refused at all gateways.",
        ],
        obstacle: None,
        verb: "Delete application".to_owned(),
        typed: Some(application.row.name.clone()),
        error,
    })
}

pub(super) async fn delete(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let application = applications::find(&visit.control, &visit.caller, &id).await?;
    let refused = match form.is_typed(&application.row.name) {
        false => Some(format!("What was typed is not “{}”.", application.row.name)),
        true => {
            let expected = form.expected();
            match applications::delete(&visit.control, &visit.caller, &id, &expected).await {
                Ok(()) => return Ok(answer::see(&format!("{HERE}?done=deleted"))),
                Err(Refusal::OtherVersion) => {
                    Some("It was changed meanwhile. Look at what is affected now.".to_owned())
                }
                Err(refusal) => Errors::from_refusal(refusal, &[])?.whole,
            }
        }
    };
    let page = deletion(&visit, &application, refused).await?;
    Ok(visit.show_refused(APPLICATIONS, "Delete application", &page))
}
