//! The first page: is it well, and what to do next.

use askama::Template;
use axum::routing::get;
use phantom_access::rights;
use phantom_observe::attention;
use phantom_observe::attention::Attention;
use phantom_observe::attention::Failing;
use phantom_observe::attention::FirstSteps;
use phantom_observe::attention::Lagging;
use phantom_observe::attention::Next;
use phantom_observe::attention::Strained;
use phantom_observe::audit;
use phantom_observe::audit::AuditFilter;
use phantom_observe::audit::Line;
use phantom_pages::answer::Answer;
use phantom_pages::components::Badge;
use phantom_pages::components::Cell;
use phantom_pages::components::Head;
use phantom_pages::components::Link;
use phantom_pages::components::Table;
use phantom_pages::components::Task;
use phantom_pages::components::Tasks;
use phantom_pages::guard::Needs;
use phantom_pages::guard::Pages;
use phantom_pages::guard::SIGNED_IN;

use phantom_pages::shell::Place;
use phantom_pages::visit::Visit;
use phantom_pages::words;

use crate::admin;

/// Lines of the audit.
const LATELY: u32 = 8;

pub(crate) fn pages(pages: Pages) -> Pages {
    pages.page(SIGNED_IN, "/", get(page))
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    head: Head,
    first_steps: Option<Tasks>,
    attention: Option<Tasks>,
    next: Option<Tasks>,
    lately: Option<Table>,
}

async fn page(visit: Visit) -> Answer {
    let found = attention::of(&visit.control, &visit.caller).await?;
    let steps = attention::first_steps(&visit.control).await?;
    let warnings = match visit.may(rights::admin::KEY_MANAGERS) {
        true => admin::warnings(&visit.control).await?,
        false => Vec::new(),
    };
    let count = (found.len() + warnings.len()) as u64;
    // Before there is an API the steps of the instance come first.
    let next = match count == 0 && steps.api {
        true => attention::next(&visit.control, &visit.caller).await?,
        false => Vec::new(),
    };
    let is_new = !steps.are_taken() && next.is_empty();
    let state = match (count, is_new) {
        (0, false) if next.is_empty() => {
            "All is well, as far as the control plane knows.".to_owned()
        }
        (0, false) => "Nothing needs attention. Below is what comes next.".to_owned(),
        (0, true) => "Four steps lead to the first answer of an API.".to_owned(),
        (1, _) => "One thing needs attention.".to_owned(),
        (number, _) => format!("{} things need attention.", words::count(number)),
    };
    let home = Home {
        head: Head::new(format!("Hello, {}", visit.caller.name)).state(state),
        first_steps: is_new.then(|| first_steps(&visit, steps)),
        next: (!next.is_empty()).then(|| Tasks(next.into_iter().map(step).collect())),
        attention: (count > 0).then(|| tasks(&visit, found, warnings)),
        lately: match visit.may(rights::admin::AUDIT) {
            true => Some(lately(&visit).await?),
            false => None,
        },
    };
    Ok(visit.show(Place::Home, "Home", &home))
}

fn first_steps(visit: &Visit, steps: FirstSteps) -> Tasks {
    let step = |is_taken, words: &str, href: &str, needs: Needs, text: &str| {
        let href = if visit.may(needs) { href } else { "" };
        let badge = if is_taken { Badge::good("Done") } else { Badge::neutral("To do") };
        Task { badge, title: Link::new(words, href), text: text.to_owned() }
    };
    Tasks(vec![
        step(
            steps.key_manager,
            "Add a key manager",
            "/admin/key-managers/new",
            rights::admin::KEY_MANAGERS,
            "The authorization server whose tokens gateways take.",
        ),
        step(
            steps.api,
            "Make an API, publish and deploy it",
            "/publisher",
            rights::publisher::CREATORS,
            "What gateways let tokens through to.",
        ),
        step(
            steps.mapped_key,
            "Add an application and map its consumer key",
            "/devportal",
            rights::devportal::APPLICATIONS,
            "The key is what the server calls the client: the claim in its tokens.",
        ),
        step(
            steps.subscription,
            "Subscribe the application to the API",
            "/devportal",
            rights::devportal::SUBSCRIPTIONS,
            "From then on a token of the client is answered.",
        ),
    ])
}

fn step(next: Next) -> Task {
    let (words, href, text) = match next {
        Next::Application => (
            "Add an application".to_owned(),
            "/devportal/applications/new".to_owned(),
            "It stands for the program that calls APIs: it gets a key, and subscribes.",
        ),
        Next::Key(of) => (
            format!("Give {} a key", of.name),
            format!("/devportal/applications/{}/keys", of.id),
            "It says which client the application is: generated here, or mapped from a key manager.",
        ),
        Next::Subscription(of) => (
            format!("Subscribe {} to an API", of.name),
            format!("/devportal/apis?application={}", of.id),
            "From then on a token of the client is answered.",
        ),
        Next::Api => (
            "Create an API".to_owned(),
            "/publisher/apis/new".to_owned(),
            "None of those that are here was made by you.",
        ),
        Next::Publication(of) => (
            format!("Publish {}", of.name),
            format!("/publisher/apis/{}", of.id),
            "It is made, and no subscriber sees it yet.",
        ),
        Next::Catalogue => (
            "See which APIs there are".to_owned(),
            "/devportal/apis".to_owned(),
            "You can read about them and try them. An administrator gives the roles that do more.",
        ),
    };
    Task { badge: Badge::neutral("To do"), title: Link::new(words, href), text: text.to_owned() }
}

