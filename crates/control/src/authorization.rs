//! Who may call which operation: one table per API, joined here. An operation that stands in none is
//! never served.

use std::collections::HashMap;

use http::Method;

use utoipa::openapi::OpenApi;
use utoipa::openapi::security::Http;
use utoipa::openapi::security::HttpAuthScheme;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::security::SecurityScheme;

use crate::rest;
use crate::roles::PREFIX;

/// One operation and what it asks of its caller.
#[derive(Clone, Copy, Debug)]
pub struct Guarded {
    pub method: &'static str,
    /// As the router writes it, base path included.
    pub path: &'static str,
    pub needs: Needs,
}

/// Scopes stand without their prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// No credential. One that is there has to be good all the same.
    Anyone,
    /// Any one of these scopes.
    AnyOf(&'static [&'static str]),
    /// Any one of these scopes; or, where the token's user has a role that gives `api_view`, one of
    /// the others.
    AnyOfOrViewerWith(&'static [&'static str], &'static [&'static str]),
    /// The operation authenticates its caller itself: DCR and the OAuth endpoints.
    OwnRules,
}

pub const fn guarded(method: &'static str, path: &'static str, needs: Needs) -> Guarded {
    Guarded { method, path, needs }
}

/// All operations of the control plane.
pub fn operations() -> impl Iterator<Item = &'static Guarded> {
    [
        rest::OPERATIONS,
        rest::admin::OPERATIONS,
        rest::devportal::OPERATIONS,
        rest::publisher::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}

/// The table, ready to be asked.
#[derive(Debug)]
pub struct Authorization(HashMap<(&'static str, &'static str), Needs>);

impl Default for Authorization {
    fn default() -> Self {
        Self(operations().map(|each| ((each.path, each.method), each.needs)).collect())
    }
}

impl Authorization {
    /// `HEAD` is asked for as `GET` where it has no row of its own.
    #[must_use]
    pub fn needs(&self, method: &Method, path: &str) -> Option<Needs> {
        let row = |method: &str| self.0.get(&(path, method)).copied();
        match row(method.as_str()) {
            None if method == Method::HEAD => row("GET"),
            needs => needs,
        }
    }
}

/// Writes into the document who may call what: `security` of each operation, and its answer to those
/// who may not.
pub fn describe(document: &mut OpenApi) {
    let table = Authorization::default();
    for (path, item) in &mut document.paths.paths {
        let each = [
            ("DELETE", &mut item.delete),
            ("GET", &mut item.get),
            ("HEAD", &mut item.head),
            ("PATCH", &mut item.patch),
            ("POST", &mut item.post),
            ("PUT", &mut item.put),
        ];
        for (method, operation) in each {
            let Some(operation) = operation else { continue };
            let needs = table.0.get(&(path.as_str(), method)).copied();
            let scopes: Vec<String> = match needs {
                Some(Needs::AnyOf(scopes) | Needs::AnyOfOrViewerWith(scopes, _)) => {
                    scopes.iter().map(|scope| format!("{PREFIX}{scope}")).collect()
                }
                _ => continue,
            };
            operation.security = Some(vec![
                SecurityRequirement::new("bearer", scopes),
                SecurityRequirement::new("basic", Vec::<String>::new()),
            ]);
        }
    }
    let components = document.components.get_or_insert_default();
    let basic = SecurityScheme::Http(Http::new(HttpAuthScheme::Basic));
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme("basic", basic);
    components.add_security_scheme("bearer", bearer);
}
