//! `/healthz`, `/readyz` and `/metrics`: on the management listener and nowhere else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use http::header;
use phantom_telemetry::Vitals;
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use serde_json::json;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether requests should be sent here.
#[derive(Debug)]
pub struct Readiness(Mutex<Conditions>);

#[derive(Debug)]
struct Conditions {
    /// Key managers without keys so far, and whether their server was asked and gave none.
    pending: BTreeMap<Arc<str>, bool>,
    /// Others are.
    any_prepared: bool,
    /// No catalog of the control plane is in force yet, though there is to be one.
    awaits_catalog: bool,
    /// That catalog is one that was kept on the disk.
    kept: bool,
    store_away: bool,
    draining: bool,
}

impl Readiness {
    pub(crate) fn new(pending: impl Iterator<Item = Arc<str>>) -> Self {
        Self(Mutex::new(Conditions {
            pending: pending.map(|name| (name, false)).collect(),
            any_prepared: false,
            awaits_catalog: false,
            kept: false,
            store_away: false,
            draining: false,
        }))
    }

    /// There is a control plane to follow.
    pub(crate) fn await_catalog(&self) {
        self.state().awaits_catalog = true;
    }

    pub(crate) fn catalog_loaded(&self) {
        let mut state = self.state();
        (state.awaits_catalog, state.kept) = (false, false);
    }

    /// Until the store is there.
    pub(crate) fn kept_catalog_loaded(&self) {
        let mut state = self.state();
        (state.awaits_catalog, state.kept, state.store_away) = (false, true, true);
    }

    /// Requests are served either way: what was published stays in force.
    pub(crate) fn store_answers(&self, answers: bool) {
        self.state().store_away = !answers;
    }

    pub(crate) fn warmed_up(&self, key_manager: &str) {
        let mut state = self.state();
        state.any_prepared |= state.pending.remove(key_manager).is_some();
    }

    pub(crate) fn failed(&self, key_manager: &str) {
        if let Some(failed) = self.state().pending.get_mut(key_manager) {
            *failed = true;
        }
    }

    pub(crate) fn drain(&self) {
        self.state().draining = true;
    }

    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.answer().0 == StatusCode::OK
    }

    fn answer(&self) -> Told {
        let state = self.state();
        if state.draining {
            let reason = json!({"ready": false, "reason": "draining"});
            (StatusCode::SERVICE_UNAVAILABLE, reason)
        } else if state.awaits_catalog {
            let reason = "the catalog of the control plane is not there yet";
            let reason = json!({"ready": false, "reason": reason});
            (StatusCode::SERVICE_UNAVAILABLE, reason)
        } else if state.awaits_key_managers() {
            let reason = json!({
                "ready": false,
                "reason": "key managers are not prepared yet: their metadata or keys are not there",
                "key_managers": state.pending_names(),
            });
            (StatusCode::SERVICE_UNAVAILABLE, reason)
        } else {
            let mut told = serde_json::Map::from_iter([("ready".to_owned(), json!(true))]);
            if state.store_away {
                let note = match state.kept {
                    true => "the store does not answer: the catalog kept on the disk is in force",
                    false => "the store does not answer: what was published before is in force",
                };
                told.insert("note".to_owned(), json!(note));
            }
            if !state.pending.is_empty() {
                // One sick server does not take what others vouch for out of service.
                told.insert("without_keys".to_owned(), json!(state.pending_names()));
            }
            let told = serde_json::Value::Object(told);
            (StatusCode::OK, told)
        }
    }

    fn state(&self) -> MutexGuard<'_, Conditions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Conditions {
    /// Nobody has keys yet, or a server was not even asked.
    fn awaits_key_managers(&self) -> bool {
        let all_were_asked = self.pending.values().all(|failed| *failed);
        let one_suffices = all_were_asked && self.any_prepared;
        !(self.pending.is_empty() || one_suffices)
    }

    fn pending_names(&self) -> Vec<&str> {
        self.pending.keys().map(|name| &**name).collect()
    }
}

#[derive(Clone)]
struct Management {
    registry: Arc<Registry>,
    readiness: Arc<Readiness>,
    vitals: Arc<Vitals>,
}

pub(crate) fn router(
    registry: Arc<Registry>,
    readiness: Arc<Readiness>,
    vitals: Arc<Vitals>,
) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(Management { registry, readiness, vitals })
}

type Told = (StatusCode, serde_json::Value);

