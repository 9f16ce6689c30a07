//! The REST APIs of the control plane, as clients and scripts of WSO2 API Manager know them: which
//! operations there are, who may call them, what goes over the wire, and the status, code and words of
//! each answer. Each handler asks one use case.
//!
//! What never lives here is a rule about what is kept, or the store.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod rest;

use std::net::IpAddr;

/// The address of the connection's other end, in the extensions of each request.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub IpAddr);
