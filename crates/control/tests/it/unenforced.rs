//! What is accepted is in force: the list of settings that are not, walked through the REST APIs and held
//! against the documentation.

use std::collections::BTreeSet;

use phantom_terms::unenforced::Of;
use phantom_terms::unenforced::SETTINGS;
use phantom_terms::unenforced::Setting;
use serde_json::Value;
use serde_json::json;

use crate::devportal::fixtures::application;
use crate::support::Answer;
use crate::support::Plane;

const ADMIN: &str = "/api/am/admin/v4";
const DEVPORTAL: &str = "/api/am/devportal/v3";
const PUBLISHER: &str = "/api/am/publisher/v4";

/// The documentation's table.
const DOCS: &str = include_str!("../../../../docs/managed-apis.md");

/// Members that promise nothing of a gateway: kept, shown and searched.
const SHOWN: &[(Of, &str)] = &[
    (Of::Api, "displayName"),
    (Of::Api, "description"),
    (Of::Api, "audience"),
    (Of::Api, "tags"),
    (Of::Api, "categories"),
    (Of::Api, "businessInformation"),
    (Of::Api, "additionalPropertiesMap"),
    (Of::Api, "cacheTimeout"),
    (Of::Api, "wsdlInfo"),
    (Of::Api, "serviceInfo"),
    (Of::Operation, "id"),
    (Of::Operation, "payloadSchema"),
    (Of::Operation, "amznResourceTimeout"),
    (Of::Operation, "amznResourceContentEncode"),
    (Of::ApplicationPlan, "displayName"),
    (Of::ApplicationPlan, "description"),
    (Of::SubscriptionPlan, "displayName"),
    (Of::SubscriptionPlan, "description"),
    (Of::SubscriptionPlan, "customAttributes"),
    (Of::AdvancedPlan, "displayName"),
    (Of::AdvancedPlan, "description"),
    (Of::KeyManager, "displayName"),
    (Of::KeyManager, "description"),
    (Of::KeyManager, "wellKnownEndpoint"),
    (Of::KeyManager, "clientRegistrationEndpoint"),
    (Of::KeyManager, "tokenEndpoint"),
    (Of::KeyManager, "displayTokenEndpoint"),
    (Of::KeyManager, "revokeEndpoint"),
    (Of::KeyManager, "displayRevokeEndpoint"),
    (Of::KeyManager, "userInfoEndpoint"),
    (Of::KeyManager, "authorizeEndpoint"),
    (Of::KeyManager, "scopeManagementEndpoint"),
    (Of::KeyManager, "alias"),
    (Of::KeyManager, "global"),
    (Of::KeyManager, "enableTokenGeneration"),
    (Of::KeyManager, "enableTokenHashing"),
    (Of::KeyManager, "enableMapOAuthConsumerApps"),
    (Of::Application, "description"),
    (Of::Application, "attributes"),
    (Of::Application, "tokenType"),
    (Of::ApplicationKey, "callbackUrl"),
];

/// As the documentation has it.
const fn name(of: Of) -> &'static str {
    match of {
        Of::Api => "API",
        Of::Operation => "operation",
        Of::ApplicationPlan => "application plan",
        Of::SubscriptionPlan => "business plan",
        Of::AdvancedPlan => "advanced plan",
        Of::CustomRule => "custom rule",
        Of::KeyManager => "key manager",
        Of::Application => "application",
        Of::ApplicationKey => "application key",
    }
}

/// A value that makes use of the setting.
fn used(member: &str) -> Value {
    match member {
        "securityScheme" => json!(["oauth2", "mutualssl_mandatory"]),
        "maxTps.production"
        | "maxTps.sandbox"
        | "graphQLMaxComplexity"
        | "graphQLMaxDepth"
        | "subscriberCount" => json!(10),
        "maxTps.tokenBasedThrottlingConfiguration" => {
            json!({"isTokenBasedThrottlingEnabled": true})
        }
        "asyncTransportProtocols"
        | "accessControlRoles"
        | "visibleTenants"
        | "visibleOrganizations"
        | "subscriptionAvailableTenants"
        | "usedProductIds"
        | "allowedOrganizations"
        | "groups" => json!(["Internal/creator"]),
        "mediationPolicies"
        | "apiHubPolicies"
        | "organizationPolicies"
        | "operationHubPolicies" => {
            json!([{"name": "one"}])
        }
        "apiPolicies" | "operationPolicies" => json!({"request": [{"policyName": "one"}]}),
        "threatProtectionPolicies" => json!({"list": [{"policyId": "one", "priority": 1}]}),
        "endpointImplementationType" => json!("INLINE"),
        "accessControl" => json!("RESTRICTED"),
        "subscriptionAvailability" => json!("SPECIFIC_TENANTS"),
        "endpointConfig.production_endpoints.config"
        | "endpointConfig.sandbox_endpoints.config" => {
            json!({"actionDuration": "30000"})
        }
        "endpointConfig.production_failovers" | "endpointConfig.sandbox_failovers" => {
            json!([{"url": "http://other"}])
        }
        "subtypeConfiguration.configuration" => json!({"llmProviderName": "one"}),
        "defaultLimit.type" => json!("BANDWIDTHLIMIT"),
        "billingPlan" => json!("COMMERCIAL"),
        "monetization.properties" => json!({"price": "10"}),
        "conditionalGroups" => {
            let header = json!({"headerName": "a", "headerValue": "b"});
            let condition = json!({"type": "HEADERCONDITION", "headerCondition": header});
            json!([{"description": "x", "conditions": [condition], "limit": limit()}])
        }
        "siddhiQuery" => json!("FROM RequestStream SELECT userId INSERT INTO EligibilityStream;"),
        "visibility" => json!("SHARED_WITH_ORG"),
        "apiKeyHeader"
        | "endpointConfig.implementation_status"
        | "endpointConfig.algoCombo"
        | "endpointConfig.algoClassName"
        | "endpointConfig.sessionManagement"
        | "primaryProductionEndpointId"
        | "primarySandboxEndpointId"
        | "subtypeConfiguration.subtype"
        | "gatewayVendor"
        | "gatewayType"
        | "amznResourceName"
        | "uriMapping"
        | "clientId"
        | "clientSecret" => json!("other"),
        member if member.ends_with("_expiry_time") => json!("60"),
        _ => json!(true),
    }
}

