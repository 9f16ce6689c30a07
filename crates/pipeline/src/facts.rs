//! The facts of a request that a decision rests on, borrowed from it.

use std::net::IpAddr;

/// A request as the decision sees it. The transport has already refused what is ambiguous.
#[derive(Clone, Copy, Debug)]
pub struct RequestFacts<'a> {
    /// Case matters (RFC 9110 §9.1).
    pub method: &'a str,
    /// Host without port, as the client wrote it.
    pub host: &'a str,
    /// The path that is sent upstream, byte for byte (HTP-11).
    pub path: &'a str,
    /// After the `?`, percent-encoding untouched. `None`: there is no `?`.
    pub query: Option<&'a str>,
    /// Those that any decision may need; others are asked for by name.
    pub fields: KnownFields<'a>,
    /// Fields by name, for the APIs whose token comes in one of their own.
    pub named: &'a dyn NamedFields,
    /// The body of a form, only where the route takes credentials from one.
    pub form: Option<&'a [u8]>,
    /// The client's address, after trusted proxies.
    pub peer: IpAddr,
    /// The kinds of routes that its listener serves.
    pub entry: Entry,
    /// The client's own connection, as far as trusted proxies tell, is TLS.
    pub tls: bool,
}

/// The kinds of routes that a listener serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Entry {
    /// Routes first, then managed APIs.
    #[default]
    All,
    /// Managed APIs alone.
    Apis,
    /// Routes of the file alone.
    Routes,
}

impl Entry {
    /// Returns whether routes of the file are served.
    #[must_use]
    pub const fn serves_routes(self) -> bool {
        matches!(self, Self::All | Self::Routes)
    }

    /// Returns whether managed APIs are served.
    #[must_use]
    pub const fn serves_apis(self) -> bool {
        matches!(self, Self::All | Self::Apis)
    }
}

/// A request's header fields, by any name.
pub trait NamedFields: std::fmt::Debug + Sync {
    /// `name` is in lower case.
    fn named(&self, name: &str) -> Field<'_>;
}

/// A request without further fields.
#[derive(Clone, Copy, Debug)]
pub struct NoFields;

impl NamedFields for NoFields {
    fn named(&self, _name: &str) -> Field<'_> {
        Field::Absent
    }
}

/// A header field that must not be repeated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Field<'a> {
    /// No line has the name.
    #[default]
    Absent,
    /// The value of the one line that has it.
    One(&'a [u8]),
    /// Several lines have it, be it with the same value.
    Repeated,
}

impl<'a> Field<'a> {
    /// The value, where there is exactly one.
    #[must_use]
    pub const fn one(self) -> Option<&'a [u8]> {
        match self {
            Self::One(value) => Some(value),
            Self::Absent | Self::Repeated => None,
        }
    }

    /// Takes a further line of the name.
    pub const fn add(&mut self, value: &'a [u8]) {
        *self = match self {
            Self::Absent => Self::One(value),
            Self::One(_) | Self::Repeated => Self::Repeated,
        };
    }
}

/// The header fields a decision may rest on, found in one pass over the request.
#[derive(Clone, Copy, Default)]
pub struct KnownFields<'a> {
    /// With `OPTIONS` and `Origin` it makes a preflight (COR-1).
    pub access_control_request_method: Field<'a>,
    /// The usual place of the credential (RFC 6750 §2.1).
    pub authorization: Field<'a>,
    /// Tells forms and gRPC from all else.
    pub content_type: Field<'a>,
    /// Read on routes that take tokens from a cookie.
    pub cookie: Field<'a>,
    /// The page that a browser acts for.
    pub origin: Field<'a>,
}

impl<'a> KnownFields<'a> {
    /// Sorts fields in; names are compared without case.
    #[must_use]
    pub fn collect(fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let mut known = Self::default();
        for (name, value) in fields {
            known.add(name, value);
        }
        known
    }

    pub(crate) fn add(&mut self, name: &[u8], value: &'a [u8]) {
        // By length first: most fields of most requests are dismissed by one comparison.
        let (field, wanted): (_, &[u8]) = match name.len() {
            6 if name.first().is_some_and(|first| first | 0x20 == b'c') => {
                (&mut self.cookie, b"cookie")
            }
            6 => (&mut self.origin, b"origin"),
            12 => (&mut self.content_type, b"content-type"),
            13 => (&mut self.authorization, b"authorization"),
            29 => (&mut self.access_control_request_method, b"access-control-request-method"),
            _ => return,
        };
        if name.eq_ignore_ascii_case(wanted) {
            field.add(value);
        }
    }
}

impl std::fmt::Debug for KnownFields<'_> {
    /// Which are there, never what they hold: two of them are credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seen = |field: Field<'_>| match field {
            Field::Absent => "absent",
            Field::One(_) => "present",
            Field::Repeated => "repeated",
        };
        f.debug_struct("KnownFields")
            .field("authorization", &seen(self.authorization))
            .field("cookie", &seen(self.cookie))
            .field("origin", &seen(self.origin))
            .finish_non_exhaustive()
    }
}

impl RequestFacts<'_> {
    /// gRPC requests get trailers-only answers (PRB-4).
    #[must_use]
    pub fn is_grpc(&self) -> bool {
        self.fields.content_type.one().is_some_and(is_grpc_type)
    }
}

fn is_grpc_type(value: &[u8]) -> bool {
    let prefix = b"application/grpc";
    value.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        && matches!(value.get(prefix.len()), None | Some(b'+' | b';' | b' '))
}
