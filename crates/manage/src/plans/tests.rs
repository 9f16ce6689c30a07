use super::*;

#[test]
fn default_plans_pass_the_checks_of_requests() {
    for (level, name, document) in default_plans() {
        let checks = match level {
            PlanLevel::Application => {
                checked(serde_json::from_value::<ApplicationThrottlePolicy>(document).unwrap())
                    .is_ok()
            }
            PlanLevel::Subscription => {
                checked(serde_json::from_value::<SubscriptionThrottlePolicy>(document).unwrap())
                    .is_ok()
            }
            PlanLevel::Advanced => {
                checked(serde_json::from_value::<AdvancedThrottlePolicy>(document).unwrap()).is_ok()
            }
            PlanLevel::Custom => false,
        };
        assert!(checks, "{name}");
    }
}
