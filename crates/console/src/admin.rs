//! Admin: key managers and what concerns all APIs.

mod audit;
mod deny_policies;
mod editor;
mod gateways;
mod key_managers;
mod policies;
mod users;

pub(crate) use audit::done;
pub(crate) use audit::entity;
use axum::routing::get;
pub(crate) use key_managers::kind as kind_of;
pub(crate) use key_managers::warnings;
use phantom_access::rights::admin as rights;
use phantom_pages::answer;
use phantom_pages::answer::Failure;
use phantom_pages::guard::Pages;
use phantom_pages::guard::SIGNED_IN;
use phantom_pages::shell;
use phantom_pages::visit::Visit;
pub(crate) use policies::place as policy;

pub(crate) fn pages(pages: Pages) -> Pages {
    let first = |visit: Visit| async move {
        shell::first_of(&visit, "/admin").map(answer::see).ok_or(Failure::NotForYou)
    };
    let pages = pages.page(SIGNED_IN, "/admin", get(first));
    let pages = gateways::pages(pages, rights::TRAFFIC);
    let pages = key_managers::pages(pages, rights::KEY_MANAGERS, rights::KEY_MANAGERS_DELETE);
    audit::pages(deny_policies::pages(users::pages(policies::pages(pages))))
}
