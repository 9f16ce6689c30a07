//! OpenAPI definitions of APIs, in both directions: what one says of an API, and what an API says
//! as one.

mod change;
mod lenient;
mod parse;
mod read;
mod references;
mod security;
mod servers;
mod swagger2;
mod write;

pub use change::check;
pub use change::fetch;
pub use change::import;
pub use change::replace;
pub use parse::Definition;
pub use parse::InvalidDefinition;
pub use parse::MAX_DEFINITION;
pub use read::Described;
pub use read::describe;
pub use write::write;

/// The security scheme that stands for the gateway's own protection in what is written.
const SCHEME: &str = "default";
/// Methods a path item of OpenAPI 3.0 can have that gateways know.
const METHODS: [(&str, crate::apis::document::Verb); 7] = {
    use crate::apis::document::Verb;
    [
        ("get", Verb::Get),
        ("put", Verb::Put),
        ("post", Verb::Post),
        ("delete", Verb::Delete),
        ("options", Verb::Options),
        ("head", Verb::Head),
        ("patch", Verb::Patch),
    ]
};

#[cfg(test)]
mod tests;
