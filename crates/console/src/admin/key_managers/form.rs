//! The form of a key manager, drawn from the description of its connector.

use phantom_access::roles::Role;
use phantom_manage::connector::Connector;
use phantom_manage::connector::Endpoint;
use phantom_manage::key_managers::CertificateType;
use phantom_manage::key_managers::Certificates;
use phantom_manage::key_managers::KeyManagerDocument;
use phantom_manage::key_managers::MASK;
use phantom_manage::key_managers::PermissionType;
use phantom_manage::key_managers::Permissions;
use phantom_manage::key_managers::TokenValidation;
use phantom_manage::key_managers::TokenValidationType;
use phantom_observe::key_managers::DiscoveredKeyManager;
use phantom_pages::components::Csrf;
use phantom_pages::components::Diff;
use phantom_pages::components::Field;
use phantom_pages::components::Secret;
use phantom_pages::components::Version;
use phantom_pages::form::Draft;
use phantom_pages::form::Form;
use phantom_terms::refusal::Refusal;
use serde_json::Value;

/// What refusals call a field, and where it stands.
pub(super) const FIELDS: &[(&str, &str)] = &[
    ("name", "name"),
    ("displayName", "display_name"),
    ("description", "description"),
    ("issuer", "issuer"),
    ("wellKnownEndpoint", "well_known"),
    ("introspectionEndpoint", "introspection_endpoint"),
    ("introspection_endpoint", "introspection_endpoint"),
    ("clientRegistrationEndpoint", "client_registration_endpoint"),
    ("tokenEndpoint", "token_endpoint"),
    ("token_endpoint", "token_endpoint"),
    ("revokeEndpoint", "revoke_endpoint"),
    ("revoke_endpoint", "revoke_endpoint"),
    ("userInfoEndpoint", "userinfo_endpoint"),
    ("authorizeEndpoint", "authorize_endpoint"),
    ("displayTokenEndpoint", "display_token_endpoint"),
    ("displayRevokeEndpoint", "display_revoke_endpoint"),
    ("certificates", "certificate"),
    ("certificates.value", "certificate"),
    ("consumerKeyClaim", "consumer_key_claim"),
    ("scopesClaim", "scopes_claim"),
    ("permissions", "roles"),
    ("permissions.roles", "roles"),
    ("tokenValidation", "reference_rule"),
    ("client_id", "client_id"),
    ("client_secret", "secret.client_secret"),
    ("expected_audience", "expected_audience"),
    ("clock_skew", "clock_skew"),
    ("cache_max_entries", "cache_max_entries"),
    ("additionalProperties.client_id", "client_id"),
    ("additionalProperties.client_secret", "secret.client_secret"),
    ("additionalProperties.expected_audience", "expected_audience"),
    ("additionalProperties.clock_skew", "clock_skew"),
    ("additionalProperties.cache_max_entries", "cache_max_entries"),
];

/// All of it, ready to be drawn.
pub(super) struct Sheet {
    pub(super) csrf: Csrf,
    pub(super) version: Option<Version>,
    pub(super) is_new: bool,
    pub(super) is_resident: bool,
    pub(super) kind: Field,
    pub(super) general: Vec<Field>,
    pub(super) well_known: Field,
    pub(super) endpoints: Vec<Field>,
    pub(super) connector: Vec<Setting>,
    pub(super) certificates: Vec<Field>,
    pub(super) permission: Vec<Field>,
    pub(super) advanced: Vec<Field>,
    pub(super) rules: Vec<Field>,
    pub(super) enabled: Field,
}

pub(super) enum Setting {
    Open(Field),
    Secret(Secret),
}

const PERMISSIONS: [(&str, &str); 3] =
    [("PUBLIC", "Public"), ("ALLOW", "Allow for roles"), ("DENY", "Deny for roles")];

