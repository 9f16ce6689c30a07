//! The one credential of a request (RFC 6750 §2), taken without repair.

use phantom_core::BearerToken;
use phantom_core::DenyReason;
use zeroize::Zeroizing;

use crate::edits::CredentialPlace;
use crate::edits::cookie_name;
use crate::facts::Field;
use crate::facts::RequestFacts;
use crate::route::CookieSource;
use crate::route::CredentialSources;

/// A token and where it stood. `value` may be decoded from a query or form, hence the owner.
#[derive(Debug)]
pub struct Credential<'a> {
    pub(crate) value: CredentialValue<'a>,
    pub(crate) place: CredentialPlace,
}

/// The token, as it stood in the request or out of form encoding.
#[derive(Debug)]
pub(crate) enum CredentialValue<'a> {
    Borrowed(BearerToken<'a>),
    Decoded(Secret),
}

/// A decoded credential; checked to be a `b64token`, never printed.
pub(crate) struct Secret(Zeroizing<String>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl Credential<'_> {
    /// The token as presented.
    ///
    /// # Errors
    ///
    /// [`DenyReason::CredentialMalformed`]; none that [`find`] took is.
    pub fn token(&self) -> Result<BearerToken<'_>, DenyReason> {
        match &self.value {
            CredentialValue::Borrowed(token) => Ok(*token),
            CredentialValue::Decoded(secret) => {
                BearerToken::parse(secret.0.as_bytes()).map_err(|_| DenyReason::CredentialMalformed)
            }
        }
    }
}

/// Finds the credential. Sources that the route does not offer are not looked at, but two credentials
/// in one request are refused wherever they stand (TOK-2, TOK-7).
///
/// # Errors
///
/// [`DenyReason::CredentialMissing`], [`DenyReason::CredentialRepeated`],
/// [`DenyReason::CredentialMalformed`], or [`DenyReason::OriginUntrusted`] for a cookie that a
/// foreign page sent.
pub fn find<'a>(
    facts: &RequestFacts<'a>,
    sources: &CredentialSources,
) -> Result<Credential<'a>, DenyReason> {
    let mut found = from_header(facts.fields.authorization)?;
    if sources == &CredentialSources::default() {
        return found.ok_or(DenyReason::CredentialMissing);
    }
    if sources.query {
        one_of(&mut found, from_query(facts.query)?)?;
    }
    if sources.form {
        one_of(&mut found, from_form(facts)?)?;
    }
    if let Some(source) = &sources.cookie {
        one_of(&mut found, from_cookie(facts, source)?)?;
    }
    found.ok_or(DenyReason::CredentialMissing)
}

/// Returns whether there is a credential, good or not, in another place than a form.
#[must_use]
pub(crate) fn is_outside_of_form(facts: &RequestFacts<'_>, sources: &CredentialSources) -> bool {
    let here = |found: Result<Option<Credential<'_>>, DenyReason>| !matches!(found, Ok(None));
    here(from_header(facts.fields.authorization))
        || (sources.query && here(from_query(facts.query)))
        || sources.cookie.as_ref().is_some_and(|source| here(from_cookie(facts, source)))
}

/// Finds the credential in one header field, for APIs that take it nowhere else.
pub(crate) fn in_field(field: Field<'_>) -> Result<Credential<'_>, DenyReason> {
    from_header(field)?.ok_or(DenyReason::CredentialMissing)
}

/// `Bearer` 1*SP b64token. The first word is the scheme; "bearer" further on means nothing (TOK-1).
fn from_header(field: Field<'_>) -> Result<Option<Credential<'_>>, DenyReason> {
    let value = match field {
        Field::Absent => return Ok(None),
        Field::One(value) => value,
        Field::Repeated => return Err(DenyReason::CredentialRepeated),
    };
    let scheme_end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at(scheme_end);
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return not_offered(scheme, rest);
    }
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    let token = rest.get(spaces..).unwrap_or_default();
    if token.contains(&b',') {
        return Err(DenyReason::CredentialRepeated);
    }
    let token = BearerToken::parse(token).map_err(|_| DenyReason::CredentialMalformed)?;
    let value = CredentialValue::Borrowed(token);
    Ok(Some(Credential { value, place: CredentialPlace::Header }))
}

/// A scheme we do not offer is no credential (RSP-1). What is no scheme at all, what holds bytes that
/// no credential has, and what smuggles a second credential in after a comma is refused (TOK-2, TOK-4).
fn not_offered(scheme: &[u8], rest: &[u8]) -> Result<Option<Credential<'static>>, DenyReason> {
    let is_scheme = !scheme.is_empty() && scheme.iter().all(|byte| is_token_byte(*byte));
    if !is_scheme || rest.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n' | 0x80..)) {
        Err(DenyReason::CredentialMalformed)
    } else if is_credential_list(rest) {
        Err(DenyReason::CredentialRepeated)
    } else {
        Ok(None)
    }
}

