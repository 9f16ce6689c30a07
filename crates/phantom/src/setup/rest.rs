//! Calls of the control plane's REST APIs with a user's credentials.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::Method;
use http::StatusCode;
use http::header;
use reqwest::Client;
use serde_json::Value;
use url::Url;
use url::form_urlencoded;

use crate::outgoing;
use crate::outgoing::Trust;
use crate::setup::Environment;

/// The user is not known with this password.
#[derive(Debug, thiserror::Error)]
#[error("{method} {path} answered 401: there is no user {username:?} with this password")]
pub(crate) struct CredentialsRefused {
    method: Method,
    path: String,
    username: String,
}

/// What was sent is not taken.
#[derive(Debug, thiserror::Error)]
#[error("{method} {path} answered {status}: {said}")]
pub(crate) struct Refused {
    method: Method,
    path: String,
    status: StatusCode,
    said: String,
}

impl Refused {
    /// Whether the same would be refused again. Of a server's metadata that cannot be had nobody knows.
    pub(crate) fn is_final(&self) -> bool {
        let lasts = [StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN, StatusCode::CONFLICT];
        lasts.contains(&self.status) && !self.path.ends_with("/discover")
    }
}

/// Ends a part of a form; no value of ours holds it.
const BOUNDARY: &str = "phantom-setup-7f1b3c";

pub(super) struct Rest {
    client: Client,
    base: Url,
    username: String,
    basic: HeaderValue,
}

impl Rest {
    pub(super) fn new(environment: &Environment, trust: &Trust) -> anyhow::Result<Self> {
        let pair = format!("{}:{}", environment.username, environment.password.expose());
        let mut basic = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)))
            .context("the user's credentials do not fit a header field")?;
        basic.set_sensitive(true);
        let username = environment.username.clone();
        let (client, base) = (outgoing::client(trust)?, environment.control.clone());
        Ok(Self { client, base, username, basic })
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None).await
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let body = Some(("application/json".to_owned(), body.to_string()));
        self.call(Method::PUT, path, body).await
    }

    /// `Null`: without a body.
    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let body = (!body.is_null()).then(|| ("application/json".to_owned(), body.to_string()));
        self.call(Method::POST, path, body).await
    }

    pub(super) async fn multipart(
        &self,
        path: &str,
        parts: &[(&str, &str)],
    ) -> anyhow::Result<Value> {
        let mut body = String::new();
        for (name, value) in parts {
            body.push_str(&format!(
                "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        body.push_str(&format!("--{BOUNDARY}--\r\n"));
        let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
        self.call(Method::POST, path, Some((media_type, body))).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<(String, String)>,
    ) -> anyhow::Result<Value> {
        let url = self.base.join(path).context("the path does not fit a URL")?;
        let request = self.client.request(method.clone(), url.clone());
        let mut request = request.header(header::AUTHORIZATION, self.basic.clone());
        if let Some((media_type, body)) = body {
            request = request.header(header::CONTENT_TYPE, media_type).body(body);
        }
        let answer = outgoing::send(request, &url).await?;
        let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status == StatusCode::UNAUTHORIZED {
            let (path, username) = (url.path().to_owned(), self.username.clone());
            return Err(CredentialsRefused { method, path, username }.into());
        }
        if !answer.status.is_success() {
            let path = url.path();
            let said =
                value.get("description").and_then(Value::as_str).unwrap_or("(no description)");
            let refused = Refused {
                method,
                path: path.to_owned(),
                status: answer.status,
                said: said.to_owned(),
            };
            return Err(refused.into());
        }
        Ok(value)
    }
}

/// As part of a query.
pub(super) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