impl Sheet {
    pub(super) fn new(
        csrf: Csrf,
        connector: Connector,
        draft: &Draft,
        version: Option<Version>,
    ) -> Self {
        let is_new = version.is_none();
        let kinds = [Connector::CurityPhantomToken, Connector::Custom];
        let kinds = kinds.map(|kind| (kind.kind(), kind.display_name()));
        let fixed = |field: Field| if is_new { field } else { field.fixed() };
        let is_ours = connector == Connector::Resident;
        let kind = match is_new {
            true => Field::select("type", "Key Manager Type", &kinds, connector.kind()).required(),
            false => {
                Field::text("type", "Key Manager Type").valued(connector.display_name()).fixed()
            }
        };
        let issuer = draft
            .text("issuer", "Issuer")
            .required_if(!is_ours)
            .helped("Compared exactly with the claim iss of each JWT.");
        let endpoints = connector.endpoints().iter().map(|(endpoint, required)| {
            let field = draft.url(endpoint.name(), endpoint.label()).required_if(*required);
            field.helped(use_of(*endpoint))
        });
        let certificate_kinds = [("JWKS", "JWKS"), ("PEM", "PEM")];
        Self {
            csrf,
            version,
            is_new,
            is_resident: connector == Connector::Resident,
            kind,
            general: vec![
                fixed(draft.text("name", "Name").required().such_as("curity")),
                draft.text("display_name", "Display Name"),
                draft.text("description", "Description"),
            ],
            well_known: draft
                .url("well_known", "Well-known URL")
                .such_as("https://login.example.com/.well-known/openid-configuration")
                .helped("OpenID or OAuth metadata. Import fills in what it says."),
            endpoints: std::iter::once(issuer).chain(endpoints).collect(),
            connector: settings(connector, draft, is_new),
            certificates: vec![
                draft.radios("certificate_kind", "Certificates", &certificate_kinds),
                draft
                    .area("certificate", "URL of the key set, or certificate", 2)
                    .required_if(!is_ours)
                    .helped("Signatures of JWTs are verified with it."),
            ],
            permission: vec![
                draft.radios("permission", "Key Manager Permission", &PERMISSIONS),
                draft
                    .text("roles", "Roles")
                    .suggesting(Role::ALL.iter().map(|role| role.as_str().to_owned()).collect())
                    .such_as("Internal/subscriber, Internal/creator")
                    .helped(
                        "For Allow and Deny: who sees it in the devportal, with commas between.",
                    ),
            ],
            advanced: advanced(draft),
            rules: vec![draft.text("reference_rule", "Opaque tokens that are its own").helped(
                "A regular expression for the whole token. Empty: all. Of several that take a token, the first by name is asked.",
            )],
            enabled: draft.tick("enabled", "Enabled").helped("Disabled, its tokens are refused."),
        }
    }
}

/// What an endpoint is kept for.
const fn use_of(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Introspection => "Gateways ask there about opaque tokens.",
        Endpoint::Token => "Shown to subscribers, and called by the workbench alone.",
        Endpoint::DisplayToken => "Shown to subscribers in the place of the token endpoint.",
        Endpoint::DisplayRevoke => "Shown to subscribers in the place of the revoke endpoint.",
        Endpoint::Revoke | Endpoint::UserInfo => {
            "Kept, and shown to subscribers alone: nothing here calls it."
        }
        Endpoint::Authorize => "The workbench signs users in there, and nothing else does.",
        Endpoint::ClientRegistration => "Kept and shown alone: nothing here calls it.",
    }
}

fn settings(connector: Connector, draft: &Draft, is_new: bool) -> Vec<Setting> {
    let fields = connector.fields().iter().map(|field| {
        let help = format!("{}.", field.tooltip);
        if field.mask {
            let secret = draft.secret(field.name, field.label).required_if(field.required);
            return Setting::Secret(secret.kept_if(!is_new).helped(&help));
        }
        let shown = match field.range {
            Some((least, most)) => draft.number(field.name, field.label).between(least, most),
            None => draft.text(field.name, field.label),
        };
        Setting::Open(shown.required_if(field.required).helped(&help))
    });
    fields.collect()
}

const KEPT: &str = "Kept and shown alone: it changes nothing here.";

fn advanced(draft: &Draft) -> Vec<Field> {
    vec![
        draft.tick("token_generation", "Token Generation").helped(KEPT),
        draft
            .tick("out_of_band", "Out Of Band Provisioning")
            .helped("Kept and shown alone: clients are made at the server, and their keys mapped, in any case."),
        draft.tick("app_creation", "OAuth App Creation").helped(KEPT),
        draft.tick("self_validate", "Self Validate JWT").helped(
            "JWTs that clients present are verified here; otherwise they are introspected.",
        ),
        draft
            .text("consumer_key_claim", "Consumer Key Claim")
            .helped("The claim that names the client. It leads to application and subscription."),
        draft.text("scopes_claim", "Scopes Claim"),
    ]
}

