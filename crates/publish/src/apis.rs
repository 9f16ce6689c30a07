//! What gateways get of an API: the deployed revision with the state of its life cycle.

use phantom_core::catalog::ApiState;
use phantom_core::catalog::CorsPolicy;
use phantom_core::catalog::EntityId;
use phantom_core::catalog::KeyManagerChoice;
use phantom_core::catalog::ManagedApi;
use phantom_core::catalog::Operation;
use phantom_core::catalog::OperationSecurity;
use phantom_core::catalog::Transports;
use phantom_definition::CorsDocument;
use phantom_definition::OperationDocument;
use phantom_definition::Transport;
use phantom_manage::apis::document::ApiDocument;
use phantom_manage::apis::rules;
use phantom_manage::lifecycle::LifecycleState;
use phantom_store::DeployedApi;
use phantom_store::KeyManagerRow;
use serde::Deserialize;
use thiserror::Error;

/// What `audiences` holds where any will do.
const ANY_AUDIENCE: &str = "all";

/// Why gateways get nothing of it.
#[derive(Debug, Error)]
pub enum Unpublished {
    #[error("its life cycle is at {state}")]
    State { state: &'static str },
    #[error("its stored document cannot be read")]
    Document(#[source] serde_json::Error),
}

/// Key managers that are gone since are left out of the choice.
pub fn managed(
    deployed: &DeployedApi,
    key_managers: &[KeyManagerRow],
) -> Result<ManagedApi, Unpublished> {
    let state = state(deployed.state)?;
    let document = ApiDocument::deserialize(&deployed.document).map_err(Unpublished::Document)?;
    let default_path = document.is_default_version.then(|| rules::default_path(&deployed.context));
    let endpoint = document.endpoint_config.as_ref();
    let has = |transport| document.transport.contains(&transport);
    let strips = document.additional_properties.iter().any(|property| {
        property.name == rules::STRIP_OPEN_AUTHORIZATION
            && property.value.eq_ignore_ascii_case("true")
    });
    Ok(ManagedApi {
        id: EntityId::new(deployed.api.as_u128()),
        name: deployed.name.as_str().into(),
        version: deployed.version_name.as_str().into(),
        path: rules::path(&deployed.context, &deployed.version_name).into(),
        default_path: default_path.flatten().map(Into::into),
        state,
        transports: Transports { http: has(Transport::Http), https: has(Transport::Https) },
        key_managers: choice(&document, key_managers),
        operations: document.operations.iter().map(operation).collect(),
        production_endpoint: endpoint.and_then(|config| config.production()).map(Into::into),
        sandbox_endpoint: endpoint.and_then(|config| config.sandbox()).map(Into::into),
        authorization_header: document.authorization_header.to_ascii_lowercase().into(),
        strip_open_authorization: strips,
        audiences: audiences(&document.audiences),
        plan: document.api_throttling_policy.as_deref().map(Into::into),
        cors: cors(&document.cors_configuration),
    })
}

fn state(stored: LifecycleState) -> Result<ApiState, Unpublished> {
    use LifecycleState as State;
    match stored {
        State::Published | State::Prototyped | State::Deprecated => Ok(ApiState::Serving),
        State::Blocked => Ok(ApiState::Blocked),
        State::Created | State::Retired => Err(Unpublished::State { state: stored.as_str() }),
    }
}

fn choice(document: &ApiDocument, rows: &[KeyManagerRow]) -> KeyManagerChoice {
    if document.takes_all_key_managers() {
        return KeyManagerChoice::All;
    }
    let chosen = rows.iter().filter(|row| document.key_managers.contains(&row.name));
    KeyManagerChoice::Only(chosen.map(|row| EntityId::new(row.id.as_u128())).collect())
}

fn operation(document: &OperationDocument) -> Operation {
    Operation {
        verb: document.verb.as_str().into(),
        template: document.target.as_str().into(),
        security: if document.auth_type.is_open() {
            OperationSecurity::Open
        } else {
            OperationSecurity::Protected
        },
        scopes: boxed(&document.scopes),
        plan: document.throttling_policy.as_str().into(),
    }
}

fn audiences(named: &[String]) -> Vec<Box<str>> {
    if named.iter().any(|audience| audience == ANY_AUDIENCE) {
        return Vec::new();
    }
    boxed(named)
}

fn cors(document: &CorsDocument) -> Option<CorsPolicy> {
    let methods = match &*document.access_control_allow_methods {
        // None is named: all that a resource has.
        [] => vec!["*".into()],
        named => boxed(named),
    };
    document.cors_configuration_enabled.then(|| CorsPolicy {
        origins: boxed(&document.access_control_allow_origins),
        headers: boxed(&document.access_control_allow_headers),
        methods,
        credentials: document.access_control_allow_credentials,
    })
}

fn boxed(texts: &[String]) -> Vec<Box<str>> {
    texts.iter().map(|text| text.as_str().into()).collect()
}
