//! Section 3.4: any one of an operation's scopes opens it, and no other scope there is.

use std::collections::BTreeSet;

use phantom_access::roles;
use serde_json::json;

use crate::support::Plane;

const NOBODYS: &str = "018f0000-0000-7000-8000-000000000000";

/// A plane, and for each scope a token that holds that one alone.
struct Scoped {
    plane: Plane,
    tokens: Vec<(&'static str, String)>,
}

impl Scoped {
    /// Tokens of a client, which has no roles besides.
    async fn start() -> Self {
        let plane = Plane::start().await;
        let request = json!({
            "clientName": "scopes", "owner": "admin", "grantType": "client_credentials",
        });
        let client = plane.post("/client-registration/v0.17/register", &request).by_admin();
        let client = client.send().await.expect(200);
        let (id, secret) = (&client["clientId"], &client["clientSecret"]);
        let mut tokens = Vec::new();
        for scope in roles::all_scopes() {
            let wire = format!("apim:{scope}");
            let form = [("grant_type", "client_credentials"), ("scope", wire.as_str())];
            let call = plane.call("POST", "/oauth2/token").form(&form);
            let call = call.basic(id.as_str().unwrap(), secret.as_str().unwrap());
            let token = call.send().await.expect(200);
            assert_eq!(token["scope"], wire);
            tokens.push((scope, token["access_token"].as_str().unwrap().to_owned()));
        }
        Self { plane, tokens }
    }

    /// Each operation is open to tokens with one of these scopes, and to no others. Ids are
    /// nobody's, so nothing is done.
    async fn open(&self, base: &str, operations: &[(&str, &str)], scopes: &[&str]) {
        let expected: BTreeSet<&str> = scopes.iter().copied().collect();
        for (method, path) in operations {
            let path = format!("/api/am/{base}{}", path.replace("{id}", NOBODYS));
            let mut opening = BTreeSet::new();
            for (scope, token) in &self.tokens {
                let answer = self.plane.call(method, &path).bearer(token).out_of_contract();
                if answer.send().await.status != 401 {
                    opening.insert(*scope);
                }
            }
            assert_eq!(opening, expected, "{method} {path}");
        }
    }

    async fn devportal(&self, operations: &[(&str, &str)], scopes: &[&str]) {
        self.open("devportal/v3", operations, scopes).await;
    }

