//! What the operations of the REST APIs are made of: who may call one and whose a request is, its body and
//! parameters, lists and entity tags, and the status, code and words of each refusal. An operation can only be
//! added with what it asks of its caller ([`guard`]), and nothing else chooses a status for what a use case refuses.
//!
//! What never lives here is an operation: no path, no resource, nothing that only one of them takes or answers.
//! Nor the store.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod answers;
pub mod body;
pub mod credential;
pub mod entity_tag;
pub mod extract;
pub mod guard;
pub mod list;
pub mod prelude;
pub mod problem;
mod said;
pub mod secret;
pub mod shapes;

use std::net::IpAddr;

/// The address of the connection's other end, in the extensions of each request.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub IpAddr);
