//! The credential of a request: what its `Authorization` field holds, and whose it is.

use std::fmt;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header;
use phantom_access::Control;
use phantom_access::caller::Caller;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use secrecy::SecretString;
use zeroize::Zeroizing;

pub enum Credential {
    Basic { name: String, password: SecretString },
    Bearer(Zeroizing<String>),
}

/// Without what it holds.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic",
            Self::Bearer(_) => "Bearer",
        })
    }
}

/// Whoever the request's credential is of; nobody where there is none.
pub async fn caller(
    control: &Control,
    headers: &HeaderMap,
    address: Option<IpAddr>,
) -> Outcome<Option<Caller>> {
    match Credential::of(headers)? {
        None => Ok(None),
        Some(Credential::Basic { name, password }) => {
            Caller::by_password(control, &name, &password, address).await.map(Some)
        }
        Some(Credential::Bearer(token)) => {
            Caller::by_token(control, &token, address).await.map(Some)
        }
    }
}

/// A browser sends a password that it keeps along with what other sites' pages ask for, and says so.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    headers
        .get("sec-fetch-site")
        .is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"))
}

impl Credential {
    /// `None` without a field; a field that is no credential of these is a bad one.
    pub fn of(headers: &HeaderMap) -> Outcome<Option<Self>> {
        let mut fields = headers.get_all(header::AUTHORIZATION).iter();
        let Some(field) = fields.next() else { return Ok(None) };
        let value = field.to_str().map_err(|_| Refusal::Unauthenticated)?;
        let (scheme, rest) = value.split_once(' ').ok_or(Refusal::Unauthenticated)?;
        let rest = rest.trim_start_matches(' ');
        if fields.next().is_some() {
            Err(Refusal::Unauthenticated)
        } else if scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty() {
            Ok(Some(Self::Bearer(Zeroizing::new(rest.to_owned()))))
        } else if scheme.eq_ignore_ascii_case("basic") {
            let basic = Self::basic(rest).filter(|_| !is_of_another_site(headers));
            basic.map(Some).ok_or(Refusal::Unauthenticated)
        } else {
            Err(Refusal::Unauthenticated)
        }
    }

    /// RFC 7617 §2.
    fn basic(encoded: &str) -> Option<Self> {
        let decoded = Zeroizing::new(STANDARD.decode(encoded).ok()?);
        let (name, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        let sound = !name.is_empty() && !decoded.contains(&0);
        sound.then(|| Self::Basic { name: name.to_owned(), password: password.into() })
    }
}
