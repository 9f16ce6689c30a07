//! Phantom Gateway, the binary as a library: commands, the demo, setting up over REST, and the one place where
//! everything is put together, kept going and told of as a whole ([`compose`]).
//!
//! What never lives here is what can be said without the whole: a rule, the course of a request, the format of a
//! file or of a log. The crates below have those, and none of them knows another one's plane.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod cli;
pub mod clock;
pub mod compose;
pub mod demo;
mod outgoing;
pub mod setup;
pub mod telemetry;
mod words;
