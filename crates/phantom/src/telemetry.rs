//! Logs, metrics and the management listener.

pub mod access_log;
pub(crate) mod complaints;
pub mod introspections;
pub mod log;
pub mod management;
pub mod metrics;
mod process;
