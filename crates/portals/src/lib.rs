//! The two portals: the publisher, where APIs are made and offered, and the devportal, where applications, their
//! keys and subscriptions make use of them. A folder each; they lead to each other by address alone.
//!
//! What never lives here is what concerns all APIs, or the gateways: no user, no plan to be changed, no audit.
//! That is the console's.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

mod devportal;
mod publisher;

use phantom_pages::guard::Pages;

/// With those of both portals.
pub fn pages(pages: Pages) -> Pages {
    devportal::pages(publisher::pages(pages))
}
