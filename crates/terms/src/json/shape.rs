//! Members that types do not name one by one: those that only we set, and those that are kept as they
//! are. One list for all that clients send; the OpenAPI document describes them from it. A member that is
//! null is one that is not there.

use serde_json::Map;
use serde_json::Value;

use super::misfit::Misfit;

/// What of a type's members stands here. Several names are separated by blanks.
#[derive(Debug)]
pub struct Shape {
    /// The type's own name.
    of: &'static str,
    /// The name that the OpenAPI document has for it.
    pub schema: &'static str,
    /// Members that only we set: taken, as clients send back what they have read, and passed over.
    pub ours: &'static str,
    /// Members that mean nothing to us: they go into the type's member `others`.
    kept: &'static [(Verbatim, &'static str)],
    /// Members that clients know nothing of.
    private: &'static [&'static str],
    /// The member that on the wire holds all of these but `shared`.
    within: Option<&'static str>,
}

/// The type of a member that is kept.
#[derive(Clone, Copy, Debug)]
pub enum Verbatim {
    Flag,
    Number,
    Text,
    Texts,
    Object,
    Objects,
    /// The schema's name, and the texts that it lists.
    OneOf(&'static str, &'static [&'static str]),
}

const OTHERS: &str = "others";
/// Of a plan of any level.
const PLAN: &str = "policyId isDeployed";

pub const SHAPES: &[Shape] = {
    use Verbatim::*;
    &[
        Shape {
            ours: "id provider lifeCycleStatus wsdlUrl hasThumbnail isRevision revisionedApiId \
                   revisionId workflowStatus createdTime lastUpdatedTimestamp lastUpdatedTime \
                   initiatedFromGateway",
            kept: &[
                (
                    Flag,
                    "responseCachingEnabled enableSchemaValidation enableSubscriberVerification \
                     egress",
                ),
                (Number, "cacheTimeout"),
                (
                    Text,
                    "primaryProductionEndpointId primarySandboxEndpointId gatewayVendor \
                     gatewayType",
                ),
                (
                    Texts,
                    "visibleTenants visibleOrganizations subscriptionAvailableTenants \
                     accessControlRoles categories asyncTransportProtocols",
                ),
                (
                    Object,
                    "wsdlInfo maxTps apiPolicies monetization websubSubscriptionConfiguration \
                     subtypeConfiguration threatProtectionPolicies serviceInfo advertiseInfo",
                ),
                (Objects, "organizationPolicies mediationPolicies apiHubPolicies"),
                (
                    OneOf(
                        "publisher.SubscriptionAvailability",
                        &["CURRENT_TENANT", "ALL_TENANTS", "SPECIFIC_TENANTS"],
                    ),
                    "subscriptionAvailability",
                ),
                (OneOf("publisher.AccessControl", &["NONE", "RESTRICTED"]), "accessControl"),
                (
                    OneOf(
                        "publisher.EndpointImplementation",
                        &["INLINE", "ENDPOINT", "MOCKED_OAS"],
                    ),
                    "endpointImplementationType",
                ),
            ],
            private: &["definition", "history"],
            ..shape("ApiDocument", "publisher.APIRequest")
        },
        Shape {
            kept: &[
                (Flag, "amznResourceContentEncode"),
                (Number, "amznResourceTimeout"),
                (Text, "amznResourceName payloadSchema uriMapping"),
                (Texts, "usedProductIds"),
                (Object, "operationPolicies"),
                (Objects, "operationHubPolicies"),
            ],
            ..shape("OperationDocument", "publisher.APIOperationRequest")
        },
        Shape {
            ours: "id usageCount",
            within: Some("scope"),
            ..shape("ScopeDocument", "publisher.ScopeRequest")
        },
        Shape { ours: "id usageCount", ..shape("RawScope", "publisher.ScopeRequest") },
        Shape {
            ours: "displayName id createdTime apiInfo deploymentInfo",
            ..shape("RevisionRequest", "publisher.APIRevisionRequest")
        },
        Shape {
            ours: "revisionUuid status deployedTime successDeployedTime liveGatewayCount \
                   deployedGatewayCount failedGatewayCount",
            ..shape("DeploymentRequest", "publisher.APIRevisionDeploymentRequest")
        },
        Shape {
            ours: "applicationId status subscriptionCount keys subscriptionScopes owner \
                   hashEnabled createdTime updatedTime",
            ..shape("ApplicationDocument", "devportal.ApplicationRequest")
        },
        Shape { ours: PLAN, ..shape("ApplicationThrottlePolicy", "ApplicationThrottlePolicy") },
        Shape { ours: PLAN, ..shape("SubscriptionThrottlePolicy", "SubscriptionThrottlePolicy") },
        Shape { ours: PLAN, ..shape("AdvancedThrottlePolicy", "AdvancedThrottlePolicy") },
        Shape { ours: PLAN, ..shape("CustomRule", "CustomRule") },
        Shape {
            ours: "subscriptionId apiInfo applicationInfo redirectionParams",
            ..shape("SubscriptionRequest", "devportal.SubscriptionRequest")
        },
        Shape {
            ours: "keyMappingId keyManager consumerKey consumerSecret consumerSecrets keyState \
                   keyType mode groupId token",
            ..shape("UpdateKeyRequest", "devportal.ApplicationKeyRequest")
        },
        Shape {
            ours: "additionalProperties",
            ..shape("TokenRequest", "devportal.ApplicationTokenGenerateRequest")
        },
        Shape {
            ours: "tokenScope applicationType redirectUris logoUri",
            ..shape("RegistrationRequest", "RegistrationRequest")
        },
    ]
};

const fn shape(of: &'static str, schema: &'static str) -> Shape {
    Shape { of, schema, ours: "", kept: &[], private: &[], within: None }
}

/// The members that the type of that name has, of those that a client has sent.
pub(super) fn sort(
    of: &str,
    known: &[&str],
    members: &mut Map<String, Value>,
) -> Result<(), Misfit> {
    let Some(shape) = SHAPES.iter().find(|shape| shape.of == of) else { return Ok(()) };
    if let Some(name) = shape.within {
        unfold(name, members)?;
    }
    let keeps = (!shape.kept.is_empty()).then_some(OTHERS);
    if let Some(private) =
        shape.private.iter().copied().chain(keeps).find(|name| members.contains_key(*name))
    {
        return Err(Misfit::unknown(private));
    }
    members.retain(|name, _| !shape.ours.split(' ').any(|ours| ours == name));
    let mut others = Map::new();
    for (name, verbatim) in shape.kept() {
        match members.remove(name) {
            None | Some(Value::Null) => {}
            Some(value) if verbatim.takes(&value) => {
                others.insert(name.to_owned(), value);
            }
            Some(_) => return Err(verbatim.misfit().of(name)),
        }
    }
    // Types that are kept as well are read from the store with whatever a later version has added.
    let mut names = members.keys();
    if let Some(unknown) = names.find(|name| !known.contains(&name.as_str())) {
        return Err(Misfit::unknown(unknown));
    }
    members.retain(|_, value| !value.is_null());
    if keeps.is_some() {
        members.insert(OTHERS.to_owned(), Value::Object(others));
    }
    Ok(())
}

fn unfold(within: &'static str, members: &mut Map<String, Value>) -> Result<(), Misfit> {
    let inner = match members.remove(within) {
        Some(Value::Object(inner)) => inner,
        None | Some(Value::Null) => return Err(Misfit::missing(within)),
        Some(_) => return Err(Verbatim::Object.misfit().of(within)),
    };
    let outer = std::mem::replace(members, inner);
    match outer.keys().find(|name| *name != "shared") {
        Some(unknown) => return Err(Misfit::unknown(unknown)),
        None if members.contains_key("shared") => return Err(Misfit::unknown("shared")),
        None => {}
    }
    members.extend(outer);
    Ok(())
}

impl Shape {
    /// Each member that is kept, by its name.
    pub fn kept(&self) -> impl Iterator<Item = (&'static str, Verbatim)> {
        let each = self.kept.iter();
        each.flat_map(|(verbatim, names)| names.split(' ').map(|name| (name, *verbatim)))
    }
}

impl Verbatim {
    fn takes(self, value: &Value) -> bool {
        let all =
            |is: fn(&Value) -> bool| value.as_array().is_some_and(|entries| entries.iter().all(is));
        match self {
            Self::Flag => value.is_boolean(),
            Self::Number => value.is_i64(),
            Self::Text => value.is_string(),
            Self::Texts => all(Value::is_string),
            Self::Object => value.is_object(),
            Self::Objects => all(Value::is_object),
            Self::OneOf(_, texts) => value.as_str().is_some_and(|text| texts.contains(&text)),
        }
    }

    fn misfit(self) -> Misfit {
        Misfit::disallowed(match self {
            Self::Flag => "must be true or false",
            Self::Number => "must be a whole number",
            Self::Text => "must be a string",
            Self::Texts => "must be an array of strings",
            Self::Object => "must be an object",
            Self::Objects => "must be an array of objects",
            Self::OneOf(_, texts) => return Misfit::outside(texts),
        })
    }
}
