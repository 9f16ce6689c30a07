//! Deny policies: who gets through to no managed API, at any gateway.

use axum::extract::Path;
use axum::extract::Query;
use axum::routing::get;
use axum::routing::post;
use phantom_access::rights::admin as rights;
use phantom_manage::deny_policies;
use phantom_manage::deny_policies::BlockingCondition;
use phantom_manage::deny_policies::BlockingConditionStatus;
use phantom_manage::deny_policies::ConditionType;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::components::Badge;
use phantom_pages::components::Cell;
use phantom_pages::components::Confirm;
use phantom_pages::components::Head;
use phantom_pages::components::Link;
use phantom_pages::components::Notice;
use phantom_pages::components::Press;
use phantom_pages::components::Table;
use phantom_pages::components::Version;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::list::Asked;
use phantom_pages::list::List;
use phantom_pages::shell::Place;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_terms::refusal::Refusal;
use phantom_terms::versioned::Versioned;
use serde_json::Value;
use serde_json::json;

use super::editor::Editor;
use super::editor::Sheet;

const HERE: &str = "/admin/deny-policies";
const PLACE: Place = Place::Admin(HERE);

const DONE: &[(&str, &str, &str)] = &[
    ("created", "The deny policy is in force", "At all gateways, from the next request on."),
    ("on", "The deny policy is switched on", ""),
    ("off", "The deny policy is switched off", "Who it denied gets through again."),
    ("deleted", "The deny policy is deleted", "Who it denied gets through again."),
];
const KINDS: [(&str, &str); 5] = [
    ("API", "An API"),
    ("APPLICATION", "An application"),
    ("IP", "An address"),
    ("IPRANGE", "A range of addresses"),
    ("USER", "A user"),
];

pub(super) fn pages(pages: Pages) -> Pages {
    pages
        .page(rights::DENY_READ, HERE, get(list))
        .page(rights::DENY_WRITE, "/admin/deny-policies/new", get(new).post(create))
        .page(rights::DENY_WRITE, "/admin/deny-policies/{id}/{switch}", post(switch))
        .page(rights::DENY_WRITE, "/admin/deny-policies/{id}/delete", get(confirm).post(delete))
}

/// Whom it denies, in words.
fn whom(condition: &BlockingCondition) -> String {
    let value = &condition.condition_value;
    let text = |member: &str| value.get(member).and_then(Value::as_str).unwrap_or_default();
    let not = if value.get("invert") == Some(&Value::Bool(true)) { "all but " } else { "" };
    match condition.condition_type {
        ConditionType::Ip => format!("{not}{}", text("fixedIp")),
        ConditionType::IpRange => format!("{not}{} to {}", text("startingIp"), text("endingIp")),
        ConditionType::Api | ConditionType::Application | ConditionType::User => {
            value.as_str().unwrap_or_default().to_owned()
        }
    }
}

fn kind(condition: &BlockingCondition) -> &'static str {
    let name = condition.condition_type.as_str();
    KINDS.iter().find(|(known, _)| *known == name).map_or("", |(_, words)| *words)
}

async fn list(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let query = asked.query.trim().to_lowercase();
    let mut all = deny_policies::list(&visit.control, "").await?;
    let on = all.iter().filter(|one| one.condition_status != Some(false)).count() as u64;
    let everything = all.len() as u64;
    all.retain(|one| whom(one).to_lowercase().contains(&query));
    let total = all.len() as u64;
    let may = visit.may(rights::DENY_WRITE);
    let rows = asked.part_of(all).into_iter().map(|one| row(&visit, may, &one)).collect();
    let columns: &[&str] = if may {
        &["Denies", "Which", "State", "Switch", "Delete"]
    } else {
        &["Denies", "Which", "State"]
    };
    let table = Table::new("Deny policies", columns)
        .rows(rows)
        .search(asked.query.trim(), "Name or address")
        .empty(
            "Deny policies keep an API, an application, an address or a user out at all gateways.",
            None,
        )
        .paged(asked.pager(HERE, total));
    let mut head = Head::new("Deny Policies").state(format!(
        "{}, {} switched on. They are in force at all gateways.",
        words::several(everything, "deny policy", "deny policies"),
        words::count(on),
    ));
    if may {
        head = head.action(Link::main("Add deny policy", "/admin/deny-policies/new"));
    }
    let page = List { head, tabs: None, notices: asked.notice(DONE).into_iter().collect(), table };
    Ok(visit.show(PLACE, "Deny Policies", &page))
}

