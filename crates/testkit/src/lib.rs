//! Phantom Gateway: testkit. For tests only: a clock that is turned by hand, tokens of any kind,
//! and an authorization server that answers what a test tells it to.

pub mod clock;
pub mod jose;

pub use clock::ManualClock;
pub use jose::Signer;
