//! The two pages: sign-in, and a refusal that cannot go to the client.

use std::fmt;

use aws_lc_rs::digest;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use url::{Host, Url};

use super::request::AuthorizationRequest;
use crate::issuer::AUTHORIZATION_PATH;
use crate::oauth_error::no_store;

const STYLE: &str = concat!(include_str!("../../assets/tokens.css"), include_str!("style.css"));

pub(super) fn sign_in(request: &AuthorizationRequest, problem: Option<&str>) -> Response {
    let html = format!(
        include_str!("sign_in.html"),
        style = STYLE,
        action = AUTHORIZATION_PATH,
        client = Escaped(&request.client_id),
        scope = Escaped(request.scope.as_str()),
        problem = Notice(problem),
        fields = HiddenFields(request),
    );
    page(StatusCode::OK, html, &form_targets(&request.answer_to))
}

pub(super) fn refusal(text: &str) -> Response {
    let html = format!(include_str!("refusal.html"), style = STYLE, text = Escaped(text));
    page(StatusCode::BAD_REQUEST, html, "'none'")
}

fn page(status: StatusCode, html: String, form_targets: &str) -> Response {
    let mut response = no_store((status, Html(html)).into_response());
    let headers = response.headers_mut();
    let style = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action {form_targets}; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    // The fallback is stricter than any policy above: nothing at all, in a box of its own.
    let policy = HeaderValue::try_from(policy)
        .unwrap_or(HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // `no-referrer` would make browsers post with `Origin: null`.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// CSP `form-action` also governs where the answer to a form may redirect.
fn form_targets(answer_to: &Url) -> String {
    match (answer_to.scheme(), answer_to.host()) {
        // CSP has no way to write an IPv6 host.
        (scheme @ ("http" | "https"), Some(Host::Domain(_) | Host::Ipv4(_))) => {
            let origin = answer_to.origin().ascii_serialization();
            debug_assert!(origin.starts_with(scheme));
            format!("'self' {origin}")
        }
        (scheme, _) => format!("'self' {scheme}:"),
    }
}

struct HiddenFields<'a>(&'a AuthorizationRequest);

impl fmt::Display for HiddenFields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = self.0;
        let method = request.challenge.as_ref().map(|_| "S256");
        let fields = [
            ("response_type", Some("code")),
            ("client_id", Some(request.client_id.as_str())),
            ("redirect_uri", request.redirect_uri.as_deref()),
            ("scope", Some(request.scope.as_str())),
            ("state", request.state.as_deref()),
            ("nonce", request.nonce.as_deref()),
            ("code_challenge", request.challenge.as_deref()),
            ("code_challenge_method", method),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                let value = Escaped(value);
                writeln!(f, r#"<input type="hidden" name="{name}" value="{value}">"#)?;
            }
        }
        Ok(())
    }
}

struct Notice<'a>(Option<&'a str>);

impl fmt::Display for Notice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(text) => write!(f, r#"<p class="problem" role="alert">{}</p>"#, Escaped(text)),
            None => Ok(()),
        }
    }
}

/// Text made safe for HTML content and for attribute values in quotes.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => fmt::Write::write_char(f, other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_with_a_meaning_in_html_is_escaped() {
        assert_eq!(
            Escaped(r#"<a b="c" d='e'>&"#).to_string(),
            "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;"
        );
    }

    #[test]
    fn the_form_may_answer_to_the_client_and_nowhere_else() {
        let targets = |url: &str| form_targets(&Url::parse(url).unwrap());
        assert_eq!(targets("http://127.0.0.1:9/cb?x"), "'self' http://127.0.0.1:9");
        assert_eq!(targets("https://app.example/cb"), "'self' https://app.example");
        assert_eq!(targets("http://[::1]:9/cb"), "'self' http:");
        assert_eq!(targets("com.example.app:/cb"), "'self' com.example.app:");
    }
}
