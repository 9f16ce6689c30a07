//! Publisher: APIs, from their first draft to what gateways serve.

mod api;
mod definition;
mod deletion;
mod endpoints;
mod import;
mod lifecycle;
mod list;
mod new;
mod overview;
mod resources;
mod revisions;
mod runtime;
mod scopes;
mod shared_scopes;
mod subscriptions;
mod traffic;
mod version;

use axum::routing::get;
use phantom_pages::answer;
use phantom_pages::answer::Failure;
use phantom_pages::guard::Pages;
use phantom_pages::guard::SIGNED_IN;
use phantom_pages::shell;
use phantom_pages::shell::Place;
use phantom_pages::visit::Visit;

const HERE: &str = "/publisher/apis";
const PLACE: Place = Place::Publisher(HERE);

pub(crate) fn pages(pages: Pages) -> Pages {
    let first = |visit: Visit| async move {
        shell::first_of(&visit, "/publisher").map(answer::see).ok_or(Failure::NotForYou)
    };
    let pages = pages.page(SIGNED_IN, "/publisher", get(first));
    [
        list::pages,
        new::pages,
        import::pages,
        overview::pages,
        lifecycle::pages,
        endpoints::pages,
        resources::pages,
        runtime::pages,
        scopes::pages,
        subscriptions::pages,
        traffic::pages,
        definition::pages,
        revisions::pages,
        version::pages,
        deletion::pages,
        shared_scopes::pages,
    ]
    .into_iter()
    .fold(pages, |pages, add| add(pages))
}
