//! `/design`: every component in every state, to be looked at.

use askama::Template;
use axum::routing::get;
use phantom_core::UnixTime;

use crate::answer;
use crate::answer::Answer;
use crate::components::Badge;
use crate::components::Cell;
use crate::components::Chart;
use crate::components::Code;
use crate::components::Confirm;
use crate::components::Diff;
use crate::components::Facts;
use crate::components::Field;
use crate::components::Head;
use crate::components::Hit;
use crate::components::Hits;
use crate::components::HitsOfKind;
use crate::components::Hop;
use crate::components::Link;
use crate::components::Live;
use crate::components::Notice;
use crate::components::Pager;
use crate::components::Press;
use crate::components::Secret;
use crate::components::Series;
use crate::components::Sheet;
use crate::components::Stat;
use crate::components::Step;
use crate::components::Steps;
use crate::components::Table;
use crate::components::Tabs;
use crate::components::Task;
use crate::components::Tasks;
use crate::components::Tone;
use crate::components::Trace;
use crate::components::Version;
use crate::guard::Pages;
use crate::guard::SIGNED_IN;
use crate::live::Follower;
use crate::shell::Place;
use crate::visit::Visit;

pub fn pages(pages: Pages) -> Pages {
    pages.page(SIGNED_IN, "/design", get(page)).page(SIGNED_IN, "/design/events", get(events))
}

async fn events(follower: Follower) -> Answer {
    follower.answer(async |visit: Visit| answer::part(&drawn_at(&visit))).await
}

fn drawn_at(visit: &Visit) -> Badge {
    Badge::good(format!("Drawn at {}", crate::words::time(visit.control.now())))
}

#[derive(Template)]
#[template(path = "design.html")]
struct Design {
    head: Head,
    tabs: Tabs,
    badges: Vec<Badge>,
    notices: Vec<Notice>,
    stats: Vec<Stat>,
    table: Table,
    empty: Table,
    nothing_found: Table,
    fields: Vec<Field>,
    secrets: Vec<Secret>,
    facts: Facts,
    code: Code,
    diff: Diff,
    trace: Trace,
    steps: Steps,
    tasks: Tasks,
    press: Press,
    turned: Pager,
    sheet: Sheet,
    confirm: Confirm,
    chart: Chart,
    no_chart: Chart,
    hits: Hits,
    options: Hits,
    live: Live,
}

async fn page(visit: Visit) -> Answer {
    Ok(visit.show(Place::Design, "Design", &design(&visit)))
}

