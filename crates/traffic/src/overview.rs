//! Numbers of the last minutes, hours or day: of all traffic, or of one party's.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::Query;
use phantom_core::UnixTime;
use phantom_observe::gateways;
use phantom_observe::gateways::GatewayInfo;
use phantom_observe::traffic;
use phantom_observe::traffic::Numbers;
use phantom_observe::traffic::Party;
use phantom_observe::traffic::Period;
use phantom_observe::traffic::Traffic;
use phantom_observe::traffic::TrafficWanted;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Cell;
use phantom_pages::components::Chart;
use phantom_pages::components::Field;
use phantom_pages::components::Head;
use phantom_pages::components::Link;
use phantom_pages::components::Live;
use phantom_pages::components::Series;
use phantom_pages::components::Stat;
use phantom_pages::components::Table;
use phantom_pages::components::Tabs;
use phantom_pages::live::Follower;
use phantom_pages::shell::Place;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use serde::Deserialize;

use super::address::address;
use super::hops;

pub(super) const HERE: &str = "/traffic";

/// The questions of the page's address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    period: String,
    gateway: String,
    api: String,
    application: String,
    key_manager: String,
}

impl Asked {
    fn address(&self, change: impl FnOnce(&mut Self)) -> String {
        let mut asked = self.clone();
        change(&mut asked);
        asked.address_at(HERE)
    }

    /// Of what is asked the same.
    fn address_at(&self, path: &str) -> String {
        let questions = [
            ("period", &*self.period),
            ("gateway", &*self.gateway),
            ("api", &*self.api),
            ("application", &*self.application),
            ("key_manager", &*self.key_manager),
        ];
        address(path, &questions)
    }

    fn is_filtered(&self) -> bool {
        let filters = [&self.gateway, &self.api, &self.application, &self.key_manager];
        filters.iter().any(|filter| !filter.is_empty())
    }

