//! The rules of the control plane: one file or folder per resource.

pub mod apis;
pub mod definition;
pub mod applications;
pub mod deny_policies;
pub mod key_managers;
pub mod lifecycle;
pub mod keys;
pub mod plans;
pub mod revisions;
pub mod scopes;
pub mod search;
pub mod subscribers;
pub mod subscriptions;
pub mod text;
pub mod versioned;
