//! What gateways get to know of an application.

use std::collections::HashSet;
use std::sync::Arc;

use phantom_core::catalog::Application;
use phantom_core::catalog::EntityId;
use phantom_core::catalog::KeyMapping;
use phantom_core::catalog::KeyType;
use phantom_core::catalog::Subscription;
use phantom_core::catalog::SubscriptionStatus;
use phantom_store::ApplicationUnit;
use phantom_store::MappedKeyType;
use phantom_store::SubscriptionState;
use phantom_store::UnitKey;
use phantom_store::UnitSubscription;
use uuid::Uuid;

/// Names that many share, each kept once. Bounded by the number of plans.
#[derive(Debug, Default)]
pub struct Names(HashSet<Arc<str>>);

impl Names {
    pub fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = Arc::from(name);
        self.0.insert(Arc::clone(&name));
        name
    }
}

/// The application as gateways know it.
pub fn managed(unit: ApplicationUnit, plans: &mut Names) -> Application {
    let mut subscriptions: Vec<Subscription> =
        unit.subscriptions.iter().map(|each| subscription(each, plans)).collect();
    subscriptions.sort_unstable_by_key(|subscription| subscription.api);
    Application {
        id: entity(unit.id),
        name: unit.name.into(),
        owner: unit.owner.into(),
        plan: plans.shared(&unit.plan),
        keys: unit.keys.into_iter().map(key).collect(),
        subscriptions,
    }
}

fn key(unit: UnitKey) -> KeyMapping {
    KeyMapping {
        key_manager: entity(unit.key_manager),
        consumer_key: unit.consumer_key.into(),
        key_type: match unit.key_type {
            MappedKeyType::Production => KeyType::Production,
            MappedKeyType::Sandbox => KeyType::Sandbox,
        },
    }
}

fn subscription(unit: &UnitSubscription, plans: &mut Names) -> Subscription {
    Subscription {
        api: entity(unit.api),
        plan: plans.shared(&unit.plan),
        status: status(unit.status),
    }
}

const fn status(stored: SubscriptionState) -> SubscriptionStatus {
    use SubscriptionState as State;
    match stored {
        State::Unblocked | State::TierUpdatePending | State::DeletePending => {
            SubscriptionStatus::Active
        }
        State::Blocked => SubscriptionStatus::Blocked,
        State::ProdOnlyBlocked => SubscriptionStatus::ProductionBlocked,
        State::OnHold | State::Rejected => SubscriptionStatus::Inactive,
    }
}

const fn entity(id: Uuid) -> EntityId {
    EntityId::new(id.as_u128())
}

#[cfg(test)]
mod tests {
    use SubscriptionState as State;

    use super::*;

    fn unit(statuses: &[SubscriptionState]) -> ApplicationUnit {
        let subscription = |(at, status): (usize, &SubscriptionState)| UnitSubscription {
            // Not in the order of their ids.
            api: Uuid::from_u128(100 - at as u128),
            plan: "Gold".to_owned(),
            status: *status,
        };
        ApplicationUnit {
            id: Uuid::from_u128(7),
            name: "CurityApp".to_owned(),
            owner: "sue".to_owned(),
            plan: "Unlimited".to_owned(),
            keys: vec![UnitKey {
                key_manager: Uuid::from_u128(9),
                consumer_key: "client-one".to_owned(),
                key_type: MappedKeyType::Sandbox,
            }],
            subscriptions: statuses.iter().enumerate().map(subscription).collect(),
        }
    }

    /// Rows: WSO2-8.6.2
    #[test]
    fn each_status_of_a_subscription_has_its_effect() {
        use SubscriptionStatus::*;
        for (stored, effect) in [
            (SubscriptionState::Unblocked, Active),
            (SubscriptionState::TierUpdatePending, Active),
            (SubscriptionState::DeletePending, Active),
            (SubscriptionState::Blocked, Blocked),
            (SubscriptionState::ProdOnlyBlocked, ProductionBlocked),
            (SubscriptionState::OnHold, Inactive),
            (SubscriptionState::Rejected, Inactive),
        ] {
            let managed = managed(unit(&[stored]), &mut Names::default());
            assert_eq!(managed.subscriptions[0].status, effect, "{stored:?}");
        }
    }

    #[test]
    fn subscriptions_stand_in_the_order_of_their_apis_and_are_found() {
        let managed = managed(
            unit(&[State::Unblocked, State::Blocked, State::OnHold]),
            &mut Names::default(),
        );
        assert!(managed.subscriptions.is_sorted_by_key(|subscription| subscription.api));
        let found = managed.subscription(EntityId::new(99)).unwrap();
        assert_eq!(found.status, SubscriptionStatus::Blocked);
        assert_eq!(managed.subscription(EntityId::new(1)), None);
        assert_eq!(managed.keys[0].key_type, KeyType::Sandbox);
        assert_eq!(managed.keys[0].key_manager, EntityId::new(9));
    }

    #[test]
    fn a_plan_that_many_have_is_one_string() {
        let mut plans = Names::default();
        let first = managed(unit(&[State::Unblocked; 50]), &mut plans);
        let second = managed(unit(&[State::Unblocked]), &mut plans);
        let one = &second.subscriptions[0].plan;
        assert!(first.subscriptions.iter().all(|each| Arc::ptr_eq(&each.plan, one)));
        assert_eq!(plans.0.len(), 2);
    }
}
