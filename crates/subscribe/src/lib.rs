//! What subscribers do with what is offered: their applications, the keys of these at key managers, their
//! subscriptions and what they see of APIs; and what owners of APIs do about subscriptions to theirs.
//!
//! What never lives here is a change of what is offered: no API, plan or key manager is made or ended,
//! and none of them knows who uses it.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod applications;
pub mod keys;
pub mod subscribers;
pub mod subscriptions;
