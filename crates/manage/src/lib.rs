//! What the control plane does: APIs, applications, keys, subscriptions, plans and key managers, made,
//! changed and ended by their rules. One folder a resource; each use case is one transaction of the store.
//!
//! What never lives here is HTTP, or a question to another server: a use case takes values and gives
//! values or a [`phantom_terms::refusal::Refusal`].

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod apis;
pub mod applications;
pub mod connector;
pub mod definition;
pub mod deny_policies;
pub mod key_managers;
pub mod keys;
pub mod lifecycle;
pub mod lookup;
pub mod plans;
pub mod revisions;
pub mod scopes;
pub mod seed;
mod stored;
pub mod subscribers;
pub mod subscriptions;
pub mod versioned;