    async fn publisher(&self, operations: &[(&str, &str)], scopes: &[&str]) {
        self.open("publisher/v4", operations, scopes).await;
    }
}

/// Rows: WSO2-3.3.2, WSO2-3.4.1
#[tokio::test]
async fn applications_and_keys_open_to_subscribers_and_managers() {
    let scoped = Scoped::start().await;
    let lists = [("GET", "/applications"), ("DELETE", "/applications/{id}")];
    scoped.devportal(&lists, &["subscribe", "app_manage", "app_import_export"]).await;
    let operations = [
        ("POST", "/applications"),
        ("GET", "/applications/{id}"),
        ("PUT", "/applications/{id}"),
        ("POST", "/applications/{id}/map-keys"),
        ("POST", "/applications/{id}/generate-keys"),
        ("GET", "/applications/{id}/oauth-keys"),
        ("PUT", "/applications/{id}/oauth-keys/{id}"),
        ("DELETE", "/applications/{id}/oauth-keys/{id}"),
    ];
    scoped.devportal(&operations, &["subscribe", "app_manage"]).await;
}

/// Rows: WSO2-3.4.2
#[tokio::test]
async fn subscriptions_open_to_subscribers_and_their_managers() {
    let operations = [
        ("GET", "/subscriptions"),
        ("POST", "/subscriptions"),
        ("GET", "/subscriptions/{id}"),
        ("PUT", "/subscriptions/{id}"),
        ("DELETE", "/subscriptions/{id}"),
    ];
    Scoped::start().await.devportal(&operations, &["subscribe", "sub_manage"]).await;
}

/// Rows: WSO2-3.4.3
#[tokio::test]
async fn key_managers_open_to_subscribers_and_settings_to_their_scope() {
    let scoped = Scoped::start().await;
    scoped.devportal(&[("GET", "/key-managers")], &["subscribe"]).await;
    scoped.devportal(&[("GET", "/settings")], &["store_settings"]).await;
}

/// Rows: WSO2-3.4.5, WSO2-3.4.6
#[tokio::test]
async fn apis_open_to_viewers_managers_and_exporters() {
    let scoped = Scoped::start().await;
    // What a user's token of the DevPortal may do besides is call 4 of the tutorial.
    let listers = ["api_view", "api_manage", "api_import_export", "api_list_view"];
    scoped.publisher(&[("GET", "/apis")], &listers).await;
    let readers = ["api_view", "api_manage", "api_import_export", "api_product_import_export"];
    scoped.publisher(&[("GET", "/apis/{id}")], &readers).await;
}

/// Rows: WSO2-3.4.7
#[tokio::test]
async fn apis_and_definitions_are_made_by_creators_and_managers() {
    let operations =
        [("POST", "/apis"), ("POST", "/apis/import-openapi"), ("PUT", "/apis/{id}/swagger")];
    Scoped::start().await.publisher(&operations, &["api_create", "api_manage"]).await;
}

/// Rows: WSO2-3.4.8, WSO2-3.4.9
#[tokio::test]
async fn apis_and_revisions_are_changed_by_publishers_too() {
    let scoped = Scoped::start().await;
    let operations = [
        ("PUT", "/apis/{id}"),
        ("POST", "/apis/{id}/deploy-revision"),
        ("POST", "/apis/{id}/undeploy-revision"),
        ("POST", "/apis/{id}/restore-revision"),
    ];
    scoped.publisher(&operations, &["api_create", "api_manage", "api_publish"]).await;
    let revisions = [("POST", "/apis/{id}/revisions"), ("DELETE", "/apis/{id}/revisions/{id}")];
    let scopes = ["api_create", "api_manage", "api_publish", "api_import_export"];
    scoped.publisher(&revisions, &scopes).await;
}

/// Rows: WSO2-3.4.10, WSO2-3.4.11
#[tokio::test]
async fn deleting_and_publishing_have_scopes_of_their_own() {
    let scoped = Scoped::start().await;
    let deleters = ["api_delete", "api_manage", "api_import_export"];
    scoped.publisher(&[("DELETE", "/apis/{id}")], &deleters).await;
    let publishers = ["api_publish", "api_manage", "api_import_export"];
    scoped.publisher(&[("POST", "/apis/change-lifecycle")], &publishers).await;
}

/// Rows: WSO2-3.4.12
#[tokio::test]
async fn subscriptions_are_seen_by_viewers_and_blocked_by_their_own_scopes() {
    let scoped = Scoped::start().await;
    let viewers = ["api_view", "subscription_view", "subscription_manage"];
    scoped.publisher(&[("GET", "/subscriptions")], &viewers).await;
    let operations = [
        ("POST", "/subscriptions/block-subscription"),
        ("POST", "/subscriptions/unblock-subscription"),
    ];
    scoped.publisher(&operations, &["subscription_block", "subscription_manage"]).await;
}

/// Rows: WSO2-3.4.13
#[tokio::test]
async fn shared_scopes_policies_and_key_managers_have_scopes_of_their_own() {
    let scoped = Scoped::start().await;
    let readers = [("GET", "/scopes"), ("GET", "/scopes/{id}")];
    scoped.publisher(&readers, &["shared_scope_manage", "api_view"]).await;
    let writers = [("POST", "/scopes"), ("PUT", "/scopes/{id}"), ("DELETE", "/scopes/{id}")];
    scoped.publisher(&writers, &["shared_scope_manage"]).await;
    let policies = [("GET", "/throttling-policies/api")];
    scoped.publisher(&policies, &["api_view", "tier_view", "tier_manage"]).await;
    let key_managers = [("GET", "/key-managers")];
    scoped.publisher(&key_managers, &["api_view", "api_create", "api_manage"]).await;
}
