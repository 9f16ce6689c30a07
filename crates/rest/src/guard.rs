//! The rule travels with the route: who may call an operation is said where the operation is added, and
//! there is no other way to add one.

use std::fmt;
use std::sync::Arc;

use axum::Extension;
use axum::Router;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::MethodRouter;
use phantom_access::Control;
use phantom_access::caller::Caller;
use phantom_access::roles;
use phantom_access::roles::PREFIX;
use phantom_terms::refusal::Refusal;
use utoipa::openapi::Components;
use utoipa::openapi::InfoBuilder;
use utoipa::openapi::OpenApi;
use utoipa::openapi::OpenApiBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::security::Http;
use utoipa::openapi::security::HttpAuthScheme;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::security::SecurityScheme;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::router::UtoipaMethodRouter;

use crate::PeerAddress;
use crate::credential;
use crate::problem::Problem;

/// What an operation asks of its caller. Scopes stand without their prefix.
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

/// An operation that is served.
#[derive(Clone, Debug)]
pub struct Rule {
    pub method: &'static str,
    /// As the router writes it, base path included.
    pub path: String,
    pub needs: Needs,
}

/// Operations, each with its rule, ready to be served and described.
#[derive(Default)]
pub struct Operations {
    router: OpenApiRouter<Arc<Control>>,
    rules: Vec<Rule>,
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Operations").field(&self.rules).finish()
    }
}

impl Operations {
    /// None yet, under the title of their document.
    pub fn titled(title: &str) -> Self {
        let info = InfoBuilder::new()
            .title(title)
            .version(env!("CARGO_PKG_VERSION"))
            .description(Some("Managed APIs: the REST APIs of WSO2 API Manager, and our own."));
        let schemes = [("basic", HttpAuthScheme::Basic), ("bearer", HttpAuthScheme::Bearer)];
        let mut components = Components::new();
        for (name, scheme) in schemes {
            components.add_security_scheme(name, SecurityScheme::Http(Http::new(scheme)));
        }
        let document = OpenApiBuilder::new().info(info.build()).components(Some(components));
        let router = OpenApiRouter::with_openapi(document.build());
        Self { router, rules: Vec::new() }
    }

    /// Adds operations of one path that ask for the same.
    pub fn route(
        mut self,
        needs: Needs,
        (schemas, mut paths, methods): UtoipaMethodRouter<Arc<Control>>,
    ) -> Self {
        for (path, item) in &mut paths.paths {
            for (method, operation) in operations(item) {
                needs.describe(operation);
                self.rules.push(Rule { method, path: path.clone(), needs });
            }
        }
        self.router = self.router.routes((schemas, paths, needs.guard(methods)));
        self
    }

    /// Adds a `GET` that the document does not describe.
    pub fn undescribed(
        mut self,
        needs: Needs,
        path: &str,
        methods: MethodRouter<Arc<Control>>,
    ) -> Self {
        self.rules.push(Rule { method: "GET", path: path.to_owned(), needs });
        self.router = self.router.route(path, needs.guard(methods));
        self
    }

    /// Adds the operations of another API under its base path.
    pub fn nest(mut self, base: &str, inner: Self) -> Self {
        let rules = inner.rules.into_iter();
        self.rules.extend(rules.map(|rule| Rule { path: format!("{base}{}", rule.path), ..rule }));
        self.router = self.router.nest(base, inner.router);
        self
    }

    pub fn rules(self) -> Vec<Rule> {
        self.rules
    }

    pub fn split(self) -> (Router<Arc<Control>>, OpenApi) {
        self.router.split_for_parts()
    }
}

impl Needs {
    /// The scopes that let anybody in who holds one.
    #[must_use]
    pub const fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::AnyOf(scopes) | Self::AnyOfOrViewerWith(scopes, _) => scopes,
            Self::Anyone | Self::OwnRules => &[],
        }
    }

    /// The same with their prefix.
    pub fn wire_scopes(self) -> impl Iterator<Item = String> {
        self.scopes().iter().map(|scope| format!("{PREFIX}{scope}"))
    }

    fn guard(self, methods: MethodRouter<Arc<Control>>) -> MethodRouter<Arc<Control>> {
        match self {
            Self::OwnRules => methods,
            needs => methods.route_layer(middleware::from_fn_with_state(needs, check)),
        }
    }

    fn describe(self, operation: &mut Operation) {
        if !self.scopes().is_empty() {
            operation.security = Some(vec![
                SecurityRequirement::new("bearer", self.wire_scopes()),
                SecurityRequirement::new("basic", Vec::<String>::new()),
            ]);
        }
    }

    fn admit(self, caller: &Caller) -> bool {
        match self {
            Self::Anyone | Self::OwnRules => true,
            Self::AnyOf(scopes) => caller.holds_any(scopes),
            Self::AnyOfOrViewerWith(scopes, wider) => {
                caller.holds_any(scopes) || is_viewer_with(caller, wider)
            }
        }
    }
}

/// WSO2 answers 401 here, and the tutorial's own commands then find no API.
fn is_viewer_with(caller: &Caller, scopes: &[&str]) -> bool {
    let may_view = roles::scopes_of(&caller.roles).any(|scope| scope == "api_view");
    let is_viewer = caller.user.is_some() && may_view && caller.holds_any(scopes);
    if is_viewer {
        tracing::debug!(user = caller.user, "a subscriber's token may list APIs");
    }
    is_viewer
}

/// Lets a request through to its handler, with its caller, when the rule is met.
async fn check(
    State(needs): State<Needs>,
    Extension(control): Extension<Arc<Control>>,
    mut request: Request,
    next: Next,
) -> Response {
    let address = request.extensions().get::<PeerAddress>().map(|peer| peer.0);
    let caller = match credential::caller(&control, request.headers(), address).await {
        Ok(Some(caller)) => caller,
        Ok(None) if needs == Needs::Anyone => Caller { address, ..Caller::default() },
        Ok(None) => return refused(Refusal::Unauthenticated),
        Err(refusal) => return refused(refusal),
    };
    if !needs.admit(&caller) {
        return refused(Refusal::Unauthenticated);
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

fn refused(refusal: Refusal) -> Response {
    Problem::from(refusal).into_response()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let each = [
        ("DELETE", &mut item.delete),
        ("GET", &mut item.get),
        ("HEAD", &mut item.head),
        ("PATCH", &mut item.patch),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
    ];
    each.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}
