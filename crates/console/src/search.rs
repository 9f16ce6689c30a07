//! Anything that has a name, found by a part of it: as a page, and for the palette that script opens.

use askama::Template;
use axum::extract::Query;
use axum::routing::get;
use http::StatusCode;
use phantom_access::rights;
use phantom_observe::finder;
use phantom_observe::finder::Found;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::components::Head;
use phantom_pages::components::Hit;
use phantom_pages::components::Hits;
use phantom_pages::components::HitsOfKind;
use phantom_pages::components::Link;
use phantom_pages::guard::Needs;
use phantom_pages::guard::Pages;
use phantom_pages::guard::SIGNED_IN;
use phantom_pages::list::encoded;
use phantom_pages::shell;
use phantom_pages::shell::Place;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_terms::page::Few;
use serde::Deserialize;

use crate::admin;

pub(crate) fn pages(pages: Pages) -> Pages {
    pages.page(SIGNED_IN, "/search", get(page)).page(SIGNED_IN, "/search/found", get(found))
}

/// Pages that no list beside an area has: words, address, who may open it.
const MORE_PAGES: [(&str, &str, Needs); 6] = [
    ("Home", "/", SIGNED_IN),
    ("Your account", "/account", SIGNED_IN),
    ("Add Key Manager", "/admin/key-managers/new", rights::admin::KEY_MANAGERS),
    ("Create API", "/publisher/apis/new", rights::publisher::CREATORS),
    ("Import OpenAPI", "/publisher/apis/import", rights::publisher::CREATORS),
    ("Add New Application", "/devportal/applications/new", rights::devportal::APPLICATIONS),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
}

#[derive(Template)]
#[template(path = "search/page.html")]
struct Page<'a> {
    head: Head,
    query: &'a str,
    /// Characters.
    most: usize,
    hits: Hits,
}

/// Of the palette.
#[derive(Template)]
#[template(path = "search/found.html")]
struct Fragment {
    said: String,
    hits: Hits,
}

async fn page(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let query = asked.q.trim();
    let hits = look(&visit, query).await?;
    let head = Head::new("Search").state(said(&visit, query, &hits));
    let page = Page { head, query, most: finder::MAX_PART, hits };
    Ok(visit.show(Place::Search, "Search", &page))
}

async fn found(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let query = asked.q.trim();
    let hits = Hits { are_options: true, ..look(&visit, query).await? };
    let said = said(&visit, query, &hits);
    Ok(answer::html(StatusCode::OK, &Fragment { said, hits }))
}

async fn look(visit: &Visit, query: &str) -> Result<Hits, answer::Failure> {
    let Found { apis, offered, applications, key_managers, policies } =
        finder::find(&visit.control, &visit.caller, query).await?;
    let at = |path: &str| format!("{path}?query={}", encoded(query));
    let kinds = vec![
        HitsOfKind { title: "Pages".to_owned(), hits: pages_named(visit, query), more: None },
        of_kind("APIs in the publisher", &apis, at("/publisher/apis"), |api| {
            let href = format!("/publisher/apis/{}", api.id);
            Some(Hit::new(&api.name, href).noted(&api.version_name))
        }),
        of_kind("APIs in the devportal", &offered, at("/devportal/apis"), |api| {
            let href = format!("/devportal/apis/{}", api.row.id);
            Some(Hit::new(&api.row.name, href).noted(&api.row.version_name))
        }),
        of_kind("Your applications", &applications, at("/devportal/applications"), |row| {
            Some(Hit::new(&row.name, format!("/devportal/applications/{}", row.id)))
        }),
        of_kind("Key managers", &key_managers, "/admin/key-managers".to_owned(), |one| {
            let note = one.connector.map_or("", admin::kind_of);
            Some(Hit::new(&one.name, format!("/admin/key-managers/{}", one.id)).noted(note))
        }),
        of_kind("Throttling policies", &policies, "/admin/policies".to_owned(), |one| {
            let (level, href) = admin::policy(one.level, one.id)?;
            Some(Hit::new(&one.name, href).noted(level))
        }),
    ];
    let kinds = kinds.into_iter().filter(|kind| !kind.hits.is_empty()).collect();
    Ok(Hits { kinds, are_options: false })
}

fn of_kind<T>(
    title: &str,
    found: &Few<T>,
    all: String,
    hit: impl FnMut(&T) -> Option<Hit>,
) -> HitsOfKind {
    HitsOfKind {
        title: title.to_owned(),
        hits: found.first.iter().filter_map(hit).collect(),
        more: found.is_more.then(|| Link::new(format!("More: {title}"), all)),
    }
}

/// Those that this user may open; each word that is looked for is in the area's name or the page's.
fn pages_named(visit: &Visit, query: &str) -> Vec<Hit> {
    let query = query.to_lowercase();
    let is_named = |text: &str| {
        let text = text.to_lowercase();
        query.split_whitespace().all(|word| text.contains(word))
    };
    let beside = shell::open_to(visit)
        .filter(|(area, page, _)| is_named(&format!("{area} {page}")))
        .map(|(area, page, href)| Hit::new(page, href).noted(area));
    let more = MORE_PAGES.iter().filter(|(words, _, needs)| visit.may(needs) && is_named(words));
    beside.chain(more.map(|(words, href, _)| Hit::new(*words, *href))).collect()
}

/// How much was found, or what can be looked for.
fn said(visit: &Visit, query: &str, hits: &Hits) -> String {
    if query.is_empty() {
        return format!("Enter a part of the name of {}.", known(visit));
    }
    match hits.count() {
        0 => format!(
            "Nothing that you may see is called “{query}”. Names of {} are looked at.",
            known(visit)
        ),
        number => format!("{} found.", words::count(number)),
    }
}

/// What this user can look for.
fn known(visit: &Visit) -> String {
    let kinds: [(&str, Needs); 5] = [
        ("a page", SIGNED_IN),
        ("an API", SIGNED_IN),
        ("an application of yours", rights::devportal::APPLICATIONS),
        ("a key manager", rights::admin::KEY_MANAGERS),
        ("a throttling policy", rights::admin::TIERS_READ),
    ];
    let open = kinds.iter().filter(|(_, needs)| visit.may(needs)).map(|(words, _)| *words);
    let open: Vec<_> = open.collect();
    match open.split_last() {
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
        None => String::new(),
    }
}
