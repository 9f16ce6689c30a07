//! OAuth by hand: tokens are got, introspected, read and used, and each request is given back beside its
//! answer. Nothing of it is kept.

mod call;
mod decode;
mod introspect;
mod server;
mod step;
mod token;

pub use call::CallRequest;
pub use call::Called;
pub use call::call;
pub use call::gateways;
pub use call::is_below;
pub use call::read_headers;

pub(crate) use call::check_is_served;

pub use decode::Claim;
pub use decode::Decoded;
pub use decode::Signature;
pub use decode::decode;
pub use introspect::Introspected;
pub use introspect::introspect;
pub use server::Server;
pub use step::Answer;
pub use step::Body;
pub use step::NoAnswer;
pub use step::Step;
pub use step::quoted;
pub use token::Client;
pub use token::Pending;
pub use token::begin;
pub use token::client_credentials;
pub use token::finish;

/// Longest answer that is read, in bytes.
const MAX_ANSWER: usize = 256 * 1024;
/// Longest token taken, in bytes.
pub(crate) const MAX_TOKEN: usize = 16 * 1024;
