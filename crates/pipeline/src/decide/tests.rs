//! Whole decisions: from request to forward or answer, over a real exchange.

mod answers;
mod guarantees;
mod managed;
mod managed_access;
mod managed_denied;
mod managed_quotas;
