//! A request that somebody put together by hand, to be shown beside its answer.

use std::str::FromStr;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use thiserror::Error;
use url::Url;

use super::Answer;
use super::Egress;
use super::EgressError;
use super::Target;

/// The request as somebody wrote it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Any method but `CONNECT`; case matters.
    pub method: &'a str,
    /// Goes through no redirect, so it is the place that answers.
    pub url: &'a Url,
    /// Name and value, in order. Those that say how a request is carried (`Host`,
    /// `Content-Length`, …) are refused.
    pub headers: &'a [(String, String)],
    /// Empty: none is sent.
    pub body: &'a str,
}

/// An answer of any status, read to its end.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Redirects and errors too.
    pub status: u16,
    /// Names in lower case. Those whose value is no text are left out.
    pub headers: Vec<(String, String)>,
    /// At most as many bytes as the caller takes.
    pub body: Vec<u8>,
}

/// Why there is no answer to show.
#[derive(Debug, Error)]
pub enum ExchangeError {
    /// The request is no acceptable one, and was not sent; in words for its author.
    #[error("{0}")]
    Request(&'static str),
    /// The server was not reached, or did not answer to the end.
    #[error(transparent)]
    NoAnswer(#[from] EgressError),
}

/// Whose place the address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A user named it: public addresses alone, unless private ones are allowed.
    ByUser,
    /// The operator did.
    ByOperator,
}

/// They say how the request itself is carried, which is not for whoever wrote it.
const OURS: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Egress {
    /// No redirects, at most `limit` bytes, within the deadline of every call. It may change something
    /// there, and so is sent once.
    ///
    /// # Errors
    ///
    /// [`ExchangeError`]. An answer is no error, whatever its status.
    pub async fn exchange(
        &self,
        asked: Asked<'_>,
        named: Named,
        limit: usize,
    ) -> Result<Answered, ExchangeError> {
        let method = Method::from_str(asked.method);
        let method = method.map_err(|_| ExchangeError::Request("the method is none of HTTP"))?;
        if method == Method::CONNECT {
            return Err(ExchangeError::Request("CONNECT asks for no answer"));
        }
        let headers = headers(asked.headers)?;
        let target = Target { url: asked.url.clone(), guarded: named == Named::ByUser };
        let client = if self.public_only(&target)? { &self.guarded } else { &self.open };
        let request = client.request(method, target.url).headers(headers);
        let request = match asked.body {
            "" => request,
            body => request.body(body.to_owned()),
        };
        let Answer { status, headers, body } = self
            .in_time(async {
                let response = request.send().await.map_err(|error| self.no_answer(error))?;
                self.read(response, limit).await
            })
            .await?;
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        let headers = headers.iter().filter_map(text).collect();
        Ok(Answered { status: status.as_u16(), headers, body })
    }
}

fn headers(asked: &[(String, String)]) -> Result<HeaderMap, ExchangeError> {
    let mut headers = HeaderMap::new();
    for (name, value) in asked {
        let (name, value) = header(name, value).map_err(ExchangeError::Request)?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// A header field as [`Egress::exchange`] takes it.
///
/// # Errors
///
/// Why it takes none of that name or value, in words for its author.
pub fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), &'static str> {
    let name = HeaderName::from_str(name)
        .map_err(|_| "the name of a header is of ASCII letters, digits and signs such as -")?;
    if OURS.contains(&name.as_str()) {
        return Err("host, connection and what frames a request are not set by hand");
    }
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| "the value of a header holds no control characters")?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use phantom_testkit::FakeAs;
    use phantom_testkit::Reply;

    use super::*;
    use crate::egress::EgressConfig;

    fn egress() -> Egress {
        Egress::build(&EgressConfig::default()).unwrap()
    }

    fn asked<'a>(url: &'a Url, headers: &'a [(String, String)]) -> Asked<'a> {
        Asked { method: "POST", url, headers, body: "a=b" }
    }

    #[tokio::test]
    async fn a_request_by_hand_gets_its_answer_whatever_its_status() {
        let server = FakeAs::start().await;
        server.answer("/x", Reply::with_type(418, "text/plain", "tea").header("x-kind", "pot"));
        let url = Url::parse(&server.url("/x")).unwrap();
        let headers = [("authorization".to_owned(), "Bearer t".to_owned())];
        let answer = egress().exchange(asked(&url, &headers), Named::ByOperator, 64).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (418, b"tea".as_slice()));
        assert!(answer.headers.contains(&("x-kind".to_owned(), "pot".to_owned())));
        let sent = server.last("/x");
        assert_eq!((sent.header("authorization"), sent.body.as_str()), (Some("Bearer t"), "a=b"));
    }

    #[tokio::test]
    async fn dsc_4_a_place_that_a_user_named_is_public_and_nothing_is_followed() {
        let server = FakeAs::start().await;
        server.answer("/x", Reply::status(302).header("location", &server.url("/y")));
        let url = Url::parse(&server.url("/x")).unwrap();
        let refused = egress().exchange(asked(&url, &[]), Named::ByUser, 64).await;
        let forbidden = ExchangeError::NoAnswer(EgressError::ForbiddenAddress);
        assert_eq!(refused.unwrap_err().to_string(), forbidden.to_string());
        assert_eq!(server.connections(), 0);
        let answer = egress().exchange(asked(&url, &[]), Named::ByOperator, 64).await.unwrap();
        assert_eq!((answer.status, server.count("/y")), (302, 0));
    }

    #[tokio::test]
    async fn a_place_is_told_to_be_forbidden_by_address_and_by_name_and_not_for_being_away() {
        for (url, named, is_forbidden) in [
            ("http://127.0.0.1:1/", Named::ByUser, true),
            ("http://localhost:1/", Named::ByUser, true),
            ("http://localhost:1/", Named::ByOperator, false),
        ] {
            let address = Url::parse(url).unwrap();
            let refused = egress().exchange(asked(&address, &[]), named, 64).await;
            let Err(ExchangeError::NoAnswer(error)) = refused else { panic!("{url}: {refused:?}") };
            assert_eq!(error.is_forbidden(), is_forbidden, "{url}: {error:?}");
        }
    }

    #[tokio::test]
    async fn what_frames_a_request_is_not_for_whoever_writes_it() {
        let url = Url::parse("http://localhost:1/").unwrap();
        for (name, value) in [
            ("Host", "other"),
            ("Content-Length", "1"),
            ("Transfer-Encoding", "chunked"),
            ("x y", "z"),
            ("x", "a\r\nb: c"),
        ] {
            let headers = [(name.to_owned(), value.to_owned())];
            let refused = egress().exchange(asked(&url, &headers), Named::ByOperator, 64).await;
            assert!(matches!(refused, Err(ExchangeError::Request(_))), "{name}: {refused:?}");
        }
    }
}
