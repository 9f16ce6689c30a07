//! Phantom Gateway: testkit. For tests only: a clock that is turned by hand, tokens and statements of any kind,
//! an authorization server that answers what a test tells it to (over a network and without), a PostgreSQL of
//! one's own and a pooler before it.

pub mod clock;
pub mod fake_as;
pub mod introspect;
pub mod jose;
pub mod pooler;
pub mod postgres;
pub mod statement;

pub use clock::ManualClock;
pub use fake_as::FakeAs;
pub use fake_as::Framing;
pub use fake_as::Recorded;
pub use fake_as::Reply;
pub use introspect::FakeIntrospect;
pub use jose::Signer;
pub use pooler::Pooler;
pub use postgres::Postgres;
pub use statement::statement;
pub use statement::statement_of;
