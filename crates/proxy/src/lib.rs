//! The data plane: accepts connections, refuses what is ambiguous, asks the pipeline, forwards.
//!
//! Thread per core: each worker has a runtime, listeners and upstream connections of its own.
//! HTTP/1.1 is our own on both sides, because a gateway has to refuse on the wire what a general
//! server repairs, and because it is where the time of a cached request goes. HTTP/2's frames, streams
//! and windows are `h2`'s.
//!
//! What never lives here is a decision, a question to an authorization server, or a log's format: the pipeline
//! decides, and what happened is told to `phantom-telemetry`.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod config;
mod content;
mod date;
mod deadline;
mod exchange;
mod failure;
mod forward;
pub mod head;
pub mod http1;
mod http2;
pub mod listen;
#[cfg(test)]
mod model;
mod network;
pub mod normalize;
pub mod proxy_protocol;
mod request_id;
mod respond;
pub mod response;
mod serve;
pub mod server;
mod static_files;
pub mod tls;
pub mod trailers;
mod transport;
mod upstream;
mod worker;

pub use config::Limits;
pub use config::Listener;
pub use config::ProxyConfig;
pub use server::Server;
pub use worker::Published;
pub use worker::Shared;
