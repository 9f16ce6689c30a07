//! The set-up of the tutorial, over the REST APIs like any client: key manager, API, application,
//! key mapping, subscription. What is there already stays.

mod environment;
mod rest;

use anyhow::Context;
use anyhow::bail;
use serde_json::Value;
use serde_json::json;

pub use environment::Environment;

use crate::outgoing::Trust;
use crate::setup::rest::Rest;

const ADMIN: &str = "/api/am/admin/v4";
const DEVPORTAL: &str = "/api/am/devportal/v3";
const PUBLISHER: &str = "/api/am/publisher/v4";

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Everything,
    /// Key manager, API and application; mapping and subscription are left to others.
    UpToApplication,
}

/// Makes what is missing, and tells each step.
pub(crate) async fn run(
    environment: &Environment,
    extent: Extent,
    trust: &Trust<'_>,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    let rest = Rest::new(environment, trust)?;
    key_manager(&rest, environment, tell).await?;
    let api = api(&rest, environment, tell).await?;
    let application = application(&rest, environment, tell).await?;
    if extent == Extent::Everything {
        mapping(&rest, environment, &application, tell).await?;
        subscription(&rest, environment, &application, &api, tell).await?;
    }
    Ok(())
}

async fn key_manager(
    rest: &Rest,
    environment: &Environment,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    let name = &environment.key_manager;
    let all = rest.get(&format!("{ADMIN}/key-managers")).await?;
    if listed(&all, "name", name).is_some() {
        tell(&format!("key manager {name}: there already"));
        return Ok(());
    }
    let discovered = discover(rest, environment).await?;
    let body = json!({
        "name": name,
        "type": "CurityPhantomToken",
        "enabled": true,
        "enableTokenGeneration": false,
        "enableMapOAuthConsumerApps": false,
        "enableOAuthAppCreation": false,
        "enableSelfValidationJWT": true,
        "consumerKeyClaim": "aud",
        "scopesClaim": "scope",
        "tokenType": "DIRECT",
        "permissions": {"permissionType": "PUBLIC", "roles": []},
        "additionalProperties": {
            "client_id": environment.introspection_client_id,
            "client_secret": environment.introspection_client_secret.expose(),
            "expected_audience": environment.expected_audience,
            "clock_skew": environment.clock_skew,
            "cache_max_entries": environment.cache_max_entries,
        },
    });
    let taken = [
        "issuer",
        "introspectionEndpoint",
        "tokenEndpoint",
        "revokeEndpoint",
        "authorizeEndpoint",
        "userInfoEndpoint",
        "certificates",
        "wellKnownEndpoint",
    ];
    let mut members = body.as_object().cloned().unwrap_or_default();
    for member in taken {
        if let Some(value) = discovered.get(member).filter(|value| !value.is_null()) {
            members.insert(member.to_owned(), value.clone());
        }
    }
    rest.post(&format!("{ADMIN}/key-managers"), &Value::Object(members)).await?;
    tell(&format!("key manager {name}: made"));
    Ok(())
}

/// What the server's metadata says, as the Import button does.
async fn discover(rest: &Rest, environment: &Environment) -> anyhow::Result<Value> {
    let parts = [("url", environment.well_known.as_str()), ("type", "CurityPhantomToken")];
    let found = rest.multipart(&format!("{ADMIN}/key-managers/discover"), &parts).await?;
    let value = found.get("value").filter(|value| value.is_object());
    let Some(value) = value else {
        bail!(
            "no metadata could be read from {}: is the authorization server running, and does the \
             control plane believe its certificate ([control] ca_file)? Its log has the reason",
            environment.well_known
        );
    };
    Ok(value.clone())
}

