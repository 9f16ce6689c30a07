//! "Why was I refused?": the last decisions, and each one hop by hop.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::Query;
use phantom_core::DenyReason;
use phantom_core::UnixTime;
use phantom_observe::traffic;
use phantom_observe::traffic::DecisionInfo;
use phantom_observe::traffic::DecisionsWanted;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Badge;
use phantom_pages::components::Cell;
use phantom_pages::components::Facts;
use phantom_pages::components::Field;
use phantom_pages::components::Head;
use phantom_pages::components::Link;
use phantom_pages::components::Live;
use phantom_pages::components::Pager;
use phantom_pages::components::Table;
use phantom_pages::components::Trace;
use phantom_pages::form::Errors;
use phantom_pages::live::Follower;
use phantom_pages::shell::Place;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_terms::refusal::Outcome;
use serde::Deserialize;

use super::address::address;
use super::advice;
use super::hops;

pub(super) const HERE: &str = "/traffic/decisions";
const PLACE: Place = Place::Traffic(HERE);
const PAGE: usize = 25;
/// Questions that can be wrong.
const FIELDS: &[(&str, &str)] = &[("status", "status"), ("application", "application")];

/// The questions of the page's address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    api: String,
    application: String,
    status: String,
    request: String,
    /// Those that were let through as well.
    all: String,
    page: u64,
}

#[derive(Template)]
#[template(path = "traffic/decisions.html")]
struct List {
    head: Head,
    filters: Vec<Field>,
    live: Live,
}

impl Asked {
    fn questions(&self) -> [(&'static str, &str); 5] {
        [
            ("api", &*self.api),
            ("application", &*self.application),
            ("status", &*self.status),
            ("request", &*self.request),
            ("all", &*self.all),
        ]
    }
}

pub(super) async fn list(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let (found, errors) = match wanted(&asked) {
        Ok(wanted) => (traffic::decisions(&visit.control, &wanted).await?, Errors::default()),
        Err(refusal) => (Vec::new(), Errors::from_refusal(refusal, FIELDS)?),
    };
    let all = match asked.api.is_empty() && asked.application.is_empty() {
        true => None,
        false => Some(traffic::decisions(&visit.control, &DecisionsWanted::default()).await?),
    };
    let parties = all.as_deref().unwrap_or(&found);
    let page = asked.page.to_string();
    let events = asked.questions().into_iter().chain([("page", &*page)]).collect::<Vec<_>>();
    let events = address("/traffic/decisions/events", &events);
    let head = Head::new("Why was I refused?")
        .under("Traffic", "/traffic")
        .state("The last decisions of all gateways, the newest first.");
    let filters = vec![
        apis(parties, &asked.api),
        applications(parties, &asked.application).failing(errors.of("application")),
        Field::text("status", "Status")
            .valued(&asked.status)
            .helped("Such as 401, or 4xx")
            .failing(errors.of("status")),
        Field::text("request", "Request id").valued(&asked.request),
        Field::tick("all", "Those let through, too").ticked(!asked.all.is_empty()),
    ];
    let live = Live::new(events, &visit.here, &table(&found, &asked, visit.control.now()));
    let list = List { head, filters, live };
    Ok(match errors.is_empty() {
        true => visit.show(PLACE, "Why was I refused?", &list),
        false => visit.show_refused(PLACE, "Why was I refused?", &list),
    })
}

/// The list, as it changes.
pub(super) async fn events(follower: Follower, Query(asked): Query<Asked>) -> Answer {
    let events = follower.answer(move |visit| {
        let asked = asked.clone();
        async move {
            let found = traffic::decisions(&visit.control, &wanted(&asked)?).await?;
            answer::part(&table(&found, &asked, visit.control.now()))
        }
    });
    events.await
}

fn wanted(asked: &Asked) -> Outcome<DecisionsWanted> {
    let Asked { api, application, status, request, all, .. } = asked;
    DecisionsWanted::parse(all.is_empty(), api, application, status, request)
}

fn table(found: &[DecisionInfo], asked: &Asked, now: UnixTime) -> Table {
    let questions = asked.questions();
    let total = found.len() as u64;
    let page = asked.page.clamp(1, total.div_ceil(PAGE as u64).max(1));
    let pager = Pager::new(address(HERE, &questions), page, PAGE as u64, total);
    let first = (page as usize - 1) * PAGE;
    let rows = found.iter().skip(first).take(PAGE).map(|one| row(one, now)).collect();
    let is_filtered = questions.iter().take(4).any(|(_, value)| !value.is_empty());
    let empty = if is_filtered {
        "None that is still known fits."
    } else {
        "Nobody was refused lately. What gateways refuse stands here, with the reason."
    };
    let columns = ["Time", "Request", "API", "Application", "Status", "Why"];
    Table::new("Decisions", &columns).rows(rows).empty(empty, None).paged(pager)
}

/// Those that are among the decisions are offered. Another one can be typed.
fn apis(decisions: &[DecisionInfo], chosen: &str) -> Field {
    let names: BTreeSet<&str> =
        decisions.iter().map(|one| &*one.api).filter(|name| *name != "none").collect();
    Field::text("api", "API")
        .valued(chosen)
        .helped("Name and version, or id")
        .suggesting(names.into_iter().map(str::to_owned).collect())
}

/// Those that are among the decisions.
fn applications(decisions: &[DecisionInfo], chosen: &str) -> Field {
    let mut choices = vec![("", "All applications")];
    for one in decisions {
        let Some(id) = one.application_id.as_deref() else { continue };
        if choices.iter().all(|(known, _)| *known != id) {
            choices.push((id, one.application.as_deref().unwrap_or(id)));
        }
    }
    if choices.iter().all(|(known, _)| *known != chosen) {
        choices.push((chosen, chosen));
    }
    Field::select("application", "Application", &choices, chosen)
}

fn row(one: &DecisionInfo, now: UnixTime) -> Vec<Cell> {
    row_at(one, now, address("/traffic/decision", &[("request", &one.request_id)]))
}

/// With its own page at that address.
pub(super) fn row_at(one: &DecisionInfo, now: UnixTime, href: String) -> Vec<Cell> {
    let request = format!("{} {}", one.method, one.path);
    let application = one.application.as_deref().or(one.application_id.as_deref());
    vec![
        Cell::time(now, one.time),
        Cell::link(request, href),
        Cell::text(if one.api == "none" { "–" } else { &one.api }),
        Cell::text(application.unwrap_or("–")),
        status(one).into(),
        Cell::text(why(one)),
    ]
}

fn status(one: &DecisionInfo) -> Badge {
    match (one.status, one.reason.is_some() || one.error.is_some()) {
        (0, _) => Badge::bad("None"),
        (status, true) => Badge::bad(status.to_string()),
        (status, false) if status < 400 => Badge::good(status.to_string()),
        (status, false) => Badge::warn(status.to_string()),
    }
}

fn why(one: &DecisionInfo) -> String {
    match (&one.reason, &one.error) {
        (Some(reason), _) => hops::sentence(reason).unwrap_or_else(|| reason.clone()),
        (None, Some(error)) => format!("{} ({error})", advice::failure(error)),
        (None, None) => "Let through".to_owned(),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    request: String,
}

#[derive(Template)]
#[template(path = "traffic/decision.html")]
struct Pages {
    head: Head,
    /// Those of one trace have one id.
    decisions: Vec<Page>,
}

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) title: String,
    pub(crate) remedy: &'static str,
    pub(crate) facts: Facts,
    pub(crate) trace: Trace,
}

