//! Signing in and out.

pub mod cookie;
pub(crate) mod gate;
mod password;
mod sign_in;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use phantom_access::Control;

use crate::guard::Pages;
use crate::guard::SIGNED_IN;

/// What is open to whoever comes.
pub(crate) fn router(control: Arc<Control>) -> Router {
    Router::new().route("/login", get(sign_in::page).post(sign_in::sign_in)).with_state(control)
}

pub(crate) fn pages(pages: Pages) -> Pages {
    pages
        .page(SIGNED_IN, "/logout", axum::routing::post(sign_in::sign_out))
        .page(SIGNED_IN, "/logout/everywhere", axum::routing::post(sign_in::sign_out_everywhere))
        .page(SIGNED_IN, "/theme", axum::routing::post(sign_in::theme))
        .page(SIGNED_IN, "/account", get(password::page).post(password::change))
}
