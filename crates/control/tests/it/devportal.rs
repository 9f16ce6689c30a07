//! The DevPortal API.

mod apis;
mod applications;
mod fixtures;
mod hostile;
mod keys;
mod others;
mod resident_keys;
mod subscriptions;
