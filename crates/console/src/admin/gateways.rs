//! Gateways: who serves, and whether what is published is in force there.

use askama::Template;
use axum::routing::get;
use phantom_core::UnixTime;
use phantom_observe::gateways;
use phantom_observe::gateways::GatewayInfo;
use phantom_observe::gateways::GatewayState;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::components::Badge;
use phantom_pages::components::Cell;
use phantom_pages::components::Head;
use phantom_pages::components::Link;
use phantom_pages::components::Live;
use phantom_pages::components::Table;
use phantom_pages::guard::Needs;
use phantom_pages::guard::Pages;
use phantom_pages::live::Follower;
use phantom_pages::shell::Place;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_terms::refusal::Outcome;

const HERE: &str = "/admin/gateways";
const EVENTS: &str = "/admin/gateways/events";

pub(super) fn pages(pages: Pages, needs: Needs) -> Pages {
    pages.page(needs, HERE, get(list)).page(needs, EVENTS, get(events))
}

#[derive(Template)]
#[template(source = "{{ head }}{{ table }}", ext = "html")]
struct List {
    head: Head,
    table: Table,
}

#[derive(Template)]
#[template(source = "{{ self.0 }}", ext = "html")]
struct Page(Live);

async fn list(visit: Visit) -> Answer {
    let live = Live::new(EVENTS, &visit.here, &now(&visit).await?).headed();
    Ok(visit.show(Place::Admin(HERE), "Gateways", &Page(live)))
}

/// The page, as it changes.
async fn events(follower: Follower) -> Answer {
    follower.answer(async |visit: Visit| answer::part(&now(&visit).await?)).await
}

async fn now(visit: &Visit) -> Outcome<List> {
    let (all, now) = (gateways::list(&visit.control).await?, visit.control.now());
    let reporting = all.iter().filter(|one| one.state == GatewayState::Reporting).count() as u64;
    let current = all.iter().filter(|one| one.is_up_to_date()).count() as u64;
    let (badge, state) = match (reporting, current) {
        (0, _) => (
            Badge::neutral("Unknown"),
            "No gateway reports. Those that serve do so every five seconds.".to_owned(),
        ),
        (reporting, current) if reporting == current => (
            Badge::good("Healthy"),
            match reporting {
                1 => "The gateway that reports has all that is published.".to_owned(),
                _ => {
                    format!("All {} gateways have all that is published.", words::count(reporting))
                }
            },
        ),
        (reporting, current) => (
            Badge::warn("Degraded"),
            format!(
                "What is published is in force at {} of {} gateways.",
                words::count(current),
                words::count(reporting)
            ),
        ),
    };
    let columns = ["Name", "State", "Catalog", "Requests/s", "Version", "Up since", "Last report"];
    let table =
        Table::new("Gateways", &columns).rows(all.iter().map(|one| row(one, now)).collect()).empty(
            "Gateways stand here once they have reported, five seconds after their start.",
            None,
        );
    let head =
        Head::new("Gateways").badge(badge).state(state).action(Link::new("Traffic", "/traffic"));
    Ok(List { head, table })
}

fn row(one: &GatewayInfo, now: UnixTime) -> Vec<Cell> {
    let state = match one.state {
        GatewayState::Reporting => Badge::good("Healthy"),
        GatewayState::Silent => Badge::bad("Down"),
        GatewayState::Stopped => Badge::neutral("Stopped"),
    };
    let catalog = match (one.state, one.behind, one.behind_since) {
        (GatewayState::Stopped, _, _) => Badge::neutral(format!("At change {}", one.catalog)),
        (_, 0, _) => Badge::good(format!("All {} changes", words::count(one.catalog))),
        (_, behind, Some(since)) => Badge::warn(format!(
            "{} behind, the first made {}",
            words::several(behind, "change", "changes"),
            words::ago(now, since)
        )),
        (_, behind, None) => Badge::neutral(format!(
            "{} since its last report",
            words::several(behind, "change", "changes")
        )),
    };
    vec![
        Cell::link(&one.name, format!("/traffic?gateway={}", one.gateway_id)),
        state.into(),
        catalog.into(),
        Cell::Number(words::decimal(one.requests_per_second)),
        Cell::code(&one.version),
        Cell::time(now, one.started_at),
        Cell::time(now, one.reported_at),
    ]
}
