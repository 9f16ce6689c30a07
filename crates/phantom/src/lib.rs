//! Phantom Gateway, the binary as a library: commands, configuration, telemetry, and the one place
//! where everything is put together.

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