fn limit() -> Value {
    json!({
        "type": "REQUESTCOUNTLIMIT",
        "requestCount": {"timeUnit": "min", "unitTime": 1, "requestCount": 30},
        "bandwidth": {"timeUnit": "min", "unitTime": 1, "dataAmount": 5, "dataUnit": "MB"},
        "eventCount": {"timeUnit": "min", "unitTime": 1, "eventCount": 30},
    })
}

/// Puts the value where the dots lead.
fn put(body: &mut Value, member: &str, value: Value) {
    let place = member.split('.').fold(body, |at, name| &mut at[name]);
    *place = value;
}

/// What an entity needs, with that setting.
async fn post(plane: &Plane, number: usize, of: Of, member: &str, value: Value) -> Answer {
    let name = format!("n{number}");
    let plan = || json!({"policyName": name, "defaultLimit": limit()});
    let (path, mut body) = match of {
        Of::Api | Of::Operation => (
            format!("{PUBLISHER}/apis"),
            json!({
                "name": name, "version": "v1", "context": format!("/{name}"),
                "policies": ["Unlimited"],
                "endpointConfig": {
                    "endpoint_type": "http",
                    "production_endpoints": {"url": "http://backend"},
                    "sandbox_endpoints": {"url": "http://backend"},
                },
            }),
        ),
        Of::ApplicationPlan => (format!("{ADMIN}/throttling/policies/application"), plan()),
        Of::SubscriptionPlan => (format!("{ADMIN}/throttling/policies/subscription"), plan()),
        Of::AdvancedPlan => (format!("{ADMIN}/throttling/policies/advanced"), plan()),
        Of::CustomRule => (
            format!("{ADMIN}/throttling/policies/custom"),
            json!({"policyName": name, "keyTemplate": "$userId", "siddhiQuery": ""}),
        ),
        Of::KeyManager => (
            format!("{ADMIN}/key-managers"),
            json!({
                "name": name, "type": "CustomKeyManager", "enabled": true,
                "tokenEndpoint": "https://as.example/token",
                "revokeEndpoint": "https://as.example/revoke", "issuer": "https://as.example",
                "certificates": {"type": "JWKS", "value": "https://as.example/jwks"},
            }),
        ),
        Of::Application => (
            format!("{DEVPORTAL}/applications"),
            json!({"name": name, "throttlingPolicy": "Unlimited"}),
        ),
        Of::ApplicationKey => {
            let id = application(plane, "admin", &name).await;
            (
                format!("{DEVPORTAL}/applications/{id}/generate-keys"),
                json!({"keyType": "PRODUCTION", "grantTypesToBeSupported": ["password"]}),
            )
        }
    };
    match of {
        Of::Operation => {
            let mut operation = json!({"target": "/get", "verb": "GET"});
            put(&mut operation, member, value);
            body["operations"] = json!([operation]);
        }
        _ => put(&mut body, member, value),
    }
    plane.post(&path, &body).by_admin().out_of_contract().send().await
}

#[tokio::test]
async fn a_setting_that_is_not_in_force_is_refused_by_its_name_and_what_says_nothing_passes() {
    let plane = Plane::start().await;
    let mut number = 0;
    for Setting { of, member, passes, because } in SETTINGS {
        let mut post = async |value| {
            number += 1;
            post(&plane, number, *of, member, value).await
        };
        let refused = post(used(member)).await;
        refused.expect_error(400, 400, &format!("{member}: is not in force here: {because}"));
        for text in *passes {
            let value = if used(member).is_array() { json!([text]) } else { json!(text) };
            let passed = post(value).await;
            assert!(passed.status.is_success(), "{of:?} {member} {text}: {}", passed.text);
        }
        if passes.is_empty() && *of != Of::CustomRule {
            let nothing = match used(member) {
                Value::Bool(_) => json!(false),
                Value::Object(_) => json!({}),
                _ => Value::Null,
            };
            let passed = post(nothing).await;
            assert!(passed.status.is_success(), "{of:?} {member}: {}", passed.text);
        }
    }
    for scheme in ["api_key", "basic_auth", "mutualssl"] {
        number += 1;
        let schemes = json!([scheme, "oauth2"]);
        let refused = post(&plane, number, Of::Api, "securityScheme", schemes).await;
        refused.expect_error(400, 400, "securityScheme");
    }
    for kind in ["EVENTCOUNTLIMIT", "BANDWIDTHLIMIT"] {
        number += 1;
        let refused =
            post(&plane, number, Of::ApplicationPlan, "defaultLimit.type", json!(kind)).await;
        refused.expect_error(400, 400, "defaultLimit.type");
    }
}