fn tasks(visit: &Visit, found: Attention, warnings: Vec<Task>) -> Tasks {
    let Attention { failing, gateways, strained, disabled, ambiguous, undeployed, changed } = found;
    let failing = failing.into_iter().map(|Failing { named, asked, failed }| Task {
        badge: if asked == failed { Badge::bad("Down") } else { Badge::warn("Degraded") },
        title: Link::new(named.name, format!("/admin/key-managers/{}", named.id)),
        text: format!(
            "{} of {} of the last five minutes had no verdict. Test it: that says which step fails, and why.",
            words::count(failed),
            words::several(asked, "introspection", "introspections")
        ),
    });
    let now = visit.control.now();
    let gateways = gateways.into_iter().map(|Lagging { named, silent_since, behind }| Task {
        title: Link::new(named.name, "/admin/gateways"),
        badge: if silent_since.is_some() { Badge::bad("Down") } else { Badge::warn("Behind") },
        text: match silent_since {
            Some(at) => format!("The gateway last reported {}.", words::ago(now, at)),
            None => format!(
                "{} published and not in force at this gateway.",
                words::several(behind, "change is", "changes are")
            ),
        },
    });
    let ambiguous = ambiguous.into_iter().map(|one| Task {
        badge: Badge::bad("Ambiguous"),
        title: Link::new(one.name, format!("/admin/key-managers/{}", one.id)),
        text: "It takes any opaque token, and so does another: one gets tokens that are the other\u{2019}s. \
               Enter a rule under Token handling, or choose key managers per API."
            .to_owned(),
    });
    let disabled = disabled.into_iter().map(|one| Task {
        badge: Badge::warn("Disabled"),
        title: Link::new(one.name, format!("/admin/key-managers/{}", one.id)),
        text: "Its tokens are refused at all gateways.".to_owned(),
    });
    let undeployed = undeployed.into_iter().map(|one| Task {
        badge: Badge::warn("Not deployed"),
        title: Link::new(one.name, format!("/publisher/apis/{}", one.id)),
        text: "Subscribers see it, and no gateway serves it.".to_owned(),
    });
    let changed = changed.into_iter().map(|one| Task {
        badge: Badge::warn("Changed"),
        title: Link::new(one.name, format!("/publisher/apis/{}", one.id)),
        text: "It was changed since deployment: gateways serve what it was before.".to_owned(),
    });
    let strained = strained.into_iter().map(|one| Task {
        title: Link::new(&one.application.name, usage(visit, &one.application.id)),
        badge: match one.refused {
            0 => Badge::warn("Nearly used up"),
            _ => Badge::bad("Throttled"),
        },
        text: plan(&one),
    });
    let first = failing.chain(gateways).chain(strained).chain(warnings);
    Tasks(first.chain(ambiguous).chain(disabled).chain(undeployed).chain(changed).collect())
}

/// Where somebody sees what an application used: whoever sees all traffic there, its owner at the application.
fn usage(visit: &Visit, id: &str) -> String {
    match visit.may(rights::admin::TRAFFIC) {
        true => format!("/traffic?period=1h&application={id}"),
        false => format!("/devportal/applications/{id}/usage"),
    }
}

fn plan(one: &Strained) -> String {
    let Strained { plan, used, limit, refused, .. } = one;
    let refused = match refused {
        0 => String::new(),
        refused => format!(
            " {} refused for a plan in the last hour.",
            words::several(*refused, "request was", "requests were")
        ),
    };
    format!(
        "Its plan {plan} lets each user send {} within {}; a gateway has let up to {} through.{refused}",
        words::several(limit.requests, "request", "requests"),
        words::duration(limit.window),
        words::count(*used),
    )
}

async fn lately(visit: &Visit) -> Result<Table, phantom_pages::answer::Failure> {
    let found = audit::list(&visit.control, &AuditFilter::default(), LATELY).await?;
    let now = visit.control.now();
    let row = |line: Line| {
        let name = line.label();
        let href = format!("/admin/audit#n{}", line.sequence);
        vec![
            Cell::time(now, line.time()),
            Cell::text(&line.who),
            crate::admin::done(line.action).into(),
            Cell::text(crate::admin::entity(line.entity)),
            Cell::link(name, href),
        ]
    };
    let table = Table::new("What happened lately", &["When", "Who", "What", "Of", "Name"]);
    Ok(table
        .rows(found.lines.into_iter().map(row).collect())
        .empty("Nothing has happened yet.", None))
}