fn design(visit: &Visit) -> Design {
    let badges = Tone::ALL.map(|tone| Badge::new(tone, crate::words::sentence(tone.name())));
    let notices =
        Tone::ALL.map(|tone| Notice::new(tone, "What happened", "And what to do about it."));
    let choices = [("a", "One thing"), ("b", "Another thing")];
    let stat = |label: &str, value: &str, unit: &str, note: &str| Stat {
        label: label.to_owned(),
        value: value.to_owned(),
        unit: unit.to_owned(),
        note: note.to_owned(),
    };
    let (now, at) = (UnixTime::from_secs(1_000_000), UnixTime::from_secs(996_400));
    let row = |name: &str, badge: Badge, number| {
        let time = Cell::time(now, at);
        vec![
            Cell::link(name, "#"),
            badge.into(),
            Cell::code("/orders/v1"),
            Cell::number(number),
            time,
        ]
    };
    let columns = ["Name", "State", "Context", "Requests", "Changed"];
    let long = "A name that goes on for much longer than anybody would have thought it could";
    let rows = vec![
        row("Orders", Badge::good("Published"), 1_234_567),
        row(long, Badge::warn("Deprecated"), 12),
        row("الطلبات", Badge::bad("Blocked"), 0),
    ];
    let add = Link::main("Add API", "#");
    let before = serde_json::json!({"name": "Orders", "endpoint": "http://one", "tags": ["a"]});
    let after =
        serde_json::json!({"name": "Orders", "endpoint": "http://two", "visibility": "PUBLIC"});
    let hop = |name: &str, outcome: Badge, text: &str| Hop {
        name: name.to_owned(),
        outcome,
        text: text.to_owned(),
    };
    let step = |title: &str, badge: Badge, text: &str| Step {
        badge,
        title: title.to_owned(),
        text: text.to_owned(),
    };
    let error =
        Some("“orders api” has a blank in it. A context has letters, digits and `/`.".to_owned());
    let values = (0..24).map(|n| (n != 12).then(|| f64::from(40 + (n * 7) % 23)));
    Design {
        head: Head::new("Orders")
            .under("APIs", "#")
            .badge(Badge::good("Published"))
            .badge(Badge::warn("Changed since deployment"))
            .state("Version 1.0.0 at /orders/1.0.0, deployed 3 minutes ago")
            .action(Link::new("View in devportal", "#"))
            .action(Link::main("Save and deploy", "#")),
        tabs: Tabs::new(
            "Orders",
            "#here",
            &[
                ("Overview", "#here".to_owned()),
                ("Resources", "#".to_owned()),
                ("Revisions", "#".to_owned()),
            ],
        )
        .heading(1, "Develop")
        .apart(2),
        badges: badges.to_vec(),
        notices: notices.to_vec(),
        stats: vec![
            stat("Requests", "1,234", "per second", "12 % more than an hour ago"),
            stat("Refused", "0.4", "%", ""),
        ],
        table: Table::new("APIs", &columns)
            .rows(rows)
            .search("ord", "Name, context or tag")
            .paged(Pager::new("#", 2, 10, 35)),
        empty: Table::new("APIs that there are not", &columns)
            .empty("APIs that are published stand here.", Some(add)),
        nothing_found: Table::new("APIs that are not found", &columns)
            .search("zzz", "Name, context or tag"),
        fields: vec![
            Field::text("text", "Text").required().helped("What it is for.").such_as("Orders"),
            Field::text("wrong", "Text with an error").valued("orders api").failing(error),
            Field::text("fixed", "Text that cannot be changed").valued("Orders").fixed(),
            Field::number("number", "Number").valued("60").between(0, 60).in_unit("seconds"),
            Field::area("area", "Long text", 3).valued("Several\nlines"),
            Field::tick("tick", "A box").ticked(true).helped("What it does."),
            Field::select("select", "One of several", &choices, "b"),
            Field::radios("radios", "One of few", &choices, "a"),
            Field::ticks("ticks", "Any of several", &choices, |value| value == "b"),
            Field::file("file", "A file", ".yaml,.json"),
        ],
        secrets: vec![
            Secret::new("secret.new".to_owned(), "Secret that there is not yet").required_if(true),
            Secret::new("secret.passing".to_owned(), "Secret that is used once").passing(),
            Secret::new("secret.kept".to_owned(), "Secret that there is").kept_if(true),
        ],
        facts: Facts(vec![
            ("Context".to_owned(), Cell::code("/orders")),
            ("State".to_owned(), Badge::good("Published").into()),
            ("Owner".to_owned(), Cell::text("admin")),
        ]),
        code: Code::new(
            "curl",
            "curl -sk https://localhost:8243/httpbin/v1/get \\\n  -H \"Authorization: Bearer $TOKEN\"",
        ),
        diff: Diff::between(("Deployed", "Now"), &before, &after),
        trace: Trace(vec![
            hop(
                "Route",
                Badge::good("Found"),
                "GET /httpbin/v1/get is `HttpBin` 1.0.0, resource /get",
            ),
            hop(
                "Token",
                Badge::good("Active"),
                "Introspected at `curity`, remembered for 5 minutes",
            ),
            hop(
                "Audience",
                Badge::bad("Refused"),
                "The token is for `client-two`; expected is `client-one`",
            ),
        ]),
        steps: Steps(vec![
            step(
                "Metadata",
                Badge::good("Found"),
                "https://idsvr:8443/.well-known/openid-configuration",
            ),
            step(
                "Introspection",
                Badge::bad("Failed"),
                "The server answered 401: the client's secret is wrong.",
            ),
            step("Token", Badge::neutral("Not tried"), ""),
        ]),
        tasks: Tasks(vec![
            Task {
                badge: Badge::warn("Changed"),
                title: Link::new("Orders 1.0.0", "#"),
                text: "Gateways serve what was deployed before.".to_owned(),
            },
            Task {
                badge: Badge::good("Done"),
                title: Link::new("Add a key manager", ""),
                text: String::new(),
            },
        ]),
        press: Press {
            csrf: visit.csrf.clone(),
            version: None,
            action: "#".to_owned(),
            verb: "Switch off".to_owned(),
            of: "192.0.2.1".to_owned(),
        },
        turned: Pager::turned(Some("#".to_owned()), Some("#".to_owned())),
        sheet: Sheet::new(&visit.csrf, "#")
            .headed("A form of its own", "What comes of it.")
            .field(&Field::text("sheet", "Text").required())
            .button("Do it")
            .other_button("other", "yes", "Do something else")
            .cancel("#"),
        confirm: Confirm {
            csrf: visit.csrf.clone(),
            version: Some(Version(1)),
            action: "#".to_owned(),
            back: "#".to_owned(),
            question: "Delete the API Orders 1.0.0?".to_owned(),
            effects: vec![
                "3 subscriptions end with it.".to_owned(),
                "2 revisions are deleted.".to_owned(),
            ],
            obstacle: None,
            verb: "Delete API".to_owned(),
            typed: Some("Orders".to_owned()),
            error: None,
        },
        chart: Chart {
            title: "Requests".to_owned(),
            unit: "per second".to_owned(),
            times: (0..24).map(|hour| format!("{hour:02}:00")).collect(),
            series: vec![Series { name: "All".to_owned(), values: values.collect() }],
        },
        no_chart: Chart { title: "Requests".to_owned(), ..Chart::default() },
        hits: Hits { kinds: kinds(), are_options: false },
        options: Hits { kinds: kinds(), are_options: true },
        live: Live::new("/design/events", &visit.here, &drawn_at(visit)),
    }
}

/// Of what is found.
fn kinds() -> Vec<HitsOfKind> {
    let apis = vec![Hit::new("Orders", "#").noted("1.0.0"), Hit::new("الطلبات", "#").noted("v2")];
    vec![
        HitsOfKind {
            title: "Pages".to_owned(),
            hits: vec![Hit::new("Overview", "#").noted("Traffic"), Hit::new("Create API", "#")],
            more: None,
        },
        HitsOfKind {
            title: "APIs in the publisher".to_owned(),
            hits: apis,
            more: Some(Link::new("More: APIs in the publisher", "#")),
        },
    ]
}