async fn api(
    rest: &Rest,
    environment: &Environment,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<String> {
    let name = &environment.api_name;
    let found =
        rest.get(&format!("{PUBLISHER}/apis?query=name:%22{}%22", rest::encoded(name))).await?;
    let id = match listed(&found, "name", name) {
        Some(api) => {
            tell(&format!("API {name}: there already"));
            id_of(api)?
        }
        None => {
            let api = rest.post(&format!("{PUBLISHER}/apis"), &described(environment)).await?;
            tell(&format!("API {name}: made"));
            id_of(&api)?
        }
    };
    let deployments = rest.get(&format!("{PUBLISHER}/apis/{id}/deployments")).await?;
    if deployments.as_array().is_none_or(Vec::is_empty) {
        let path = format!("{PUBLISHER}/apis/{id}/revisions");
        let revision = rest.post(&path, &json!({"description": "set-up"})).await?;
        let revision = id_of(&revision)?;
        let to = json!([{"name": "Default", "vhost": "localhost", "displayOnDevportal": true}]);
        let path = format!("{PUBLISHER}/apis/{id}/deploy-revision?revisionId={revision}");
        rest.post(&path, &to).await?;
        tell(&format!("API {name}: a revision is deployed"));
    }
    let state = rest.get(&format!("{PUBLISHER}/apis/{id}")).await?;
    if state.get("lifeCycleStatus").is_some_and(|status| status == "CREATED") {
        let path = format!("{PUBLISHER}/apis/change-lifecycle?action=Publish&apiId={id}");
        rest.post(&path, &Value::Null).await?;
        tell(&format!("API {name}: published"));
    }
    Ok(id)
}

fn described(environment: &Environment) -> Value {
    let protected = "Application & Application User";
    let operation = |verb: &str, target: &str, scopes: &[&str]| {
        json!({
            "target": target, "verb": verb, "authType": protected,
            "throttlingPolicy": "Unlimited", "scopes": scopes,
        })
    };
    let scope = |name: &str, what: &str| {
        json!({
            "scope": {"name": name, "displayName": name, "description": what, "bindings": []},
            "shared": false,
        })
    };
    json!({
        "name": environment.api_name,
        "version": environment.api_version,
        "context": environment.api_context,
        "endpointConfig": {
            "endpoint_type": "http",
            "production_endpoints": {"url": environment.api_upstream},
            "sandbox_endpoints": {"url": environment.api_upstream},
        },
        "policies": ["Unlimited", "Gold", "Silver", "Bronze"],
        "keyManagers": ["all"],
        "scopes": [scope("read", "See things"), scope("write", "Change things")],
        "operations": [
            operation("GET", "/get", &[]),
            operation("GET", "/headers", &[]),
            operation("GET", "/status/{code}", &[]),
            operation("GET", "/anything/*", &["read"]),
            operation("POST", "/anything/*", &["write"]),
        ],
    })
}

async fn application(
    rest: &Rest,
    environment: &Environment,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<String> {
    let name = &environment.application;
    let path = format!("{DEVPORTAL}/applications?query={}", rest::encoded(name));
    let found = rest.get(&path).await?;
    let (application, said) = match listed(&found, "name", name) {
        Some(application) => (application.clone(), "there already"),
        None => {
            let body = json!({
                "name": name, "throttlingPolicy": "Unlimited", "description": "Made by set-up",
                "tokenType": "JWT",
            });
            (rest.post(&format!("{DEVPORTAL}/applications"), &body).await?, "made")
        }
    };
    tell(&format!("application {name}: {said}"));
    text(&application, "applicationId")
}

async fn mapping(
    rest: &Rest,
    environment: &Environment,
    application: &str,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    let key = &environment.consumer_key;
    let keys = rest.get(&format!("{DEVPORTAL}/applications/{application}/oauth-keys")).await?;
    if listed(&keys, "consumerKey", key).is_some() {
        tell(&format!("consumer key {key}: mapped already"));
        return Ok(());
    }
    let body = json!({
        "consumerKey": key, "consumerSecret": "not-used",
        "keyManager": environment.key_manager, "keyType": "PRODUCTION",
    });
    rest.post(&format!("{DEVPORTAL}/applications/{application}/map-keys"), &body).await?;
    tell(&format!("consumer key {key}: mapped"));
    Ok(())
}

async fn subscription(
    rest: &Rest,
    environment: &Environment,
    application: &str,
    api: &str,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    let (app, name) = (&environment.application, &environment.api_name);
    let path = format!("{DEVPORTAL}/subscriptions?applicationId={application}");
    let there = rest.get(&path).await?;
    if listed(&there, "apiId", api).is_some() {
        tell(&format!("subscription of {app} to {name}: there already"));
        return Ok(());
    }
    let body = json!({"applicationId": application, "apiId": api, "throttlingPolicy": "Unlimited"});
    rest.post(&format!("{DEVPORTAL}/subscriptions"), &body).await?;
    tell(&format!("subscription of {app} to {name}: made"));
    Ok(())
}

/// The entry of a list whose member is that text.
fn listed<'a>(answer: &'a Value, member: &str, wanted: &str) -> Option<&'a Value> {
    let entries = answer.get("list")?.as_array()?;
    entries.iter().find(|entry| entry.get(member).is_some_and(|value| value == wanted))
}

fn id_of(entity: &Value) -> anyhow::Result<String> {
    text(entity, "id")
}

fn text(entity: &Value, member: &str) -> anyhow::Result<String> {
    let value = entity.get(member).and_then(Value::as_str).map(str::to_owned);
    value.with_context(|| format!("the control plane's answer has no {member}"))
}
