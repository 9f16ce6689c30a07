//! The page at the door.

use std::sync::Arc;

use askama::Template;
use axum::extract::Query;
use axum::extract::Request;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::StatusCode;
use http::header;
use phantom_access::Control;
use phantom_access::sessions;
use phantom_terms::refusal::Refusal;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Deserialize;

use super::cookie;
use super::cookie::Theme;
use super::gate;
use crate::answer;
use crate::answer::Answer;
use crate::answer::Failure;
use crate::answer::Told;
use crate::components::Csrf;
use crate::components::Field;
use crate::form::CSRF;
use crate::form::Form;
use crate::form::SECRET;
use crate::list::encoded;
use crate::shell::Outside;
use crate::visit::Visit;
use crate::words;

/// Where to afterwards.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    to: String,
    #[serde(default)]
    out: Option<String>,
}

#[derive(Template)]
#[template(path = "session/sign_in.html")]
struct SignIn<'a> {
    csrf: Csrf,
    to: &'a str,
    user: Field,
    password: Field,
    /// What happened.
    notice: Option<String>,
    error: Option<String>,
    /// A form that is sent once more after it.
    kept: Vec<(String, String)>,
    action: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "session/resume.html")]
struct Resume<'a> {
    csrf: Csrf,
    action: &'a str,
    user: &'a str,
    fields: Vec<(String, String)>,
    secrets: bool,
}

/// What the fields of an interrupted form are called while it waits.
const KEPT: &str = "kept.";
/// Longest form taken here of a stranger, in bytes: a password, and a short form that waits.
const MOST: usize = 128 * 1024;
const ACTION: &str = "kept_action";
const WITH_SECRETS: &str = "kept_secrets";

pub(super) async fn page(
    State(control): State<Arc<Control>>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Response {
    let headers = request.headers();
    let to = within(&asked.to);
    if let Some(secret) = cookie::value(headers, cookie::SESSION)
        && let Ok(Some(_)) = sessions::caller(&control, secret, gate::address(&request)).await
    {
        return answer::see(to);
    }
    let notice = asked.out.map(|out| match &*out {
        "password" => "Your password was changed. Sign in with the new one.".to_owned(),
        _ => "You are signed out.".to_owned(),
    });
    draw(headers, StatusCode::OK, Drawn { to, notice, ..Drawn::default() })
}

/// What the page says this time.
#[derive(Default)]
struct Drawn<'a> {
    to: &'a str,
    user: &'a str,
    notice: Option<String>,
    error: Option<String>,
    kept: Vec<(String, String)>,
    action: Option<&'a str>,
}

fn draw(headers: &HeaderMap, status: StatusCode, drawn: Drawn<'_>) -> Response {
    // The form is tied to this browser before anybody is signed in.
    let (visitor, is_new) = match cookie::value(headers, cookie::VISITOR) {
        Some(visitor) if visitor.len() == 64 => (visitor.to_owned(), false),
        _ => match visitor() {
            Some(visitor) => (visitor, true),
            None => return answer::broken(),
        },
    };
    let page = SignIn {
        csrf: cookie::proof(&visitor),
        to: drawn.to,
        user: Field::text("user", "User name")
            .valued(drawn.user)
            .required()
            .completed("username")
            .first_if(drawn.user.is_empty()),
        password: Field::password("secret.password", "Password")
            .required()
            .first_if(!drawn.user.is_empty()),
        notice: drawn.notice,
        error: drawn.error,
        kept: drawn.kept,
        action: drawn.action,
    };
    let mut response = Outside::show(headers, status, "Sign in", &page);
    if is_new {
        let set = cookie::set(cookie::VISITOR, &visitor, "");
        response.headers_mut().append(header::SET_COOKIE, set);
    }
    response
}

fn visitor() -> Option<String> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(hex::encode(bytes))
}

