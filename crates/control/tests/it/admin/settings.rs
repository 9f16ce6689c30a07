//! `/settings`, section 5.3.

use serde_json::json;

use super::*;

async fn connectors() -> Value {
    let plane = Plane::start().await;
    get(&plane, "/settings").await.expect(200)["keyManagerConfiguration"].clone()
}

async fn connector(kind: &str) -> Value {
    let all = connectors().await;
    all.as_array().unwrap().iter().find(|each| each["type"] == kind).unwrap().clone()
}

async fn phantom_token_field(name: &str) -> Value {
    let connector = connector("CurityPhantomToken").await;
    let fields = connector["configurations"].as_array().unwrap();
    fields.iter().find(|field| field["name"] == name).unwrap().clone()
}

#[track_caller]
fn is(field: &Value, label: &str, required: bool, mask: bool, default: &Value) {
    assert_eq!(field["label"], label);
    assert_eq!(field["type"], "input");
    assert_eq!(field["required"], required);
    assert_eq!(field["mask"], mask);
    assert_eq!(field["multiple"], false);
    assert_eq!(field["default"], *default);
    assert_eq!(field["values"], json!([]));
    assert_eq!(field["updateDisabled"], false);
}

/// Rows: WSO2-5.3
#[tokio::test]
async fn the_form_of_the_phantom_token_connector_is_the_tutorials() {
    let connector = connector("CurityPhantomToken").await;
    assert_eq!(connector["displayName"], "Curity Phantom Token");
    assert_eq!(connector["defaultConsumerKeyClaim"], "aud");
    assert_eq!(connector["defaultScopesClaim"], "scope");
    let labels: Vec<&Value> = connector["configurations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| &field["label"])
        .collect();
    let expected =
        ["Client ID", "Client Secret", "Expected Audience", "Clock Skew", "Cache Max Entries"];
    assert_eq!(labels, expected);
    let endpoints = connector["endpointConfigurations"].as_array().unwrap();
    let required: Vec<&Value> = endpoints
        .iter()
        .filter(|field| field["required"] == true)
        .map(|field| &field["name"])
        .collect();
    assert_eq!(required, ["introspection_endpoint"]);
    assert_eq!(endpoints.len(), 8);
}

/// Rows: WSO2-5.3.1
#[tokio::test]
async fn client_id() {
    is(&phantom_token_field("client_id").await, "Client ID", true, false, &json!(null));
}

/// Rows: WSO2-5.3.2
#[tokio::test]
async fn client_secret() {
    is(&phantom_token_field("client_secret").await, "Client Secret", true, true, &json!(null));
}

/// Rows: WSO2-5.3.3
#[tokio::test]
async fn expected_audience() {
    let field = phantom_token_field("expected_audience").await;
    is(&field, "Expected Audience", true, false, &json!(null));
}

/// Rows: WSO2-5.3.4
#[tokio::test]
async fn clock_skew() {
    is(&phantom_token_field("clock_skew").await, "Clock Skew", false, false, &json!("60"));
}

/// Rows: WSO2-5.3.5
#[tokio::test]
async fn cache_max_entries() {
    let field = phantom_token_field("cache_max_entries").await;
    is(&field, "Cache Max Entries", false, false, &json!("50000"));
}

/// Rows: WSO2-5.3
#[tokio::test]
async fn the_custom_key_manager_has_endpoints_alone() {
    let connector = connector("CustomKeyManager").await;
    assert_eq!(connector["displayName"], "Custom Key Manager (Out-of-Band Provisioning)");
    assert_eq!(connector["defaultConsumerKeyClaim"], "azp");
    assert_eq!(connector["configurations"], json!([]));
    let endpoints = connector["endpointConfigurations"].as_array().unwrap();
    let required: Vec<&Value> = endpoints
        .iter()
        .filter(|field| field["required"] == true)
        .map(|field| &field["name"])
        .collect();
    assert_eq!(required, ["token_endpoint", "revoke_endpoint"]);
}

/// Rows: WSO2-5.3
#[tokio::test]
async fn settings_have_every_member() {
    let plane = Plane::start().await;
    let settings = get(&plane, "/settings").await.expect(200);
    assert_eq!(settings["gatewayTypes"], json!(["Regular"]));
    for member in [
        "IsJWTEnabledForLoginTokens",
        "orgAccessControlEnabled",
        "analyticsEnabled",
        "transactionCounterEnable",
        "isGatewayNotificationEnabled",
        "consumptionExportEnabled",
    ] {
        assert_eq!(settings[member], false, "{member}");
    }
    let scopes = settings["scopes"].as_array().unwrap();
    assert!(scopes.contains(&json!("apim:keymanagers_manage")), "{scopes:?}");
    assert_eq!(settings["gatewayConfiguration"][0]["type"], "Regular");
    let kinds: Vec<&Value> = settings["keyManagerConfiguration"]
        .as_array()
        .unwrap()
        .iter()
        .map(|connector| &connector["type"])
        .collect();
    assert_eq!(kinds, ["CurityPhantomToken", "CustomKeyManager", "default"]);
}
