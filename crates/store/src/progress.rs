//! How far changes have come in this process: committed, and in force at the gateway beside it.

use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::watch;
use tokio::time::timeout;

/// For the gateway to take a change over. One that is later has it nevertheless: what is committed stays.
const PATIENCE: Duration = Duration::from_secs(1);

/// Shared by the writers and the one follower of a store.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    committed: Notify,
    /// Number of the last change in force; none while nobody follows.
    in_force: watch::Sender<Option<u64>>,
}

impl Progress {
    /// Tells the follower, and returns when it has the change in force.
    pub(crate) async fn commit(&self, change: u64) {
        self.committed.notify_one();
        let is_there = |reached: &Option<u64>| reached.is_none_or(|reached| reached >= change);
        let mut in_force = self.in_force.subscribe();
        if is_there(&in_force.borrow_and_update()) {
            return;
        }
        let _late_or_there = timeout(PATIENCE, in_force.wait_for(is_there)).await;
    }

    pub(crate) async fn committed(&self) {
        self.committed.notified().await;
    }

    pub(crate) fn reach(&self, change: Option<u64>) {
        self.in_force.send_replace(change);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::Duration;
    use super::PATIENCE;
    use super::Progress;
    use super::timeout;

    #[tokio::test]
    async fn a_change_is_answered_when_the_gateway_beside_has_it_in_force() {
        let progress = Progress::default();
        // Nobody follows: there is nothing to wait for.
        assert!(timeout(Duration::ZERO, progress.commit(7)).await.is_ok());

        progress.reach(Some(7));
        let mut change = pin!(progress.commit(8));
        assert!(timeout(PATIENCE / 10, change.as_mut()).await.is_err(), "it is not in force");
        progress.reach(Some(8));
        assert!(timeout(Duration::ZERO, change).await.is_ok());
    }

    #[tokio::test]
    async fn a_gateway_that_does_not_come_along_holds_up_nobody_for_long() {
        let progress = Progress::default();
        progress.reach(Some(7));
        progress.commit(8).await;
        // One that ends lets go of whoever waits.
        let mut change = pin!(progress.commit(9));
        assert!(timeout(Duration::ZERO, change.as_mut()).await.is_err());
        progress.reach(None);
        assert!(timeout(Duration::ZERO, change).await.is_ok());
    }
}
