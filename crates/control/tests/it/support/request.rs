//! One request, and its answer after it was held against the contracts.

use std::net::IpAddr;

use axum::Router;
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::Request;
use http::StatusCode;
use http::header;
use phantom_rest::PeerAddress;
use serde_json::Value;
use tower::ServiceExt;

use super::Contract;

pub(crate) struct Call<'p> {
    router: &'p Router,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    peer: Option<IpAddr>,
    out_of_contract: bool,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    /// `Null` where the body is no JSON.
    pub json: Value,
    request: String,
}

impl<'p> Call<'p> {
    pub(super) fn new(router: &'p Router, method: &str, path: &str) -> Self {
        let (method, path) = (method.to_owned(), path.to_owned());
        let (headers, body) = (Vec::new(), Vec::new());
        Self { router, method, path, headers, body, peer: None, out_of_contract: false }
    }

    pub(crate) fn by_admin(self) -> Self {
        self.basic("admin", "admin")
    }

    /// As one of [`super::USERS`].
    pub(crate) fn by_user(self, name: &str) -> Self {
        self.basic(name, &format!("{name}-password"))
    }

    pub(crate) fn basic(self, name: &str, password: &str) -> Self {
        let value = format!("Basic {}", STANDARD.encode(format!("{name}:{password}")));
        self.header("authorization", &value)
    }

    /// From that address.
    pub(crate) fn from(self, address: &str) -> Self {
        Self { peer: Some(address.parse().unwrap()), ..self }
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.raw("application/json", body.to_string())
    }

    pub(crate) fn form(self, parameters: &[(&str, &str)]) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(parameters);
        self.raw("application/x-www-form-urlencoded", form.finish())
    }

    /// Parts: name, file name or none, content.
    pub(crate) fn multipart(self, parts: &[(&str, Option<&str>, &str)]) -> Self {
        let mut body = String::new();
        for (name, file, content) in parts {
            body.push_str("--boundary\r\ncontent-disposition: form-data; name=\"");
            body.push_str(name);
            body.push('"');
            if let Some(file) = file {
                body.push_str(&format!(
                    "; filename=\"{file}\"\r\ncontent-type: application/octet-stream"
                ));
            }
            body.push_str(&format!("\r\n\r\n{content}\r\n"));
        }
        body.push_str("--boundary--\r\n");
        self.raw("multipart/form-data; boundary=boundary", body)
    }

    pub(crate) fn raw(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", media_type)
    }

    /// The answer to a request that no contract knows, such as one for a path that is not there.
    pub(crate) fn out_of_contract(mut self) -> Self {
        self.out_of_contract = true;
        self
    }

    pub(crate) async fn send(self) -> Answer {
        let mut request = Request::builder().method(&*self.method).uri(&self.path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(peer) = self.peer {
            request = request.extension(PeerAddress(peer));
        }
        let request = request.body(Body::from(self.body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 16 * 1024 * 1024).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        let is_json = parts
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|value| value.to_str().unwrap().starts_with("application/json"));
        // Answers to HEAD say what there would be.
        let has_json = is_json && !text.is_empty();
        let json = if has_json { serde_json::from_str(&text).unwrap() } else { Value::Null };
        let request = format!("{} {}", self.method, self.path);
        let answer = Answer { status: parts.status, headers: parts.headers, text, json, request };
        if !self.out_of_contract {
            Contract::all().check(&self.method, &self.path, &answer);
        }
        answer
    }
}

impl Answer {
    /// One that nobody sent.
    pub(super) fn made(status: u16, json: Value) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        let text = json.to_string();
        Self { status, headers: HeaderMap::new(), text, json, request: "made".to_owned() }
    }

    /// The body of an answer that has that status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.request, self.text);
        self.json
    }

    /// An error object with that status and code, whose message and description hold these words.
    #[track_caller]
    pub(crate) fn expect_error(self, status: u16, code: u32, description: &str) {
        let request = self.request.clone();
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{request}: {body}");
        let text = |member: &str| body[member].as_str().unwrap_or_default();
        let said = format!("{} {}", text("message"), text("description"));
        assert!(said.contains(description), "{request}: {said} lacks {description}");
        for member in ["code", "message", "description", "moreInfo", "error"] {
            assert!(body.get(member).is_some(), "{request}: no {member} in {body}");
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
