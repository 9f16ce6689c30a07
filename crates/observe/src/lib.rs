//! What is looked at and not changed: gateways and the traffic they report, what needs attention, the
//! audit, what a search finds; and what others say when they are asked: key managers, backends,
//! authorization servers by hand, a gateway about a request.
//!
//! What never lives here is a change: nothing begins a transaction.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod attention;
pub mod audit;
pub mod definition;
pub mod endpoint;
pub mod explain;
pub mod finder;
pub mod gateways;
pub mod key_managers;
pub mod traffic;
pub mod workbench;
