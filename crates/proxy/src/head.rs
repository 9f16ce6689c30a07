//! A request head as the proxy holds it: one run of bytes, and where its parts lie in it.
//!
//! Both protocols fill the same shape, so that everything behind it is written once. It is reused
//! from request to request on a connection and allocates nothing in the steady state.

use std::ops::Range;

use phantom_pipeline::Field;
use phantom_pipeline::NamedFields;
use phantom_wire::Framing;

/// Where a part lies in [`RequestHead::bytes`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        // Heads are bounded to far below 4 GiB by `Limits`.
        Self { start: start as u32, end: end as u32 }
    }

    const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    #[must_use]
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.range()).unwrap_or_default()
    }
}

/// One header field and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub struct FieldSpan {
    pub name: Span,
    pub value: Span,
    pub kind: FieldKind,
}

/// Fields this proxy has something to do with. The rest passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    Authorization,
    Connection,
    ContentLength,
    ContentType,
    Cookie,
    Expect,
    Forwarded,
    Host,
    /// Meant for one hop only (RFC 9110 §7.6.1), or named by `Connection`.
    HopByHop,
    Origin,
    PassThrough,
    PreflightMethod,
    Te,
    Trailer,
    TransferEncoding,
    Via,
    XForwardedFor,
    XForwardedHost,
    /// Any other `X-Forwarded-*`.
    XForwardedOther,
    XForwardedProto,
    /// Another spelling, with `_` for `-`, of a field that we set or act on (HTP-7).
    Lookalike,
}

impl FieldKind {
    /// Returns whether a decision may rest on the field.
    #[must_use]
    pub const fn is_known_to_decision(self) -> bool {
        matches!(
            self,
            Self::Authorization
                | Self::ContentType
                | Self::Cookie
                | Self::Origin
                | Self::PreflightMethod
        )
    }

    /// Names are compared without case. By length first: most names are dismissed at once.
    #[must_use]
    pub fn of(name: &[u8]) -> Self {
        let is = |wanted: &[u8]| name.eq_ignore_ascii_case(wanted);
        let exact = match name.len() {
            2 if is(b"te") => Self::Te,
            3 if is(b"via") => Self::Via,
            4 if is(b"host") => Self::Host,
            6 if is(b"cookie") => Self::Cookie,
            6 if is(b"expect") => Self::Expect,
            6 if is(b"origin") => Self::Origin,
            7 if is(b"upgrade") => Self::HopByHop,
            7 if is(b"trailer") => Self::Trailer,
            9 if is(b"forwarded") => Self::Forwarded,
            10 if is(b"connection") => Self::Connection,
            10 if is(b"keep-alive") => Self::HopByHop,
            12 if is(b"content-type") => Self::ContentType,
            13 if is(b"authorization") => Self::Authorization,
            14 if is(b"content-length") => Self::ContentLength,
            14 if is(b"http2-settings") => Self::HopByHop,
            15 if is(b"x-forwarded-for") => Self::XForwardedFor,
            16 if is(b"proxy-connection") => Self::HopByHop,
            16 if is(b"x-forwarded-host") => Self::XForwardedHost,
            17 if is(b"transfer-encoding") => Self::TransferEncoding,
            17 if is(b"x-forwarded-proto") => Self::XForwardedProto,
            18 if is(b"proxy-authenticate") => Self::HopByHop,
            19 if is(b"proxy-authorization") => Self::HopByHop,
            29 if is(b"access-control-request-method") => Self::PreflightMethod,
            13.. if starts_with(name, b"x-forwarded-") => Self::XForwardedOther,
            _ => Self::PassThrough,
        };
        if exact == Self::PassThrough && name.contains(&b'_') {
            let dashed: Vec<u8> =
                name.iter().map(|byte| if *byte == b'_' { b'-' } else { *byte }).collect();
            if Self::of(&dashed) != Self::PassThrough {
                return Self::Lookalike;
            }
        }
        exact
    }
}

/// Returns whether a name starts so, compared without case.
#[must_use]
pub fn starts_with(name: &[u8], prefix: &[u8]) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    Http10,
    #[default]
    Http11,
    Http2,
}

impl Version {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http10 => "1.0",
            Self::Http11 => "1.1",
            Self::Http2 => "2",
        }
    }
}

