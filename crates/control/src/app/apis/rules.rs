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

use http::HeaderName;
use http::StatusCode;
use phantom_store::KeyManagerRow;
use phantom_store::PlanLevel;
use phantom_store::PlanRow;
use phantom_store::ScopeRow;
use phantom_store::Write;
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
use crate::plane::Control;
use crate::problem::Outcome;
use crate::problem::Problem;
use crate::roles::Role;

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
    /// Outside of a transaction: to check alone.
    pub async fn of(control: &Control) -> Outcome<Self> {
        let Control { store, settings, .. } = control;
        Ok(Self {
            plans: store.plans().await?,
            key_managers: store.key_managers().await?,
            shared_scopes: store.scopes().await?,
            reach: Reach::of(settings),
        })
    }

    pub async fn read(control: &Control, write: &mut Write) -> Outcome<Self> {
        Ok(Self {
            plans: write.plans().await?,
            key_managers: write.key_managers().await?,
            shared_scopes: write.scopes().await?,
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
        let description = format!("The throttling policy '{name}' does not exist");
        Err(Problem::coded(StatusCode::BAD_REQUEST, 900_305, "Bad Request", description))
    }

    fn shared_scope(&self, name: &str) -> Option<&ScopeRow> {
        self.shared_scopes.iter().find(|row| row.name == name)
    }
}

/// The settings, valid. `before` is what they were: what clients cannot say is taken from there.
pub fn settings(raw: RawApi, known: &Known, before: Option<&ApiDocument>) -> Outcome<ApiDocument> {
    unenforced::refuse(Of::Api, &serde_json::to_value(&raw).map_err(|_| Problem::internal())?)?;
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

/// Roles that are there: 404 903250 for one that is not.
pub fn known_roles(roles: &[String]) -> Outcome<()> {
    match roles.iter().find(|role| Role::from_name(role).is_none()) {
        None => Ok(()),
        Some(role) => {
            let description = format!("The role '{role}' does not exist");
            Err(Problem::coded(StatusCode::NOT_FOUND, 903_250, "Role Not Found", description))
        }
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
            return Err(Problem::bad_request(format!("{member}: entries must not be empty")));
        }
        if !each_once.contains(&value) {
            each_once.push(value);
        }
    }
    Ok(each_once)
}

fn check_visibility(visibility: Visibility, roles: &[String]) -> Outcome<()> {
    if visibility == Visibility::Restricted && roles.is_empty() {
        return Err(Problem::bad_request("visibleRoles: RESTRICTED needs at least one role"));
    }
    known_roles(roles)
}

pub fn transports(given: Option<Vec<Transport>>) -> Outcome<Vec<Transport>> {
    let mut transports = given.unwrap_or_else(|| vec![Transport::Http, Transport::Https]);
    transports.sort_unstable_by_key(|transport| *transport == Transport::Https);
    transports.dedup();
    if transports.is_empty() {
        return Err(Problem::bad_request("transport: at least one of http and https"));
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
    if name.len() > 128 || HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(Problem::bad_request(format!("{member}: not the name of a header")));
    }
    Ok(name)
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
            return Err(Problem::bad_request(rule));
        }
        if given.iter().take(at).any(|other| other.name == property.name) {
            return Err(Problem::bad_request("additionalProperties: a name stands twice"));
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
            return Err(Problem::bad_request(format!("{member}: not what a header can hold")));
        }
    }
    Ok(given)
}

fn key_managers(given: Option<Value>, known: &Known) -> Outcome<Vec<String>> {
    let Some(given) = given else { return Ok(vec![ALL_KEY_MANAGERS.to_owned()]) };
    let refused = || {
        let description = "keyManagers has to be a list of names, at least one";
        Problem::coded(StatusCode::BAD_REQUEST, 903_203, "Bad Request", description)
    };
    let Value::Array(given) = given else { return Err(refused()) };
    let names: Option<Vec<String>> =
        given.iter().map(|name| name.as_str().map(str::to_owned)).collect();
    let names = texts("keyManagers", Some(names.ok_or_else(refused)?))?;
    if names.is_empty() {
        return Err(refused());
    }
    if names.iter().any(|name| name == ALL_KEY_MANAGERS) {
        return Ok(vec![ALL_KEY_MANAGERS.to_owned()]);
    }
    // One that is disabled passes: it may be enabled again.
    match names.iter().find(|name| !known.key_managers.iter().any(|row| row.name == **name)) {
        None => Ok(names),
        Some(name) => {
            let description = format!("The key manager '{name}' is not registered");
            let message = "Key Manager not Registered";
            Err(Problem::coded(StatusCode::BAD_REQUEST, 901_403, message, description))
        }
    }
}
