//! From a published API to what requests meet. What makes no sense is said in the log and never lets
//! a request through; the other APIs go on.

use std::sync::Arc;

use phantom_core::Access;
use phantom_core::Endpoint;
use phantom_core::Protection;
use phantom_core::RequiredScope;
use phantom_core::Scope;
use phantom_core::catalog::ApiState;
use phantom_core::catalog::CorsPolicy;
use phantom_core::catalog::KeyManagerChoice;
use phantom_core::catalog::ManagedApi;
use phantom_core::catalog::Operation;
use phantom_core::catalog::OperationSecurity;
use phantom_core::credential_field;

use crate::cors::AllowedOrigins;
use crate::cors::Cors;
use crate::exchange::KeyManagerHandle;
use crate::managed::api::Api;
use crate::managed::api::ManagedOperation;
use crate::managed::api::ServedApi;
use crate::managed::api::Standing;
use crate::managed::election;
use crate::managed::template::Resources;
use crate::route::Upstream;

/// `all`: the key managers of the snapshot. `guarded`: endpoints are not called on this machine.
pub(crate) fn compile(
    published: &Arc<ManagedApi>,
    all: &[Arc<KeyManagerHandle>],
    guarded: bool,
) -> ServedApi {
    let label: Arc<str> = format!("{}:{}", published.name, published.version).into();
    let mut problems = Problems { api: &label, guarded, any: false };
    let production = published.production_endpoint.as_deref();
    let production = production.and_then(|url| problems.endpoint(url));
    let sandbox = published.sandbox_endpoint.as_deref();
    let sandbox = sandbox.and_then(|url| problems.endpoint(url));
    let scopes: Vec<Option<RequiredScope>> =
        published.operations.iter().map(|operation| problems.scope(operation)).collect();
    let field = problems.credential_field(&published.authorization_header);
    let standing = match (problems.any, published.state) {
        (_, ApiState::Blocked) => Standing::Blocked,
        (true, ApiState::Serving) => Standing::Misconfigured,
        (false, ApiState::Serving) => Standing::Serving,
    };
    let key_managers = election::in_order(chosen(&published.key_managers, all));
    // Of those that take all of them it is said once.
    if matches!(published.key_managers, KeyManagerChoice::Only(_)) {
        election::warn_of_undecided(&label, &key_managers);
    }
    let api = Arc::new(Api {
        published: Arc::clone(published),
        standing,
        key_managers,
        production,
        sandbox,
        cors: published.cors.as_ref().map(|policy| Arc::new(cors(policy, &field))),
        credential_field: (field != "authorization").then(|| field.into()),
        label,
    });
    let mut resources = Resources::default();
    for (operation, scope) in published.operations.iter().zip(scopes) {
        let served = Arc::new(managed_operation(operation, scope.unwrap_or_default(), &api));
        if let Err(error) = resources.add(served) {
            let (verb, template) = (&*operation.verb, &*operation.template);
            tracing::error!(api = &*api.label, verb, template, %error, "an operation is not served");
        }
    }
    ServedApi { api, resources }
}

struct Problems<'a> {
    api: &'a str,
    guarded: bool,
    any: bool,
}

impl Problems<'_> {
    fn endpoint(&mut self, url: &str) -> Option<Arc<Upstream>> {
        match Endpoint::parse(url) {
            Ok(endpoint) => Some(Arc::new(Upstream { guarded: self.guarded, ..endpoint.into() })),
            Err(error) => {
                tracing::error!(api = self.api, %error, "the API's endpoint cannot be called");
                self.any = true;
                None
            }
        }
    }

    /// A credential in another field might be passed on with it.
    fn credential_field(&mut self, name: &str) -> String {
        if let Err(error) = credential_field::check(name) {
            tracing::error!(api = self.api, name, %error, "no token can come in the API's header");
            self.any = true;
        }
        name.to_ascii_lowercase()
    }

    /// An unreadable scope must not become none at all.
    fn scope(&mut self, operation: &Operation) -> Option<RequiredScope> {
        let scope = Scope::from_tokens(operation.scopes.iter().map(|token| &**token));
        if scope.is_err() {
            let template = &*operation.template;
            tracing::error!(api = self.api, template, "a scope of the operation is no scope");
            self.any = true;
        }
        scope.ok().map(RequiredScope::Any)
    }
}

fn chosen(choice: &KeyManagerChoice, all: &[Arc<KeyManagerHandle>]) -> Vec<Arc<KeyManagerHandle>> {
    let is_chosen = |key_manager: &&Arc<KeyManagerHandle>| match choice {
        KeyManagerChoice::All => true,
        KeyManagerChoice::Only(ids) => {
            key_manager.managed.as_ref().is_some_and(|terms| ids.contains(&terms.id))
        }
    };
    all.iter().filter(is_chosen).cloned().collect()
}

fn cors(policy: &CorsPolicy, credential_field: &str) -> Cors {
    let any = policy.origins.iter().any(|origin| &**origin == "*");
    let origins = match (any, policy.credentials) {
        (true, false) => AllowedOrigins::Any,
        (true, true) => AllowedOrigins::Every,
        (false, _) => AllowedOrigins::Listed(policy.origins.clone().into()),
    };
    let mut headers: Vec<&str> = policy.headers.iter().map(|header| &**header).collect();
    if !headers.iter().any(|header| header.eq_ignore_ascii_case(credential_field)) {
        headers.push(credential_field);
    }
    Cors {
        origins,
        headers: headers.join(", ").into(),
        methods: policy.methods.join(", ").into(),
        // Without it a page cannot read why it was refused.
        expose: "WWW-Authenticate".into(),
        credentials: policy.credentials,
        ..Cors::default()
    }
}

fn managed_operation(
    operation: &Operation,
    scope: RequiredScope,
    api: &Arc<Api>,
) -> ManagedOperation {
    let access = match operation.security {
        OperationSecurity::Open => Access::Public,
        OperationSecurity::Protected => Access::Protected(Protection { scope, claims: Vec::new() }),
    };
    ManagedOperation {
        api: api.clone(),
        verb: operation.verb.clone(),
        template: operation.template.clone(),
        access,
        plan: operation.plan.clone(),
    }
}
