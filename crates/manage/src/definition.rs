//! APIs made from a definition, changed by one, and written as one.

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_definition::Definition;
use phantom_definition::Described;
use phantom_definition::DescribedScope;
use phantom_definition::InvalidDefinition;
use phantom_definition::Offered;
use phantom_definition::ScopeDocument;
use phantom_definition::describe;
use phantom_terms::json;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::apis;
use crate::apis::Api;
use crate::apis::document::ApiDocument;
use crate::apis::document::EndpointConfig;
use crate::apis::rules;
use crate::apis::rules::Known;
use phantom_terms::versioned::Expected;

/// The definition that a text is.
pub fn parse(text: &[u8]) -> Outcome<Definition> {
    Definition::parse(text).map_err(refused)
}

fn described(definition: &Definition) -> Outcome<Described> {
    describe(definition).map_err(refused)
}

#[expect(clippy::needless_pass_by_value, reason = "stands where errors are mapped")]
fn refused(error: InvalidDefinition) -> Refusal {
    Refusal::Definition(error.to_string())
}

/// The definition of the working copy. `authorization_url` is where tokens are asked for.
#[must_use]
pub fn write(api: &Api, authorization_url: &str) -> Value {
    let Api { row, document } = api;
    let endpoints = document.endpoint_config.as_ref();
    let offered = Offered {
        name: &row.name,
        version: &row.version_name,
        path: &api.path(),
        description: document.description.as_deref(),
        definition: document.definition.as_ref(),
        operations: &document.operations,
        scopes: &document.scopes,
        authorization_header: &document.authorization_header,
        cors: &document.cors_configuration,
        transports: &document.transport,
        production_endpoint: endpoints.and_then(|config| config.production()),
        sandbox_endpoint: endpoints.and_then(|config| config.sandbox()),
    };
    phantom_definition::write(&offered, authorization_url)
}

/// Makes an API. `settings` are members of an API object, which come before what the definition
/// says.
pub async fn import(
    control: &Control,
    caller: &Caller,
    definition: Definition,
    settings: Map<String, Value>,
) -> Outcome<Api> {
    let described = described(&definition)?;
    let reach = rules::Reach::of(&control.settings);
    let document = document(&definition, described, settings, reach)?;
    apis::create(control, caller, document, Some(definition.into_value())).await
}

/// What an API would be that is made from it, under a name, version and context that are free. Nothing
/// is made.
pub async fn check(
    control: &Control,
    definition: &Definition,
) -> Outcome<Result<Described, Refusal>> {
    let known = Known::read(control, &mut control.store()).await?;
    let checked = || {
        let described = described(definition)?;
        let identity = [("name", "Checked"), ("version", "v1"), ("context", "/checked")];
        let settings = identity.map(|(name, value)| (name.to_owned(), json!(value)));
        let settings = settings.into_iter().collect();
        let document = document(definition, described.clone(), settings, known.reach())?;
        rules::settings(document, &known, None)?;
        Ok(described)
    };
    Ok(checked())
}

/// Replaces the definition of an API, and with it its operations and scopes.
pub async fn replace(
    control: &Control,
    caller: &Caller,
    id: &str,
    definition: Definition,
    expected: &Expected,
) -> Outcome<Api> {
    let described = described(&definition)?;
    if described.operations.is_empty() {
        return Err(Refusal::NoOperation("The definition has no operation"));
    }
    let mut write = control.write(caller).await?;
    let mut api = apis::find_one(&mut write, id).await?;
    expected.check(api.row.version)?;
    let known = Known::read(control, &mut write).await?;
    let settings = changed(&api.document, described, definition, &known)?;
    apis::change_settings(&mut write, &mut api, settings).await?;
    let api = api.save(&mut write).await?;
    write.commit().await?;
    Ok(api)
}

