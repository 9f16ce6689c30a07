//! One whole, immutable version of what the gateway knows. Swapped atomically, never half-updated.

use crate::answer::ErrorFormat;
use crate::credential::is_form_type;
use crate::facts::RequestFacts;
use crate::route_table::Match;
use crate::route_table::RouteTable;

#[derive(Debug, Default)]
pub struct Snapshot {
    /// Rises with every change.
    pub version: u64,
    pub routes: RouteTable,
    /// For answers that belong to no route.
    pub error_format: ErrorFormat,
    /// The key set of phantom tokens we mint, served at [`Snapshot::KEYS_PATH`].
    pub published_keys: Option<Box<str>>,
}

impl Snapshot {
    pub const KEYS_PATH: &'static str = "/.well-known/jwks.json";

    /// Whether the decision will want the request's body: a form, on a route that takes tokens from
    /// forms. The transport then reads it first.
    #[must_use]
    pub fn takes_form(&self, facts: &RequestFacts<'_>) -> bool {
        self.routes.has_form_credentials()
            && facts.fields.content_type.one().is_some_and(is_form_type)
            && !matches!(facts.method, "GET" | "HEAD")
            && matches!(
                self.routes.find(facts.host, facts.path, facts.method),
                Match::Found(route) if route.credentials.form
            )
    }
}
