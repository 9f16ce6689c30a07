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
pub mod backup;
pub mod caller;
pub mod connector;
pub mod json;
pub mod lookup;
pub mod page;
pub mod plane;
pub mod publish;
mod random;
pub mod refusal;
pub mod resident;
pub mod rest;
pub mod roles;
pub mod seed;
mod sign_in;
mod stored;
pub mod users;

pub use plane::Control;
pub use plane::PeerAddress;
pub use plane::Settings;
pub use refusal::Refusal;
