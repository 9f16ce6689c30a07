//! Calling an API, through a gateway and nowhere else.

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::plane::Settings;
use phantom_access::random;
use phantom_oauth::egress::exchange;
use phantom_publish::deny_policies;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use url::Url;
use zeroize::Zeroizing;

use super::MAX_TOKEN;
use super::step::Authorization;
use super::step::Body;
use super::step::Request;
use super::step::Step;

const TRACE: &str = "traceparent";
/// Most headers of a call.
const MAX_HEADERS: usize = 50;
/// Longest body of a call, in bytes.
const MAX_BODY: usize = 256 * 1024;

#[derive(Debug)]
pub struct CallRequest {
    pub method: String,
    pub url: String,
    pub token: Option<SecretString>,
    /// `Name: value`, one a line. May be secret, as the body.
    pub headers: SecretString,
    pub body: SecretString,
}

/// Where gateways serve APIs, without a slash at the end.
#[must_use]
pub fn gateways(settings: &Settings) -> Vec<&str> {
    let https = Some(settings.gateway_https_url.as_str());
    https.into_iter().chain(settings.gateway_http_url.as_deref()).collect()
}

/// A call and what came of it.
#[derive(Clone, Debug)]
pub struct Called {
    pub step: Step,
    /// By which gateways tell of the request, unless whoever called chose another name for it.
    pub request_id: Option<String>,
}

pub async fn call(control: &Control, caller: &Caller, request: CallRequest) -> Outcome<Called> {
    let CallRequest { method, url, token, headers, body } = request;
    let body = body.expose_secret();
    let url = text::url("url", &url)?;
    check_is_served(&control.settings, &url)?;
    const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
    if !METHODS.contains(&method.as_str()) {
        return Err(Refusal::invalid("method: is none that APIs have"));
    }
    if body.len() > MAX_BODY {
        return Err(Refusal::invalid(format!("body: at most {MAX_BODY} bytes")));
    }
    let token = token.filter(|token| !token.expose_secret().is_empty());
    if token.as_ref().is_some_and(|token| token.expose_secret().len() > MAX_TOKEN) {
        return Err(Refusal::invalid(format!("token: at most {MAX_TOKEN} bytes")));
    }
    if let Some(token) = &token {
        let value = Zeroizing::new(format!("Bearer {}", token.expose_secret()));
        exchange::header("authorization", &value)
            .map_err(|_| Refusal::invalid("token: must not hold control characters"))?;
    }
    let mut headers = read_headers(headers.expose_secret())?;
    for (name, value) in &headers {
        exchange::header(name, value)
            .map_err(|rule| Refusal::invalid(format!("headers: {rule}")))?;
    }
    check_address(control, caller).await?;
    let request_id = traced(&mut headers)?;
    let request = Request {
        method,
        url,
        authorization: token.map_or(Authorization::None, Authorization::Bearer),
        headers,
        body: if body.is_empty() { Body::None } else { Body::Text(body.to_owned()) },
        is_own: true,
    };
    Ok(Called { step: request.send(control).await, request_id })
}

/// Begins a trace (W3C Trace Context), whose id gateways give the request. Nobody else can guess it.
fn traced(headers: &mut Vec<(String, String)>) -> Outcome<Option<String>> {
    if headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(TRACE)) {
        return Ok(None);
    }
    let (id, span) = (random::hexadecimal::<16>()?, random::hexadecimal::<8>()?);
    headers.push((TRACE.to_owned(), format!("00-{id}-{span}-00")));
    Ok(Some(id))
}

/// Only gateways are called.
pub(crate) fn check_is_served(settings: &Settings, url: &Url) -> Outcome<()> {
    if is_served(settings, url) {
        return Ok(());
    }
    let all = gateways(settings).join(" or ");
    Err(Refusal::invalid(format!("url: must begin with {all}")))
}

fn is_served(settings: &Settings, url: &Url) -> bool {
    gateways(settings).into_iter().any(|base| is_below(base, url.as_str()))
}

/// The same scheme, host and port, and below its path, as it is asked for: without `..`.
#[must_use]
pub fn is_below(base: &str, url: &str) -> bool {
    let (Ok(base), Ok(url)) = (Url::parse(base), Url::parse(url)) else { return false };
    let below = url.path().strip_prefix(base.path().trim_end_matches('/'));
    let is_below = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    is_below && url.origin() == base.origin()
}

/// `Name: value`, one a line.
pub fn read_headers(text: &str) -> Outcome<Vec<(String, String)>> {
    let mut headers = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| Refusal::invalid("headers: each line is a name, a colon and a value"))?;
        headers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    text::count("headers", headers.len(), MAX_HEADERS)?;
    Ok(headers)
}

/// What is called in somebody's name comes from our own address at the gateways: refused where nothing would get
/// through that comes from theirs.
async fn check_address(control: &Control, caller: &Caller) -> Outcome<()> {
    let Some(address) = caller.address else { return Ok(()) };
    let policies = deny_policies::published(&control.store().deny_policies().await?);
    match policies.iter().any(|policy| policy.denies_address(address)) {
        true => Err(Refusal::forbidden(format!(
            "A deny policy is in the way: no gateway takes a request to a managed API from {address}."
        ))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_gateway_is_called() {
        let settings = Settings {
            public_url: "https://localhost:9443".to_owned(),
            gateway_https_url: "https://gateway.example:8243/base".to_owned(),
            gateway_http_url: Some("http://gateway.example:8280".to_owned()),
            published_keys: String::new(),
            allow_local_endpoints: false,
        };
        for (url, is_ok) in [
            ("https://gateway.example:8243/base/orders", true),
            ("http://gateway.example:8280/orders", true),
            ("https://gateway.example:8243/other", false),
            ("https://gateway.example:8243/base/../other", false),
            ("https://gateway.example:8243/based", false),
            ("https://gateway.example:8244/base/orders", false),
            ("https://gateway.example.evil:8243/base/x", false),
            ("https://gateway.example:8243@evil.example/base/x", false),
            ("https://localhost:9443/api", false),
            ("http://169.254.169.254/", false),
        ] {
            assert_eq!(is_served(&settings, &Url::parse(url).unwrap()), is_ok, "{url}");
        }
    }
}
