//! One request and its answer, as they are shown: what is secret stands in neither the text nor the
//! command.

use std::fmt;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use phantom_access::plane::Control;
use phantom_access::plane::Outgoing;
use phantom_core::causes::with_causes;
use phantom_oauth::egress::exchange::Answered;
use phantom_oauth::egress::exchange::Asked;
use phantom_oauth::egress::exchange::ExchangeError;
use phantom_oauth::egress::exchange::Named;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use url::Url;
use zeroize::Zeroizing;

use super::MAX_ANSWER;

/// A request on its way.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) url: Url,
    pub(super) authorization: Authorization,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
    /// An address of ours or of our gateways.
    pub(super) is_own: bool,
}

pub(super) enum Authorization {
    None,
    Basic { user: String, secret: SecretString },
    Bearer(SecretString),
}

#[derive(Debug)]
pub enum Body {
    None,
    Form(Vec<(&'static str, Value)>),
    Text(String),
}

#[derive(Debug)]
pub enum Value {
    Open(String),
    /// With the name of the variable that stands for it.
    Secret(SecretString, &'static str),
}

/// A request and what came of it, ready to be shown.
#[derive(Clone, Debug)]
pub struct Step {
    pub request: String,
    pub curl: String,
    pub answer: Result<Answer, NoAnswer>,
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub struct NoAnswer {
    pub why: String,
    /// Nobody was asked: a user named the place, and it has no public address.
    pub is_forbidden: bool,
}

#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What a server answers may be a token.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

const MASKED: &str = "••••••";

impl Request {
    pub(super) async fn send(self, control: &Control) -> Step {
        let (request, curl) = (self.shown(), self.curl());
        let mut headers = self.headers.clone();
        if let Body::Form(_) = self.body {
            headers.push(("content-type".into(), "application/x-www-form-urlencoded".into()));
        }
        match &self.authorization {
            Authorization::None => {}
            Authorization::Basic { user, secret } => {
                // RFC 6749 §2.3.1: each is encoded as a form is, before they are joined.
                let secret = Zeroizing::new(encoded(secret.expose_secret()));
                let pair = Zeroizing::new(format!("{}:{}", encoded(user), *secret));
                headers
                    .push(("authorization".into(), format!("Basic {}", STANDARD.encode(&*pair))));
            }
            Authorization::Bearer(token) => {
                let value = format!("Bearer {}", token.expose_secret());
                headers.push(("authorization".into(), value));
            }
        }
        let body = Zeroizing::new(self.body.text());
        let asked = Asked { method: &self.method, url: &self.url, headers: &headers, body: &body };
        let sent = match self.is_own {
            true => control.own().exchange(asked, Named::ByOperator, MAX_ANSWER).await,
            false => control.egress().exchange(asked, Named::ByUser, MAX_ANSWER).await,
        };
        let answer = sent
            .map(|Answered { status, headers, body }| Answer { status, headers, body })
            .map_err(|error| NoAnswer {
                why: with_causes(&error),
                is_forbidden: matches!(&error, ExchangeError::NoAnswer(error) if error.is_forbidden()),
            });
        Step { request, curl, answer }
    }

    fn shown(&self) -> String {
        let mut text = format!("{} {}\n", self.method, self.url);
        match &self.authorization {
            Authorization::None => {}
            Authorization::Basic { user, .. } => {
                let _ = writeln!(text, "Authorization: Basic {user}:{MASKED}");
            }
            Authorization::Bearer(_) => {
                let _ = writeln!(text, "Authorization: Bearer {MASKED}");
            }
        }
        for (name, value) in &self.headers {
            let _ = writeln!(text, "{name}: {value}");
        }
        match &self.body {
            Body::None => {}
            Body::Text(body) => {
                let _ = write!(text, "\n{body}");
            }
            Body::Form(fields) => {
                text.push_str("Content-Type: application/x-www-form-urlencoded\n");
                for (name, value) in fields {
                    let value = match value {
                        Value::Open(value) => value,
                        Value::Secret(..) => MASKED,
                    };
                    let _ = write!(text, "\n{name}={value}");
                }
            }
        }
        text
    }

    fn curl(&self) -> String {
        let mut text = String::from("curl -sk");
        if !matches!((self.method.as_str(), &self.body), ("GET", _) | ("POST", Body::Form(_))) {
            let _ = write!(text, " -X {}", quoted(&self.method));
        }
        let _ = write!(text, " {}", quoted(self.url.as_str()));
        match &self.authorization {
            Authorization::None => {}
            Authorization::Basic { user, .. } => {
                let _ = write!(text, " \\\n  -u {}\"$CLIENT_SECRET\"", quoted(&format!("{user}:")));
            }
            Authorization::Bearer(_) => {
                text.push_str(" \\\n  -H \"Authorization: Bearer $TOKEN\"");
            }
        }
        for (name, value) in &self.headers {
            let _ = write!(text, " \\\n  -H {}", quoted(&format!("{name}: {value}")));
        }
        match &self.body {
            Body::None => {}
            Body::Text(body) => {
                let _ = write!(text, " \\\n  --data-raw {}", quoted(body));
            }
            Body::Form(fields) => {
                for (name, value) in fields {
                    let _ = match value {
                        Value::Open(value) => {
                            let pair = quoted(&format!("{name}={value}"));
                            write!(text, " \\\n  --data-urlencode {pair}")
                        }
                        Value::Secret(_, variable) => {
                            write!(text, " \\\n  --data-urlencode \"{name}=${variable}\"")
                        }
                    };
                }
            }
        }
        text
    }
}

impl Body {
    fn text(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Text(text) => text.clone(),
            Self::Form(fields) => {
                let pairs = fields.iter().map(|(name, value)| {
                    let value = match value {
                        Value::Open(value) => value,
                        Value::Secret(secret, _) => secret.expose_secret(),
                    };
                    format!("{name}={}", encoded(value))
                });
                pairs.collect::<Vec<_>>().join("&")
            }
        }
    }
}

impl Answer {
    /// The value of the member of a JSON object.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<String> {
        let members = phantom_core::json::parse_object(&self.body).ok()?;
        members.get(name)?.as_str().map(str::to_owned)
    }

    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.status / 100 == 2
    }
}

/// As a form encodes it.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// One word for a shell, whatever is in it.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_in_neither_the_text_nor_the_command() {
        let request = Request {
            method: "POST".to_owned(),
            url: Url::parse("https://as.example/token").unwrap(),
            authorization: Authorization::Basic {
                user: "it's".to_owned(),
                secret: "hidden-1".into(),
            },
            headers: vec![("Accept".to_owned(), "application/json".to_owned())],
            body: Body::Form(vec![
                ("scope", Value::Open("a b".to_owned())),
                ("token", Value::Secret("hidden-2".into(), "TOKEN")),
            ]),
            is_own: false,
        };
        assert_eq!(
            request.curl(),
            "curl -sk 'https://as.example/token' \\\n  -u 'it'\\''s:'\"$CLIENT_SECRET\" \\\n  -H \
             'Accept: application/json' \\\n  --data-urlencode 'scope=a b' \\\n  --data-urlencode \
             \"token=$TOKEN\""
        );
        assert!(!request.shown().contains("hidden") && request.shown().contains("\nscope=a b\n"));
        assert_eq!(request.body.text(), "scope=a+b&token=hidden-2");
    }
}
