//! A running server for the tests, its clock, and a client that follows no redirects.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::jose::{PublicKey, UnverifiedJws};
use crate::{DevAuth, DevAuthHandle, DevAuthOptions, SigningAlgorithm};

pub(crate) const TOKEN: &str = "/oauth/v2/oauth-token";
pub(crate) const INTROSPECT: &str = "/oauth/v2/oauth-introspect";
pub(crate) const REVOKE: &str = "/oauth/v2/oauth-revoke";
pub(crate) const AUTHORIZE: &str = "/oauth/v2/oauth-authorize";
pub(crate) const JWKS: &str = "/oauth/v2/oauth-anonymous/jwks";
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:9/cb";
/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const START: i64 = 1_800_000_000;

pub(crate) struct TestServer {
    pub(crate) handle: DevAuthHandle,
    pub(crate) origin: String,
    clock: Arc<AtomicI64>,
    http: reqwest::Client,
    /// Dropping it ends the server.
    _stop: oneshot::Sender<()>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(adjust: impl FnOnce(&mut DevAuthOptions)) -> Self {
        let clock = Arc::new(AtomicI64::new(START));
        let for_server = Arc::clone(&clock);
        let mut options = DevAuthOptions {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            // Made in a moment, unlike an RSA key.
            algorithm: SigningAlgorithm::Es256,
            clock: Arc::new(move || for_server.load(Ordering::SeqCst)),
            ..DevAuthOptions::default()
        };
        adjust(&mut options);
        let server = DevAuth::bind(options).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let handle = server.handle();
        let origin = format!("http://{}", server.local_addr());
        tokio::spawn(server.serve(async {
            let _ = stopped.await;
        }));
        Self { handle, origin, clock, http: client(), _stop: stop }
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.origin)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], String::new()).await
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Answer {
        let form_type = ("content-type", "application/x-www-form-urlencoded");
        let headers: Vec<_> = headers.iter().copied().chain([form_type]).collect();
        self.send(Method::POST, path, &headers, encode(form)).await
    }

    /// Posts as this client with the secret `Password1`.
    pub(crate) async fn post_as(&self, client: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let basic = basic(client, "Password1");
        self.post(path, &[("authorization", &basic)], form).await
    }

    pub(crate) async fn introspect(&self, token: &str, accept: &str) -> Answer {
        let basic = basic("introspection-client", "Password1");
        let headers = [("authorization", basic.as_str()), ("accept", accept)];
        self.post(INTROSPECT, &headers, &[("token", token)]).await
    }

    pub(crate) async fn is_active(&self, token: &str) -> bool {
        let answer = self.introspect(token, "application/json").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["active"].as_bool().unwrap()
    }

    /// Signs in as `demouser` with PKCE and takes the code out of the redirect.
    pub(crate) async fn code(&self, client: &str, extra: &[(&str, &str)]) -> String {
        let form = sign_in_form(client, extra);
        let answer = self.post(AUTHORIZE, &[], &form).await;
        answer.redirect_parameter("code").unwrap_or_else(|| panic!("{answer:?}"))
    }

    pub(crate) async fn redeem(&self, client: &str, code: &str) -> Answer {
        self.post_as(client, TOKEN, &redeem_form(code)).await
    }

    /// Claims of a JWT that a published key verifies, and its `typ`.
    pub(crate) async fn verified(&self, jwt: &str) -> (Value, String) {
        let jws = UnverifiedJws::parse(jwt).expect("a compact JWS");
        let jwks = self.get(JWKS).await.json();
        let kid = jws.header_text("kid").expect("a kid");
        let jwk = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid);
        let key = PublicKey::from_jwk(jwk.expect("a published key")).unwrap();
        assert!(jws.is_signed_by(&key), "the signature verifies");
        let typ = jws.header_text("typ").expect("a typ").to_owned();
        (Value::Object(jws.claims), typ)
    }
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// `<status> <error>` of an OAuth error, after the checks that hold for every one.
    pub(crate) fn refusal(&self) -> String {
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        assert_eq!(self.header("www-authenticate").is_some(), self.status == 401, "{self:?}");
        let body = self.json();
        let description = body["error_description"].as_str().unwrap();
        let allowed = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(description.bytes().all(allowed), "RFC 6749 §5.2: {description}");
        format!("{} {}", self.status, body["error"].as_str().unwrap())
    }

    pub(crate) fn redirect_parameter(&self, name: &str) -> Option<String> {
        if self.status != 303 {
            return None;
        }
        let location = url::Url::parse(self.header("location")?).unwrap();
        location.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

pub(crate) fn client() -> reqwest::Client {
    // Another test of this process may have been first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

pub(crate) fn basic(client: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")))
}

pub(crate) fn encode(form: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

pub(crate) fn authorization_request<'a>(
    client: &'a str,
    extra: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", REDIRECT_URI),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    // An extra parameter replaces the usual one; an empty value removes it.
    parameters.retain(|(name, _)| !extra.iter().any(|(other, _)| name == other));
    parameters.extend(extra.iter().filter(|(_, value)| !value.is_empty()));
    parameters
}

pub(crate) fn sign_in_form<'a>(
    client: &'a str,
    extra: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let credentials = [("username", "demouser"), ("password", "Password1")];
    let credentials =
        credentials.into_iter().filter(|(name, _)| !extra.iter().any(|(other, _)| name == other));
    authorization_request(client, extra).into_iter().chain(credentials).collect()
}

pub(crate) fn redeem_form(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ]
}
