//! Introspections counted and timed, per key manager and outcome; those without a verdict are logged.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use phantom_core::BearerToken;
use phantom_core::Peer;
use phantom_oauth::Introspect;
use phantom_oauth::IntrospectError;
use phantom_oauth::Introspection;
use phantom_oauth::NotAsked;
use phantom_oauth::Why;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;

use crate::telemetry::complaints::Complaints;
use crate::telemetry::metrics::GatewayMetrics;

/// Passes questions on and counts the answers.
#[derive(Debug)]
pub(crate) struct Metered {
    inner: Arc<dyn Introspect>,
    active: Counter,
    inactive: Counter,
    misbehaved: Counter,
    unavailable: Counter,
    not_asked: Vec<(Why, Counter)>,
    seconds: Histogram,
    complaints: Complaints,
    /// About addresses, which must not hold back those about the server.
    offenders: Complaints,
}

impl Metered {
    pub(crate) fn new(
        inner: Arc<dyn Introspect>,
        key_manager: &str,
        metrics: &GatewayMetrics,
    ) -> Self {
        let counter = |outcome| metrics.introspections(key_manager, outcome);
        Self {
            inner,
            active: counter("active"),
            inactive: counter("inactive"),
            misbehaved: counter("misbehaved"),
            unavailable: counter("unavailable"),
            not_asked: Why::ALL
                .map(|why| (why, metrics.questions_not_asked(key_manager, why.name())))
                .to_vec(),
            seconds: metrics.introspection_seconds(),
            complaints: Complaints::about(key_manager),
            offenders: Complaints::about(key_manager),
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
                Ok(Introspection::Inactive) => &self.inactive,
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
