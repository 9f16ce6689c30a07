//! Dynamic client registration, v0.17: `POST /client-registration/v0.17/register`.

use std::sync::Arc;

use axum::Json;
use axum::extract::Extension;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use phantom_store::ClientPurpose;
use phantom_store::ClientRow;
use phantom_store::StoreError;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::body::Body;
use crate::caller;
use crate::caller::Caller;
use crate::plane::Control;
use crate::plane::PeerAddress;
use crate::problem::ErrorBody;
use crate::problem::Outcome;
use crate::problem::Problem;
use crate::random;
use crate::seed::GATEWAY_CLIENT;

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
    #[serde(rename = "tokenScope")]
    _token_scope: Option<serde_json::Value>,
    #[serde(rename = "applicationType")]
    _application_type: Option<serde_json::Value>,
    #[serde(rename = "redirectUris")]
    _redirect_uris: Option<serde_json::Value>,
    #[serde(rename = "logoUri")]
    _logo_uri: Option<serde_json::Value>,
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
    let caller = match caller::identify(&control, &headers, address).await {
        Ok(Some(caller)) if caller.client.is_none() || caller.holds_any(&["admin"]) => caller,
        Ok(_) => return unauthenticated(),
        Err(problem) if problem.status == StatusCode::UNAUTHORIZED => return unauthenticated(),
        Err(problem) => return problem.into_response(),
    };
    let client = match body {
        Ok(Body(request)) => registered(&control, &caller, request).await,
        Err(problem) => Err(problem),
    };
    client.map(Json).into_response()
}

async fn registered(
    control: &Control,
    caller: &Caller,
    request: RegistrationRequest,
) -> Outcome<RegisteredClient> {
    let name = request.client_name.trim();
    if name.is_empty() || name.chars().count() > 255 {
        return Err(Problem::bad_request("clientName: size must be between 1 and 255"));
    }
    if name == GATEWAY_CLIENT {
        // Who holds its secret may ask about everybody's tokens.
        return Err(Problem::forbidden("The client of this name belongs to the gateways"));
    }
    let owner = request.owner.trim();
    let owner = owner.strip_suffix("@carbon.super").unwrap_or(owner);
    check_owner(control, caller, owner).await?;
    let mut write = control.write(caller).await?;
    if let Some(row) = write.registered_client(name).await? {
        return same_owner(row, owner).map(|row| view(&row));
    }
    let row = new_client(control, name, owner, &request)?;
    match write.insert_client(&row).await {
        Ok(()) => {
            write.commit().await?;
            Ok(view(&row))
        }
        Err(StoreError::Duplicate { .. }) => {
            Err(Problem::conflict("The client was registered by another request meanwhile."))
        }
        Err(error) => Err(error.into()),
    }
}

async fn check_owner(control: &Control, caller: &Caller, owner: &str) -> Outcome<()> {
    let bad_request = StatusCode::BAD_REQUEST;
    if owner.is_empty() {
        return Err(Problem::new(bad_request, "Application owner cannot be empty", ""));
    }
    if owner == caller.name {
        return Ok(());
    }
    if !caller.is_admin() {
        return Err(Problem::bad_request(format!(
            "Logged in user '{}' and application owner '{owner}' should be same.",
            caller.name
        )));
    }
    if control.store.user(owner).await?.is_none() {
        let message = format!("User: {owner} does not exist for application registration");
        return Err(Problem::new(StatusCode::FORBIDDEN, message, ""));
    }
    Ok(())
}

fn same_owner(row: ClientRow, owner: &str) -> Outcome<ClientRow> {
    if row.owner == owner {
        Ok(row)
    } else {
        Err(Problem::forbidden("Access is forbidden to the application"))
    }
}

fn new_client(
    control: &Control,
    name: &str,
    owner: &str,
    request: &RegistrationRequest,
) -> Outcome<ClientRow> {
    let callback_url = request.callback_url.as_deref().map(str::trim).filter(|url| !url.is_empty());
    // These need a place to come back to; without one WSO2 drops them without a word.
    let needs_callback = |grant: &&str| matches!(*grant, "authorization_code" | "implicit");
    let grants = request.grant_type.split_ascii_whitespace();
    let grants = grants.filter(|grant| callback_url.is_some() || !needs_callback(grant));
    Ok(ClientRow {
        client_id: random::client_id()?,
        name: name.to_owned(),
        owner: owner.to_owned(),
        secret: random::secret()?,
        grants: grants.map(str::to_owned).collect(),
        callback_url: callback_url.map(str::to_owned),
        token_type: request.token_type.clone().unwrap_or_else(|| "DEFAULT".to_owned()),
        purpose: ClientPurpose::Registered,
        document: json!({"saasApp": request.saas_app}),
        created_at: control.now(),
    })
}

fn view(row: &ClientRow) -> RegisteredClient {
    let callback_url = row.callback_url.clone().unwrap_or_default();
    let about = json!({
        "grant_types": row.grants.join(" "),
        "redirect_uris": callback_url,
        "client_name": row.name,
    });
    RegisteredClient {
        client_id: row.client_id.clone(),
        client_name: row.name.clone(),
        callback_url,
        client_secret: row.secret.expose_secret().to_owned(),
        is_saas_application: row.document.get("saasApp").is_some_and(|saas| saas == true),
        app_owner: row.owner.clone(),
        json_string: about.to_string(),
        json_app_attribute: "{}".to_owned(),
        application_uuid: None,
        token_type: row.token_type.clone(),
    }
}

fn unauthenticated() -> Response {
    let mut response = Problem::unauthenticated().into_response();
    let challenge = HeaderValue::from_static("Basic realm=\"phantom\", charset=\"UTF-8\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}
