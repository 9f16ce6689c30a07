//! The DevPortal API.

mod apis;
mod applications;
pub(crate) mod fixtures;
mod hostile;
mod keys;
mod others;
mod resident_keys;
mod subscriptions;
