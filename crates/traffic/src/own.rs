//! The traffic of one API or application, within the page of whoever it belongs to.

use askama::Template;
use phantom_core::UnixTime;
use phantom_observe::traffic::DecisionInfo;
use phantom_observe::traffic::Period;
use phantom_observe::traffic::Traffic;
use phantom_pages::components::Cell;
use phantom_pages::components::Chart;
use phantom_pages::components::Link;
use phantom_pages::components::Stat;
use phantom_pages::components::Table;
use phantom_pages::components::Tabs;
use phantom_pages::components::drawn;
use phantom_pages::visit::Visit;
use phantom_terms::refusal::Outcome;
use serde::Deserialize;

use super::address::address;
use super::decisions;
use super::overview;
use super::overview::Sight;

/// Decisions on one page.
const LAST: usize = 25;

/// The questions of such a page's address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    period: String,
    /// Decisions of requests that were let through as well.
    all: String,
    /// One of them, hop by hop.
    request: String,
}

/// Numbers, who calls or is called, and the last decisions.
#[derive(Debug, Template)]
#[template(path = "traffic/own.html")]
pub struct Own {
    periods: Tabs,
    lag: &'static str,
    stats: Vec<Stat>,
    charts: Vec<Chart>,
    tables: Vec<Table>,
    /// To the others: those let through, too, or no longer.
    turn: Link,
}

/// One request, hop by hop.
#[derive(Debug, Template)]
#[template(path = "traffic/hops.html")]
pub struct Hops {
    decisions: Vec<decisions::Page>,
    /// The same request, to be explained or sent again.
    workbench: String,
}

drawn!(Own, Hops);

impl Asked {
    pub fn period(&self) -> Outcome<Period> {
        Period::parse_or(&self.period, Period::Hour)
    }

    pub fn refused_only(&self) -> bool {
        self.all.is_empty()
    }

    /// The request that is asked for, if one is.
    pub fn request(&self) -> Option<&str> {
        Some(self.request.trim()).filter(|request| !request.is_empty())
    }

    /// All decisions are looked through where one is asked for.
    pub fn searches(&self) -> bool {
        self.request().is_none() && self.refused_only()
    }
}

impl Own {
    /// `base` is the page's address.
    pub fn new(
        asked: &Asked,
        base: &str,
        traffic: &Traffic,
        found: &[DecisionInfo],
        now: UnixTime,
    ) -> Self {
        let at =
            |period: Period, all: &str| address(base, &[("period", period.name()), ("all", all)]);
        let links = Period::ALL.map(|period| Link {
            is_main: period == traffic.period,
            ..Link::new(overview::long(period), at(period, &asked.all))
        });
        let periods =
            Tabs { headings: Vec::new(), label: "Period".to_owned(), links: links.into() };
        let stats = overview::stats(traffic, Sight::Own);
        let charts = overview::charts(traffic, Sight::Own);
        let turn = match asked.all.is_empty() {
            true => Link::new("Show those let through, too", at(traffic.period, "on")),
            false => Link::new("Show refusals alone", at(traffic.period, "")),
        };
        let rows = found.iter().take(LAST).map(|one| row(one, base, now));
        let empty =
            if asked.all.is_empty() { "Nobody was refused lately." } else { "None lately." };
        let columns = ["Time", "Request", "API", "Application", "Status", "Why"];
        let last =
            Table::new("The last decisions", &columns).rows(rows.collect()).empty(empty, None);
        let mut tables = vec![overview::refusals(traffic)];
        let parties = [
            ("By API", "API", &traffic.apis),
            ("By application", "Application", &traffic.applications),
        ];
        for (caption, of, parties) in parties.into_iter().filter(|(.., all)| !all.is_empty()) {
            let rows = parties.iter().map(|party| {
                let counted = [party.requests, party.refused].map(Cell::number);
                [Cell::text(&party.name)].into_iter().chain(counted).collect()
            });
            tables.push(Table::new(caption, &[of, "Requests", "Refused"]).rows(rows.collect()));
        }
        tables.push(last);
        let lag = match traffic.period {
            Period::FiveMinutes => "Gateways report every five seconds.",
            _ => {
                "Gateways report every five seconds; the figures of an hour and more lag behind by up to a minute."
            }
        };
        Self { periods, lag, stats, charts, tables, turn }
    }
}

fn row(one: &DecisionInfo, base: &str, now: UnixTime) -> Vec<Cell> {
    decisions::row_at(one, now, address(base, &[("request", &one.request_id)]))
}

impl Hops {
    /// `None`: none of them is that request.
    pub fn of(visit: &Visit, found: &[DecisionInfo], request: &str) -> Option<Self> {
        let those: Vec<_> = found.iter().filter(|one| one.request_id == request).take(10).collect();
        let workbench = decisions::workbench(visit, those.first()?);
        let now = visit.control.now();
        let decisions = those.into_iter().map(|one| decisions::page(one, now)).collect();
        Some(Self { decisions, workbench })
    }
}
