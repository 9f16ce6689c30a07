//! All APIs: found, and how each of them stands.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::routing::get;
use phantom_access::rights::publisher as rights;
use phantom_manage::apis;
use phantom_manage::apis::Listed;
use phantom_observe::traffic;
use phantom_pages::answer::Answer;
use phantom_pages::components::Badge;
use phantom_pages::components::Cell;
use phantom_pages::components::Head;
use phantom_pages::components::Link;
use phantom_pages::components::Notice;
use phantom_pages::components::Table;
use phantom_pages::components::Tone;
use phantom_pages::guard::Pages;
use phantom_pages::list::Asked;
use phantom_pages::list::List;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_terms::refusal::Refusal;
use phantom_terms::search::ApiQuery;

use super::HERE;
use super::PLACE;
use super::api;

pub(super) fn pages(pages: Pages) -> Pages {
    pages.page(rights::READERS, HERE, get(list))
}

const NEW: &str = "/publisher/apis/new";
const IMPORT: &str = "/publisher/apis/import";

async fn list(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let mut notices = Vec::new();
    if asked.done == "deleted" {
        notices.push(Notice::new(Tone::Good, "The API is deleted", ""));
    }
    let (found, total) = match ApiQuery::parse(asked.query.trim()) {
        Ok(query) => apis::listed(&visit.control, &query, asked.part()).await?,
        Err(Refusal::Invalid(words)) => {
            let words = words::sentence(words.trim_start_matches("query: "));
            notices.push(Notice::new(Tone::Bad, "The search is not understood", words));
            (Vec::new(), 0)
        }
        Err(refusal) => return Err(refusal.into()),
    };
    let mut head = Head::new("APIs").state(match asked.query.trim() {
        "" => format!("{} so far.", words::several(total, "API", "APIs")),
        _ => format!("{} found.", words::several(total, "API", "APIs")),
    });
    let may_create = visit.may(rights::CREATORS);
    if may_create {
        head =
            head.action(Link::new("Import OpenAPI", IMPORT)).action(Link::main("Create API", NEW));
    }
    let requests = traffic::requests_by_api(&visit.control, &visit.caller).await?;
    let columns =
        ["Name", "Version", "Context", "State", "Deployment", "Subscribers", "Requests in 24 h"];
    let table = Table::new("APIs", &columns)
        .rows(found.into_iter().map(|listed| row(listed, &requests)).collect())
        .search(asked.query.trim(), "Name, context:/x, tag:x, status:x")
        .empty(
            "An API is a backend with a name, a version and a path at the gateways. Make the first \
             one from its URL, or from its OpenAPI document.",
            may_create.then(|| Link::main("Create the first API", NEW)),
        )
        .paged(asked.pager(HERE, total));
    Ok(visit.show(PLACE, "APIs", &List { head, tabs: None, notices, table }))
}

fn row(listed: Listed, requests: &BTreeMap<String, u64>) -> Vec<Cell> {
    let Listed { api, is_deployed, subscribers } = listed;
    let deployment =
        if is_deployed { Badge::good("Deployed") } else { Badge::neutral("Not deployed") };
    vec![
        Cell::link(&api.row.name, format!("{HERE}/{}", api.row.id)),
        Cell::text(&api.row.version_name),
        Cell::code(&api.row.context),
        api::state(api.row.state).into(),
        deployment.into(),
        Cell::number(subscribers),
        match requests.get(&api.row.id.to_string()) {
            Some(requests) => Cell::number(*requests),
            None => Cell::Number("–".to_owned()),
        },
    ]
}