#[derive(Debug, Default)]
pub struct RequestHead {
    /// Header fields as they came.
    pub bytes: Vec<u8>,
    pub fields: Vec<FieldSpan>,
    /// Method, path, query and authority: text, and known to be.
    line: String,
    method: Span,
    path: Span,
    query: Option<Span>,
    authority: Span,
    pub version: Version,
    pub framing: Framing,
    pub expects_continue: bool,
    /// The client means to send more requests on the connection.
    pub keep_alive: bool,
    /// The client takes trailers (`TE: trailers`).
    pub takes_trailers: bool,
}

impl RequestHead {
    pub fn clear(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        let mut fields = std::mem::take(&mut self.fields);
        let mut line = std::mem::take(&mut self.line);
        bytes.clear();
        fields.clear();
        line.clear();
        *self = Self { bytes, fields, line, ..Self::default() };
    }

    /// Adds bytes of a field and tells where they lie.
    pub fn push(&mut self, bytes: &[u8]) -> Span {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        Span::new(start, self.bytes.len())
    }

    pub fn set_method(&mut self, method: &str) {
        self.method = self.push_text(method);
    }

    pub fn set_target(&mut self, path: &str, query: Option<&str>) {
        self.path = self.push_text(path);
        self.query = query.map(|query| self.push_text(query));
    }

    pub fn set_authority(&mut self, authority: &str) {
        self.authority = self.push_text(authority);
    }

    fn push_text(&mut self, text: &str) -> Span {
        let start = self.line.len();
        self.line.push_str(text);
        Span::new(start, self.line.len())
    }

    fn text(&self, span: Span) -> &str {
        self.line.get(span.range()).unwrap_or_default()
    }

    #[must_use]
    pub fn method(&self) -> &str {
        self.text(self.method)
    }

    #[must_use]
    pub fn path(&self) -> &str {
        self.text(self.path)
    }

    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.query.map(|span| self.text(span))
    }

    /// Host and port as the client wrote them.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.text(self.authority)
    }

    /// Returns whether it may be sent twice (HTP-15): idempotent, and no part of a body was taken from the
    /// client, or all of it is `buffered` here.
    #[must_use]
    pub fn is_replayable(&self, buffered: bool) -> bool {
        let idempotent = matches!(self.method(), "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE");
        let bodiless = matches!(self.framing, Framing::None | Framing::Length(0));
        idempotent && (bodiless || buffered)
    }

    /// The authority without its port.
    #[must_use]
    pub fn host(&self) -> &str {
        let authority = self.authority();
        if authority.starts_with('[') {
            return authority.find(']').and_then(|end| authority.get(..=end)).unwrap_or(authority);
        }
        authority.split(':').next().unwrap_or_default()
    }

    #[must_use]
    pub fn name(&self, field: &FieldSpan) -> &[u8] {
        field.name.of(&self.bytes)
    }

    #[must_use]
    pub fn value(&self, field: &FieldSpan) -> &[u8] {
        field.value.of(&self.bytes)
    }

    /// All lines of a field, by its name.
    pub fn lines<'h>(&'h self, name: &str) -> impl Iterator<Item = &'h [u8]> {
        let named = |field: &&FieldSpan| self.name(field).eq_ignore_ascii_case(name.as_bytes());
        self.fields.iter().filter(named).map(|field| self.value(field))
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.lines(name).next().is_some()
    }

    pub fn values(&self, kind: FieldKind) -> impl Iterator<Item = &[u8]> {
        self.fields.iter().filter(move |field| field.kind == kind).map(|field| self.value(field))
    }
}

impl NamedFields for RequestHead {
    fn named(&self, name: &str) -> Field<'_> {
        let mut found = Field::Absent;
        for value in self.lines(name) {
            found.add(value);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: HTP-7
    #[test]
    fn underscore_spellings_of_our_fields_are_recognised() {
        for name in ["X_Forwarded_For", "x-forwarded_host", "proxy_authorization", "CONTENT_LENGTH"]
        {
            assert_eq!(FieldKind::of(name.as_bytes()), FieldKind::Lookalike, "{name}");
        }
        for name in ["x_request_id", "authorisation", "x-forwarder"] {
            assert_eq!(FieldKind::of(name.as_bytes()), FieldKind::PassThrough, "{name}");
        }
        assert_eq!(FieldKind::of(b"AUTHORIZATION"), FieldKind::Authorization);
    }
}