pub(super) async fn sign_in(State(control): State<Arc<Control>>, request: Request) -> Response {
    let (headers, address) = (request.headers().clone(), gate::address(&request));
    if !gate::is_from_here(&headers) {
        return unframed(&headers, Failure::NotOurForm);
    }
    let most = gate::most_of(&control, &headers, MOST).await;
    let form = match Form::read(request, most).await {
        Ok(form) => form,
        Err(failure) => return unframed(&headers, failure),
    };
    let to = within(form.raw("to"));
    let (kept, action) = (kept(&form), form.given(ACTION));
    let drawn = |error: String| Drawn {
        to,
        user: form.get("user"),
        error: Some(error),
        kept: kept.clone(),
        action: action.as_deref(),
        ..Drawn::default()
    };
    let visitor = cookie::value(&headers, cookie::VISITOR).unwrap_or_default();
    if visitor.is_empty() || !cookie::is_proven(visitor, form.get(CSRF)) {
        let words = "The page was open for too long, or cookies are off. Try once more.";
        return draw(&headers, StatusCode::FORBIDDEN, drawn(words.to_owned()));
    }
    let password = SecretString::from(form.raw(&format!("{SECRET}password")));
    let begun = sessions::begin(&control, form.get("user"), &password, address).await;
    let secret = match begun {
        Ok(secret) => secret,
        Err(Refusal::Unauthenticated) => {
            let words = "There is no user of that name with that password.".to_owned();
            return draw(&headers, StatusCode::UNAUTHORIZED, drawn(words));
        }
        Err(Refusal::TooManyGuesses { wait }) => {
            let wait = words::duration(wait);
            let words = format!("There were too many wrong passwords. Try again in {wait}.");
            return draw(&headers, StatusCode::TOO_MANY_REQUESTS, drawn(words));
        }
        Err(Refusal::Busy) => {
            let words = "Many are signing in at once. Try again in a few seconds.".to_owned();
            return draw(&headers, StatusCode::SERVICE_UNAVAILABLE, drawn(words));
        }
        Err(refusal) => return unframed(&headers, refusal.into()),
    };
    let secret = secret.expose_secret();
    let mut response = match action.as_deref().map(within) {
        None => answer::see(to),
        Some(action) => {
            let csrf = cookie::proof(secret);
            let secrets = form.has(WITH_SECRETS);
            let page = Resume { csrf, action, user: form.get("user"), fields: kept, secrets };
            Outside::show(&headers, StatusCode::OK, "Go on", &page)
        }
    };
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, cookie::set(cookie::SESSION, secret, ""));
    headers.append(header::SET_COOKIE, cookie::end(cookie::VISITOR));
    response
}

/// The session is over, and a form was sent: it waits in the page until they have signed in.
pub(super) fn ended(headers: &HeaderMap, action: &str, form: &Form) -> Response {
    let mut kept: Vec<_> =
        form.resumable().map(|(name, value)| (format!("{KEPT}{name}"), value.clone())).collect();
    kept.push((ACTION.to_owned(), action.to_owned()));
    if form.has_secrets() {
        kept.push((WITH_SECRETS.to_owned(), "on".to_owned()));
    }
    let notice = "Your session has ended. Sign in again: what you entered is kept.".to_owned();
    let drawn = Drawn { notice: Some(notice), kept, action: Some(action), ..Drawn::default() };
    draw(headers, StatusCode::UNAUTHORIZED, drawn)
}

fn kept(form: &Form) -> Vec<(String, String)> {
    let fields = form.resumable();
    let kept = fields
        .filter_map(|(name, value)| Some((name.strip_prefix(KEPT)?.to_owned(), value.clone())));
    kept.collect()
}

/// A failure before it is known whose request it is.
pub(super) fn unframed(headers: &HeaderMap, failure: Failure) -> Response {
    #[derive(Template)]
    #[template(path = "failure.html")]
    struct Page<'a> {
        told: &'a Told,
    }
    let response = failure.into_response();
    match response.extensions().get::<Told>() {
        Some(told) => Outside::show(headers, told.status, told.title, &Page { told }),
        None => response,
    }
}

pub(super) async fn sign_out(visit: Visit) -> Answer {
    sessions::end(&visit.control, &visit.caller, &visit.secret).await?;
    Ok(out("1"))
}

pub(super) async fn sign_out_everywhere(visit: Visit) -> Answer {
    sessions::end_all(&visit.control, &visit.caller).await?;
    Ok(out("1"))
}

/// `why` is what the page tells: `password` that it was changed.
pub(super) fn out(why: &str) -> Response {
    let mut response = answer::see(&format!("/login?out={why}"));
    response.headers_mut().append(header::SET_COOKIE, cookie::end(cookie::SESSION));
    response
}

/// In which colours pages are shown from now on.
pub(super) async fn theme(form: Form) -> Answer {
    let mut response = answer::see(within(form.get("to")));
    let set = Theme::named(form.get("theme")).set();
    response.headers_mut().append(header::SET_COOKIE, set);
    Ok(response)
}

/// Where to sign in, to come back here.
pub(super) fn address(here: &str) -> String {
    match here {
        "/" => "/login".to_owned(),
        here => format!("/login?to={}", encoded(here)),
    }
}

/// A path of ours, else the first page: nobody is sent elsewhere by a link that looks like ours.
pub(super) fn within(to: &str) -> &str {
    let is_ours = to.starts_with('/')
        && !to.starts_with("//")
        && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_ours && to.len() <= 2000 { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for to in ["//evil.example", "https://evil.example", "/\\evil.example", "", "x", "/a\r\nb"]
        {
            assert_eq!(within(to), "/", "{to}");
        }
        assert_eq!(within("/publisher/apis?page=2"), "/publisher/apis?page=2");
    }
}
