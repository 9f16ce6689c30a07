//! The plans that are there from the first start on.

use phantom_store::PlanLevel;
use serde_json::Value;
use serde_json::json;

use super::limit::UNLIMITED;
use super::policy::AdvancedThrottlePolicy;
use super::policy::ApplicationThrottlePolicy;
use super::policy::Policy;
use super::policy::SubscriptionThrottlePolicy;

/// Of every level but the custom one; requests from whoever has no plan of their own count as the
/// second, and APIs that ask for no subscription as the third.
pub const UNLIMITED_NAME: &str = "Unlimited";
pub const UNAUTHENTICATED: &str = "Unauthenticated";
pub const SUBSCRIPTIONLESS: &str = "DefaultSubscriptionless";

/// Level, name and document of each.
#[must_use]
pub fn default_plans() -> Vec<(PlanLevel, String, Value)> {
    let application = [
        (UNLIMITED_NAME, "Allows unlimited requests", UNLIMITED),
        ("50PerMin", "Allows 50 requests per minute", 50),
        ("20PerMin", "Allows 20 requests per minute", 20),
        ("10PerMin", "Allows 10 requests per minute", 10),
    ];
    let subscription = [
        (UNLIMITED_NAME, "Allows unlimited requests", UNLIMITED, "min"),
        ("Gold", "Allows 5000 requests per minute", 5000, "min"),
        ("Silver", "Allows 2000 requests per minute", 2000, "min"),
        ("Bronze", "Allows 1000 requests per minute", 1000, "min"),
        (UNAUTHENTICATED, "Allows 500 requests per minute", 500, "min"),
        (SUBSCRIPTIONLESS, "Allows 100000 requests per minute", 100_000, "min"),
        ("AsyncGold", "Allows 50000 events per day", 50_000, "days"),
        ("AsyncSilver", "Allows 25000 events per day", 25_000, "days"),
        ("AsyncBronze", "Allows 5000 events per day", 5000, "days"),
        ("AsyncUnlimited", "Allows unlimited events", UNLIMITED, "days"),
    ];
    let advanced = [
        (UNLIMITED_NAME, "Allows unlimited requests", UNLIMITED),
        ("50KPerMin", "Allows 50000 requests per minute", 50_000),
        ("20KPerMin", "Allows 20000 requests per minute", 20_000),
        ("10KPerMin", "Allows 10000 requests per minute", 10_000),
    ];
    let of_application = application.map(|(name, description, count)| {
        let document = json!({
            "policyName": name, "displayName": name, "description": description,
            "isDeployed": true, "type": ApplicationThrottlePolicy::TYPE,
            "defaultLimit": requests(count, "min"),
        });
        (PlanLevel::Application, name.to_owned(), document)
    });
    let of_subscription = subscription.map(|(name, description, count, unit)| {
        let events = name.starts_with("Async");
        let document = json!({
            "policyName": name, "displayName": name, "description": description,
            "isDeployed": true, "type": SubscriptionThrottlePolicy::TYPE,
            "defaultLimit": if events { event_count(count, unit) } else { requests(count, unit) },
            "stopOnQuotaReach": true, "billingPlan": "FREE", "rateLimitCount": 0,
            "subscriberCount": 0, "graphQLMaxComplexity": 0, "graphQLMaxDepth": 0,
        });
        (PlanLevel::Subscription, name.to_owned(), document)
    });
    let of_advanced = advanced.map(|(name, description, count)| {
        let document = json!({
            "policyName": name, "displayName": name, "description": description,
            "isDeployed": true, "type": AdvancedThrottlePolicy::TYPE,
            "defaultLimit": requests(count, "min"),
        });
        (PlanLevel::Advanced, name.to_owned(), document)
    });
    of_application.into_iter().chain(of_subscription).chain(of_advanced).collect()
}

/// Whether a plan of that name stays for ever: something falls back on it.
#[must_use]
pub fn is_fallback(level: PlanLevel, name: &str) -> bool {
    match level {
        PlanLevel::Application | PlanLevel::Advanced => name == UNLIMITED_NAME,
        PlanLevel::Subscription => {
            [UNLIMITED_NAME, UNAUTHENTICATED, SUBSCRIPTIONLESS].contains(&name)
        }
        PlanLevel::Custom => false,
    }
}

fn requests(count: i64, unit: &str) -> Value {
    let limit = json!({"timeUnit": unit, "unitTime": 1, "requestCount": count});
    json!({"type": "REQUESTCOUNTLIMIT", "requestCount": limit})
}

fn event_count(count: i64, unit: &str) -> Value {
    let limit = json!({"timeUnit": unit, "unitTime": 1, "eventCount": count});
    json!({"type": "EVENTCOUNTLIMIT", "eventCount": limit})
}
