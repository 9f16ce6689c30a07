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

use phantom_store::KeyManagerRow;
use phantom_store::PlanLevel;
use phantom_store::PlanRow;
use phantom_store::ScopeRow;
use serde_json::Value;

use super::document::ALL_KEY_MANAGERS;
use super::document::ApiDocument;
use super::document::BusinessInformation;
use super::document::CorsDocument;
use super::document::OperationDocument;
use super::document::Property;
use super::document::ScopeDocument;
use super::document::SecurityScheme;
use super::document::Transport;
use super::document::Visibility;
use super::raw;
use super::raw::RawApi;
use super::raw::RawApiScope;
use super::raw::RawOperation;
use crate::app::text;
use crate::app::unenforced;
use crate::app::unenforced::Of;
use crate::lookup::Source;
use crate::plane::Control;
use crate::refusal::Outcome;
use crate::refusal::Refusal;
use crate::roles::Role;
use crate::stored;

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

/// The settings, valid. `before` is what they were: what clients cannot say is taken from there.
pub fn settings(raw: RawApi, known: &Known, before: Option<&ApiDocument>) -> Outcome<ApiDocument> {
    unenforced::refuse(Of::Api, &stored::write(&raw)?)?;
    let others = raw::kept(&raw, raw::KEPT)?;
    text::optional("displayName", raw.display_name.as_deref(), 255)?;
    text::optional("description", raw.description.as_deref(), 32_766)?;
    let operations = match raw.operations {
        Some(operations) if !operations.is_empty() => operations,
        _ => operations::usual(),
    };
    let (operations, scopes) =
        resources(operations, raw.scopes.unwrap_or_default(), known, before)?;
    let plan = raw.api_throttling_policy.filter(|plan| !plan.is_empty());
    if let Some(plan) = &plan {
        known.require_plan(PlanLevel::Advanced, plan)?;
    }
    let visibility = raw.visibility.unwrap_or_default();
    let visible_roles = texts("visibleRoles", raw.visible_roles)?;
    check_visibility(visibility, &visible_roles)?;
    Ok(ApiDocument {
        display_name: raw.display_name,
        description: raw.description,
        is_default_version: raw.is_default_version.unwrap_or(false),
        audience: raw.audience,
        audiences: texts("audiences", raw.audiences)?,
        transport: transports(raw.transport)?,
        tags: texts("tags", raw.tags)?,
        policies: business_plans(raw.policies, known)?,
        api_throttling_policy: plan,
        authorization_header: authorization_header(raw.authorization_header)?,
        api_key_header: header_name("apiKeyHeader", raw.api_key_header, "ApiKey")?,
        security_scheme: security_schemes(raw.security_scheme),
        visibility,
        visible_roles,
        additional_properties: properties(raw.additional_properties.unwrap_or_else(|| {
            raw.additional_properties_map
                .unwrap_or_default()
                .into_iter()
                .map(|(name, property)| Property { name, ..property })
                .collect()
        }))?,
        business_information: business_information(raw.business_information)?,
        cors_configuration: cors(raw.cors_configuration)?,
        endpoint_config: endpoints::valid(raw.endpoint_config, known.reach)?,
        scopes,
        operations,
        key_managers: key_managers(raw.key_managers, known)?,
        others,
        definition: before.and_then(|before| before.definition.clone()),
        history: before.map(|before| before.history.clone()).unwrap_or_default(),
    })
}

/// What can be called, and the scopes that it asks for.
pub fn resources(
    operations: Vec<RawOperation>,
    scopes: Vec<RawApiScope>,
    known: &Known,
    before: Option<&ApiDocument>,
) -> Outcome<(Vec<OperationDocument>, Vec<ScopeDocument>)> {
    let scopes = scopes::local_and_shared(scopes, known)?;
    operations::valid(operations, scopes, known, before)
}

/// Roles have to be there.
pub fn known_roles(roles: &[String]) -> Outcome<()> {
    match roles.iter().find(|role| Role::named(role).is_none()) {
        None => Ok(()),
        Some(role) => Err(Refusal::UnknownRole(role.clone())),
    }
}

/// A list of short, non-empty texts, each once.
pub fn texts(member: &str, values: Option<Vec<String>>) -> Outcome<Vec<String>> {
    let values = values.unwrap_or_default();
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

pub fn transports(given: Option<Vec<Transport>>) -> Outcome<Vec<Transport>> {
    let mut transports = given.unwrap_or_else(|| vec![Transport::Http, Transport::Https]);
    transports.sort_unstable_by_key(|transport| *transport == Transport::Https);
    transports.dedup();
    if transports.is_empty() {
        return Err(Refusal::invalid("transport: at least one of http and https"));
    }
    Ok(transports)
}

fn business_plans(given: Option<Vec<String>>, known: &Known) -> Outcome<Vec<String>> {
    let plans = texts("policies", given)?;
    plans.iter().try_for_each(|plan| known.require_plan(PlanLevel::Subscription, plan))?;
    Ok(plans)
}

pub fn authorization_header(given: Option<String>) -> Outcome<String> {
    header_name("authorizationHeader", given, "Authorization")
}

fn header_name(member: &str, given: Option<String>, usual: &str) -> Outcome<String> {
    let Some(name) = given.filter(|name| !name.is_empty()) else { return Ok(usual.to_owned()) };
    if name.len() > 128 || !name.bytes().all(is_token) {
        return Err(Refusal::invalid(format!("{member}: not the name of a header")));
    }
    Ok(name)
}

/// A character of a token (RFC 9110 §5.6.2).
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

fn security_schemes(given: Option<Vec<SecurityScheme>>) -> Vec<SecurityScheme> {
    let mut schemes = Vec::new();
    for scheme in given.unwrap_or_default() {
        if !schemes.contains(&scheme) {
            schemes.push(scheme);
        }
    }
    if schemes.is_empty() {
        schemes = vec![SecurityScheme::OAuth2, SecurityScheme::OauthBasicAuthApiKeyMandatory];
    }
    schemes
}

fn properties(given: Vec<Property>) -> Outcome<Vec<Property>> {
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
    }
    Ok(given)
}

fn business_information(given: Option<BusinessInformation>) -> Outcome<BusinessInformation> {
    let given = given.unwrap_or_default();
    for (member, value, most) in [
        ("businessOwner", &given.business_owner, 120),
        ("businessOwnerEmail", &given.business_owner_email, 254),
        ("technicalOwner", &given.technical_owner, 120),
        ("technicalOwnerEmail", &given.technical_owner_email, 254),
    ] {
        text::optional(member, value.as_deref(), most)?;
    }
    Ok(given)
}

/// They become headers of answers.
pub fn cors(given: Option<CorsDocument>) -> Outcome<CorsDocument> {
    let Some(given) = given else { return Ok(CorsDocument::usual()) };
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
    Ok(given)
}

fn key_managers(given: Option<Value>, known: &Known) -> Outcome<Vec<String>> {
    let Some(given) = given else { return Ok(vec![ALL_KEY_MANAGERS.to_owned()]) };
    let Value::Array(given) = given else { return Err(Refusal::KeyManagerList) };
    let names: Option<Vec<String>> =
        given.iter().map(|name| name.as_str().map(str::to_owned)).collect();
    let names = texts("keyManagers", Some(names.ok_or(Refusal::KeyManagerList)?))?;
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