/// Whether every worker turns.
async fn healthz(State(management): State<Management>) -> impl IntoResponse {
    uncached(match stuck(&management.vitals, Instant::now()) {
        None => (StatusCode::OK, json!({"healthy": true})),
        Some((reason, workers)) => {
            let body = json!({"healthy": false, "reason": reason, "workers": workers});
            (StatusCode::SERVICE_UNAVAILABLE, body)
        }
    })
}

async fn readyz(State(management): State<Management>) -> impl IntoResponse {
    let told = management.readiness.answer();
    uncached(match unaccepting(&management.vitals, Instant::now()) {
        Some((reason, workers)) if told.0 == StatusCode::OK => {
            let body = json!({"ready": false, "reason": reason, "workers": workers});
            (StatusCode::SERVICE_UNAVAILABLE, body)
        }
        _ => told,
    })
}

fn stuck(vitals: &Vitals, now: Instant) -> Option<(&'static str, Vec<String>)> {
    named("workers do not turn", vitals.stuck(now))
}

/// A worker that does not turn accepts nothing either.
fn unaccepting(vitals: &Vitals, now: Instant) -> Option<(&'static str, Vec<String>)> {
    stuck(vitals, now).or_else(|| named("workers take no connections", vitals.shut(now)))
}

/// As their threads are called.
fn named(reason: &'static str, workers: Vec<usize>) -> Option<(&'static str, Vec<String>)> {
    let names: Vec<_> = workers.into_iter().map(|index| format!("worker-{index}")).collect();
    (!names.is_empty()).then_some((reason, names))
}

fn uncached((status, body): Told) -> impl IntoResponse {
    let fields = [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_TYPE, "application/json")];
    (status, fields, format!("{body}\n"))
}

async fn metrics(State(management): State<Management>) -> Response {
    let mut body = String::new();
    match text::encode(&mut body, &management.registry) {
        Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_a_key_manager_waits_for_may_be_metadata_alone() {
        let readiness = Readiness::new(std::iter::once(Arc::from("login")));
        let (status, told) = readiness.answer();
        assert_eq!(
            (status, &told["key_managers"][0]),
            (StatusCode::SERVICE_UNAVAILABLE, &json!("login"))
        );
        let reason = told["reason"].as_str().unwrap();
        assert!(reason.contains("metadata or keys"), "{reason}");
    }

    #[test]
    fn one_sick_server_does_not_keep_a_gateway_out_of_service_once_it_was_asked() {
        let readiness = Readiness::new(["sick", "login"].into_iter().map(Arc::from));
        readiness.failed("sick");
        assert!(!readiness.is_ready(), "the other was not asked yet");
        readiness.failed("login");
        assert!(!readiness.is_ready(), "nobody vouches for anything");
        readiness.warmed_up("login");
        let (status, told) = readiness.answer();
        assert_eq!(
            (status, told),
            (StatusCode::OK, json!({"ready": true, "without_keys": ["sick"]}))
        );
        readiness.warmed_up("sick");
        assert_eq!(readiness.answer(), (StatusCode::OK, json!({"ready": true})));
        let readiness = Readiness::new(["slow", "login"].into_iter().map(Arc::from));
        readiness.warmed_up("login");
        assert!(!readiness.is_ready(), "its first answer is waited for");
    }

    async fn ask(vitals: Vitals, path: &str) -> (u16, serde_json::Value) {
        use http::Request;
        use tower::ServiceExt;
        let readiness = Arc::new(Readiness::new(std::iter::empty()));
        let router = router(Arc::default(), readiness, Arc::new(vitals));
        let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_worker_that_does_not_turn_is_unhealthy_and_named_and_not_ready_either() {
        let fresh = || Vitals::new(2, Instant::now());
        assert_eq!(ask(fresh(), "/healthz").await, (200, json!({"healthy": true})));
        assert_eq!(ask(fresh(), "/readyz").await, (200, json!({"ready": true})));
        let Some(long_ago) = Instant::now().checked_sub(Duration::from_secs(6)) else { return };
        let stuck = || Vitals::new(2, long_ago);
        let workers = json!(["worker-0", "worker-1"]);
        let reason = "workers do not turn";
        let body = json!({"healthy": false, "reason": reason, "workers": workers});
        assert_eq!(ask(stuck(), "/healthz").await, (503, body));
        let body = json!({"ready": false, "reason": reason, "workers": workers});
        assert_eq!(ask(stuck(), "/readyz").await, (503, body));
    }
}