/// What a new one begins with.
pub(super) fn first(connector: Connector) -> Form {
    let mut form = Form::default()
        .with("type", connector.kind())
        .with("certificate_kind", "JWKS")
        .with("permission", "PUBLIC")
        .with("consumer_key_claim", connector.consumer_key_claim())
        .with("scopes_claim", connector.scopes_claim());
    for name in ["token_generation", "out_of_band", "app_creation", "self_validate", "enabled"] {
        form = form.ticked(name, true);
    }
    for field in connector.fields() {
        if let Some(default) = field.default {
            form = form.with(field.name, default);
        }
    }
    form
}

/// After another type was chosen: claims that were another type's own are this one's.
pub(super) fn of_type(connector: Connector, form: Form) -> Form {
    let claims = |connector: Connector| {
        [
            ("consumer_key_claim", connector.consumer_key_claim()),
            ("scopes_claim", connector.scopes_claim()),
        ]
    };
    claims(connector).into_iter().fold(form, |form, (name, usual)| {
        let entered = (name, form.get(name));
        match Connector::ALL.into_iter().any(|other| claims(other).contains(&entered)) {
            true => form.with_instead(name, usual),
            false => form,
        }
    })
}

/// What is stored, without its secrets.
pub(super) fn filled(connector: Connector, document: &KeyManagerDocument) -> Form {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let certificates = document.certificates.clone().unwrap_or_default();
    let permissions = document.permissions.clone().unwrap_or_default();
    let kind = match certificates.kind {
        Some(CertificateType::Pem) => "PEM",
        Some(CertificateType::Jwks) | None => "JWKS",
    };
    let permission = match permissions.permission_type.unwrap_or_default() {
        PermissionType::Public => "PUBLIC",
        PermissionType::Allow => "ALLOW",
        PermissionType::Deny => "DENY",
    };
    let mut form = Form::default()
        .with("name", &document.name)
        .with("display_name", text(&document.display_name))
        .with("description", text(&document.description))
        .with("well_known", text(&document.well_known_endpoint))
        .with("issuer", text(&document.issuer))
        .with("certificate_kind", kind)
        .with("certificate", text(&certificates.value))
        .with("permission", permission)
        .with("roles", permissions.roles.join(", "))
        .with("consumer_key_claim", text(&document.consumer_key_claim))
        .with("scopes_claim", text(&document.scopes_claim))
        .with("reference_rule", reference_rule(document))
        .ticked("token_generation", document.enable_token_generation.unwrap_or(false))
        .ticked("out_of_band", document.enable_map_oauth_consumer_apps.unwrap_or(false))
        .ticked("app_creation", document.enable_oauth_app_creation.unwrap_or(false))
        .ticked("self_validate", document.enable_self_validation_jwt.unwrap_or(true))
        .ticked("enabled", document.enabled.unwrap_or(true));
    for (endpoint, _) in connector.endpoints() {
        let value = document.endpoint(*endpoint).cloned().unwrap_or_default();
        form = form.with(endpoint.name(), value);
    }
    for field in connector.fields().iter().filter(|field| !field.mask) {
        let value = match document.additional_properties.get(field.name) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => field.default.unwrap_or_default().to_owned(),
        };
        form = form.with(field.name, value);
    }
    form
}

fn reference_rule(document: &KeyManagerDocument) -> String {
    let rule = document.token_validation.iter().find(|rule| is_reference(rule));
    rule.and_then(|rule| rule.value.as_ref()?.as_str()).unwrap_or_default().to_owned()
}

fn is_reference(rule: &TokenValidation) -> bool {
    rule.kind == Some(TokenValidationType::Reference) && rule.enable != Some(false)
}

/// The form with what the metadata says in the place of what was there.
pub(super) fn imported(form: Form, found: &DiscoveredKeyManager) -> Form {
    let certificate = found.certificates.as_ref().map(|certificate| certificate.value.clone());
    let values = [
        ("issuer", &found.issuer),
        (Endpoint::Introspection.name(), &found.introspection_endpoint),
        (Endpoint::ClientRegistration.name(), &found.client_registration_endpoint),
        (Endpoint::Token.name(), &found.token_endpoint),
        (Endpoint::Revoke.name(), &found.revoke_endpoint),
        (Endpoint::UserInfo.name(), &found.user_info_endpoint),
        (Endpoint::Authorize.name(), &found.authorize_endpoint),
        ("certificate", &certificate),
    ];
    let found = values.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
    let mut form = found.fold(form, |form, (name, value)| form.with_instead(name, value));
    if certificate.is_some() {
        form = form.with_instead("certificate_kind", "JWKS");
    }
    form
}

