//! Phantom Gateway: testkit. For tests only: a clock that is turned by hand, tokens of any kind,
//! an authorization server that answers what a test tells it to, a PostgreSQL of one's own and a pooler before it.

pub mod clock;
pub mod fake_as;
pub mod jose;
pub mod pooler;
pub mod postgres;

pub use clock::ManualClock;
pub use fake_as::FakeAs;
pub use fake_as::Framing;
pub use fake_as::Recorded;
pub use fake_as::Reply;
pub use jose::Signer;
pub use pooler::Pooler;
pub use postgres::Postgres;
