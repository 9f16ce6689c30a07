//! The workbench: OAuth by hand, each request beside its answer. What is got stays in the page: it comes
//! with each form, and goes with each answer.

mod bench;
mod decision;
mod drawn;
mod explained;
mod sealed;

use axum::extract::Query;
use axum::routing::get;
use http::HeaderMap;
use http::header;
use phantom_access::explain::Question;
use phantom_observe::explain;
use phantom_observe::workbench;
use phantom_observe::workbench::CallRequest;
use phantom_observe::workbench::Client;
use phantom_observe::workbench::Pending;
use phantom_observe::workbench::Server;
use phantom_observe::workbench::Step;
use phantom_pages::answer::Answer;
use phantom_pages::components::Notice;
use phantom_pages::components::Tone;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::guard::SIGNED_IN;
use phantom_pages::session::cookie;
use phantom_pages::shell::Place;
use phantom_pages::visit::Visit;
use phantom_subscribe::keys::visible_key_managers;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Deserialize;

use self::bench::Bench;
use self::bench::OTHER;
use self::drawn::Found;
use super::address::has_dot_segments;

const HERE: &str = "/workbench";
const CALLBACK: &str = "/workbench/callback";
const PLACE: Place = Place::Workbench(HERE);

pub(crate) fn pages(pages: Pages) -> Pages {
    pages.page(SIGNED_IN, HERE, get(page).post(act)).page(SIGNED_IN, CALLBACK, get(came_back)).page(
        SIGNED_IN,
        decision::HERE,
        get(decision::page),
    )
}

/// What refusals call a field, and where it stands.
const FIELDS: &[(&str, &str)] = &[
    ("wellKnown", "well_known"),
    ("clientId", "client_id"),
    ("clientSecret", "secret.client_secret"),
    ("scope", "scope"),
    ("token", "secret.token"),
    ("introspectionClient", "introspector"),
    ("method", "method"),
    ("url", "url"),
    ("headers", "secret.headers"),
    ("body", "secret.body"),
];

/// What links may fill in. None of it is secret.
#[derive(Deserialize)]
struct Prefilled {
    #[serde(default)]
    key_manager: String,
    #[serde(default)]
    method: String,
    #[serde(default)]
    url: String,
}

async fn page(visit: Visit, Query(prefilled): Query<Prefilled>) -> Answer {
    let gateways = workbench::gateways(&visit.control.settings);
    let gateway = gateways.first().copied().unwrap_or_default();
    // What a link says is called only if it is of a gateway; it is not shown otherwise.
    let url = Some(prefilled.url).filter(|url| gateways.iter().any(|at| url.starts_with(at)));
    let form = Form::default()
        .with("key_manager", prefilled.key_manager)
        .with("method", prefilled.method)
        .with("url", url.unwrap_or_else(|| format!("{gateway}/")));
    show(&visit, Draft::new(form), Vec::new(), Found::default()).await
}

async fn show(visit: &Visit, draft: Draft, notices: Vec<Notice>, found: Found) -> Answer {
    let key_managers = visible_key_managers(&visit.control, &visit.caller).await?;
    let is_refused = !draft.errors.is_empty();
    let bench = Bench::new(visit, &draft, &key_managers, notices, found);
    Ok(match is_refused {
        true => visit.show_refused(PLACE, "Workbench", &bench),
        false => visit.show(PLACE, "Workbench", &bench),
    })
}

async fn act(visit: Visit, headers: HeaderMap, form: Form) -> Answer {
    let done = match form.get("do") {
        "authorize" => return authorize(&visit, form).await,
        "exchange" => return exchange(&visit, &headers, form).await,
        "introspect" => introspect(&visit, &form).await,
        "decode" => decode(&visit, &form).await,
        "call" => call(&visit, &form).await,
        "explain" => explained(&visit, &form).await,
        _ => token(&visit, &form).await,
    };
    match done {
        Ok(found) => {
            let (form, found) = found.into_form(form);
            show(&visit, Draft::new(form), found.notices(), found).await
        }
        Err(refusal) => refused(&visit, form, refusal).await,
    }
}

