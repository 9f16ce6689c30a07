//! The rules that the settings of an API keep, and what stands in for those that are left out.

mod endpoints;
mod identity;
mod operations;
mod scopes;

pub use endpoints::Reach;
pub use identity::Identity;
pub use identity::VERSION;
pub use identity::check_version;
pub use identity::default_path;
pub use identity::path;
pub use scopes::scope_name;
pub use scopes::valid as valid_scope;

use std::collections::BTreeMap;

use phantom_access::plane::Control;
use phantom_access::roles::Role;
use phantom_core::credential_field;
use phantom_definition::CorsDocument;
use phantom_definition::OperationDocument;
use phantom_definition::ScopeDocument;
use phantom_definition::Transport;
use phantom_definition::Verb;
use phantom_store::KeyManagerRow;
use phantom_store::PlanLevel;
use phantom_store::PlanRow;
use phantom_store::ScopeRow;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::stored;
use phantom_terms::text;
use phantom_terms::unenforced;
use phantom_terms::unenforced::Of;
use serde_json::Value;

use super::document::ALL_KEY_MANAGERS;
use super::document::ApiDocument;
use super::document::BusinessInformation;
use super::document::Property;
use super::document::SecurityScheme;
use super::document::Visibility;
use crate::lookup::Source;

/// Most entries of a list that has no bound of its own.
const MAX_ENTRIES: usize = 100;

/// What settings may refer to.
#[derive(Debug)]
pub struct Known {
    plans: Vec<PlanRow>,
    key_managers: Vec<KeyManagerRow>,
    shared_scopes: Vec<ScopeRow>,
    /// Where endpoints may be.
    reach: Reach,
}

impl Known {
    pub(crate) async fn read(control: &Control, source: &mut impl Source) -> Outcome<Self> {
        Ok(Self {
            plans: source.plans().await?,
            key_managers: source.key_managers().await?,
            shared_scopes: source.scopes().await?,
            reach: Reach::of(&control.settings),
        })
    }

    #[must_use]
    pub const fn reach(&self) -> Reach {
        self.reach
    }

    fn require_plan(&self, level: PlanLevel, name: &str) -> Outcome<()> {
        if self.plans.iter().any(|plan| plan.level == level && plan.name == name) {
            return Ok(());
        }
        Err(Refusal::UnknownPlan(name.to_owned()))
    }

    fn shared_scope(&self, name: &str) -> Option<&ScopeRow> {
        self.shared_scopes.iter().find(|row| row.name == name)
    }
}

/// The property of an API's own by which its owner has credentials removed on open operations too.
pub const STRIP_OPEN_AUTHORIZATION: &str = "strip_open_authorization";

/// The settings, valid. `before` is what they were: what clients cannot say is taken from there.
pub fn settings(
    given: ApiDocument,
    known: &Known,
    before: Option<&ApiDocument>,
) -> Outcome<ApiDocument> {
    refuse_unenforced(&given)?;
    text::optional("displayName", given.display_name.as_deref(), 255)?;
    text::optional("description", given.description.as_deref(), 32_766)?;
    let operations = match given.operations.is_empty() {
        true => operations::usual(),
        false => given.operations,
    };
    let (operations, scopes) = resources(operations, given.scopes, known, before)?;
    let plan = given.api_throttling_policy.filter(|plan| !plan.is_empty());
    if let Some(plan) = &plan {
        known.require_plan(PlanLevel::Advanced, plan)?;
    }
    let visible_roles = texts("visibleRoles", given.visible_roles)?;
    check_visibility(given.visibility, &visible_roles)?;
    let by_name = given.additional_properties_map.into_iter();
    let by_name = by_name.map(|(name, property)| Property { name, ..property });
    let additional_properties = match given.additional_properties.is_empty() {
        true => by_name.collect(),
        false => given.additional_properties,
    };
    check_properties(&additional_properties)?;
    check_business(&given.business_information)?;
    check_cors(&given.cors_configuration)?;
    if let Some(config) = &given.endpoint_config {
        endpoints::check(config, known.reach)?;
    }
    Ok(ApiDocument {
        audiences: texts("audiences", given.audiences)?,
        transport: transports(given.transport)?,
        tags: texts("tags", given.tags)?,
        policies: business_plans(given.policies, known)?,
        api_throttling_policy: plan,
        authorization_header: authorization_header(given.authorization_header)?,
        api_key_header: header_name("apiKeyHeader", given.api_key_header, "ApiKey")?,
        security_scheme: security_schemes(given.security_scheme),
        visible_roles,
        additional_properties,
        r#type: None,
        additional_properties_map: BTreeMap::new(),
        scopes,
        operations,
        key_managers: key_managers(given.key_managers, known)?,
        definition: before.and_then(|before| before.definition.clone()),
        history: before.map(|before| before.history.clone()).unwrap_or_default(),
        ..given
    })
}

