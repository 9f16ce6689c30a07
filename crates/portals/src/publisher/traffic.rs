//! How an API is called, and why calls of it were refused.

use askama::Template;
use axum::extract::Path;
use axum::extract::Query;
use axum::routing::get;
use phantom_access::rights::publisher as rights;
use phantom_observe::traffic;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Head;
use phantom_pages::components::Stack;
use phantom_pages::guard::Pages;
use phantom_pages::visit::Visit;
use phantom_traffic::own::Asked;
use phantom_traffic::own::Hops;
use phantom_traffic::own::Own;

use super::PLACE;
use super::api::Frame;
use super::api::Opened;

const TAB: &str = "/traffic";

pub(super) fn pages(pages: Pages) -> Pages {
    pages.page(rights::READERS, "/publisher/apis/{id}/traffic", get(read))
}

#[derive(Template)]
#[template(source = "{{ frame }}{{ own }}", ext = "html")]
struct Page {
    frame: Frame,
    own: Own,
}

async fn read(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let (control, caller, now) = (&visit.control, &visit.caller, visit.control.now());
    let base = opened.address(TAB);
    let found = traffic::decisions_of_api(control, caller, &id, asked.searches()).await?;
    if let Some(request) = asked.request() {
        let hops = Hops::of(&visit, &found, request).ok_or(Failure::NoSuchPage)?;
        let head = Head::new("What the gateway decided")
            .under("APIs", super::HERE)
            .under(opened.title(), opened.address(""))
            .under("Traffic", base);
        return Ok(visit.show(PLACE, &opened.title(), &Stack::new(head).part(&hops)));
    }
    let of_it = traffic::of_api(control, caller, &id, asked.period()?).await?;
    let own = Own::new(&asked, &base, &of_it, &found, now);
    let page = Page { frame: opened.frame(&visit, TAB, Vec::new()), own };
    Ok(visit.show(PLACE, &opened.title(), &page))
}
