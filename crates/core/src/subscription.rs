//! The meaning of a subscription's status for a caller.

use crate::catalog::KeyType;
use crate::catalog::Subscription;
use crate::catalog::SubscriptionStatus;
use crate::deny::DenyReason;

impl Subscription {
    /// Returns whether a key of this type may use the API.
    ///
    /// # Errors
    /// Why it may not.
    pub const fn admits(&self, key_type: KeyType) -> Result<(), DenyReason> {
        match (self.status, key_type) {
            (SubscriptionStatus::Active, _)
            | (SubscriptionStatus::ProductionBlocked, KeyType::Sandbox) => Ok(()),
            (SubscriptionStatus::Blocked, _)
            | (SubscriptionStatus::ProductionBlocked, KeyType::Production) => {
                Err(DenyReason::SubscriptionBlocked)
            }
            (SubscriptionStatus::Inactive, _) => Err(DenyReason::SubscriptionInactive),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::EntityId;

    fn outcomes(status: SubscriptionStatus) -> [Result<(), DenyReason>; 2] {
        let subscription = Subscription { api: EntityId::new(1), plan: "Gold".into(), status };
        [KeyType::Production, KeyType::Sandbox].map(|key_type| subscription.admits(key_type))
    }

    /// Rows: WSO2-8.6.2.1
    #[test]
    fn an_active_subscription_passes_with_either_key() {
        assert_eq!(outcomes(SubscriptionStatus::Active), [Ok(()), Ok(())]);
    }

    /// Rows: WSO2-8.6.2.2
    #[test]
    fn a_blocked_subscription_is_refused_with_either_key() {
        let blocked = Err(DenyReason::SubscriptionBlocked);
        assert_eq!(outcomes(SubscriptionStatus::Blocked), [blocked, blocked]);
    }

    /// Rows: WSO2-8.6.2.3
    #[test]
    fn production_only_blocked_leaves_the_sandbox_key_alone() {
        let blocked = Err(DenyReason::SubscriptionBlocked);
        assert_eq!(outcomes(SubscriptionStatus::ProductionBlocked), [blocked, Ok(())]);
    }

    /// Rows: WSO2-8.6.2.4
    #[test]
    fn on_hold_or_rejected_is_inactive_with_either_key() {
        let inactive = Err(DenyReason::SubscriptionInactive);
        assert_eq!(outcomes(SubscriptionStatus::Inactive), [inactive, inactive]);
    }
}
