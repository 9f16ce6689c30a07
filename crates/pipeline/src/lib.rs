//! The decision on a request, independent of the transport that brought it.
//!
//! [`Pipeline::decide`] takes [`RequestFacts`] and yields a [`Decision`]: forward with a permit, or
//! answer. The proxy, adapters to other proxies and `phantom explain` all enter here.
//!
//! What never lives here is an HTTP library, a connection or the store: facts are borrowed from whoever has them.

#![warn(missing_docs, clippy::missing_errors_doc)]
#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod admit;
mod answer;
pub mod config_hash;
pub mod cors;
pub mod credential;
mod decide;
pub mod edits;
mod error_format;
mod exchange;
mod facts;
pub mod managed;
mod matched;
pub mod route;
pub mod route_table;
mod snapshot;
pub mod trace;

#[cfg(test)]
mod testing;

pub use answer::Answer;
pub use answer::Fault;
pub use decide::Decision;
pub use decide::Forward;
pub use decide::Known;
pub use decide::Pipeline;
pub use edits::Edits;
pub use error_format::ErrorFormat;
pub use exchange::Exchanged;
pub use exchange::KeyManagerHandle;
pub use exchange::Source;
pub use facts::Entry;
pub use facts::Field;
pub use facts::KnownFields;
pub use facts::NamedFields;
pub use facts::NoFields;
pub use facts::RequestFacts;
pub use managed::Managed;
pub use managed::ManagedTerms;
pub use managed::Publication;
pub use matched::Matched;
pub use route::Route;
pub use route::Target;
pub use route_table::RouteTable;
pub use snapshot::FormWanted;
pub use snapshot::Snapshot;