fn row(visit: &Visit, may: bool, one: &BlockingCondition) -> Vec<Cell> {
    let is_on = one.condition_status != Some(false);
    let badge = if is_on { Badge::bad("Denied") } else { Badge::neutral("Switched off") };
    let mut cells = vec![Cell::text(kind(one)), Cell::code(whom(one)), badge.into()];
    if may {
        let at = format!("{HERE}/{}", one.condition_id.as_deref().unwrap_or_default());
        let press = Press {
            csrf: visit.csrf.clone(),
            version: None,
            action: format!("{at}/{}", if is_on { "off" } else { "on" }),
            verb: if is_on { "Switch off" } else { "Switch on" }.to_owned(),
            of: whom(one),
        };
        cells.push(Cell::drawn(&press));
        cells.push(Cell::link("Delete", format!("{at}/delete")));
    }
    cells
}

async fn new(visit: Visit) -> Answer {
    let draft = Draft::new(Form::default().with("kind", "API"));
    Ok(visit.show(PLACE, "Add deny policy", &adding(&visit, &draft, None)))
}

fn adding(visit: &Visit, draft: &Draft, notice: Option<Notice>) -> Editor {
    let kind = draft.radios("kind", "Deny", &KINDS).required();
    let name = draft.text("value", "API, application or user").such_as("/orders/v1").helped(
        "An API by context and version: /orders/v1. An application by owner and name: admin:Orders. A \
         user by its name in the tokens.",
    );
    let addresses = vec![
        draft.text("first", "Address, or the first of a range").such_as("192.0.2.1"),
        draft.text("last", "Last address of a range").such_as("192.0.2.255"),
        draft
            .tick("invert", "Deny all other addresses instead")
            .helped("Then these alone get through."),
    ];
    let sheet = Sheet::new(visit, "/admin/deny-policies/new".to_owned(), "Add deny policy")
        .group("Whom to deny", vec![kind, name])
        .group("For an address or a range", addresses);
    Editor {
        head: Head::new("Add deny policy")
            .under("Deny Policies", HERE)
            .state("In force at all gateways from the next request on."),
        notices: notice.into_iter().collect(),
        diff: None,
        sheets: vec![sheet],
        cancel: HERE.to_owned(),
    }
}

/// What the form stands for.
fn condition(form: &Form) -> Result<BlockingCondition, Errors> {
    let kind = ConditionType::from_name(form.get("kind"))
        .ok_or_else(|| Errors::default().at("kind", "Choose whom to deny."))?;
    let address = |field: &str| {
        let typed = form.get(field);
        let wrong = || {
            let words = match typed {
                "" => "Enter an address, as 192.0.2.1 or 2001:db8::1.".to_owned(),
                typed => {
                    format!("“{typed}” is no address. One is written as 192.0.2.1 or 2001:db8::1.")
                }
            };
            Errors::default().at(field, words)
        };
        typed.parse::<std::net::IpAddr>().map_err(|_| wrong())
    };
    let invert = form.has("invert");
    // What is entered and would count for nothing is no deny policy of that kind.
    let unused: &[&str] = match kind {
        ConditionType::Ip => &["value", "last"],
        ConditionType::IpRange => &["value"],
        ConditionType::Api | ConditionType::Application | ConditionType::User => {
            &["first", "last", "invert"]
        }
    };
    let unused = unused.iter().filter(|field| form.given(field).is_some());
    let errors = unused.fold(Errors::default(), |errors, field| {
        errors.at(field, "It is not for what is chosen above: empty it, or choose otherwise.")
    });
    if !errors.is_empty() {
        return Err(errors);
    }
    let condition_value = match kind {
        ConditionType::Ip => json!({"fixedIp": address("first")?, "invert": invert}),
        ConditionType::IpRange => {
            json!({"startingIp": address("first")?, "endingIp": address("last")?, "invert": invert})
        }
        ConditionType::Api | ConditionType::Application | ConditionType::User => {
            let words = "Enter which one.";
            Value::from(form.given("value").ok_or_else(|| Errors::default().at("value", words))?)
        }
    };
    Ok(BlockingCondition {
        condition_id: None,
        condition_type: kind,
        condition_value,
        condition_status: Some(true),
    })
}

