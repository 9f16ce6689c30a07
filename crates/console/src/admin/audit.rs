//! The audit: who did what, when, and what changed by it.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Query;
use axum::response::IntoResponse;
use axum::routing::get;
use form_urlencoded::Serializer;
use http::header;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use phantom_access::rights::admin as rights;
use phantom_core::UnixTime;
use phantom_observe::audit;
use phantom_observe::audit::Action;
use phantom_observe::audit::AuditFilter;
use phantom_observe::audit::Entity;
use phantom_observe::audit::Line;
use phantom_pages::answer::Answer;
use phantom_pages::components::Badge;
use phantom_pages::components::Diff;
use phantom_pages::components::Field;
use phantom_pages::components::Head;
use phantom_pages::components::Link;
use phantom_pages::components::Pager;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::shell::Place;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use serde_json::Value;

/// Of a page: each shows what it changed.
const LINES: u32 = 15;
const HERE: &str = "/admin/audit";
const PLACE: Place = Place::Admin(HERE);
const ACTIONS: [(&str, &str); 4] =
    [("", "Anything"), ("CREATE", "Added"), ("UPDATE", "Changed"), ("DELETE", "Deleted")];
/// Of a document is shown at most so much, in changed members.
const MOST_CHANGES: usize = 12;

pub(super) fn pages(pages: Pages) -> Pages {
    pages.page(rights::AUDIT, HERE, get(page)).page(
        rights::AUDIT,
        "/admin/audit/export",
        get(export),
    )
}

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct Page {
    head: Head,
    filters: Vec<Field>,
    entries: Vec<Entry>,
    pager: Option<Pager>,
    is_filtered: bool,
}

/// A line, ready to be drawn.
struct Entry {
    sequence: u64,
    who: String,
    address: String,
    what: Badge,
    entity: String,
    name: String,
    ago: String,
    exact: String,
    diff: Diff,
}

async fn page(visit: Visit, Query(asked): Query<Vec<(String, String)>>) -> Answer {
    let form =
        asked.into_iter().fold(Form::default(), |form, (name, value)| form.with(&name, value));
    let (filter, errors) = filter(&form);
    let found = audit::list(&visit.control, &filter, LINES).await?;
    let now = visit.control.now();
    let pager = (found.below.is_some() || filter.below.is_some()).then(|| {
        let newest = filter.below.is_some().then(|| format!("{HERE}?{}", query(&form, None)));
        let older = found.below.map(|below| format!("{HERE}?{}", query(&form, Some(below))));
        Pager::turned(newest, older)
    });
    let export = format!("{HERE}/export?{}", query(&form, None));
    let head = Head::new("Audit")
        .state("Who did what, with what was there before and after. Secrets are not in it.")
        .action(Link::new("Export as JSON lines", export));
    let is_filtered = query(&form, None).contains('=');
    let refused = !errors.is_empty();
    let entries = found.lines.iter().map(|line| entry(now, line)).collect();
    let page =
        Page { head, filters: filters(&Draft::refused(form, errors)), entries, pager, is_filtered };
    Ok(match refused {
        true => visit.show_refused(PLACE, "Audit", &page),
        false => visit.show(PLACE, "Audit", &page),
    })
}

fn filters(draft: &Draft) -> Vec<Field> {
    let entities: BTreeMap<_, _> =
        Entity::ALL.iter().map(|one| (one.as_str(), entity(*one))).collect();
    let entities = entities.iter().map(|(name, words)| (*name, words.as_str()));
    let entities: Vec<_> = [("", "Anything")].into_iter().chain(entities).collect();
    vec![
        draft.text("who", "Who").such_as("admin"),
        draft.select("entity", "What", &entities),
        draft.select("action", "Was", &ACTIONS),
        draft.date("from", "From"),
        draft.date("until", "Until"),
    ]
}