    /// Numbers are counted by each kind of party alone.
    fn of(&mut self, kind: Kind, key: &str) {
        for (of, field) in [
            (Kind::Api, &mut self.api),
            (Kind::Application, &mut self.application),
            (Kind::KeyManager, &mut self.key_manager),
        ] {
            *field = if of == kind { key.to_owned() } else { String::new() };
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Api,
    Application,
    KeyManager,
}

#[derive(Template)]
#[template(path = "traffic/overview.html")]
struct Overview {
    head: Head,
    periods: Tabs,
    /// The period, kept by the form.
    period: &'static str,
    filters: Vec<Field>,
    is_filtered: bool,
    live: Live,
}

/// What of it changes.
#[derive(Template)]
#[template(path = "traffic/now.html")]
struct Now {
    stats: Vec<Stat>,
    charts: Vec<Chart>,
    tables: Vec<Table>,
}

pub(super) async fn page(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let (wanted, traffic) = read(&visit, &asked).await?;
    let head = Head::new("Traffic")
        .state(state(&traffic))
        .action(Link::main("Why was I refused?", "/traffic/decisions"));
    let periods = Period::ALL.map(|period| (long(period), period));
    let links = periods.map(|(words, period)| {
        (words, asked.address(|asked| period.name().clone_into(&mut asked.period)))
    });
    let here = asked.address(|asked| wanted.period.name().clone_into(&mut asked.period));
    let periods = Tabs {
        headings: Vec::new(),
        label: "Period".to_owned(),
        links: links
            .into_iter()
            .map(|(words, href)| Link { is_main: href == here, ..Link::new(words, href) })
            .collect(),
    };
    // Only names that repeat need more to be told apart by.
    let names: BTreeSet<&str> = traffic.gateways.iter().map(|one| one.name.as_str()).collect();
    let started = match names.len() < traffic.gateways.len() {
        true => gateways::list(&visit.control).await?,
        false => Vec::new(),
    };
    let page = Overview {
        head,
        periods,
        period: wanted.period.name(),
        filters: filters(&traffic, &started, &asked),
        is_filtered: asked.is_filtered(),
        live: Live::new(asked.address_at("/traffic/events"), &visit.here, &now(&traffic, &asked)),
    };
    Ok(visit.show(Place::Traffic(HERE), "Traffic", &page))
}

/// What the page shows of now, as it changes.
pub(super) async fn events(follower: Follower, Query(asked): Query<Asked>) -> Answer {
    let events = follower.answer(move |visit| {
        let asked = asked.clone();
        async move {
            let (_, traffic) = read(&visit, &asked).await?;
            answer::part(&now(&traffic, &asked))
        }
    });
    events.await
}

async fn read(visit: &Visit, asked: &Asked) -> Result<(TrafficWanted, Traffic), Failure> {
    let of = [&*asked.api, &*asked.application, &*asked.key_manager];
    let wanted = TrafficWanted::parse(&asked.period, &asked.gateway, of)?;
    let traffic = traffic::read(&visit.control, &wanted).await?;
    Ok((wanted, traffic))
}

fn now(traffic: &Traffic, asked: &Asked) -> Now {
    Now {
        stats: stats(traffic, Sight::Whole),
        charts: charts(traffic, Sight::Whole),
        tables: tables(traffic, asked),
    }
}

pub(super) const fn long(period: Period) -> &'static str {
    match period {
        Period::FiveMinutes => "5 minutes",
        Period::Hour => "1 hour",
        Period::ThreeHours => "3 hours",
        Period::Day => "24 hours",
    }
}

fn state(traffic: &Traffic) -> String {
    match traffic.gateways.len() as u64 {
        0 => "No gateway has reported in this time.".to_owned(),
        gateways => format!(
            "As {} reported to the store, every five seconds; the last {}{}.",
            words::several(gateways, "gateway", "gateways"),
            long(traffic.period),
            match traffic.period {
                Period::FiveMinutes => "",
                _ => ", up to a minute behind",
            }
        ),
    }
}

fn filters(traffic: &Traffic, started: &[GatewayInfo], asked: &Asked) -> Vec<Field> {
    let gateways = told_apart(&traffic.gateways, started);
    [
        ("gateway", "Gateway", "All gateways", &gateways, &asked.gateway),
        ("api", "API", "All APIs", &traffic.apis, &asked.api),
        (
            "application",
            "Application",
            "All applications",
            &traffic.applications,
            &asked.application,
        ),
        (
            "key_manager",
            "Key manager",
            "All key managers",
            &traffic.key_managers,
            &asked.key_manager,
        ),
    ]
    .map(|(name, label, all, parties, chosen)| select(name, label, all, parties, chosen))
    .into()
}

/// Gateways of one name, by their starts; of one that ended before another began, by the end of its id.
fn told_apart(gateways: &[Party], started: &[GatewayInfo]) -> Vec<Party> {
    let named = gateways.iter().map(|one| {
        let is_alone = gateways.iter().filter(|other| other.name == one.name).count() == 1;
        let start = started.iter().find(|known| known.gateway_id == one.key);
        let name = match (is_alone, start) {
            (true, _) => one.name.clone(),
            (false, Some(known)) => {
                format!("{}, started {}", one.name, words::time(known.started_at))
            }
            (false, None) => {
                let end = one.key.len().saturating_sub(6);
                format!("{}, ended (…{})", one.name, one.key.get(end..).unwrap_or_default())
            }
        };
        Party { name, ..one.clone() }
    });
    named.collect()
}

/// Of requests that no API and no route took.
const NOWHERE: &str = "No API or route";

fn select(name: &str, label: &str, all: &str, parties: &[Party], chosen: &str) -> Field {
    let mut choices = vec![("", all)];
    let named = parties.iter().filter(|party| !party.key.is_empty());
    choices.extend(named.map(|party| match &*party.key {
        "none" => ("none", NOWHERE),
        key => (key, &*party.name),
    }));
    if choices.iter().all(|(key, _)| *key != chosen) {
        choices.push((chosen, chosen));
    }
    Field::select(name, label, &choices, chosen)
}

/// What somebody is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    Whole,
    /// Without what tokens cost, which is no business of owners of APIs and applications.
    Own,
}

pub(super) fn stats(traffic: &Traffic, sight: Sight) -> Vec<Stat> {
    let total = &traffic.total;
    let stat = |label: &str, value: String, unit: &str, note: String| Stat {
        label: label.to_owned(),
        value,
        unit: unit.to_owned(),
        note,
    };
    let millis = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), words::decimal);
    let looked_up = total.cache_hits + total.cache_shared + total.cache_asked;
    let mut stats = vec![
        stat(
            "Requests",
            words::decimal(total.requests_per_second),
            "a second",
            format!("{} in all", words::count(total.requests)),
        ),
        stat(
            "Latency, 95 of 100 within",
            millis(total.p95_millis),
            "ms",
            format!("half within {} ms", millis(total.p50_millis)),
        ),
        stat(
            "Refused",
            share(total.refused, total.requests),
            "",
            format!(
                "{}, {} of them throttled",
                words::count(total.refused),
                words::count(total.throttled)
            ),
        ),
        stat(
            "Failed",
            share(total.failed, total.requests),
            "",
            format!("{} broken off", words::count(total.failed)),
        ),
    ];
    if sight == Sight::Whole {
        stats.push(stat(
            "Tokens from the cache",
            share(total.cache_hits, looked_up),
            "",
            format!(
                "{} asked for, {} shared",
                words::count(total.cache_asked),
                words::count(total.cache_shared)
            ),
        ));
    }
    stats
}

