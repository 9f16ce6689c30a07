//! What a gateway tells of its traffic: counted in its workers, reported to the store every few seconds,
//! read by the console of any node. Whatever the traffic is, a report has a bound.

mod decided;
mod latency;
mod pairs;
mod report;
mod requests;
mod share;
mod tally;

pub use decided::Consulted;
pub use decided::Decided;
pub use decided::newest;
pub use latency::Latency;
pub use pairs::Pair;
pub use pairs::Pairs;
pub use report::Introspections;
pub use report::Report;
pub use requests::ApiRequests;
pub use share::Share;
pub use share::Shares;
pub use tally::Ended;
pub use tally::Tally;
