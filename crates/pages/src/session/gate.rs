//! Before every page: whose request it is, and that what is sent comes from a form of ours.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::Method;
use http::header;
use phantom_access::Control;
use phantom_access::sessions;
use phantom_rest::PeerAddress;

use super::cookie;
use super::cookie::Theme;
use super::sign_in;
use crate::answer;
use crate::answer::Failure;
use crate::form::CSRF;
use crate::form::Form;
use crate::form::MAX_BODY;
use crate::visit::Visit;

pub(crate) async fn admit(
    State(control): State<Arc<Control>>,
    mut request: Request,
    next: Next,
) -> Response {
    let address = address(&request);
    let here = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let visit = match visit(&control, request.headers(), address, &here).await {
        Ok(visit) => visit,
        Err(failure) => return sign_in::unframed(request.headers(), failure),
    };
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let Some(visit) = visit else {
        return match is_read {
            true => answer::see(&sign_in::address(&here)),
            false => kept(&control, &here, request).await,
        };
    };
    if !is_read {
        let (parts, body) = request.into_parts();
        let headers = parts.headers.clone();
        let read = match is_from_here(&headers) {
            true => Form::read(Request::from_parts(parts.clone(), body), MAX_BODY).await,
            false => Err(Failure::NotOurForm),
        };
        let proven = read.and_then(|form| {
            let proof = form.get(CSRF);
            cookie::is_proven(&visit.secret, proof).then_some(form).ok_or(Failure::NotOurForm)
        });
        let form = match proven {
            Ok(form) => form,
            Err(failure) => return answer::drawn(&visit, failure.into_response()),
        };
        request = Request::from_parts(parts, axum::body::Body::empty());
        request.extensions_mut().insert(form);
    }
    request.extensions_mut().insert(visit.clone());
    let response = next.run(request).await;
    answer::drawn(&visit, response)
}

/// There is no such page: said in the frame of all pages to whoever is signed in.
pub(crate) async fn no_such_page(
    control: &Arc<Control>,
    headers: &HeaderMap,
    address: Option<IpAddr>,
    here: &str,
) -> Response {
    match visit(control, headers, address, here).await {
        Ok(Some(visit)) => answer::drawn(&visit, Failure::NoSuchPage.into_response()),
        Ok(None) => sign_in::unframed(headers, Failure::NoSuchPage),
        Err(failure) => sign_in::unframed(headers, failure),
    }
}

/// Longest form kept, in bytes, of a browser that was never signed in: it costs whoever sends it nothing.
const STRANGERS_FORM: usize = 32 * 1024;

/// How long a form may be that comes without a session: as long as any where there was one.
pub(super) async fn most_of(control: &Control, headers: &HeaderMap, strangers: usize) -> usize {
    let Some(secret) = cookie::value(headers, cookie::SESSION) else { return strangers };
    match sessions::was_begun(control, secret).await {
        Ok(true) => MAX_BODY,
        Ok(false) | Err(_) => strangers,
    }
}

pub(crate) fn address(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<PeerAddress>().map(|peer| peer.0)
}

async fn visit(
    control: &Arc<Control>,
    headers: &HeaderMap,
    address: Option<IpAddr>,
    here: &str,
) -> Result<Option<Visit>, Failure> {
    let Some(secret) = cookie::value(headers, cookie::SESSION) else { return Ok(None) };
    let Some(caller) = sessions::caller(control, secret, address).await? else { return Ok(None) };
    Ok(Some(Visit {
        control: Arc::clone(control),
        caller,
        csrf: cookie::proof(secret),
        here: here.to_owned(),
        theme: Theme::of(headers),
        secret: secret.to_owned(),
    }))
}

/// The session ended while somebody filled a form: they sign in again, and what they typed is still there.
async fn kept(control: &Control, here: &str, request: Request) -> Response {
    let headers = request.headers().clone();
    if !is_from_here(&headers) {
        return sign_in::unframed(&headers, Failure::NotOurForm);
    }
    let most = most_of(control, &headers, STRANGERS_FORM).await;
    match Form::read(request, most).await {
        Ok(form) => sign_in::ended(&headers, here, &form),
        Err(failure) => sign_in::unframed(&headers, failure),
    }
}

/// Browsers say where a form comes from. One that says nothing is held to its proof alone.
pub(crate) fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    if let Some(site) = text(http::HeaderName::from_static("sec-fetch-site"))
        && !matches!(site, "same-origin" | "none")
    {
        return false;
    }
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some("null"), _) => false,
        (Some(origin), Some(host)) => {
            origin.split_once("://").is_some_and(|(_, from)| from.eq_ignore_ascii_case(host))
        }
        // HTTP/2 has the host in the address.
        (Some(_), None) | (None, _) => true,
    }
}
