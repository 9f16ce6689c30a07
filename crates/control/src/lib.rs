//! The REST APIs of the control plane, as clients and scripts of WSO2 API Manager know them: which
//! operations there are, who may call them, and what goes over the wire. Each handler asks one use
//! case, and is made of what `phantom-rest` has.
//!
//! What never lives here is a rule about what is kept, a status for what was refused, or the store.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod rest;
