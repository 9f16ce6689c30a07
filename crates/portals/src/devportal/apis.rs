//! The APIs on offer.

use axum::extract::Query;
use phantom_access::rights::devportal as rights;
use phantom_manage::apis::Api;
use phantom_pages::answer::Answer;
use phantom_pages::components::Cell;
use phantom_pages::components::Head;
use phantom_pages::components::Link;
use phantom_pages::components::Notice;
use phantom_pages::components::Stack;
use phantom_pages::components::Table;
use phantom_pages::components::Tone;
use phantom_pages::list::Asked;
use phantom_pages::list::encoded;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_subscribe::subscriptions::visible;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::search::ApiQuery;
use phantom_terms::search::MAX_QUERY;
use phantom_terms::text;
use serde::Deserialize;

use super::subscriptions::APIS;

pub(super) const HERE: &str = "/devportal/apis";

/// Of a description in the list, in characters.
const SUMMARY: usize = 160;
/// Tags of one API in the list.
const TAGS: usize = 8;

/// For which application one is looked for, if for any.
#[derive(Deserialize)]
pub(super) struct For {
    #[serde(default)]
    application: String,
}

pub(super) async fn list(
    visit: Visit,
    Query(asked): Query<Asked>,
    Query(For { application }): Query<For>,
) -> Answer {
    let (found, total, error) = match find(&visit, &asked).await {
        Ok((found, total)) => (found, total, None),
        Err(Refusal::Invalid(words)) => (Vec::new(), 0, Some(words)),
        Err(refusal) => return Err(refusal.into()),
    };
    let notice = error.map(|words| {
        let words = words::sentence(&words);
        Notice::new(Tone::Bad, "The search cannot be understood", words)
    });
    let asks = if application.is_empty() {
        String::new()
    } else {
        format!("application={}", encoded(&application))
    };
    let mut base = asked.address(HERE);
    if !asks.is_empty() {
        base.push_str(if base.contains('?') { "&" } else { "?" });
        base.push_str(&asks);
    }
    let may_subscribe = visit.may(rights::SUBSCRIPTIONS);
    let columns = ["Name", "Version", "Path", "Description", "Tags", ""];
    let table = Table::new("APIs", &columns)
        .rows(found.into_iter().map(|api| row(api, &asks, may_subscribe)).collect())
        .search(&asked.query, "Name, or tag:weather")
        .keeping(&[("application", &application)])
        .paged(asked.pager_of(base, total))
        .empty("Publishers offer APIs here. None is published yet.", None);
    let head = Head::new("APIs").state(match (may_subscribe, application.is_empty()) {
        (false, _) => {
            "What you can read about and try. Who is to subscribe needs the role Internal/subscriber, which an \
             administrator gives."
        }
        (true, true) => "What you can subscribe to.",
        (true, false) => "Choose what the application is to call.",
    });
    Ok(visit.show(APIS, "APIs", &Stack::new(head).notice(notice).part(&table)))
}

async fn find(visit: &Visit, asked: &Asked) -> Outcome<(Vec<Api>, u64)> {
    text::optional("query", Some(&asked.query), MAX_QUERY)?;
    let query = ApiQuery::parse(&asked.query)?;
    visible::page(&visit.control, &visit.caller, &query, asked.part()).await
}

fn row(api: Api, asks: &str, may_subscribe: bool) -> Vec<Cell> {
    let path = api.path();
    let Api { row, document } = api;
    let tags = document.tags.iter().take(TAGS).map(|tag| {
        let query = format!("tag:\"{}\"", tag.replace('"', ""));
        Link::new(tag, format!("{HERE}?query={}", encoded(&query)))
    });
    let sign = if asks.is_empty() { "" } else { "&" };
    let subscribe = format!("/devportal/subscriptions/new?api={}{sign}{asks}", row.id);
    let offers = may_subscribe && !document.policies.is_empty();
    vec![
        Cell::link(document.display_name.unwrap_or(row.name), format!("{HERE}/{}", row.id)),
        Cell::text(row.version_name),
        Cell::code(path),
        Cell::text(shortened(&document.description.unwrap_or_default(), SUMMARY)),
        Cell::Links(tags.collect()),
        match offers {
            true => Cell::Links(vec![Link::new("Subscribe", subscribe)]),
            false => Cell::text(""),
        },
    ]
}

/// No more characters than that, and a sign that there were more.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
