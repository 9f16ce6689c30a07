//! Calls that commands make: bounded, without redirects, and without proxies from the environment.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use anyhow::anyhow;
use anyhow::bail;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header;
use phantom_tls::Authorities;
use reqwest::Client;
use reqwest::RequestBuilder;
use rustls::ClientConfig;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use url::Url;
use url::form_urlencoded;

const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_ANSWER: usize = 256 * 1024;

/// Whom a command believes.
#[derive(Debug, clap::Args)]
pub(crate) struct Trust {
    /// Accept any certificate, as a self-signed one
    #[arg(short = 'k', long)]
    pub(crate) insecure: bool,
    /// CA certificates to believe instead of the system's, in PEM
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub(crate) ca_file: Option<PathBuf>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

/// Who calls, and how that is shown.
pub(crate) struct Caller<'a> {
    pub(crate) id: &'a str,
    pub(crate) secret: &'a SecretString,
    pub(crate) shown: Shown,
}

/// How a command shows its client credentials.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Showing {
    /// Send the credentials in Basic as they are: Doorkeeper, Glewlwyd and others do not undo the
    /// encoding of RFC 6749
    #[arg(long, conflicts_with = "post")]
    basic_unencoded: bool,
    /// Send the credentials in the form (`client_secret_post`), and not in Basic
    #[arg(long)]
    post: bool,
}

impl Showing {
    pub(crate) const fn how(self) -> Shown {
        match self {
            Self { post: true, .. } => Shown::Post,
            Self { basic_unencoded: true, .. } => Shown::BasicUnencoded,
            Self { .. } => Shown::Basic,
        }
    }
}

/// Where client credentials stand in a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shown {
    /// Form-encoded (RFC 6749 §2.3.1).
    Basic,
    BasicUnencoded,
    /// In the form.
    Post,
}

/// A form, sent with client credentials.
pub(crate) async fn post(
    url: &Url,
    caller: &Caller<'_>,
    accept: &str,
    form: &[(&str, &str)],
    trust: &Trust,
) -> anyhow::Result<Answer> {
    let Caller { id, secret, shown } = *caller;
    let secret = secret.expose_secret();
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    let pair = match shown {
        Shown::Basic => format!("{}:{}", encoded(id), encoded(secret)),
        Shown::BasicUnencoded => format!("{id}:{secret}"),
        Shown::Post => {
            body.append_pair("client_id", id).append_pair("client_secret", secret);
            String::new()
        }
    };
    let request = client(trust)?
        .post(url.clone())
        .header(header::ACCEPT, accept)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body.finish());
    if pair.is_empty() {
        return send(request, url).await;
    }
    let mut basic = header::HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)))
        .context("the client credentials do not fit a header field")?;
    basic.set_sensitive(true);
    send(request.header(header::AUTHORIZATION, basic), url).await
}

/// Host and port, which says which server on a machine is meant. Nothing else of a URL is for errors.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Sends a request and reads its answer to the end, within bounds. Errors name host and port alone.
pub(crate) async fn send(request: RequestBuilder, url: &Url) -> anyhow::Result<Answer> {
    let sent = request.send().await.map_err(reqwest::Error::without_url);
    let mut response = sent.map_err(|error| {
        let called = authority(url);
        match phantom_tls::tls_failure(&error, "--ca-file") {
            Some(said) => anyhow!(
                "cannot call {called}: TLS with it fails: {said} (-k accepts any certificate)"
            ),
            None => {
                let hint = match url.scheme() {
                    "http" if !error.is_connect() => {
                        "where the port speaks TLS, the address begins with https"
                    }
                    _ => "is it running?",
                };
                anyhow::Error::new(error).context(format!("cannot call {called} ({hint})"))
            }
        }
    })?;
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let content_type =
        content_type.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            bail!("the answer is longer than {MAX_ANSWER} bytes");
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, content_type, body })
}

pub(crate) fn client(trust: &Trust) -> anyhow::Result<Client> {
    let builder = ClientConfig::builder();
    let config = if trust.insecure {
        let verifier = phantom_tls::believe_anyone();
        builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
    } else {
        let authorities = match &trust.ca_file {
            Some(path) => Authorities::of(phantom_proxy::tls::read_certificates(path)?)?,
            None => Authorities::of_the_system().0,
        };
        let verifier = authorities.into_verifier();
        builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
    };
    let client = Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(TIMEOUT)
        .build();
    client.context("the HTTP client cannot be built")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named_with_its_port() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        crate::compose::install_crypto();
        let url = Url::parse(&format!("http://{address}/secret?token=t")).unwrap();
        let trust = Trust { insecure: true, ca_file: None };
        let request = client(&trust).unwrap().get(url.clone());
        let error = send(request, &url).await.err().unwrap();
        let said = format!("cannot call {address} (is it running?)");
        assert_eq!(error.to_string(), said);
        let whole = format!("{error:#}");
        assert!(!whole.contains("secret"), "{whole}");
    }

    #[test]
    fn a_server_on_its_schemes_port_is_named_with_it() {
        let of = |url| authority(&Url::parse(url).unwrap());
        assert_eq!(of("https://a:b@login.example.com/x"), "login.example.com:443");
        assert_eq!(of("http://[::1]/"), "[::1]:80");
    }
}
