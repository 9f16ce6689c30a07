//! The settings of WSO2's REST APIs that promise something which gateways here do not do. One list:
//! whoever sets one of them is refused with its name, so that nobody believes in what is not in force.
//! What says nothing, or what describes what we do, passes: WSO2's forms and exports send all members.

use crate::refusal::Outcome;
use crate::refusal::Refusal;
use serde_json::Value;

/// A setting that is refused unless it says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub of: Of,
    /// The way to it from the body, with dots.
    pub member: &'static str,
    /// What it may say besides nothing: `false`, 0, an empty text, or a list or an object of such.
    pub passes: &'static [&'static str],
    /// Why, and what there is instead.
    pub because: &'static str,
}

/// What a setting belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    Api,
    Operation,
    ApplicationPlan,
    SubscriptionPlan,
    AdvancedPlan,
    CustomRule,
    KeyManager,
    Application,
    ApplicationKey,
}

const fn setting(of: Of, member: &'static str, because: &'static str) -> Setting {
    Setting { of, member, passes: &[], because }
}

const fn except(
    of: Of,
    member: &'static str,
    passes: &'static [&'static str],
    because: &'static str,
) -> Setting {
    Setting { of, member, passes, because }
}

const ONE_TENANT: &str = "there is one tenant and one organization";
const NO_MEDIATION: &str = "requests and answers are not mediated";
const NO_FAILOVER: &str = "each kind of key has one endpoint";
const COUNTS_REQUESTS: &str = "requests are counted";
const LIVES: &str = "an access token lives for an hour, or for `validityTime`";
const NO_REDIRECTS: &str = "there is no authorization endpoint";

