//! `/explain`, `/key-managers/{keyManagerId}/introspect` and `/decode`: what the workbench does that a client
//! cannot do for itself.

use std::collections::BTreeMap;
use std::net::IpAddr;

use phantom_access::explain::Explained;
use phantom_access::explain::Question;
use phantom_core::UnixTime;
use phantom_observe::explain;
use phantom_observe::workbench;
use phantom_observe::workbench::Client;
use phantom_observe::workbench::NoAnswer;
use phantom_observe::workbench::Server;
use phantom_observe::workbench::Signature;
use phantom_observe::workbench::Step;
use phantom_rest::prelude::*;
use phantom_rest::secret::WireSecret;
use phantom_terms::refusal::Refusal;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// A request that is not sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ExplainOrder {
    #[serde(default = "get")]
    #[schema(default = "GET", max_length = 32)]
    method: String,
    /// `https://host:port/path` at a gateway. For administrators also a path alone.
    #[schema(max_length = 8192)]
    url: String,
    /// Sent as `Authorization: Bearer`.
    #[schema(value_type = Option<String>, max_length = 16384, write_only)]
    token: Option<WireSecret>,
    /// Further header fields, by name.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>, write_only)]
    headers: BTreeMap<String, WireSecret>,
    /// The address that it comes from, for deny policies on addresses. Your own where none is given.
    #[schema(value_type = Option<String>, max_length = 45)]
    peer: Option<IpAddr>,
}

fn get() -> String {
    "GET".to_owned()
}

/// Explain what gateways would decide on a request
///
/// Hop by hop, as `phantom explain`. The key manager is asked about the token; no backend is called, and no quota
/// is charged.
#[utoipa::path(
    post,
    path = "/explain",
    operation_id = "explainRequest",
    tag = "Phantom Gateway",
    request_body = ExplainOrder,
    responses((status = 200, description = "The decision", body = Explained), CreateErrors)
)]
pub async fn explain(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    Body(order): Body<ExplainOrder>,
) -> Answer<Json<Explained>> {
    let ExplainOrder { method, url, token, headers, peer } = order;
    let headers = headers.into_iter().map(|(name, WireSecret(value))| (name, value)).collect();
    let token = token.map(|WireSecret(token)| token);
    let question = Question { method, url, token, headers, peer: peer.or(caller.address) };
    Ok(Json(explain::explain(&control, &caller, &question).await?))
}

/// A token to ask about, and the client to ask as.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct IntrospectionOrder {
    #[schema(value_type = String, max_length = 16384, write_only)]
    token: WireSecret,
    /// A client that may introspect. Without one, the gateways' own asks, for who manages key managers.
    client_id: Option<String>,
    #[schema(value_type = Option<String>, write_only)]
    client_secret: Option<WireSecret>,
}

/// A request to a server and its answer. What is secret in the request is masked.
#[derive(Debug, Serialize, ToSchema)]
pub struct Exchanged {
    request: String,
    /// The command that does the same.
    curl: String,
    /// `null`: no answer came.
    status: Option<u16>,
    body: Option<String>,
    /// Why there is none.
    error: Option<String>,
}

/// What a server says of a token.
#[derive(Debug, Serialize, ToSchema)]
pub struct Introspection {
    json: Exchanged,
    /// Asked as gateways ask.
    jwt: Exchanged,
    /// The JWT among the answers, if there is one.
    decoded: Option<DecodedJwt>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecodedJwt {
    #[schema(value_type = Object)]
    header: serde_json::Value,
    #[schema(value_type = Object)]
    payload: serde_json::Value,
    /// `GOOD`, `BAD` or `UNCHECKED`, against the key set of the key manager.
    signature: &'static str,
    /// Why it is not good.
    signature_error: Option<String>,
    claims: Vec<ExplainedClaim>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedClaim {
    name: String,
    value: String,
    meaning: String,
    /// Whether it is as it has to be; `null` where nobody can say.
    right: Option<bool>,
    /// The time that it names, in milliseconds since 1970.
    #[schema(value_type = Option<u64>)]
    time: Option<UnixTime>,
}

/// Introspect a token at a key manager
///
/// Twice: for JSON, and for the JWT that gateways ask for. Nothing of it is kept.
#[utoipa::path(
    post,
    path = "/key-managers/{keyManagerId}/introspect",
    operation_id = "introspectAtKeyManager",
    tag = "Phantom Gateway",
    params(("keyManagerId" = String, Path)),
    request_body = IntrospectionOrder,
    responses((status = 200, description = "What it says", body = Introspection), CreateErrors)
)]
pub async fn introspect(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    PathOf(id): PathOf<String>,
    Body(order): Body<IntrospectionOrder>,
) -> Answer<Json<Introspection>> {
    let IntrospectionOrder { token: WireSecret(token), client_id, client_secret } = order;
    let server = Server::of_key_manager(&control, &caller, &id).await?;
    let secret = client_secret.map(|WireSecret(secret)| secret);
    let client = client_id.map(|id| Client { id, secret, in_form: false });
    let said = workbench::introspect(&control, &server, client, &token).await?;
    let decoded = match &said.phantom {
        Some(jwt) => decoded(&control, &server, jwt.expose_secret()).await,
        None => None,
    };
    Ok(Json(Introspection { json: exchanged(said.json), jwt: exchanged(said.jwt), decoded }))
}

/// A JWT.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecodingOrder {
    #[schema(value_type = String, max_length = 16384, write_only)]
    token: WireSecret,
}

/// Decode a JWT and check its signature with the keys of a key manager
#[utoipa::path(
    post,
    path = "/key-managers/{keyManagerId}/decode",
    operation_id = "decodeAtKeyManager",
    tag = "Phantom Gateway",
    params(("keyManagerId" = String, Path)),
    request_body = DecodingOrder,
    responses((status = 200, description = "What it says", body = DecodedJwt), CreateErrors)
)]
pub async fn decode(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    PathOf(id): PathOf<String>,
    Body(order): Body<DecodingOrder>,
) -> Answer<Json<DecodedJwt>> {
    let DecodingOrder { token: WireSecret(token) } = order;
    let server = Server::of_key_manager(&control, &caller, &id).await?;
    let decoded = decoded(&control, &server, token.expose_secret()).await;
    Ok(Json(decoded.ok_or_else(|| Refusal::invalid("token: is no JWT"))?))
}

async fn decoded(control: &Control, server: &Server, token: &str) -> Option<DecodedJwt> {
    let decoded = workbench::decode(control, Some(server), token).await?;
    let (signature, signature_error) = match decoded.signature {
        Signature::Good => ("GOOD", None),
        Signature::Bad(why) => ("BAD", Some(why)),
        Signature::Unchecked(why) => ("UNCHECKED", Some(why)),
    };
    let claims = decoded.claims.into_iter().map(|claim| ExplainedClaim {
        name: claim.name,
        value: claim.value,
        meaning: claim.words,
        right: claim.is_right,
        time: claim.time,
    });
    Some(DecodedJwt {
        header: serde_json::from_str(&decoded.header).ok()?,
        payload: serde_json::from_str(&decoded.payload).ok()?,
        signature,
        signature_error,
        claims: claims.collect(),
    })
}

fn exchanged(step: Step) -> Exchanged {
    let Step { request, curl, answer } = step;
    match answer {
        Ok(answer) => {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            Exchanged { request, curl, status: Some(answer.status), body: Some(body), error: None }
        }
        Err(NoAnswer { why, .. }) => {
            Exchanged { request, curl, status: None, body: None, error: Some(why) }
        }
    }
}
