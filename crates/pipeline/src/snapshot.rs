//! One whole, immutable version of what the gateway knows. Swapped atomically, never half-updated.

use std::sync::Arc;

use crate::credential::is_form_type;
use crate::credential::is_outside_of_form;
use crate::error_format::ErrorFormat;
use crate::facts::Entry;
use crate::facts::RequestFacts;
use crate::managed::Managed;
use crate::route_table::Match;
use crate::route_table::RouteTable;

/// A clone shares everything that is large.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Rises with every change.
    pub version: u64,
    /// Those of the file.
    pub routes: Arc<RouteTable>,
    /// For answers that belong to no route.
    pub error_format: ErrorFormat,
    /// The key set of phantom tokens we mint, served at `/.well-known/jwks.json`.
    pub published_keys: Option<Box<str>>,
    /// Empty without a control plane.
    pub managed: Managed,
    /// A catalog has been published: until then no API is there, and none is known to be missing.
    pub apis_loaded: bool,
}

impl Snapshot {
    pub(crate) const KEYS_PATH: &'static str = "/.well-known/jwks.json";
    /// Where listeners that serve APIs tell whether they do.
    pub(crate) const HEALTH_PATH: &'static str = "/server-startup-healthcheck";

    /// The format of answers that belong to no route, on a listener that serves this.
    #[must_use]
    pub fn error_format_at(&self, entry: Entry) -> ErrorFormat {
        if entry.serves_routes() { self.error_format } else { ErrorFormat::Managed }
    }

    /// Whether a deny policy looks at the address that a request comes from.
    #[must_use]
    pub fn denies_by_address(&self) -> bool {
        self.managed.denied.has_addresses()
    }

    /// Returns whether the decision will want the request's body: a form, on a route that takes tokens from
    /// forms. The transport then reads it first.
    #[must_use]
    pub fn wants_form(&self, facts: &RequestFacts<'_>) -> FormWanted {
        let is_form = self.routes.has_form_credentials()
            && facts.entry.serves_routes()
            && facts.fields.content_type.one().is_some_and(is_form_type)
            && !matches!(facts.method, "GET" | "HEAD");
        if !is_form {
            return FormWanted::No;
        }
        match self.routes.find(facts.host, facts.path, facts.method) {
            Match::Found(route) if route.credentials.form => {
                if is_outside_of_form(facts, &route.credentials) {
                    FormWanted::Start
                } else {
                    FormWanted::Whole
                }
            }
            _ => FormWanted::No,
        }
    }
}

/// How much of a request's body the decision wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormWanted {
    /// Nothing: it goes on to the backend as it comes.
    No,
    /// The credential is elsewhere: as much as there is room for, since there must be none in the form
    /// as well (TOK-7). A larger form is none the worse for it.
    Start,
    /// It may hold the credential: all of it, or nothing.
    Whole,
}