#[tokio::test]
async fn what_is_not_in_force_cannot_come_by_a_change_either() {
    let plane = Plane::start().await;
    let answer = post(&plane, 0, Of::Api, "description", json!("x")).await;
    let mut made = answer.expect(201);
    let path = format!("{PUBLISHER}/apis/{}", made["id"].as_str().unwrap());
    made["enableSchemaValidation"] = json!(true);
    let changed = plane.put(&path, &made).by_admin().send().await;
    changed.expect_error(400, 400, "enableSchemaValidation");
    let answer = post(&plane, 0, Of::AdvancedPlan, "description", json!("x")).await;
    let mut made = answer.expect(201);
    let path =
        format!("{ADMIN}/throttling/policies/advanced/{}", made["policyId"].as_str().unwrap());
    made["conditionalGroups"] = used("conditionalGroups");
    let changed = plane.put(&path, &made).by_admin().send().await;
    changed.expect_error(400, 400, "conditionalGroups");
}

/// What the table is about: of what, and which settings.
fn documented() -> BTreeSet<(&'static str, &'static str)> {
    let rows = DOCS.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let (of, settings) = (cells.next()?, cells.next()?);
        let settings = settings.strip_prefix('`')?.strip_suffix('`')?;
        Some(settings.split("`, `").map(move |setting| (of, setting)))
    });
    rows.flatten().collect()
}

#[test]
fn the_documentation_has_the_list() {
    let settings = SETTINGS.iter().map(|Setting { of, member, passes, because }| {
        let passes: Vec<String> = passes.iter().map(|text| format!("`{text}`")).collect();
        let unless = match passes.is_empty() {
            true => String::new(),
            false => format!(" unless {}", passes.join(", ")),
        };
        format!("| {} | `{member}` | refused (400){unless}: {because} |", name(*of))
    });
    let shown = SHOWN.iter().map(|(of, member)| {
        let what = match *member {
            "tokenEndpoint" | "authorizeEndpoint" => "what the workbench calls; gateways do not",
            _ => "shown alone",
        };
        format!("| {} | `{member}` | {what} |", name(*of))
    });
    let listed: Vec<String> = settings.chain(shown).collect();
    let missing: Vec<&str> =
        listed.iter().map(String::as_str).filter(|row| !is_documented(row)).collect();
    assert!(missing.is_empty(), "docs/managed-apis.md lacks\n{}", missing.join("\n"));
    // And the other way round: what has left the list is taken, and in force nowhere.
    let left: Vec<&str> = DOCS
        .lines()
        .filter(|line| line.contains(" | refused (400)") && !listed.iter().any(|row| row == line))
        .collect();
    assert!(left.is_empty(), "no longer refused, though documented so\n{}", left.join("\n"));
}

fn is_documented(row: &str) -> bool {
    DOCS.lines().any(|line| line == row)
}

#[tokio::test]
async fn the_documentation_says_of_every_member_that_is_taken_what_it_does() {
    let plane = Plane::start().await;
    let ours = plane.get("/openapi.json").out_of_contract().send().await.expect(200);
    let documented = documented();
    let mut missing = Vec::new();
    for (of, schema) in [
        (Of::Api, "publisher.APIRequest"),
        (Of::Operation, "publisher.APIOperationRequest"),
        (Of::ApplicationPlan, "ApplicationThrottlePolicy"),
        (Of::SubscriptionPlan, "SubscriptionThrottlePolicy"),
        (Of::AdvancedPlan, "AdvancedThrottlePolicy"),
        (Of::CustomRule, "CustomRule"),
        (Of::KeyManager, "KeyManager"),
        (Of::Application, "devportal.ApplicationRequest"),
        (Of::ApplicationKey, "devportal.ApplicationKeyGenerateRequest"),
    ] {
        let properties = ours["components"]["schemas"][schema]["properties"].as_object();
        let properties = properties.unwrap_or_else(|| panic!("{schema} is not described"));
        for member in properties.keys() {
            let is_said = |(about, setting): &(&str, &str)| {
                *about == name(of) && setting.split('.').next() == Some(member)
            };
            if !documented.iter().any(is_said) {
                missing.push(format!("| {} | `{member}` | ", name(of)));
            }
        }
    }
    assert!(missing.is_empty(), "docs/managed-apis.md lacks\n{}", missing.join("\n"));
}
