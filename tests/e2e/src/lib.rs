//! End-to-end tests: real processes, real peers. The tests are in `tests/`; what they share is here.

pub mod gateway;
pub mod peer;
pub mod process;
pub mod workspace;