fn share(part: u64, whole: u64) -> String {
    match whole {
        0 => "–".to_owned(),
        whole => format!("{} %", words::decimal(100.0 * part as f64 / whole as f64)),
    }
}

/// A name, and its value at each point.
type Line<'l> = (&'l str, &'l dyn Fn(&Numbers) -> Option<f64>);

pub(super) fn charts(traffic: &Traffic, sight: Sight) -> Vec<Chart> {
    let day = traffic.period == Period::Day;
    let times: Vec<_> = traffic.points.iter().map(|point| clock(point.time, day)).collect();
    let chart = |title: &str, unit: &str, series: &[Line<'_>]| {
        let series = series.iter().map(|(name, value)| Series {
            name: (*name).to_owned(),
            values: traffic
                .points
                .iter()
                .map(|point| point.numbers.as_ref().and_then(value))
                .collect(),
        });
        Chart {
            title: title.to_owned(),
            unit: unit.to_owned(),
            times: times.clone(),
            series: series.collect(),
        }
    };
    let rate = |count: u64, one: &Numbers| Some(count as f64 / one.seconds as f64);
    let mut charts = vec![
        chart(
            "Requests",
            "a second",
            &[
                ("Forwarded", &|one| rate(one.forwarded, one)),
                ("Answered here", &|one| rate(one.answered, one)),
                ("Failed", &|one| rate(one.failed, one)),
            ],
        ),
        chart(
            "Latency",
            "ms",
            &[
                ("50 %", &|one| one.p50_millis),
                ("95 %", &|one| one.p95_millis),
                ("99 %", &|one| one.p99_millis),
            ],
        ),
    ];
    if sight == Sight::Whole {
        charts.push(chart(
            "Tokens",
            "a second",
            &[
                ("In the cache", &|one| rate(one.cache_hits, one)),
                ("Shared", &|one| rate(one.cache_shared, one)),
                ("Asked", &|one| rate(one.cache_asked, one)),
            ],
        ));
    }
    charts.push(chart(
        "Refusals",
        "a second",
        &[
            ("Refused", &|one| rate(one.refused, one)),
            ("Of them throttled", &|one| rate(one.throttled, one)),
        ],
    ));
    charts
}

/// `12:05:10`, in UTC.
fn clock(at: UnixTime, is_long: bool) -> String {
    let text = words::time(at);
    let clock = text.get(11..19).unwrap_or_default();
    if is_long { clock.get(..5).unwrap_or_default().to_owned() } else { clock.to_owned() }
}

pub(super) fn refusals(traffic: &Traffic) -> Table {
    let rows = traffic.total.refusals.iter().map(|refused| {
        let words = hops::sentence(&refused.reason);
        let words = words.unwrap_or_else(|| "Other reasons".to_owned());
        vec![Cell::text(words), Cell::number(refused.count), Cell::code(&refused.reason)]
    });
    Table::new("Refusals by reason", &["Reason", "Requests", "Name in the log"])
        .rows(rows.collect())
        .empty("Nobody was refused in this time.", None)
}

fn tables(traffic: &Traffic, asked: &Asked) -> Vec<Table> {
    let calls = traffic.introspections.iter().map(|calls| {
        vec![
            Cell::text(&calls.key_manager),
            Cell::number(calls.active),
            Cell::number(calls.inactive),
            Cell::number(calls.misbehaved + calls.unavailable),
        ]
    });
    vec![
        refusals(traffic),
        parties("APIs and routes", "API", Kind::Api, &traffic.apis, asked),
        parties("Applications", "Application", Kind::Application, &traffic.applications, asked),
        parties("Key managers", "Key manager", Kind::KeyManager, &traffic.key_managers, asked),
        Table::new("Introspections", &["Key manager", "Active", "Inactive", "No verdict"])
            .rows(calls.collect())
            .empty("No key manager was asked about a token in this time.", None),
    ]
}

fn parties(caption: &str, of: &str, kind: Kind, parties: &[Party], asked: &Asked) -> Table {
    let rows = parties.iter().map(|party| {
        let name = match &*party.key {
            "" => Cell::text(&party.name),
            "none" => Cell::text(NOWHERE),
            key => Cell::link(&party.name, asked.address(|asked| asked.of(kind, key))),
        };
        let p95 = party.p95_millis.map_or_else(|| "–".to_owned(), words::decimal);
        vec![name, Cell::number(party.requests), Cell::number(party.refused), Cell::Number(p95)]
    });
    Table::new(caption, &[of, "Requests", "Refused", "95 % within, ms"])
        .rows(rows.take(11).collect())
        .empty("No requests in this time.", None)
}
