//! What the gateway measures and says: the access log and its own, the metrics of requests and introspections,
//! traffic for the control plane, complaints that are held back, signs of life of the workers.
//!
//! Nobody writes to a log but its thread ([`log_writer`]), and nothing here makes a request wait. What never
//! lives here is a connection, an HTTP library, a task or the store: whoever serves tells what happened.

#![warn(missing_docs, clippy::missing_errors_doc)]
#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod access_log;
pub mod cause;
pub mod complaints;
pub mod introspections;
pub mod log_writer;
pub mod metrics;
pub mod own_log;
pub mod process;
pub mod request_id;
pub mod traffic;
pub mod vitals;

pub use access_log::AccessLog;
pub use cause::Cause;
pub use log_writer::LogWriter;
pub use metrics::Metrics;
pub use request_id::RequestId;
pub use traffic::Traffic;
pub use vitals::Vitals;
