//! The first page: what to do next.

use askama::Template;
use axum::routing::get;

use crate::answer::Answer;
use crate::components::Head;
use crate::components::Link;
use crate::pages::Pages;
use crate::pages::SIGNED_IN;
use crate::session;
use crate::shell::Place;
use crate::visit::Visit;

pub(crate) fn pages(pages: Pages) -> Pages {
    session::pages(pages).page(SIGNED_IN, "/", get(page))
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    head: Head,
    links: Vec<Link>,
}

async fn page(visit: Visit) -> Answer {
    let head = Head::new(format!("Hello, {}", visit.caller.name));
    Ok(visit.show(Place::Home, "Home", &Home { head, links: Vec::new() }))
}