pub(super) async fn read(visit: Visit, Query(named): Query<Named>) -> Answer {
    let request = named.request.trim();
    if request.is_empty() {
        return Err(Failure::NoSuchPage);
    }
    let wanted = DecisionsWanted::parse(false, "", "", "", request)?;
    let found = traffic::decisions(&visit.control, &wanted).await?;
    let Some(first) = found.first() else {
        let head = Head::new("This request is not known any more")
            .under("Traffic", "/traffic")
            .under("Why was I refused?", HERE)
            .state(
                "It was let through some minutes ago, is older than a day, or was one of too many.",
            );
        return Ok(visit.show(PLACE, "Unknown request", &Pages { head, decisions: Vec::new() }));
    };
    let title = match first.reason {
        Some(_) => "Refused",
        None if first.error.is_some() => "Failed",
        None => "Let through",
    };
    let head = Head::new(title)
        .under("Traffic", "/traffic")
        .under("Why was I refused?", HERE)
        .badge(status(first))
        .state(why(first))
        .action(Link::main("Open in the workbench", workbench(&visit, first)));
    let now = visit.control.now();
    let decisions = found.iter().take(10).map(|one| page(one, now)).collect();
    Ok(visit.show(PLACE, title, &Pages { head, decisions }))
}

/// With the same request of an API, to be explained or sent again; routes have addresses of their own.
pub(crate) fn workbench(visit: &Visit, one: &DecisionInfo) -> String {
    let url = format!("{}{}", visit.control.settings.gateway_https_url, one.path);
    let questions = match one.api_id {
        Some(_) => [("method", &*one.method), ("url", &url)],
        None => [("", ""); 2],
    };
    format!("{}#call", address("/workbench", &questions))
}

pub(crate) fn page(one: &DecisionInfo, now: UnixTime) -> Page {
    let reason = one.reason.as_deref();
    let mut facts = vec![
        ("Time", Cell::time(now, one.time)),
        ("Request id", Cell::code(&one.request_id)),
        ("Status", status(one).into()),
    ];
    let known = |cell: &Option<String>| cell.clone().filter(|text| !text.is_empty());
    let api = Some(one.api.clone()).filter(|api| api != "none");
    facts.extend(api.map(|api| ("API", Cell::text(api))));
    facts.extend(known(&one.key_manager).map(|name| ("Key manager", Cell::text(name))));
    let application = one.application.clone().or_else(|| one.application_id.clone());
    facts.extend(application.map(|name| ("Application", Cell::text(name))));
    facts.extend(known(&one.reason).map(|name| ("Reason in the log", Cell::code(name))));
    facts.extend(known(&one.error).map(|name| ("Error in the log", Cell::code(name))));
    facts.push(("Took", Cell::text(format!("{} ms", words::decimal(one.millis)))));
    facts.push(("Gateway", Cell::code(&one.gateway_id)));
    Page {
        title: format!("{} {}", one.method, one.path),
        remedy: reason.and_then(DenyReason::from_name).map_or("", DenyReason::remedy),
        facts: Facts(facts.into_iter().map(|(name, cell)| (name.to_owned(), cell)).collect()),
        trace: Trace(hops::of(one)),
    }
}