fn refuse_unenforced(given: &ApiDocument) -> Outcome<()> {
    let mut body = stored::write(given)?;
    if let Value::Object(members) = &mut body {
        members.extend(given.others.clone());
    }
    unenforced::refuse(Of::Api, &body)
}

/// What can be called, and the scopes that it asks for.
pub fn resources(
    operations: Vec<OperationDocument>,
    scopes: Vec<ScopeDocument>,
    known: &Known,
    before: Option<&ApiDocument>,
) -> Outcome<(Vec<OperationDocument>, Vec<ScopeDocument>)> {
    let scopes = scopes::local_and_shared(scopes, known)?;
    operations::valid(operations, scopes, known, before)
}

/// Roles have to be there.
pub fn known_roles(roles: &[String]) -> Outcome<()> {
    match roles.iter().find(|role| Role::from_name(role).is_none()) {
        None => Ok(()),
        Some(role) => Err(Refusal::UnknownRole(role.clone())),
    }
}

/// A list of short, non-empty texts, each once.
pub fn texts(member: &str, values: Vec<String>) -> Outcome<Vec<String>> {
    text::count(member, values.len(), MAX_ENTRIES)?;
    let mut each_once: Vec<String> = Vec::with_capacity(values.len());
    for value in values {
        text::length(member, &value, 0, 255)?;
        if value.trim().is_empty() {
            return Err(Refusal::invalid(format!("{member}: entries must not be empty")));
        }
        if !each_once.contains(&value) {
            each_once.push(value);
        }
    }
    Ok(each_once)
}

fn check_visibility(visibility: Visibility, roles: &[String]) -> Outcome<()> {
    if visibility == Visibility::Restricted && roles.is_empty() {
        return Err(Refusal::invalid("visibleRoles: RESTRICTED needs at least one role"));
    }
    known_roles(roles)
}

pub fn transports(mut transports: Vec<Transport>) -> Outcome<Vec<Transport>> {
    transports.sort_unstable_by_key(|transport| *transport == Transport::Https);
    transports.dedup();
    if transports.is_empty() {
        return Err(Refusal::invalid("transport: at least one of http and https"));
    }
    Ok(transports)
}

fn business_plans(given: Vec<String>, known: &Known) -> Outcome<Vec<String>> {
    let plans = texts("policies", given)?;
    plans.iter().try_for_each(|plan| known.require_plan(PlanLevel::Subscription, plan))?;
    Ok(plans)
}

pub fn authorization_header(given: String) -> Outcome<String> {
    header_name("authorizationHeader", given, "Authorization")
}

fn header_name(member: &str, name: String, usual: &str) -> Outcome<String> {
    if name.is_empty() {
        return Ok(usual.to_owned());
    }
    let invalid = |rule| Refusal::invalid(format!("{member}: {rule}"));
    credential_field::check(&name).map_err(invalid)?;
    Ok(name)
}

fn security_schemes(given: Vec<SecurityScheme>) -> Vec<SecurityScheme> {
    let mut schemes = Vec::new();
    for scheme in given {
        if !schemes.contains(&scheme) {
            schemes.push(scheme);
        }
    }
    if schemes.is_empty() {
        schemes = vec![SecurityScheme::OAuth2, SecurityScheme::OauthBasicAuthApiKeyMandatory];
    }
    schemes
}

