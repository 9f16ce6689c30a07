//! An HTTP client that follows nothing, pools nothing by surprise and trusts whom the test names.

use std::time::Duration;
use std::time::Instant;

use reqwest::Certificate;
use reqwest::Client;
use reqwest::ClientBuilder;
use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// What every call of a test ends within, one way or the other.
const DEADLINE: Duration = Duration::from_secs(60);

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// # Panics
    /// If the request gets no whole answer.
    pub async fn of(request: RequestBuilder) -> Self {
        Self::try_of(request).await.expect("an answer")
    }

    /// # Errors
    /// If the request gets no whole answer.
    pub async fn try_of(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, body: response.text().await? })
    }

    /// A field that is there once at most.
    ///
    /// # Panics
    /// If it is there twice.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next().and_then(|value| value.to_str().ok());
        assert!(values.next().is_none(), "{name} is repeated");
        first
    }

    /// # Panics
    /// If the body is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// For plain http, and for servers whose certificate nobody vouches for (`curl -k`).
///
/// # Panics
/// If the client cannot be built.
#[must_use]
pub fn client() -> Client {
    builder().tls_danger_accept_invalid_certs(true).build().expect("a client")
}

/// Trusts this authority alone.
///
/// # Panics
/// If the certificate is none.
#[must_use]
pub fn client_trusting(ca_pem: &str) -> Client {
    let ca = Certificate::from_pem(ca_pem.as_bytes()).expect("a certificate");
    builder().tls_certs_only([ca]).build().expect("a client")
}

fn builder() -> ClientBuilder {
    install_crypto();
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(DEADLINE)
}

/// Before anything in this process speaks TLS.
pub fn install_crypto() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// An access token by the client credentials grant.
///
/// # Panics
/// If the server does not give one.
pub async fn fetch_token(http: &Client, endpoint: &str, client_id: &str, scope: &str) -> String {
    let request = http
        .post(endpoint)
        .basic_auth(client_id, Some("Password1"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("grant_type=client_credentials&scope={scope}"));
    let answer = Answer::of(request).await;
    let token = answer.json()["access_token"].as_str().map(str::to_owned);
    token.unwrap_or_else(|| panic!("no token: {} {}", answer.status, answer.body))
}

/// Asks again until the answer is as it has to become.
///
/// # Panics
/// If it does not become so in a minute.
pub async fn eventually(
    what: &str,
    request: impl Fn() -> RequestBuilder,
    holds: impl Fn(&Answer) -> bool,
) -> Answer {
    let end = Instant::now() + DEADLINE;
    loop {
        let answer = Answer::try_of(request()).await;
        match answer {
            Ok(answer) if holds(&answer) => return answer,
            answer => assert!(Instant::now() < end, "never {what}: {answer:?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