async fn create(visit: Visit, form: Form) -> Answer {
    let errors = match condition(&form) {
        Err(errors) => errors,
        Ok(condition) => {
            match deny_policies::create(&visit.control, &visit.caller, condition).await {
                Ok(_) => return Ok(answer::see(&format!("{HERE}?done=created"))),
                Err(refusal @ Refusal::Exists(_)) => Errors::of_all(refusal.to_string()),
                Err(refusal) => {
                    let field = if form.get("kind") == "IPRANGE" { "last" } else { "value" };
                    Errors::from_refusal(refusal, &[("conditionValue", field)])?
                }
            }
        }
    };
    let notice = Notice::refused(errors.whole.as_deref());
    let page = adding(&visit, &Draft::refused(form, errors), Some(notice));
    Ok(visit.show_refused(PLACE, "Add deny policy", &page))
}

/// The address says to what it is switched, so that two who press at once mean the same.
async fn switch(visit: Visit, Path((id, to)): Path<(String, String)>, form: Form) -> Answer {
    let is_on = match to.as_str() {
        "on" => true,
        "off" => false,
        _ => return Err(phantom_pages::answer::Failure::NoSuchPage),
    };
    let status = BlockingConditionStatus::new(is_on);
    let (control, caller) = (&visit.control, &visit.caller);
    deny_policies::switch(control, caller, &id, &form.expected(), &status).await?;
    Ok(answer::see(&format!("{HERE}?done={to}")))
}

fn deletion(
    visit: &Visit,
    id: &str,
    stored: &Versioned<BlockingCondition>,
    error: Option<String>,
) -> Confirm {
    let condition = &stored.value;
    let effect = match condition.condition_status {
        Some(false) => "It is switched off: nothing changes for anybody.",
        _ => "Who it denies gets through again at all gateways, from the next request on.",
    };
    Confirm {
        csrf: visit.csrf.clone(),
        version: Some(Version(stored.version)),
        action: format!("{HERE}/{id}/delete"),
        back: HERE.to_owned(),
        question: format!(
            "Delete the deny policy for {} {}?",
            kind(condition).to_lowercase().replace("an api", "the API"),
            whom(condition)
        ),
        effects: vec![effect.to_owned()],
        obstacle: None,
        verb: "Delete deny policy".to_owned(),
        typed: None,
        error,
    }
}

async fn confirm(visit: Visit, Path(id): Path<String>) -> Answer {
    let stored = deny_policies::read(&visit.control, &id).await?;
    Ok(visit.show(PLACE, "Delete deny policy", &deletion(&visit, &id, &stored, None)))
}

async fn delete(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let stored = deny_policies::read(&visit.control, &id).await?;
    match deny_policies::delete(&visit.control, &visit.caller, &id, &form.expected()).await {
        Ok(()) => Ok(answer::see(&format!("{HERE}?done=deleted"))),
        Err(refusal) => {
            let errors = Errors::from_refusal(refusal, &[])?;
            let page = deletion(&visit, &id, &stored, errors.whole);
            Ok(visit.show_refused(PLACE, "Delete deny policy", &page))
        }
    }
}
