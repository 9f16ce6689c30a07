//! OpenAPI definitions: imported, checked, read and replaced.

pub mod form;

use phantom_definition::OperationDocument;
use phantom_definition::Verb;
use phantom_manage::apis;
use phantom_manage::apis::Api;
use phantom_manage::definition;
use phantom_rest::prelude::*;
use phantom_rest::problem::ErrorItem;
use phantom_terms::json;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa::ToSchema;

use self::form::DefinitionForm;
use self::form::Form;
use self::form::ImportForm;
use super::apis as rest_apis;
use super::apis::ApiResponse;

/// Whether a definition can be imported.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::OpenAPIDefinitionValidationResponse)]
pub struct ValidationResponse {
    is_valid: bool,
    content: Option<String>,
    info: Option<DefinitionInfo>,
    errors: Vec<ErrorItem>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::OpenAPIDefinitionInfo)]
pub struct DefinitionInfo {
    name: String,
    version: String,
    context: Option<String>,
    description: Option<String>,
    #[serde(rename = "openAPIVersion")]
    openapi_version: String,
    endpoints: Vec<String>,
    operations: Vec<DefinedOperation>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = publisher::OpenAPIOperation)]
pub struct DefinedOperation {
    target: String,
    verb: Verb,
}

#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct ValidationParameters {
    /// Give the definition back.
    #[param(default = false)]
    return_content: Option<bool>,
}

/// Make an API from an OpenAPI 3 or Swagger 2.0 definition
#[utoipa::path(
    post,
    path = "/apis/import-openapi",
    operation_id = "publisher_import_openapi",
    tag = "Publisher: definitions",
    request_body(content = ImportForm, content_type = "multipart/form-data"),
    responses((status = 201, body = ApiResponse), CreateErrors),
)]
pub async fn import(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    mut form: Form,
) -> Answer<Response> {
    let settings: Map<String, Value> = match form.additional_properties.take() {
        Some(text) => json::parse(text.as_bytes())?,
        None => Map::new(),
    };
    let text = form.definition(&control).await?;
    let definition = definition::parse(&text)?;
    let api = definition::import(&control, &caller, definition, settings).await?;
    rest_apis::created(&control, api)
}

/// Check an OpenAPI 3 or Swagger 2.0 definition
///
/// Valid is what can be imported under a name, version and context that are free.
#[utoipa::path(
    post,
    path = "/apis/validate-openapi",
    operation_id = "publisher_validate_openapi",
    tag = "Publisher: definitions",
    params(ValidationParameters),
    request_body(content = DefinitionForm, content_type = "multipart/form-data"),
    responses((status = 200, body = ValidationResponse), CreateErrors),
)]
pub async fn validate(
    State(control): State<Arc<Control>>,
    QueryOf(asked): QueryOf<ValidationParameters>,
    form: Form,
) -> Answer<Json<ValidationResponse>> {
    let text = form.definition(&control).await?;
    let checked = match definition::parse(&text) {
        Ok(definition) => {
            let described = definition::check(&control, &definition).await?;
            described.map(|described| (described, definition))
        }
        Err(refusal) => Err(refusal),
    };
    let answer = match checked {
        Ok((described, definition)) => ValidationResponse {
            is_valid: true,
            content: asked
                .return_content
                .is_some_and(|wanted| wanted)
                .then(|| String::from_utf8_lossy(&text).into_owned()),
            info: Some(DefinitionInfo {
                name: definition.title().unwrap_or_default().to_owned(),
                version: definition.version().unwrap_or_default().to_owned(),
                context: described.base_path,
                description: definition.description().map(str::to_owned),
                openapi_version: definition.openapi().to_owned(),
                endpoints: definition.servers(),
                operations: described
                    .operations
                    .into_iter()
                    .map(|OperationDocument { target, verb, .. }| DefinedOperation { target, verb })
                    .collect(),
            }),
            errors: Vec::new(),
        },
        Err(refusal) => ValidationResponse::refusing(refusal.into()),
    };
    Ok(Json(answer))
}

/// Read the definition of an API
#[utoipa::path(
    get,
    path = "/apis/{apiId}/swagger",
    operation_id = "publisher_read_swagger",
    tag = "Publisher: definitions",
    params(("apiId" = String, Path)),
    responses((status = 200, body = Object), ReadErrors),
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
) -> Answer<Response> {
    Ok(written(&control, &apis::read(&control, &id).await?))
}

/// Replace the definition of an API, and with it its operations and scopes
#[utoipa::path(
    put,
    path = "/apis/{apiId}/swagger",
    operation_id = "publisher_replace_swagger",
    tag = "Publisher: definitions",
    params(("apiId" = String, Path)),
    request_body(content = DefinitionForm, content_type = "multipart/form-data"),
    responses((status = 200, body = Object), UpdateErrors),
)]
pub async fn replace(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
    IfMatch(expected): IfMatch,
    Extension(caller): Extension<Caller>,
    form: Form,
) -> Answer<Response> {
    let text = form.definition(&control).await?;
    let definition = definition::parse(&text)?;
    let api = definition::replace(&control, &caller, &id, definition, &expected).await?;
    Ok(written(&control, &api))
}

fn written(control: &Control, api: &Api) -> Response {
    let authorization_url = format!("{}/oauth2/authorize", control.settings.public_url);
    let headers = [(header::ETAG, entity_tag(api.row.version))];
    (headers, Json(definition::write(api, &authorization_url))).into_response()
}

impl ValidationResponse {
    fn refusing(problem: Problem) -> Self {
        Self { is_valid: false, content: None, info: None, errors: vec![problem.into()] }
    }
}
