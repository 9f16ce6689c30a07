//! What is offered to subscribers: APIs and their definitions, revisions and life cycles, scopes, plans, key
//! managers, deny policies, made, changed and ended by their rules. One folder a resource; each use case
//! is one transaction of the store.
//!
//! What never lives here is HTTP, a question to another server, or who uses what is offered: a use case
//! takes values and gives values or a [`phantom_terms::refusal::Refusal`].

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod apis;
pub mod connector;
pub mod definition;
pub mod deny_policies;
pub mod key_managers;
pub mod lifecycle;
pub mod lookup;
pub mod permissions;
pub mod plans;
pub mod revisions;
pub mod scopes;
pub mod seed;
