//! Introspections counted and timed, per key manager and outcome; those without a verdict are logged.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use phantom_core::BearerToken;
use phantom_core::Peer;
use phantom_core::traffic::Introspections;
use phantom_oauth::Introspect;
use phantom_oauth::IntrospectError;
use phantom_oauth::Introspection;
use phantom_oauth::NotAsked;
use phantom_oauth::Why;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::complaints::KeyManagerComplaints;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    key_manager: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NotAskedLabels {
    key_manager: String,
    cause: &'static str,
}

/// The calls of all key managers.
#[derive(Clone, Debug)]
pub struct IntrospectionMetrics {
    calls: Family<CallLabels, Counter>,
    seconds: Histogram,
    not_asked: Family<NotAskedLabels, Counter>,
}

impl IntrospectionMetrics {
    /// None yet, as a scrape of that registry shows them.
    pub fn register(registry: &mut Registry) -> Self {
        // From 1 ms to 10 s.
        let buckets =
            [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
        let metrics = Self {
            calls: Family::default(),
            seconds: Histogram::new(buckets),
            not_asked: Family::default(),
        };
        registry.register(
            "phantom_introspections",
            "Calls about tokens, by key manager and outcome",
            metrics.calls.clone(),
        );
        registry.register(
            "phantom_introspection_seconds",
            "Time of one introspection, waiting and verifying included",
            metrics.seconds.clone(),
        );
        registry.register(
            "phantom_introspections_not_made",
            "Calls about tokens that were not made, by key manager and cause",
            metrics.not_asked.clone(),
        );
        metrics
    }

    /// All calls of a key manager so far.
    #[must_use]
    pub fn so_far(&self, key_manager: &str) -> Introspections {
        let count = |outcome| self.calls(key_manager, outcome).get();
        Introspections {
            active: count("active"),
            inactive: count("inactive"),
            misbehaved: count("misbehaved"),
            unavailable: count("unavailable"),
        }
    }

    fn calls(&self, key_manager: &str, outcome: &'static str) -> Counter {
        let labels = CallLabels { key_manager: key_manager.to_owned(), outcome };
        self.calls.get_or_create_owned(&labels)
    }

    fn not_asked(&self, key_manager: &str, why: Why) -> Counter {
        let labels = NotAskedLabels { key_manager: key_manager.to_owned(), cause: why.name() };
        self.not_asked.get_or_create_owned(&labels)
    }
}

/// Passes questions on and counts the answers.
#[derive(Debug)]
pub struct Metered {
    inner: Arc<dyn Introspect>,
    active: Counter,
    inactive: Counter,
    misbehaved: Counter,
    unavailable: Counter,
    not_asked: Vec<(Why, Counter)>,
    seconds: Histogram,
    complaints: KeyManagerComplaints,
    /// About addresses, which must not hold back those about the server.
    offenders: KeyManagerComplaints,
}

impl Metered {
    /// Counts what is asked of `inner` under the name of its key manager.
    #[must_use]
    pub fn new(
        inner: Arc<dyn Introspect>,
        key_manager: &str,
        metrics: &IntrospectionMetrics,
    ) -> Self {
        let counter = |outcome| metrics.calls(key_manager, outcome);
        Self {
            inner,
            active: counter("active"),
            inactive: counter("inactive"),
            misbehaved: counter("misbehaved"),
            unavailable: counter("unavailable"),
            not_asked: Why::ALL.map(|why| (why, metrics.not_asked(key_manager, why))).to_vec(),
            seconds: metrics.seconds.clone(),
            complaints: KeyManagerComplaints::about(key_manager),
            offenders: KeyManagerComplaints::about(key_manager),
        }
    }

    fn note(&self, not_asked: &NotAsked, peer: Peer) {
        let counter = self.not_asked.iter().find(|(why, _)| *why == not_asked.why);
        if let Some((_, counter)) = counter {
            counter.inc();
        }
        match not_asked.why {
            Why::PeerBudget => self.offenders.log_of_peer(peer, Instant::now()),
            _ => self.complaints.log(&(*not_asked).into(), Instant::now()),
        }
    }
}

impl Introspect for Metered {
    fn introspect<'a>(
        &'a self,
        token: BearerToken<'a>,
        peer: Peer,
    ) -> Pin<Box<dyn Future<Output = Result<Introspection, IntrospectError>> + Send + 'a>> {
        Box::pin(async move {
            let asked = Instant::now();
            let answer = self.inner.introspect(token, peer).await;
            let counter = match &answer {
                Ok(Introspection::Active { .. }) => &self.active,
                Ok(Introspection::Inactive | Introspection::RefreshToken) => &self.inactive,
                Err(IntrospectError::NotAsked(not_asked)) => {
                    self.note(not_asked, peer);
                    return answer;
                }
                Err(error) if error.is_misbehaviour() => &self.misbehaved,
                Err(_) => &self.unavailable,
            };
            self.seconds.observe(asked.elapsed().as_secs_f64());
            counter.inc();
            if let Err(error) = &answer {
                self.complaints.log(error, Instant::now());
            }
            answer
        })
    }

    fn check(&self, token: BearerToken<'_>, peer: Peer) -> Result<(), NotAsked> {
        self.inner.check(token, peer).inspect_err(|not_asked| self.note(not_asked, peer))
    }

    fn forgive(&self, peer: Peer) {
        self.inner.forgive(peer);
    }
}
