//! `/healthz`, `/readyz` and `/metrics`: on the management listener and nowhere else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use http::header;
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use serde_json::json;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether requests should be sent here.
#[derive(Debug)]
pub struct Readiness(Mutex<Conditions>);

#[derive(Debug)]
struct Conditions {
    /// Key managers without keys so far.
    pending: BTreeSet<Arc<str>>,
    /// No catalog of the control plane is in force yet, though there is to be one.
    awaits_catalog: bool,
    store_away: bool,
    draining: bool,
}

impl Readiness {
    pub(crate) fn new(pending: impl Iterator<Item = Arc<str>>) -> Self {
        Self(Mutex::new(Conditions {
            pending: pending.collect(),
            awaits_catalog: false,
            store_away: false,
            draining: false,
        }))
    }

    /// There is a control plane to follow.
    pub(crate) fn await_catalog(&self) {
        self.state().awaits_catalog = true;
    }

    pub(crate) fn catalog_loaded(&self) {
        self.state().awaits_catalog = false;
    }

    /// Requests are served either way: what was published stays in force.
    pub(crate) fn store_answers(&self, answers: bool) {
        self.state().store_away = !answers;
    }

    pub(crate) fn warmed_up(&self, key_manager: &str) {
        self.state().pending.remove(key_manager);
    }

    pub(crate) fn drain(&self) {
        self.state().draining = true;
    }

    #[must_use]
    pub fn is_ready(&self) -> bool {
        let state = self.state();
        !state.draining && state.pending.is_empty() && !state.awaits_catalog
    }

    fn answer(&self) -> (StatusCode, serde_json::Value) {
        let state = self.state();
        if state.draining {
            let reason = json!({"ready": false, "reason": "draining"});
            (StatusCode::SERVICE_UNAVAILABLE, reason)
        } else if state.awaits_catalog {
            let reason = "the catalog of the control plane is not there yet";
            let reason = json!({"ready": false, "reason": reason});
            (StatusCode::SERVICE_UNAVAILABLE, reason)
        } else if state.pending.is_empty() && state.store_away {
            let note = "the store does not answer: what was published before is in force";
            (StatusCode::OK, json!({"ready": true, "note": note}))
        } else if state.pending.is_empty() {
            (StatusCode::OK, json!({"ready": true}))
        } else {
            let pending: Vec<&str> = state.pending.iter().map(|name| &**name).collect();
            let reason = json!({
                "ready": false,
                "reason": "key managers have no keys yet",
                "key_managers": pending,
            });
            (StatusCode::SERVICE_UNAVAILABLE, reason)
        }
    }

    fn state(&self) -> MutexGuard<'_, Conditions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone)]
struct Management {
    registry: Arc<Registry>,
    readiness: Arc<Readiness>,
}

pub(crate) fn router(registry: Arc<Registry>, readiness: Arc<Readiness>) -> Router {
    Router::new()
        .route("/healthz", get(async || axum::Json(json!({"healthy": true}))))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(Management { registry, readiness })
}

async fn readyz(State(management): State<Management>) -> impl IntoResponse {
    let (status, body) = management.readiness.answer();
    (status, [(header::CACHE_CONTROL, "no-store")], axum::Json(body))
}

async fn metrics(State(management): State<Management>) -> Response {
    let mut body = String::new();
    match text::encode(&mut body, &management.registry) {
        Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