/// Returns whether commas separate more than `auth-param`s (RFC 9110 §11.4: `token BWS "=" BWS value`).
fn is_credential_list(value: &[u8]) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    let members = value.split(|byte| {
        quoted ^= *byte == b'"' && !escaped;
        escaped = quoted && *byte == b'\\' && !escaped;
        *byte == b',' && !quoted
    });
    // The first stands right behind the scheme and may be a `token68`.
    let mut others = members.skip(1).map(<[u8]>::trim_ascii).filter(|member| !member.is_empty());
    others.any(|member| !is_parameter(member))
}

fn is_parameter(member: &[u8]) -> bool {
    let end = member.iter().position(|byte| *byte == b'=');
    let name = end.and_then(|end| member.get(..end)).unwrap_or_default().trim_ascii_end();
    !name.is_empty() && name.iter().all(|byte| is_token_byte(*byte))
}

fn from_query(query: Option<&str>) -> Result<Option<Credential<'static>>, DenyReason> {
    let token = parameter(query.unwrap_or_default().as_bytes())?;
    Ok(token.map(|value| Credential { value, place: CredentialPlace::Query }))
}

/// RFC 6750 §2.2: a single-part form, ASCII, and not with `GET`.
fn from_form(facts: &RequestFacts<'_>) -> Result<Option<Credential<'static>>, DenyReason> {
    let Some(body) = facts.form else { return Ok(None) };
    let media_type = facts.fields.content_type.one().unwrap_or_default();
    if !is_form_type(media_type) || matches!(facts.method, "GET" | "HEAD") {
        return Ok(None);
    }
    let token = parameter(body)?;
    if token.is_some() && !body.is_ascii() {
        return Err(DenyReason::CredentialMalformed);
    }
    Ok(token.map(|value| Credential { value, place: CredentialPlace::Form }))
}

fn from_cookie(
    facts: &RequestFacts<'_>,
    source: &CookieSource,
) -> Result<Option<Credential<'static>>, DenyReason> {
    let pairs = match facts.fields.cookie {
        Field::Absent => return Ok(None),
        Field::One(value) => value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii),
        Field::Repeated => return Err(DenyReason::CredentialRepeated),
    };
    let mut named = pairs.filter(|pair| cookie_name(pair) == source.name.as_bytes());
    let Some(pair) = named.next() else { return Ok(None) };
    if named.next().is_some() {
        return Err(DenyReason::CredentialRepeated);
    }
    if !is_from_trusted_page(facts, source) {
        return Err(DenyReason::OriginUntrusted);
    }
    let value = pair.splitn(2, |byte| *byte == b'=').nth(1).unwrap_or_default().trim_ascii();
    let value = std::str::from_utf8(value).map_err(|_| DenyReason::CredentialMalformed)?;
    let value = decoded(value.to_owned())?;
    Ok(Some(Credential { value, place: CredentialPlace::Cookie }))
}

/// Returns whether a page that may use the cookie sends it (TOK-8). Browsers name no origin where a page only
/// reads from its own; that it is its own, they tell in a field that no page can set.
fn is_from_trusted_page(facts: &RequestFacts<'_>, source: &CookieSource) -> bool {
    match facts.fields.origin {
        Field::One(origin) => {
            source.trusted_origins.iter().any(|trusted| trusted.as_bytes() == origin)
        }
        Field::Repeated => false,
        Field::Absent => {
            let site = facts.named.named("sec-fetch-site").one();
            is_safe(facts.method) && site == Some(b"same-origin")
        }
    }
}

/// RFC 9110 §9.2.1, without `TRACE`, which is nowhere taken.
fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS")
}

/// The one `access_token` of form-encoded parameters.
fn parameter(encoded: &[u8]) -> Result<Option<CredentialValue<'static>>, DenyReason> {
    let mut tokens = form_urlencoded::parse(encoded).filter(|(name, _)| name == "access_token");
    let Some((_, token)) = tokens.next() else { return Ok(None) };
    if tokens.next().is_some() {
        return Err(DenyReason::CredentialRepeated);
    }
    decoded(token.into_owned()).map(Some)
}

fn decoded(token: String) -> Result<CredentialValue<'static>, DenyReason> {
    let secret = Secret(Zeroizing::new(token));
    match BearerToken::parse(secret.0.as_bytes()) {
        Ok(_) => Ok(CredentialValue::Decoded(secret)),
        Err(_) => Err(DenyReason::CredentialMalformed),
    }
}

fn one_of<'a>(
    found: &mut Option<Credential<'a>>,
    next: Option<Credential<'a>>,
) -> Result<(), DenyReason> {
    match (&found, next) {
        (Some(_), Some(_)) => Err(DenyReason::CredentialRepeated),
        (None, Some(credential)) => {
            *found = Some(credential);
            Ok(())
        }
        (_, None) => Ok(()),
    }
}

#[must_use]
pub(crate) fn is_form_type(media_type: &[u8]) -> bool {
    let essence = media_type.split(|byte| *byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

/// RFC 9110 §5.6.2.
const fn is_token_byte(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'!' | b'#' | b'$' | b'%' | b'&'
        | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

#[cfg(test)]
mod tests;