/// The questions of the address that are answered, without the place in the list.
fn query(form: &Form, below: Option<u64>) -> String {
    let mut text = Serializer::new(String::new());
    for name in ["who", "entity", "action", "from", "until", "id"] {
        if let Some(value) = form.given(name) {
            text.append_pair(name, &value);
        }
    }
    if let Some(below) = below {
        text.append_pair("below", &below.to_string());
    }
    text.finish()
}

/// What cannot be is said at its field, and not looked for.
fn filter(form: &Form) -> (AuditFilter, Errors) {
    let mut errors = Errors::default();
    let mut day = |field: &str, days: i64| {
        let typed = form.given(field)?;
        let time = typed.parse::<Date>().ok().and_then(|date| {
            let date = date.checked_add(jiff::Span::new().days(days)).ok()?;
            u64::try_from(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second()).ok()
        });
        if time.is_none() {
            errors.add(field, "It is no day. One is written as 2026-11-29.");
        }
        time.map(UnixTime::from_secs)
    };
    let (mut from, mut until) = (day("from", 0), day("until", 1));
    if until.is_some_and(|until| from.is_some_and(|from| until <= from)) {
        errors.add("until", "It is before the first day.");
        (from, until) = (None, None);
    }
    let entity = form.given("entity");
    let action = form.given("action");
    let known = entity.as_deref().map(Entity::from_name);
    if known == Some(None) {
        errors.add("entity", "There is nothing of that name.");
    }
    let done = action.as_deref().map(Action::from_name);
    if done == Some(None) {
        errors.add("action", "There is nothing of that name.");
    }
    let who = form.given("who");
    if who
        .as_ref()
        .is_some_and(|who| who.chars().count() > 255 || who.chars().any(char::is_control))
    {
        errors.add("who", "No user has such a name.");
    }
    let filter = AuditFilter {
        who: who.filter(|_| errors.of("who").is_none()),
        entity: known.flatten(),
        entity_id: form
            .given("id")
            .filter(|id| id.len() <= 64 && !id.chars().any(char::is_control)),
        action: done.flatten(),
        from,
        until,
        below: form.get("below").parse().ok(),
    };
    (filter, errors)
}

/// What an entity is called: as in the store, where pages have no other word for it.
pub(crate) fn entity(entity: Entity) -> String {
    match entity {
        Entity::Api => "API".to_owned(),
        Entity::Client => "OAuth client".to_owned(),
        Entity::KeyMapping => "Application key".to_owned(),
        Entity::Plan => "Throttling policy".to_owned(),
        other => words::sentence(&other.as_str().to_lowercase().replace('_', " ")),
    }
}

pub(crate) fn done(action: Action) -> Badge {
    match action {
        Action::Create => Badge::good("Added"),
        Action::Update => Badge::neutral("Changed"),
        Action::Delete => Badge::bad("Deleted"),
    }
}

fn entry(now: UnixTime, line: &Line) -> Entry {
    let none = Value::Object(serde_json::Map::new());
    let [before, after] = [&line.before, &line.after].map(|side| side.as_ref().unwrap_or(&none));
    Entry {
        sequence: line.sequence,
        who: line.who.clone(),
        address: line.address.clone().unwrap_or_default(),
        what: done(line.action),
        entity: entity(line.entity),
        name: line.label().to_owned(),
        ago: words::ago(now, line.time()),
        exact: words::time(line.time()),
        diff: Diff {
            none: "Nothing of what is kept here differs. Passwords and secrets are not kept here: one may have been set.",
            ..Diff::between(("Before", "After"), before, after).bounded(MOST_CHANGES)
        },
    }
}

async fn export(visit: Visit, Query(asked): Query<Vec<(String, String)>>) -> Answer {
    let form =
        asked.into_iter().fold(Form::default(), |form, (name, value)| form.with(&name, value));
    let (filter, errors) = filter(&form);
    if !errors.is_empty() {
        return Ok(phantom_pages::answer::see(&format!("{HERE}?{}", query(&form, None))));
    }
    let text = audit::export(&visit.control, &AuditFilter { below: None, ..filter }).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.jsonl\""),
    ];
    Ok((headers, text).into_response())
}
