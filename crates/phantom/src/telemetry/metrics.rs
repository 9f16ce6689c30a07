//! Metrics of what stands behind the data plane: introspection, caches, keys, configuration.
//!
//! No token, subject or client is ever a label.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use phantom_cache::CacheStats;
use phantom_config::certificate::Validity;
use phantom_core::Clock;
use phantom_core::UnixTime;
use phantom_core::traffic::Introspections;
use phantom_oauth::KeyManager;
use phantom_oauth::Load;
use phantom_pipeline::KeyManagerHandle;
use phantom_proxy::tls::Certificate;
use phantom_telemetry::LogWriter;
use phantom_telemetry::introspections::IntrospectionMetrics;
use phantom_telemetry::process::Process;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::EncodeMetric;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::clock::SystemClock;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

/// Handles to write to; what others count is read when it is asked for.
#[derive(Clone, Debug)]
pub struct GatewayMetrics {
    introspections: IntrospectionMetrics,
    config_version: Gauge,
    observed: Observed,
}

impl GatewayMetrics {
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            introspections: IntrospectionMetrics::register(registry),
            config_version: Gauge::default(),
            observed: Observed::default(),
        };
        metrics.config_version.set(1);
        registry.register(
            "phantom_config_version",
            "Version of the configuration in force; rises with what the control plane publishes",
            metrics.config_version.clone(),
        );
        let build = [("version", env!("CARGO_PKG_VERSION"))];
        registry.register("phantom_build", "The build of this process", Info::new(build.to_vec()));
        registry.register_collector(Box::new(Process::just_started()));
        let reloads = Family::<OutcomeLabels, Counter>::default();
        for outcome in ["succeeded", "failed"] {
            drop(reloads.get_or_create(&OutcomeLabels { outcome }));
        }
        registry.register("phantom_config_reloads", "Reloads, by outcome", reloads);
        registry.register_collector(Box::new(metrics.observed.clone()));
        metrics
    }

    /// From now on these are read at each scrape.
    pub(crate) fn observe(&self, handles: &[Arc<KeyManagerHandle>], managers: &[Arc<KeyManager>]) {
        let mut sources = self.observed.sources();
        (sources.handles, sources.managers) = (handles.to_vec(), managers.to_vec());
    }

    /// The catalog in force is all that the store held then.
    pub(crate) fn catalog_as_of(&self, time: UnixTime) {
        self.observed.sources().catalog_as_of = Some(time);
    }

    /// From now on it is told when they end.
    pub(crate) fn observe_certificates(&self, certificates: &[Arc<Certificate>]) {
        self.observed.sources().certificates = certificates.to_vec();
    }

    /// From now on it is told what the log has dropped.
    pub(crate) fn observe_log(&self, log: &LogWriter) {
        self.observed.sources().logs.push(log.clone());
    }

    /// A snapshot of that version is in force.
    pub(crate) fn published(&self, version: u64) {
        self.config_version.set(i64::try_from(version).unwrap_or(i64::MAX));
    }

    pub(crate) fn store_answers(&self, answers: bool) {
        self.observed.sources().store_up = Some(answers);
    }

    pub(crate) const fn introspections(&self) -> &IntrospectionMetrics {
        &self.introspections
    }

    /// All calls about tokens so far, by key manager in use.
    pub(crate) fn introspections_so_far(&self) -> BTreeMap<String, Introspections> {
        let names: BTreeSet<String> =
            self.observed.sources().managers.iter().map(|m| m.name().to_string()).collect();
        let so_far = names.into_iter().map(|name| {
            let calls = self.introspections.so_far(&name);
            (name, calls)
        });
        so_far.collect()
    }

    /// How old the keys of each key manager are, in seconds.
    pub(crate) fn ages_of_keys(&self) -> BTreeMap<String, u64> {
        let sources = self.observed.sources();
        let ages = sources.managers.iter().filter_map(|manager| {
            Some((manager.name().to_string(), manager.keys_age()?.as_secs()))
        });
        ages.collect()
    }
}

#[derive(Clone, Debug, Default)]
struct Observed(Arc<Mutex<Sources>>);

#[derive(Debug, Default)]
struct Sources {
    handles: Vec<Arc<KeyManagerHandle>>,
    managers: Vec<Arc<KeyManager>>,
    logs: Vec<LogWriter>,
    certificates: Vec<Arc<Certificate>>,
    /// `None`: there is no store.
    store_up: Option<bool>,
    /// `None`: there is no catalog.
    catalog_as_of: Option<UnixTime>,
}

impl Observed {
    fn sources(&self) -> MutexGuard<'_, Sources> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sources {
    fn cache(&self) -> CacheStats {
        let exchanges = self
            .handles
            .iter()
            .flat_map(|handle| [handle.opaque.as_ref(), handle.jwt.as_ref()])
            .flatten();
        exchanges.map(|exchange| exchange.stats()).fold(CacheStats::default(), |sum, one| {
            CacheStats {
                entries: sum.entries + one.entries,
                bytes: sum.bytes + one.bytes,
                single_flight_waiters: sum.single_flight_waiters + one.single_flight_waiters,
                hits: sum.hits + one.hits,
                misses: sum.misses + one.misses,
                negatives: sum.negatives + one.negatives,
                expired: sum.expired + one.expired,
                revoked: sum.revoked + one.revoked,
                ..sum
            }
        })
    }
}