async fn refused(visit: &Visit, form: Form, refusal: Refusal) -> Answer {
    let errors = match refusal {
        Refusal::KeyManagerAway => Errors::default().at("key_manager", refusal.to_string()),
        refusal => Errors::from_refusal(refusal, FIELDS)?,
    };
    let text = match &errors.whole {
        Some(whole) => phantom_pages::words::sentence(whole),
        None => "What has to be changed is said at the fields.".to_owned(),
    };
    let notice = Notice::new(Tone::Bad, "Nothing was sent", text);
    show(visit, Draft::refused(form, errors), vec![notice], Found::default()).await
}

async fn server(visit: &Visit, form: &Form) -> Outcome<Server> {
    match form.get("key_manager") {
        OTHER => Server::at(&visit.control, form.get("well_known")).await,
        id => Server::of_key_manager(&visit.control, &visit.caller, id).await,
    }
}

fn secret(form: &Form, name: &str) -> SecretString {
    form.get(name).to_owned().into()
}

fn client(form: &Form, id: &str, secret: &str) -> Client {
    Client {
        id: form.get(id).to_owned(),
        secret: form.given(secret).map(SecretString::from),
        in_form: form.get("client_auth") == "post",
    }
}

async fn token(visit: &Visit, form: &Form) -> Outcome<Found> {
    let server = server(visit, form).await?;
    let client = client(form, "client_id", "secret.client_secret");
    let step =
        workbench::client_credentials(&visit.control, &server, client, form.get("scope")).await?;
    Ok(Found::of_token(&step))
}

async fn introspect(visit: &Visit, form: &Form) -> Outcome<Found> {
    let server = server(visit, form).await?;
    let client = client(form, "introspector", "secret.introspector");
    let client = Some(client).filter(|client| !client.id.is_empty());
    let token = secret(form, "secret.token");
    let said = workbench::introspect(&visit.control, &server, client, &token).await?;
    let decoded = match &said.phantom {
        Some(jwt) => workbench::decode(&visit.control, Some(&server), jwt.expose_secret()).await,
        None => None,
    };
    Ok(Found::of_introspection(&said, decoded))
}

async fn decode(visit: &Visit, form: &Form) -> Outcome<Found> {
    let server = server(visit, form).await?;
    let token = form.get("secret.token");
    let decoded = workbench::decode(&visit.control, Some(&server), token).await;
    let decoded = decoded.ok_or_else(|| {
        Refusal::invalid("token: is no JWT. An opaque token says nothing: introspect it")
    })?;
    Ok(Found::of_jwt(decoded))
}

async fn call(visit: &Visit, form: &Form) -> Outcome<Found> {
    if has_dot_segments(form.get("url")) {
        let words = "url: with . or .. between slashes, what would be sent is another path";
        return Err(Refusal::invalid(words));
    }
    let request = CallRequest {
        method: form.get("method").to_owned(),
        url: form.get("url").to_owned(),
        token: Some(secret(form, "secret.token")),
        headers: secret(form, "secret.headers"),
        body: secret(form, "secret.body"),
    };
    let called = workbench::call(&visit.control, &visit.caller, request).await?;
    let decision = called.request_id.map(|id| decision::address_of(visit, &id));
    Ok(Found::of_call(&called.step, decision))
}

async fn explained(visit: &Visit, form: &Form) -> Outcome<Found> {
    let headers = workbench::read_headers(form.get("secret.headers"))?;
    let question = Question {
        method: form.get("method").to_owned(),
        url: form.get("url").to_owned(),
        token: form.given("secret.token").map(SecretString::from),
        headers: headers.into_iter().map(|(name, value)| (name, value.into())).collect(),
        peer: visit.caller.address,
    };
    let explained = explain::explain(&visit.control, &visit.caller, &question).await?;
    Ok(Found::of_explained(explained))
}