fn check_properties(given: &[Property]) -> Outcome<()> {
    text::count("additionalProperties", given.len(), MAX_ENTRIES)?;
    for (at, property) in given.iter().enumerate() {
        text::length("additionalProperties", &property.name, 0, 255)?;
        text::length("additionalProperties", &property.value, 0, 1024)?;
        if property.name.is_empty() || property.name.contains(char::is_whitespace) {
            let rule = "additionalProperties: a name must not be empty or hold blanks";
            return Err(Refusal::invalid(rule));
        }
        if given.iter().take(at).any(|other| other.name == property.name) {
            return Err(Refusal::invalid("additionalProperties: a name stands twice"));
        }
        let is_answer =
            ["true", "false"].iter().any(|word| property.value.eq_ignore_ascii_case(word));
        if property.name == STRIP_OPEN_AUTHORIZATION && !is_answer {
            let rule = format!("additionalProperties: {STRIP_OPEN_AUTHORIZATION} is true or false");
            return Err(Refusal::invalid(rule));
        }
    }
    Ok(())
}

fn check_business(given: &BusinessInformation) -> Outcome<()> {
    for (member, value, most) in [
        ("businessOwner", &given.business_owner, 120),
        ("businessOwnerEmail", &given.business_owner_email, 254),
        ("technicalOwner", &given.technical_owner, 120),
        ("technicalOwnerEmail", &given.technical_owner_email, 254),
    ] {
        text::optional(member, value.as_deref(), most)?;
    }
    Ok(())
}

/// They become headers of answers.
pub fn check_cors(given: &CorsDocument) -> Outcome<()> {
    let lists = [
        ("accessControlAllowOrigins", &given.access_control_allow_origins),
        ("accessControlAllowHeaders", &given.access_control_allow_headers),
        ("accessControlAllowMethods", &given.access_control_allow_methods),
    ];
    for (member, values) in lists {
        text::count(member, values.len(), MAX_ENTRIES)?;
        let is_sound = |value: &String| {
            !value.is_empty() && value.len() <= 255 && value.bytes().all(|b| b.is_ascii_graphic())
        };
        if !values.iter().all(is_sound) {
            return Err(Refusal::invalid(format!("{member}: not what a header can hold")));
        }
    }
    let is_method =
        |method: &str| method == "*" || Verb::ALL.iter().any(|verb| verb.as_str() == method);
    if let Some(method) = given.access_control_allow_methods.iter().find(|each| !is_method(each)) {
        return Err(Refusal::invalid(format!(
            "accessControlAllowMethods: '{method}' is none that a resource has: {} or *",
            Verb::ALL.map(Verb::as_str).join(", ")
        )));
    }
    // RFC 6454 §6.2: no browser sends anything else.
    let is_origin = |value: &str| {
        let authority = value.split_once("://").map(|(_, authority)| authority);
        matches!(value, "*" | "null")
            || authority.is_some_and(|authority| !authority.is_empty() && !authority.contains('/'))
    };
    match given.access_control_allow_origins.iter().find(|origin| !is_origin(origin)) {
        Some(origin) => Err(Refusal::invalid(format!(
            "accessControlAllowOrigins: '{origin}' is no origin: as https://app.example.com, without a path"
        ))),
        None => Ok(()),
    }
}

fn key_managers(given: Vec<String>, known: &Known) -> Outcome<Vec<String>> {
    let names = texts("keyManagers", given)?;
    if names.is_empty() {
        return Err(Refusal::KeyManagerList);
    }
    if names.iter().any(|name| name == ALL_KEY_MANAGERS) {
        return Ok(vec![ALL_KEY_MANAGERS.to_owned()]);
    }
    // One that is disabled passes: it may be enabled again.
    match names.iter().find(|name| !known.key_managers.iter().any(|row| row.name == **name)) {
        None => Ok(names),
        Some(name) => Err(Refusal::UnknownKeyManager(name.clone())),
    }
}
