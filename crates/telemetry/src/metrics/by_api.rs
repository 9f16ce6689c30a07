//! The metrics of each API that could become many: histograms and refusals. So many APIs have a label of
//! their own; those beyond are `other`. What an API leaves behind goes with it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use phantom_core::DenyReason;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::cause::Cause;

/// Labels at a time. Each is some fifty lines of a scrape, and more with many reasons.
const MOST: usize = 200;
const OTHER: &str = "other";
/// The reason of those that there was none to refuse.
pub(super) const PERMIT: &str = "permit";

/// From 0.1 ms to 3 min, in steps of about 2.4.
const BUCKETS: [f64; 19] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0, 60.0, 180.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ApiLabels {
    api: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabels {
    api: String,
    cause: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    api: String,
    reason: &'static str,
}

type Seconds = Family<ApiLabels, Histogram, fn() -> Histogram>;

#[derive(Clone, Debug)]
pub(super) struct ByApi(Arc<Families>);

#[derive(Debug)]
struct Families {
    request_seconds: Seconds,
    upstream_seconds: Seconds,
    decisions: Family<DecisionLabels, Counter>,
    upstream_errors: Family<ErrorLabels, Counter>,
    /// Labels in use, and by how many.
    used: Mutex<HashMap<Box<str>, usize>>,
}

/// A label in use.
#[derive(Debug)]
pub(super) struct Label {
    families: Arc<Families>,
    /// `None`: it is one of many others.
    name: Option<Box<str>>,
}

impl ByApi {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let seconds = || Seconds::new_with_constructor(|| Histogram::new(BUCKETS));
        let families = Families {
            request_seconds: seconds(),
            upstream_seconds: seconds(),
            decisions: Family::default(),
            upstream_errors: Family::default(),
            used: Mutex::default(),
        };
        registry.register(
            "phantom_decision",
            "Decisions, by route and reason; `permit` where there was none to refuse",
            families.decisions.clone(),
        );
        registry.register(
            "phantom_request_seconds",
            "From a request's head to the end of its answer, by route",
            families.request_seconds.clone(),
        );
        registry.register(
            "phantom_upstream_seconds",
            "From sending a request upstream to the end of the backend's answer, by route",
            families.upstream_seconds.clone(),
        );
        registry.register(
            "phantom_upstream_errors",
            "Requests that a backend failed, by route and cause",
            families.upstream_errors.clone(),
        );
        Self(Arc::new(families))
    }

    pub(super) fn label(&self, api: &str) -> Label {
        let families = Arc::clone(&self.0);
        let mut used = families.used();
        let known = used.len();
        let name = match used.get_mut(api) {
            Some(users) => {
                *users += 1;
                Some(api.into())
            }
            None if known < MOST => {
                used.insert(api.into(), 1);
                Some(api.into())
            }
            None => None,
        };
        drop(used);
        Label { families, name }
    }
}

impl Families {
    fn used(&self) -> MutexGuard<'_, HashMap<Box<str>, usize>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Label {
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(OTHER)
    }

    fn labels(&self) -> ApiLabels {
        ApiLabels { api: self.name().to_owned() }
    }

    pub(super) fn request_seconds(&self) -> Histogram {
        self.families.request_seconds.get_or_create_owned(&self.labels())
    }

    pub(super) fn upstream_seconds(&self) -> Histogram {
        self.families.upstream_seconds.get_or_create_owned(&self.labels())
    }

    pub(super) fn upstream_errors(&self, cause: Cause) -> Counter {
        let labels = ErrorLabels { api: self.name().to_owned(), cause: cause.name() };
        self.families.upstream_errors.get_or_create_owned(&labels)
    }

    pub(super) fn decisions(&self, reason: &'static str) -> Counter {
        let labels = DecisionLabels { api: self.name().to_owned(), reason };
        self.families.decisions.get_or_create_owned(&labels)
    }
}

impl Drop for Label {
    fn drop(&mut self) {
        let Some(name) = &self.name else { return };
        let mut used = self.families.used();
        let Some(users) = used.get_mut(name) else { return };
        *users -= 1;
        if *users > 0 {
            return;
        }
        used.remove(name);
        let api = name.to_string();
        for reason in DenyReason::ALL.map(DenyReason::name).into_iter().chain([PERMIT]) {
            self.families.decisions.remove(&DecisionLabels { api: api.clone(), reason });
        }
        for cause in Cause::ALL.iter().map(|cause| cause.name()) {
            self.families.upstream_errors.remove(&ErrorLabels { api: api.clone(), cause });
        }
        let labels = ApiLabels { api };
        self.families.request_seconds.remove(&labels);
        self.families.upstream_seconds.remove(&labels);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scraped(registry: &Registry) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, registry).unwrap();
        text
    }

    #[test]
    fn labels_are_bounded_and_go_with_their_apis() {
        let mut registry = Registry::default();
        let by_api = ByApi::register(&mut registry);
        let (first, again) = (by_api.label("first"), by_api.label("first"));
        first.request_seconds().observe(0.1);
        first.decisions(PERMIT).inc();
        let many: Vec<_> = (0..2 * MOST).map(|n| by_api.label(&n.to_string())).collect();
        many.iter().for_each(|label| label.upstream_seconds().observe(0.1));
        let text = scraped(&registry);
        let count = text.matches("phantom_upstream_seconds_count{").count();
        assert_eq!(count, MOST, "one of them for all others");
        assert!(text.contains("phantom_upstream_seconds_count{api=\"other\"} 201\n"), "{text}");
        drop(first);
        assert!(scraped(&registry).contains("phantom_request_seconds_count{api=\"first\"} 1\n"));
        drop((again, many));
        let text = scraped(&registry);
        assert!(!text.contains("api=\"first\"") && !text.contains("api=\"7\""), "{text}");
        assert_eq!(by_api.label("late").name(), "late", "there is room again");
    }
}