/// The list.
pub const SETTINGS: &[Setting] = &[
    except(
        Of::Api,
        "securityScheme",
        &["oauth2", "oauth_basic_auth_api_key_mandatory"],
        "callers are known by OAuth 2.0 access tokens alone",
    ),
    except(Of::Api, "apiKeyHeader", &["ApiKey"], "API keys are not taken"),
    setting(Of::Api, "maxTps.production", "use an advanced plan as apiThrottlingPolicy"),
    setting(Of::Api, "maxTps.sandbox", "use an advanced plan as apiThrottlingPolicy"),
    setting(Of::Api, "maxTps.tokenBasedThrottlingConfiguration", COUNTS_REQUESTS),
    setting(Of::Api, "enableSchemaValidation", "bodies are not validated"),
    setting(Of::Api, "responseCachingEnabled", "answers of backends are not cached"),
    setting(Of::Api, "enableSubscriberVerification", "there are no WebSub APIs"),
    setting(Of::Api, "websubSubscriptionConfiguration.enable", "there are no WebSub APIs"),
    setting(Of::Api, "asyncTransportProtocols", "there are no streaming APIs"),
    setting(Of::Api, "mediationPolicies", NO_MEDIATION),
    setting(Of::Api, "apiPolicies", NO_MEDIATION),
    setting(Of::Api, "apiHubPolicies", NO_MEDIATION),
    setting(Of::Api, "threatProtectionPolicies", NO_MEDIATION),
    except(
        Of::Api,
        "endpointImplementationType",
        &["ENDPOINT"],
        "requests go to the endpoints; answers are not made up",
    ),
    setting(Of::Api, "endpointConfig.implementation_status", "answers are not made up"),
    setting(Of::Api, "endpointConfig.production_endpoints.config", "time-outs are the gateway's"),
    setting(Of::Api, "endpointConfig.sandbox_endpoints.config", "time-outs are the gateway's"),
    setting(Of::Api, "endpointConfig.production_failovers", NO_FAILOVER),
    setting(Of::Api, "endpointConfig.sandbox_failovers", NO_FAILOVER),
    except(Of::Api, "endpointConfig.failOver", &["false"], NO_FAILOVER),
    setting(Of::Api, "endpointConfig.algoCombo", NO_FAILOVER),
    setting(Of::Api, "endpointConfig.algoClassName", NO_FAILOVER),
    setting(Of::Api, "endpointConfig.sessionManagement", NO_FAILOVER),
    except(
        Of::Api,
        "endpointConfig.endpoint_security.production.enabled",
        &["false"],
        "backends get the JWT and no credentials of their own",
    ),
    except(
        Of::Api,
        "endpointConfig.endpoint_security.sandbox.enabled",
        &["false"],
        "backends get the JWT and no credentials of their own",
    ),
    setting(Of::Api, "primaryProductionEndpointId", "the endpoint is in endpointConfig"),
    setting(Of::Api, "primarySandboxEndpointId", "the endpoint is in endpointConfig"),
    except(
        Of::Api,
        "accessControl",
        &["NONE"],
        "all who may view or change APIs may view or change this one",
    ),
    setting(Of::Api, "accessControlRoles", "accessControl knows NONE alone"),
    setting(Of::Api, "visibleTenants", ONE_TENANT),
    except(Of::Api, "visibleOrganizations", &["all", "none"], ONE_TENANT),
    setting(Of::Api, "organizationPolicies", ONE_TENANT),
    except(Of::Api, "subscriptionAvailability", &["CURRENT_TENANT", "ALL_TENANTS"], ONE_TENANT),
    setting(Of::Api, "subscriptionAvailableTenants", ONE_TENANT),
    setting(Of::Api, "monetization.enabled", "nothing is billed"),
    setting(Of::Api, "advertiseInfo.advertised", "an API is served here"),
    except(Of::Api, "subtypeConfiguration.subtype", &["DEFAULT"], "there are no AI APIs"),
    setting(Of::Api, "subtypeConfiguration.configuration", "there are no AI APIs"),
    except(Of::Api, "gatewayVendor", &["wso2"], "an API is served by these gateways"),
    except(Of::Api, "gatewayType", &["wso2/synapse"], "an API is served by these gateways"),
    setting(Of::Api, "egress", "there are no egress APIs"),
    setting(Of::Operation, "operationPolicies", NO_MEDIATION),
    setting(Of::Operation, "operationHubPolicies", NO_MEDIATION),
    setting(Of::Operation, "usedProductIds", "there are no API products"),
    setting(Of::Operation, "amznResourceName", "there are no AWS Lambda endpoints"),
    setting(Of::Operation, "uriMapping", "there are no streaming APIs"),
    except(Of::ApplicationPlan, "defaultLimit.type", &["REQUESTCOUNTLIMIT"], COUNTS_REQUESTS),
    except(
        Of::SubscriptionPlan,
        "defaultLimit.type",
        &["REQUESTCOUNTLIMIT", "EVENTCOUNTLIMIT"],
        COUNTS_REQUESTS,
    ),
    setting(Of::SubscriptionPlan, "graphQLMaxComplexity", "there are no GraphQL APIs"),
    setting(Of::SubscriptionPlan, "graphQLMaxDepth", "there are no GraphQL APIs"),
    setting(Of::SubscriptionPlan, "subscriberCount", "subscribers are not counted"),
    except(Of::SubscriptionPlan, "billingPlan", &["FREE"], "nothing is billed"),
    setting(Of::SubscriptionPlan, "monetization.properties", "nothing is billed"),
    except(Of::AdvancedPlan, "defaultLimit.type", &["REQUESTCOUNTLIMIT"], COUNTS_REQUESTS),
    setting(Of::AdvancedPlan, "conditionalGroups", "the default limit is for all requests"),
    setting(Of::CustomRule, "siddhiQuery", "rules in WSO2's stream language are not run"),
    setting(Of::KeyManager, "enableTokenEncryption", "tokens are kept as digests"),
    except(Of::KeyManager, "allowedOrganizations", &["ALL"], ONE_TENANT),
    setting(Of::Application, "groups", "an application is its owner's"),
    except(Of::Application, "visibility", &["PRIVATE"], "an application is its owner's"),
    setting(Of::ApplicationKey, "clientId", "ids are given here; map-keys takes others'"),
    setting(Of::ApplicationKey, "clientSecret", "secrets are given here; map-keys takes others'"),
    except(
        Of::ApplicationKey,
        "additionalProperties.application_access_token_expiry_time",
        &["N/A"],
        LIVES,
    ),
    except(
        Of::ApplicationKey,
        "additionalProperties.user_access_token_expiry_time",
        &["N/A"],
        LIVES,
    ),
    except(
        Of::ApplicationKey,
        "additionalProperties.refresh_token_expiry_time",
        &["N/A"],
        "a refresh token lives for a day",
    ),
    except(
        Of::ApplicationKey,
        "additionalProperties.id_token_expiry_time",
        &["N/A"],
        "there are no ID tokens",
    ),
    except(Of::ApplicationKey, "additionalProperties.pkceMandatory", &["false"], NO_REDIRECTS),
    except(Of::ApplicationKey, "additionalProperties.pkceSupportPlain", &["false"], NO_REDIRECTS),
    except(
        Of::ApplicationKey,
        "additionalProperties.bypassClientCredentials",
        &["false"],
        "a client has its secret",
    ),
];

/// Refuses the first setting of the list that `body` makes use of.
pub fn refuse(of: Of, body: &Value) -> Outcome<()> {
    refuse_at("", of, body)
}

/// The same of a part of a body: `place` is how its members begin there, as `operations[0].`.
pub fn refuse_at(place: &str, of: Of, body: &Value) -> Outcome<()> {
    let used = |setting: &&Setting| setting.of == of && setting.is_used(body);
    match SETTINGS.iter().find(used) {
        None => Ok(()),
        Some(Setting { member, because, .. }) => {
            let description = format!("{place}{member}: is not in force here: {because}");
            Err(Refusal::invalid(description))
        }
    }
}

impl Setting {
    fn is_used(&self, body: &Value) -> bool {
        let value = self.member.split('.').try_fold(body, |at, name| at.get(name));
        value.is_some_and(|value| !self.lets_pass(value))
    }

    fn lets_pass(&self, value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(false) => true,
            Value::Bool(true) => false,
            Value::Number(number) => number.as_f64() == Some(0.0),
            Value::String(text) => {
                text.is_empty() || self.passes.iter().any(|each| each.eq_ignore_ascii_case(text))
            }
            Value::Array(entries) => entries.iter().all(|entry| self.lets_pass(entry)),
            Value::Object(members) => members.values().all(|member| self.lets_pass(member)),
        }
    }
}
