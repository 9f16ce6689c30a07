//! A stack with an authorization server and a backend, and what is made in it before a test begins.

use std::path::Path;
use std::time::Duration;

use phantom_devauth::DevAuth;
use phantom_devauth::DevAuthHandle;
use phantom_devauth::DevAuthOptions;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::backend;
use crate::gateway;
use crate::http;
use crate::http::Answer;
use crate::managed::ADMIN;
use crate::managed::DEVPORTAL;
use crate::managed::Ports;
use crate::managed::Stack;

/// With no API and no application yet.
#[derive(Debug)]
pub struct Bed {
    pub stack: Stack,
    pub server: DevAuthHandle,
    pub upstream: String,
    issuer: String,
    directory: TempDir,
}

/// An application with a key and a subscription, by their ids.
#[derive(Clone, Debug)]
pub struct Application {
    pub id: String,
    pub subscription: String,
    pub mapping: String,
}

impl Bed {
    /// The text is more of `[control]`.
    pub async fn start(control: &str) -> Self {
        Self::launch(|directory, ports| Stack::start(directory, ports, control)).await
    }

    /// # Panics
    /// If something does not come up.
    pub async fn launch(stack: impl FnOnce(&Path, Ports) -> Stack) -> Self {
        http::install_crypto();
        let directory = gateway::directory();
        let server = DevAuth::bind(DevAuthOptions {
            bind: "127.0.0.1:0".parse().expect("an address"),
            access_token_lifetime: Duration::from_secs(3600),
            ..DevAuthOptions::default()
        });
        let running = server.await.expect("an authorization server");
        let (server, issuer) = (running.handle(), running.issuer().to_owned());
        tokio::spawn(running.serve(std::future::pending()));
        let upstream = format!("http://{}", backend::start().await);
        let stack = stack(directory.path(), Ports::free());
        stack.ready().await;
        Self { stack, server, upstream, issuer, directory }
    }

    /// Where the stack keeps what is its own.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A key manager for tokens of that audience; gives its id.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn key_manager(&self, name: &str, audience: &str) -> String {
        let issuer = &self.issuer;
        let base = issuer.strip_suffix("/oauth/v2/oauth-anonymous").expect("the server's issuer");
        let body = json!({
            "name": name, "type": "CurityPhantomToken", "issuer": issuer,
            "introspectionEndpoint": format!("{base}/oauth/v2/oauth-introspect"),
            "certificates": {"type": "JWKS", "value": format!("{issuer}/jwks")},
            "enableSelfValidationJWT": true, "enabled": true,
            "additionalProperties": {
                "client_id": "api-gateway-client", "client_secret": "Password1",
                "expected_audience": audience,
            },
        });
        let made = self.stack.post(&format!("{ADMIN}/key-managers"), &body).await;
        id(&made, "id")
    }

    /// An application with a key of that client at the key manager whose name it has, subscribed to
    /// the API.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn application(
        &self,
        api: &str,
        name: &str,
        client: &str,
        plan: &str,
    ) -> Application {
        let body = json!({"name": name, "throttlingPolicy": "Unlimited"});
        let made = self.stack.post(&format!("{DEVPORTAL}/applications"), &body).await;
        let application = id(&made, "applicationId");
        let mapping = self.map(&application, name, client).await;
        let subscription = self.subscribe(&application, api, plan).await;
        Application { id: application, subscription, mapping }
    }

    /// Maps the client's key; gives the id of the mapping.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn map(&self, application: &str, key_manager: &str, client: &str) -> String {
        let body = json!({
            "consumerKey": client, "consumerSecret": "not-used",
            "keyManager": key_manager, "keyType": "PRODUCTION",
        });
        let path = format!("{DEVPORTAL}/applications/{application}/map-keys");
        id(&self.stack.post(&path, &body).await, "keyMappingId")
    }

    /// Gives the id of the subscription.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn subscribe(&self, application: &str, api: &str, plan: &str) -> String {
        let body = json!({"applicationId": application, "apiId": api, "throttlingPolicy": plan});
        id(&self.stack.post(&format!("{DEVPORTAL}/subscriptions"), &body).await, "subscriptionId")
    }

    /// A new one, unknown to the gateway.
    #[must_use]
    pub fn token(&self, client: &str) -> String {
        self.server.issue_token(client, "read")
    }

    /// Waits until a call of the API is answered 200.
    pub async fn in_force(&self, path: &str, token: &str) {
        let url = self.stack.api_url(path);
        let asked = || self.stack.http.get(&url).bearer_auth(token);
        http::eventually("in force", asked, |answer: &Answer| answer.status == 200).await;
    }
}

/// An API of one operation, `GET /get`, that needs one of these scopes, if there are any.
#[must_use]
pub fn api(name: &str, key_manager: &str, upstream: &str, scopes: &[&str]) -> Value {
    let declared: Vec<Value> = scopes
        .iter()
        .map(|name| json!({"scope": {"name": name, "bindings": []}, "shared": false}))
        .collect();
    json!({
        "name": name, "version": "v1", "context": format!("/{}", name.to_lowercase()),
        "keyManagers": [key_manager],
        "policies": ["Unlimited", "Bronze"], "scopes": declared,
        "endpointConfig": {"endpoint_type": "http", "production_endpoints": {"url": upstream}},
        "operations": [{
            "target": "/get", "verb": "GET", "authType": "Any",
            "throttlingPolicy": "Unlimited", "scopes": scopes,
        }],
    })
}

fn id(made: &Value, member: &str) -> String {
    made[member].as_str().unwrap_or_else(|| panic!("no {member}: {made}")).to_owned()
}
