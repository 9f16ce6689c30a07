//! End-to-end tests: real processes, real peers. The tests are in `tests/`; what they share is here.

pub mod backend;
pub mod certificate;
pub mod checklist;
pub mod gateway;
pub mod http;
pub mod managed;
pub mod paced;
pub mod peer;
pub mod process;
pub mod resources;
pub mod scripted_as;
pub mod tunnel;
pub mod tutorial;
pub mod wire;
pub mod workspace;
