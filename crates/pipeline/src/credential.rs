//! The one credential of a request (RFC 6750 §2), taken without repair.

use phantom_core::BearerToken;
use phantom_core::DenyReason;

use crate::edits::CredentialPlace;
use crate::edits::cookie_name;
use crate::facts::Field;
use crate::facts::RequestFacts;
use crate::route::CookieSource;
use crate::route::CredentialSources;

/// A token and where it stood. `value` may be decoded from a query or form, hence the owner.
#[derive(Debug)]
pub struct Credential<'a> {
    pub value: CredentialValue<'a>,
    pub place: CredentialPlace,
}

#[derive(Debug)]
pub enum CredentialValue<'a> {
    Borrowed(BearerToken<'a>),
    Decoded(Secret),
}

/// A decoded credential; checked to be a `b64token`, never printed.
pub struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl Credential<'_> {
    /// The token as presented.
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
        // A scheme we do not offer is no credential (RSP-1); a field that is no scheme at all, or
        // that smuggles a second credential in after a comma, is malformed.
        let is_scheme = !scheme.is_empty() && scheme.iter().all(|byte| is_token_byte(*byte));
        return if is_scheme { Ok(None) } else { Err(DenyReason::CredentialMalformed) };
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
    let origin = facts.fields.origin.one().unwrap_or_default();
    if !source.trusted_origins.iter().any(|trusted| trusted.as_bytes() == origin) {
        return Err(DenyReason::OriginUntrusted);
    }
    let value = pair.splitn(2, |byte| *byte == b'=').nth(1).unwrap_or_default().trim_ascii();
    let value = std::str::from_utf8(value).map_err(|_| DenyReason::CredentialMalformed)?;
    let value = decoded(value.to_owned())?;
    Ok(Some(Credential { value, place: CredentialPlace::Cookie }))
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
    match BearerToken::parse(token.as_bytes()) {
        Ok(_) => Ok(CredentialValue::Decoded(Secret(token))),
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
pub fn is_form_type(media_type: &[u8]) -> bool {
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
