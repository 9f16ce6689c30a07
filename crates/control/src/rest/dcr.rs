//! Dynamic client registration, v0.17: `POST /client-registration/v0.17/register`.

use axum::extract::Extension;
use http::HeaderMap;
use http::HeaderValue;
use phantom_access::resident;
use phantom_access::resident::Client;
use phantom_access::resident::Registration;
use phantom_rest::PeerAddress;
use phantom_rest::credential;
use phantom_rest::prelude::*;
use phantom_rest::problem::ErrorBody;
use phantom_terms::refusal::Refusal;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

/// What a client asks for. Members that WSO2 takes and does nothing with are taken as well.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RegistrationRequest {
    /// Identifies the client in the whole organisation.
    #[schema(min_length = 1, max_length = 255)]
    client_name: String,
    /// The user it belongs to.
    #[serde(default)]
    owner: String,
    /// Separated by blanks.
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    saas_app: bool,
    callback_url: Option<String>,
    token_type: Option<String>,
}

/// A registered client, in the order in which WSO2 writes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredClient {
    client_id: String,
    client_name: String,
    #[serde(rename = "callBackURL")]
    callback_url: String,
    client_secret: String,
    is_saas_application: bool,
    app_owner: String,
    /// JSON in a string.
    json_string: String,
    json_app_attribute: String,
    #[serde(rename = "applicationUUID")]
    application_uuid: Option<String>,
    token_type: String,
}

/// Register a client, or read it again
#[utoipa::path(
    post,
    path = "/client-registration/v0.17/register",
    tag = "Dynamic client registration",
    request_body = RegistrationRequest,
    responses(
        (status = 200, body = RegisteredClient),
        (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody),
        (status = 413, body = ErrorBody),
        (status = 415, body = ErrorBody),
        (status = 429, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
    security(("basic" = []), ("bearer" = ["apim:admin"]))
)]
pub async fn register(
    State(control): State<Arc<Control>>,
    peer: Option<Extension<PeerAddress>>,
    headers: HeaderMap,
    body: Result<Body<RegistrationRequest>, Problem>,
) -> Response {
    let address = peer.map(|Extension(PeerAddress(address))| address);
    let caller = match credential::caller(&control, &headers, address).await {
        Ok(Some(caller)) if resident::require_registrar(&caller).is_ok() => caller,
        Ok(_) => return unauthenticated(),
        Err(Refusal::Unauthenticated) => return unauthenticated(),
        Err(refusal) => return Problem::from(refusal).into_response(),
    };
    let registered = match body {
        Ok(Body(request)) => {
            let client = resident::register(&control, &caller, request.into()).await;
            client.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    registered.map(|client| Json(RegisteredClient::from(client))).into_response()
}

impl From<RegistrationRequest> for Registration {
    fn from(request: RegistrationRequest) -> Self {
        Self {
            name: request.client_name,
            owner: request.owner,
            grants: request.grant_type.split_ascii_whitespace().map(str::to_owned).collect(),
            callback_url: request.callback_url,
            token_type: request.token_type,
            saas: request.saas_app,
        }
    }
}

impl From<Client> for RegisteredClient {
    fn from(client: Client) -> Self {
        let callback_url = client.callback_url.unwrap_or_default();
        let about = json!({
            "grant_types": client.grants.join(" "),
            "redirect_uris": callback_url,
            "client_name": client.name,
        });
        Self {
            client_id: client.client_id,
            client_name: client.name,
            callback_url,
            client_secret: client.secret.expose_secret().to_owned(),
            is_saas_application: client.document.get("saasApp").is_some_and(|saas| saas == true),
            app_owner: client.owner,
            json_string: about.to_string(),
            json_app_attribute: "{}".to_owned(),
            application_uuid: None,
            token_type: client.token_type,
        }
    }
}

fn unauthenticated() -> Response {
    let mut response = Problem::from(Refusal::Unauthenticated).into_response();
    let challenge = HeaderValue::from_static("Basic realm=\"phantom\", charset=\"UTF-8\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}
