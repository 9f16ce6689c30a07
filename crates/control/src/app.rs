//! The rules of the control plane: one file or folder per resource.

pub mod apis;
pub mod applications;
pub mod definition;
pub mod deny_policies;
pub mod key_managers;
pub mod keys;
pub mod lifecycle;
pub mod plans;
pub mod revisions;
pub mod revocations;
pub mod scopes;
pub mod search;
pub mod subscribers;
pub mod subscriptions;
pub mod text;
pub mod unenforced;
pub mod versioned;
