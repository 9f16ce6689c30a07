//! The request that is asked about.

use std::fmt;
use std::net::IpAddr;
use std::net::Ipv4Addr;

use anyhow::bail;
use phantom_pipeline::Entry;
use phantom_pipeline::Fault;
use phantom_pipeline::Field;
use phantom_pipeline::KnownFields;
use phantom_pipeline::NamedFields;
use phantom_pipeline::RequestFacts;
use phantom_proxy::Limits;
use phantom_proxy::head::RequestHead;
use phantom_proxy::http1::request;
use zeroize::Zeroizing;

/// Nobody sends from there: what is asked about a token is put to no caller's account.
const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Method, place and header fields; the fields may hold credentials.
pub(crate) struct AskedRequest {
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    /// Whether https, and which port; `None` where only a path was given.
    pub(crate) place: Option<(bool, u16)>,
    /// Where it comes from.
    pub(crate) peer: Option<IpAddr>,
    fields: Vec<(String, Zeroizing<String>)>,
}

impl AskedRequest {
    /// `url`: `http://host/path?query` or `/path?query`. Nothing is decoded or repaired.
    pub(crate) fn new<'f>(
        method: &str,
        url: &str,
        host: Option<&str>,
        fields: impl IntoIterator<Item = (&'f str, &'f str)>,
        token: Option<&str>,
    ) -> anyhow::Result<Self> {
        let (scheme, (authority, target)) = match url.split_once("://") {
            Some((scheme @ ("http" | "https"), rest)) => match rest.find(['/', '?']) {
                Some(at) => (Some(scheme), rest.split_at(at)),
                None => (Some(scheme), (rest, "/")),
            },
            None if url.starts_with('/') => (None, ("localhost", url)),
            _ => bail!("{url:?} is neither an http URL nor a path that starts with /"),
        };
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        let secret = |text: &str| Zeroizing::new(text.to_owned());
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), secret(value)));
        let bearer = token.map(|token| Zeroizing::new(format!("Bearer {token}")));
        let bearer = bearer.map(|value| ("authorization".to_owned(), value));
        let path = if path.is_empty() { "/" } else { path };
        let place = scheme.map(|scheme| place(scheme == "https", authority)).transpose()?;
        Ok(Self {
            method: method.to_owned(),
            host: host.unwrap_or_else(|| without_port(authority)).to_owned(),
            path: path.to_owned(),
            query,
            place,
            peer: None,
            fields: fields.chain(bearer).collect(),
        })
    }

    pub(crate) fn sent_from(self, peer: Option<IpAddr>) -> Self {
        Self { peer, ..self }
    }

    /// Whether a gateway takes it in: read as it would read it from a connection.
    pub(super) fn arrives(&self, limits: &Limits) -> Result<(), Fault> {
        let mut wire = Zeroizing::new(Vec::new());
        let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| wire.extend_from_slice(part));
        put(&[self.method.as_bytes(), b" ", self.path.as_bytes()]);
        if let Some(query) = &self.query {
            put(&[b"?", query.as_bytes()]);
        }
        put(&[b" HTTP/1.1\r\n"]);
        if !self.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            put(&[b"host: ", self.host.as_bytes(), b"\r\n"]);
        }
        for (name, value) in &self.fields {
            put(&[name.as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
        }
        put(&[b"\r\n"]);
        match request::parse(&wire, &mut RequestHead::default(), limits)? {
            Some(length) if length == wire.len() => Ok(()),
            _ => Err(Fault::BadRequest("a header field holds the end of a line")),
        }
    }

    /// As it comes in by such a listener.
    pub(super) fn facts(&self, entry: Entry, tls: bool) -> RequestFacts<'_> {
        let fields = self.fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        RequestFacts {
            method: &self.method,
            host: &self.host,
            path: &self.path,
            query: self.query.as_deref(),
            fields: KnownFields::collect(fields),
            named: self,
            form: None,
            peer: self.peer.unwrap_or(NOBODY),
            entry,
            tls,
        }
    }
}

impl NamedFields for AskedRequest {
    fn named(&self, name: &str) -> Field<'_> {
        let mut found = Field::Absent;
        for (_, value) in self.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name)) {
            found.add(value.as_bytes());
        }
        found
    }
}

impl fmt::Debug for AskedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AskedRequest").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The port that is asked, which the scheme knows where the URL does not name it.
fn place(https: bool, authority: &str) -> anyhow::Result<(bool, u16)> {
    let port = authority.strip_prefix(without_port(authority)).unwrap_or_default();
    match port.strip_prefix(':') {
        None => Ok((https, if https { 443 } else { 80 })),
        Some(port) => match port.parse() {
            Ok(port) => Ok((https, port)),
            Err(_) => bail!("{port:?} is no port: 1 to 65535"),
        },
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_or_a_path_is_taken_apart_without_repair() {
        let cases = [
            ("/api/x%2Cy?a=1", ("localhost", "/api/x%2Cy", Some("a=1"))),
            ("http://gw.example:8080/api", ("gw.example", "/api", None)),
            ("https://gw.example", ("gw.example", "/", None)),
            ("https://gw.example?a", ("gw.example", "/", Some("a"))),
            ("http://[::1]:81/a/../b", ("[::1]", "/a/../b", None)),
        ];
        for (url, (host, path, query)) in cases {
            let asked = AskedRequest::new("GET", url, None, [], None).unwrap();
            assert_eq!(
                (&*asked.host, &*asked.path, asked.query.as_deref()),
                (host, path, query),
                "{url}"
            );
        }
        for (url, place) in [
            ("/api", None),
            ("http://a:8080/", Some((false, 8080))),
            ("http://a/", Some((false, 80))),
            ("https://[::1]/", Some((true, 443))),
            ("https://[::1]:8243/", Some((true, 8243))),
        ] {
            assert_eq!(AskedRequest::new("GET", url, None, [], None).unwrap().place, place);
        }
        for url in ["api", "ftp://b/", "", "http://a:99999/"] {
            assert!(AskedRequest::new("GET", url, None, [], None).is_err(), "{url}");
        }
    }
}
