//! Counters and histograms of the data plane. Handles are ready per route; no client, subject or
//! token is ever a label.

use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use phantom_core::DenyReason;
use phantom_core::catalog::EntityId;
use phantom_pipeline::RouteTable;
use phantom_pipeline::config_hash::ConfigMap;
use phantom_pipeline::managed::ApiTable;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

mod by_api;

use by_api::ByApi;
use by_api::Label;

use crate::cause::Cause;
use crate::cause::Side;

/// All of the data plane. A clone counts into the same.
#[derive(Clone, Debug)]
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    by_api: ByApi,
    /// Client connections open now.
    pub connections: Gauge,
    /// Those that may be open.
    pub connections_limit: Gauge,
    /// Those that had to wait.
    pub held: HeldConnections,
    /// Those that had to go.
    pub ended: EndedConnections,
}

/// Connections that had to wait for a place.
#[derive(Clone, Debug)]
pub struct HeldConnections {
    /// As many as may be were open.
    pub at_limit: Counter,
    /// The system gave none.
    pub without_descriptor: Counter,
}

/// Connections that the gateway ended for the sake of others.
#[derive(Clone, Debug)]
pub struct EndedConnections {
    /// Idle, and its place was needed.
    pub idle: Counter,
    /// Its client did not send or take what it was to, and its place was needed.
    pub slow: Counter,
    /// Frames of HTTP/2 that ask for nothing.
    pub flood: Counter,
    /// More from one source than it may have.
    pub source: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WhyLabels {
    why: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    api: String,
    outcome: &'static str,
    status_class: &'static str,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Answered here: refused, redirected, a file, a preflight.
    Answered,
    /// The backend's answer was passed on whole.
    Forwarded,
    /// Backend or client broke off.
    Failed,
}

impl Ended {
    const ALL: [Self; 3] = [Self::Answered, Self::Forwarded, Self::Failed];

    /// Stable, for the access log and metrics.
    #[inline]
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Forwarded => "forwarded",
            Self::Failed => "failed",
        }
    }
}

const STATUS_CLASSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

impl Metrics {
    /// None yet, as a scrape of that registry shows them.
    pub fn register(registry: &mut Registry) -> Self {
        let held = Family::<WhyLabels, Counter>::default();
        let ended = Family::<WhyLabels, Counter>::default();
        let metrics = Self {
            requests: Family::default(),
            by_api: ByApi::register(registry),
            connections: Gauge::default(),
            connections_limit: Gauge::default(),
            held: HeldConnections {
                at_limit: held.get_or_create_owned(&WhyLabels { why: "max_connections" }),
                without_descriptor: held.get_or_create_owned(&WhyLabels { why: "descriptors" }),
            },
            ended: EndedConnections {
                idle: ended.get_or_create_owned(&WhyLabels { why: "idle_at_limit" }),
                slow: ended.get_or_create_owned(&WhyLabels { why: "slow_at_limit" }),
                flood: ended.get_or_create_owned(&WhyLabels { why: "flood" }),
                source: ended.get_or_create_owned(&WhyLabels { why: "source_limit" }),
            },
        };
        registry.register(
            "phantom_connections_ended",
            "Client connections ended for the sake of others, by cause",
            ended,
        );
        registry.register(
            "phantom_requests",
            "Requests, by route, how they ended, and class of status",
            metrics.requests.clone(),
        );
        registry.register(
            "phantom_connections_limit",
            "Client connections that may be open (`max_connections`)",
            metrics.connections_limit.clone(),
        );
        registry.register(
            "phantom_connections_held",
            "Client connections that had to wait for a place, by what was used up",
            held,
        );
        registry.register(
            "phantom_connections",
            "Client connections open now",
            metrics.connections.clone(),
        );
        metrics
    }

    /// Handles for the routes of one snapshot, and one more for requests that match none.
    #[must_use]
    pub fn for_routes(&self, routes: &RouteTable) -> Vec<RouteMetrics> {
        let named = routes.routes().iter().map(|route| &*route.name);
        named.chain(["none"]).map(|api| RouteMetrics::new(api, self.clone())).collect()
    }

    /// Handles for the managed APIs of one snapshot; those of an older one are kept.
    #[must_use]
    pub fn for_apis(&self, apis: &ApiTable, known: Option<&ApiMetrics>) -> ApiMetrics {
        let handles = apis.apis().iter().map(|served| {
            let (id, label) = (served.api.published.id, &*served.api.label);
            let kept = known.and_then(|known| known.get(&id)).filter(|kept| &*kept.api == label);
            let fresh = || Arc::new(RouteMetrics::new(label, self.clone()));
            (id, kept.cloned().unwrap_or_else(fresh))
        });
        handles.collect()
    }
}

/// By the id of the API.
pub type ApiMetrics = ConfigMap<EntityId, Arc<RouteMetrics>>;

/// Metric handles of one route or API, each looked up once.
#[derive(Debug)]
pub struct RouteMetrics {
    api: Box<str>,
    label: Label,
    all: Metrics,
    request_seconds: OnceLock<Histogram>,
    upstream_seconds: OnceLock<Histogram>,
    requests: [[OnceLock<Counter>; STATUS_CLASSES.len()]; Ended::ALL.len()],
    denied: [OnceLock<Counter>; DenyReason::ALL.len()],
    permitted: OnceLock<Counter>,
}

impl RouteMetrics {
    fn new(api: &str, all: Metrics) -> Self {
        Self {
            api: api.into(),
            label: all.by_api.label(api),
            all,
            request_seconds: OnceLock::new(),
            upstream_seconds: OnceLock::new(),
            requests: Default::default(),
            denied: [const { OnceLock::new() }; DenyReason::ALL.len()],
            permitted: OnceLock::new(),
        }
    }

    pub(crate) fn count_request(
        &self,
        outcome: Ended,
        status: u16,
        total: Duration,
        upstream: Option<Duration>,
    ) {
        // RFC 9110 §15: what is no status of the five classes is taken for one of the last.
        let class = usize::from(status / 100).min(STATUS_CLASSES.len() - 1);
        let handle = self.requests.get(outcome as usize).and_then(|classes| classes.get(class));
        if let (Some(handle), Some(status_class)) = (handle, STATUS_CLASSES.get(class)) {
            let labels = || RequestLabels {
                api: self.api.to_string(),
                outcome: outcome.name(),
                status_class,
            };
            handle.get_or_init(|| self.all.requests.get_or_create_owned(&labels())).inc();
        }
        let seconds = self.request_seconds.get_or_init(|| self.label.request_seconds());
        seconds.observe(total.as_secs_f64());
        if let Some(upstream) = upstream {
            let seconds = self.upstream_seconds.get_or_init(|| self.label.upstream_seconds());
            seconds.observe(upstream.as_secs_f64());
        }
    }

    /// If a backend was at fault. Rare: the counter is looked up each time.
    pub(crate) fn count_error(&self, cause: Cause) {
        if cause.side() == Side::Backend {
            self.label.upstream_errors(cause).inc();
        }
    }

    pub(crate) fn count_decision(&self, reason: Option<DenyReason>) {
        let (handle, reason) = match reason {
            Some(reason) => (self.denied.get(reason as usize), reason.name()),
            None => (Some(&self.permitted), by_api::PERMIT),
        };
        if let Some(handle) = handle {
            handle.get_or_init(|| self.label.decisions(reason)).inc();
        }
    }
}