/// The document that the form stands for; what the form does not show stays as it is in `before`.
pub(super) fn read(
    connector: Connector,
    form: &Form,
    before: KeyManagerDocument,
) -> Result<KeyManagerDocument, Refusal> {
    let mut document = KeyManagerDocument {
        display_name: form.given("display_name"),
        description: form.given("description"),
        enabled: Some(form.has("enabled")),
        ..before
    };
    if document.kind.is_empty() {
        form.get("name").clone_into(&mut document.name);
        connector.kind().clone_into(&mut document.kind);
    }
    if connector == Connector::Resident {
        return Ok(document);
    }
    document.well_known_endpoint = form.given("well_known");
    document.issuer = form.given("issuer");
    // What the members' own names say is all there is to say.
    document.endpoints.clear();
    for (endpoint, _) in connector.endpoints() {
        *document.endpoint_mut(*endpoint) = form.given(endpoint.name());
    }
    let kind = match form.get("certificate_kind") {
        "PEM" => CertificateType::Pem,
        _ => CertificateType::Jwks,
    };
    document.certificates = form
        .given("certificate")
        .map(|value| Certificates { kind: Some(kind), value: Some(value) });
    document.permissions = Some(permissions(form)?);
    document.enable_token_generation = Some(form.has("token_generation"));
    document.enable_map_oauth_consumer_apps = Some(form.has("out_of_band"));
    document.enable_oauth_app_creation = Some(form.has("app_creation"));
    document.enable_self_validation_jwt = Some(form.has("self_validate"));
    document.consumer_key_claim = form.given("consumer_key_claim");
    document.scopes_claim = form.given("scopes_claim");
    document.token_validation.retain(|rule| !is_reference(rule));
    if let Some(rule) = form.given("reference_rule") {
        document.token_validation.push(TokenValidation {
            id: None,
            enable: Some(true),
            kind: Some(TokenValidationType::Reference),
            value: Some(Value::String(rule)),
        });
    }
    for field in connector.fields() {
        let value = match field.mask {
            // An empty field for a secret keeps the one there is.
            true => {
                let given = form.given(&format!("secret.{}", field.name));
                given.or_else(|| version_is_known(form).then(|| MASK.to_owned()))
            }
            false => form.given(field.name),
        };
        let properties = &mut document.additional_properties.0;
        match value {
            Some(value) => drop(properties.insert(field.name.to_owned(), Value::String(value))),
            None => drop(properties.remove(field.name)),
        }
    }
    Ok(document)
}

/// What is stored now against what was typed; of secrets alone whether another was.
pub(super) fn diff(connector: Connector, form: &Form, stored: &KeyManagerDocument) -> Option<Diff> {
    let mut typed = read(connector, form, stored.clone()).ok()?;
    for field in connector.fields().iter().filter(|field| field.mask) {
        if form.given(&format!("secret.{}", field.name)).is_some() {
            let properties = &mut typed.additional_properties.0;
            properties.insert(field.name.to_owned(), Value::from("another one"));
        }
    }
    // The same once more, for REST alone.
    let stored = &KeyManagerDocument { endpoints: Vec::new(), ..stored.clone() };
    typed.endpoints = Vec::new();
    let [stored, typed] = [stored, &typed].map(|document| serde_json::to_value(document).ok());
    Some(Diff::between(("Stored now", "What you entered"), &stored?, &typed?))
}

/// It is a form of one that is there already.
fn version_is_known(form: &Form) -> bool {
    form.given(phantom_pages::form::VERSION).is_some()
}

fn permissions(form: &Form) -> Result<Permissions, Refusal> {
    let permission_type = match form.get("permission") {
        "ALLOW" => PermissionType::Allow,
        "DENY" => PermissionType::Deny,
        _ => PermissionType::Public,
    };
    let roles = form.get("roles").split(',').map(str::trim).filter(|role| !role.is_empty());
    let roles: Vec<String> = match permission_type {
        PermissionType::Public if roles.clone().next().is_some() => {
            let rule =
                "permissions: for Public no role counts: empty the field, or choose Allow or Deny";
            return Err(Refusal::invalid(rule));
        }
        PermissionType::Public => Vec::new(),
        PermissionType::Allow | PermissionType::Deny => roles.map(str::to_owned).collect(),
    };
    if roles.is_empty() && permission_type != PermissionType::Public {
        return Err(Refusal::invalid("permissions: name at least one role, or choose Public"));
    }
    Ok(Permissions { permission_type: Some(permission_type), roles })
}
