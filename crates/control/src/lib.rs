//! The control plane: key managers, APIs, applications and subscriptions over REST, as clients and
//! scripts of WSO2 API Manager know them, and what of it is published to gateways.
//!
//! `rest` takes requests and gives answers, `app` holds the rules, `publish` turns what is stored
//! into the catalog that gateways compile.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod app;
pub mod authorization;
mod body;
mod caller;
pub mod connector;
mod list;
mod plane;
mod problem;
pub mod publish;
mod random;
pub mod rest;
pub mod roles;
pub mod seed;
mod sign_in;
pub mod users;

pub use plane::Control;
pub use plane::PeerAddress;
pub use plane::Settings;
pub use problem::Problem;
