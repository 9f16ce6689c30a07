//! Phantom Gateway: testkit. For tests only: a clock that is turned by hand, tokens of any kind,
//! an authorization server that answers what a test tells it to, and a PostgreSQL of one's own.

pub mod clock;
pub mod fake_as;
pub mod jose;
pub mod postgres;

pub use clock::ManualClock;
pub use fake_as::FakeAs;
pub use fake_as::Framing;
pub use fake_as::Recorded;
pub use fake_as::Reply;
pub use jose::Signer;
pub use postgres::Postgres;