impl Sources {
    fn encode_certificates(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let ends = self.certificates.iter().filter_map(|certificate| {
            let validity = Validity::of(&certificate.leaf()?)?;
            Some((certificate.path().display().to_string(), validity.not_after.as_second()))
        });
        // Several listeners may show the same.
        let ends: BTreeMap<String, i64> = ends.collect();
        if ends.is_empty() {
            return Ok(());
        }
        let name = "phantom_certificate_expires_timestamp_seconds";
        let help = "When a certificate that is shown to clients ends, since 1970";
        let kind = ConstGauge::new(0_i64).metric_type();
        let mut encoder = encoder.encode_descriptor(name, help, None, kind)?;
        for (file, end) in ends {
            let labels = [("file", file.as_str())];
            ConstGauge::new(end).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

impl Collector for Observed {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let sources = self.sources();
        let cache = sources.cache();
        let lookups = [
            ("hit", cache.hits),
            ("miss", cache.misses),
            ("negative", cache.negatives),
            ("expired", cache.expired),
            ("revoked", cache.revoked),
        ]
        .map(|(result, count)| (vec![("level", "l1"), ("result", result)], count));
        let help = "Lookups of tokens, by level of the cache and result";
        counters(&mut encoder, "phantom_token_cache_lookups", help, &lookups)?;

        let refreshes = sources.managers.iter().map(|manager| manager.key_refreshes());
        let (succeeded, failed) = refreshes
            .fold((0, 0), |(yes, no), counts| (yes + counts.succeeded, no + counts.failed));
        let refreshes =
            [(vec![("outcome", "succeeded")], succeeded), (vec![("outcome", "failed")], failed)];
        let help = "Fetches of authorization servers' keys, by outcome";
        counters(&mut encoder, "phantom_jwks_refreshes", help, &refreshes)?;

        let hashed = ConstCounter::new(phantom_store::password::hashed());
        let help = "Passwords hashed, of sign-ins and of guesses";
        let kind = hashed.metric_type();
        hashed.encode(encoder.encode_descriptor(
            "phantom_passwords_hashed",
            help,
            None,
            kind,
        )?)?;
        let dropped = sources.logs.iter().map(|log| (vec![("log", log.name())], log.dropped()));
        let help = "Log lines that nobody read in time or that could not be written, by log";
        counters(&mut encoder, "phantom_log_lines_dropped", help, &dropped.collect::<Vec<_>>())?;

        if let Some(up) = sources.store_up {
            let gauge = ConstGauge::new(i64::from(up));
            let help = "Whether the control plane's store answered when last asked";
            let kind = gauge.metric_type();
            gauge.encode(encoder.encode_descriptor("phantom_store_up", help, None, kind)?)?;
        }
        sources.encode_certificates(&mut encoder)?;

        if let Some(as_of) = sources.catalog_as_of {
            let age = as_of.until(SystemClock::new().now().wall).as_secs();
            let gauge = ConstGauge::new(i64::try_from(age).unwrap_or(i64::MAX));
            let help = "Since the store was last known to hold nothing newer than what is in force";
            let name = "phantom_catalog_age_seconds";
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }

        let gauges = [
            ("phantom_token_cache_entries", "Statements in the cache", cache.entries),
            ("phantom_token_cache_bytes", "Bytes of those statements", cache.bytes),
            (
                "phantom_single_flight_waiters",
                "Requests that wait for an introspection now",
                cache.single_flight_waiters,
            ),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        for (name, help, value) in LOADS {
            let kind = ConstGauge::new(0_i64).metric_type();
            let mut encoder = encoder.encode_descriptor(name, help, None, kind)?;
            // Key managers of the file and of the control plane may have the same name.
            let mut values = BTreeMap::<&str, usize>::new();
            for manager in &sources.managers {
                *values.entry(manager.name()).or_default() += value(manager.load());
            }
            for (key_manager, value) in values {
                let value = i64::try_from(value).unwrap_or(i64::MAX);
                let labels = [("key_manager", key_manager)];
                ConstGauge::new(value).encode(encoder.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

/// What is seen of each key manager: name, help, value.
type LoadGauge = (&'static str, &'static str, fn(Load) -> usize);

const LOADS: [LoadGauge; 3] = [
    ("phantom_introspections_under_way", "Calls about tokens under way now", |load| load.calls),
    ("phantom_introspections_waiting", "Calls about tokens that wait for their turn", |load| {
        load.waiting
    }),
    (
        "phantom_introspections_paused",
        "Whether the authorization server is given a pause",
        |load| usize::from(load.paused),
    ),
];

type Labelled = (Vec<(&'static str, &'static str)>, u64);

fn counters(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: &[Labelled],
) -> Result<(), fmt::Error> {
    let kind = ConstCounter::new(0_u64).metric_type();
    let mut encoder = encoder.encode_descriptor(name, help, None, kind)?;
    for (labels, value) in values {
        ConstCounter::new(*value).encode(encoder.encode_family(labels)?)?;
    }
    Ok(())
}