fn redirect_uri(visit: &Visit) -> String {
    format!("{}{CALLBACK}", visit.control.settings.public_url)
}

/// The address to go to; what has to be known afterwards stays with the browser, sealed.
async fn authorize(visit: &Visit, form: Form) -> Answer {
    let begun = async {
        let server = server(visit, &form).await?;
        let client = client(&form, "client_id", "secret.client_secret");
        let chosen = ["key_manager", "well_known"].map(|name| form.get(name).to_owned());
        let (url, pending) =
            workbench::begin(&server, client, form.get("scope"), redirect_uri(visit), chosen)?;
        let cookie = sealed::seal(&visit.secret, &pending).ok_or_else(|| {
            Refusal::invalid("clientSecret: together with the addresses it is too long to be kept")
        })?;
        Ok((url, cookie))
    };
    match begun.await {
        Ok((url, cookie)) => {
            let found = Found::of_authorization(url.as_str(), url.host_str().unwrap_or_default());
            let mut response = show(visit, Draft::new(form), Vec::new(), found).await?;
            response.headers_mut().append(header::SET_COOKIE, cookie);
            Ok(response)
        }
        Err(refusal) => refused(visit, form, refusal).await,
    }
}

/// How an authorization server sends a browser back (RFC 6749 §4.1.2, RFC 9207).
#[derive(Deserialize)]
struct CameBack {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    iss: Option<String>,
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

async fn came_back(visit: Visit, headers: HeaderMap, Query(came): Query<CameBack>) -> Answer {
    let pending = sealed::open(&visit.secret, &headers);
    let answered = pending.filter(|known| known.is_answered_by(&came.state, came.iss.as_deref()));
    // Of what nobody here has begun, no word is shown.
    let Some(pending) = answered else {
        let text = "It is not the answer to a sign-in that was begun here within the last minutes, or it \
                    is of another server. Begin again.";
        let notice = Notice::new(Tone::Bad, "The answer was not taken", text);
        return show(&visit, Draft::default(), vec![notice], Found::default()).await;
    };
    let form = filled(&pending);
    if !came.error.is_empty() || came.code.is_empty() {
        let text = format!("{} {}", came.error, came.error_description);
        let text: String = text.chars().take(500).collect();
        let notice = Notice::new(Tone::Bad, "The server gave no code", text);
        return show(&visit, Draft::new(form), vec![notice], Found::default()).await;
    }
    let found = Found::of_code(came.code);
    show(&visit, Draft::new(form), found.notices(), found).await
}

/// The form as it was when the user left for the server.
fn filled(pending: &Pending) -> Form {
    Form::default()
        .with("key_manager", &pending.key_manager)
        .with("well_known", &pending.well_known)
        .with("client_id", &pending.client_id)
}

async fn exchange(visit: &Visit, headers: &HeaderMap, form: Form) -> Answer {
    let Some(pending) = sealed::open(&visit.secret, headers) else {
        let words = "The sign-in was begun too long ago, or elsewhere. Begin again";
        return refused(visit, form, Refusal::invalid(words)).await;
    };
    let chosen = filled(&pending);
    let exchanged: Outcome<Step> = async {
        let server = server(visit, &chosen).await?;
        workbench::finish(&visit.control, &server, pending, secret(&form, "secret.code")).await
    }
    .await;
    match exchanged {
        Ok(step) => {
            let (form, found) = Found::of_token(&step).into_form(chosen);
            let notices = found.notices();
            let mut response = show(visit, Draft::new(form), notices, found).await?;
            // A code is good once.
            response.headers_mut().append(header::SET_COOKIE, cookie::end(sealed::COOKIE));
            Ok(response)
        }
        Err(refusal) => refused(visit, form, refusal).await,
    }
}