fn document(
    definition: &Definition,
    described: Described,
    mut settings: Map<String, Value>,
    reach: rules::Reach,
) -> Outcome<ApiDocument> {
    let endpoints = endpoint_config(definition, &described, reach);
    let version = settings.get("version").and_then(Value::as_str).or(definition.version());
    let context = described.base_path.map(|path| {
        let suffix = format!("/{}", version.unwrap_or_default());
        path.strip_suffix(&suffix).unwrap_or(&path).to_owned()
    });
    let said = [
        ("name", json!(definition.title())),
        ("version", json!(definition.version())),
        ("context", json!(context)),
        ("description", json!(definition.description())),
        ("endpointConfig", json!(endpoints)),
        ("authorizationHeader", json!(described.authorization_header)),
        ("corsConfiguration", json!(described.cors)),
        ("transport", json!(described.transports)),
    ];
    for (member, value) in said {
        if !value.is_null() && settings.get(member).is_none_or(Value::is_null) {
            settings.insert(member.to_owned(), value);
        }
    }
    let mut document: ApiDocument = json::typed(Value::Object(settings))?;
    if document.context.is_none() {
        let rule =
            "context: must be among additionalProperties, since the definition has no base path";
        return Err(Refusal::invalid(rule));
    }
    if document.operations.is_empty() {
        // No path at all is a new API; paths without an operation would become one that takes everything.
        if described.operations.is_empty() && definition.has_paths() {
            let rule = "paths: none has an operation that gateways serve: get, put, post, delete, patch, head \
                        or options, in lower case";
            return Err(Refusal::invalid(rule));
        }
        document.operations = described.operations;
    }
    if document.scopes.is_empty() {
        let scopes = described.scopes.into_iter();
        document.scopes = scopes.map(|scope| merged(scope, None)).collect();
    }
    Ok(document)
}

/// Of the extensions; failing those, of the first server that is a place to call.
fn endpoint_config(
    definition: &Definition,
    described: &Described,
    reach: rules::Reach,
) -> Option<EndpointConfig> {
    let server = || {
        let mut servers = definition.servers().into_iter();
        servers.find(|url| reach.check("servers", url).is_ok())
    };
    let production = described.production_endpoint.clone();
    let sandbox = described.sandbox_endpoint.clone();
    let production = if sandbox.is_some() { production } else { production.or_else(server) };
    let mut config = Map::new();
    for (name, url) in [("production_endpoints", production), ("sandbox_endpoints", sandbox)] {
        if let Some(url) = url {
            config.insert(name.to_owned(), json!({"url": url}));
        }
    }
    if config.is_empty() {
        return None;
    }
    config.insert("endpoint_type".to_owned(), json!("http"));
    Some(EndpointConfig(config))
}

fn changed(
    before: &ApiDocument,
    described: Described,
    definition: Definition,
    known: &Known,
) -> Outcome<ApiDocument> {
    let scopes = described.scopes.into_iter().map(|scope| merged(scope, Some(before))).collect();
    let (operations, scopes) = rules::resources(described.operations, scopes, known, Some(before))?;
    let mut settings = ApiDocument { operations, scopes, ..before.clone() };
    if let Some(name) = described.authorization_header {
        settings.authorization_header = rules::authorization_header(name)?;
    }
    if let Some(cors) = described.cors {
        rules::check_cors(&cors)?;
        settings.cors_configuration = cors;
    }
    if let Some(transports) = described.transports {
        settings.transport = rules::transports(transports)?;
    }
    for (kind, url) in [
        ("production_endpoints", described.production_endpoint),
        ("sandbox_endpoints", described.sandbox_endpoint),
    ] {
        let Some(url) = url else { continue };
        known.reach().check(kind, &url)?;
        let EndpointConfig(config) = settings.endpoint_config.get_or_insert_default();
        config.entry("endpoint_type").or_insert_with(|| json!("http"));
        // Whatever else is configured of the endpoint stays.
        match config.get_mut(kind) {
            Some(Value::Object(endpoint)) => {
                endpoint.insert("url".to_owned(), json!(url));
            }
            _ => {
                config.insert(kind.to_owned(), json!({"url": url}));
            }
        }
    }
    settings.definition = Some(definition.into_value());
    Ok(settings)
}

/// What a definition cannot say of a scope is what it was.
fn merged(scope: DescribedScope, before: Option<&ApiDocument>) -> ScopeDocument {
    let DescribedScope { name, description, bindings } = scope;
    let known = before.and_then(|before| before.scopes.iter().find(|each| each.name == name));
    let bindings = bindings.or_else(|| known.map(|known| known.bindings.clone()));
    let display_name = known.and_then(|known| known.display_name.clone());
    ScopeDocument {
        display_name: Some(display_name.unwrap_or_else(|| name.clone())),
        name,
        description,
        bindings: bindings.unwrap_or_default(),
        shared: false,
    }
}
