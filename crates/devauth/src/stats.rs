//! `GET /dev/stats`: what a test or a curious person wants to know of the server.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::authorization_server::AuthorizationServer;

#[derive(Serialize)]
pub(crate) struct Stats {
    introspections: u64,
    tokens_issued: u64,
    tokens_live: usize,
}

pub(crate) async fn stats(State(server): State<Arc<AuthorizationServer>>) -> Json<Stats> {
    let (tokens_issued, tokens_live) = server.tokens.counts(server.now());
    let introspections = server.introspections.load(Ordering::Relaxed);
    Json(Stats { introspections, tokens_issued, tokens_live })
}
