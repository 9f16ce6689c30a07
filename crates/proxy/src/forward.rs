//! The request that a backend gets: the client's head with the decision's edits applied.

use std::net::IpAddr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;

use phantom_core::Permit;
use phantom_pipeline::Edits;
use phantom_pipeline::Entry;
use phantom_pipeline::Forward;
use phantom_pipeline::edits::CredentialPlace;
use phantom_pipeline::edits::without_access_token;
use phantom_pipeline::edits::without_cookie;
use phantom_pipeline::route::Upstream;
use phantom_telemetry::RequestId;

use crate::config::ProxyConfig;
use crate::content::Content;
use crate::head::FieldKind;
use crate::head::RequestHead;
use crate::request_id::is_id_field;
use phantom_wire::Framing;

/// The connection a request came on, as far as the backend is told of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// The peer of the TCP connection, or who the PROXY protocol says it was.
    pub(crate) peer: IpAddr,
    pub(crate) tls: bool,
    /// The kinds of routes that the listener serves.
    pub(crate) entry: Entry,
}

/// A request about to be sent to a backend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) forward: &'a Forward,
    pub(crate) upstream: &'a Upstream,
    pub(crate) head: &'a RequestHead,
    /// The framing of the body as it goes out.
    pub(crate) framing: Framing,
    pub(crate) origin: Origin,
    /// The name of the request.
    pub(crate) id: Option<RequestId>,
}

/// Writes the request head for the backend. The [`Permit`] is the proof that it may be sent.
pub(crate) fn write_head(
    _permit: &Permit,
    outgoing: Outgoing<'_>,
    config: &ProxyConfig,
    out: &mut Vec<u8>,
) {
    let Outgoing { forward, upstream, head, framing, origin, id } = outgoing;
    let id = id.filter(|_| config.request_id);
    out.extend_from_slice(head.method().as_bytes());
    out.push(b' ');
    // TOK-5: stripped whether or not the route takes tokens from there.
    let rewritten = head.query().and_then(without_access_token);
    let query = match &rewritten {
        Some(query) => Some(query.as_str()).filter(|query| !query.is_empty()),
        None => head.query(),
    };
    upstream.write_target(forward.consumed, head.path(), query, out);
    out.extend_from_slice(b" HTTP/1.1\r\nhost: ");
    write_authority(upstream, out);
    out.extend_from_slice(b"\r\n");
    let trusted = !config.trusted_proxies.is_empty() && config.trusts(origin.peer);
    write_passing_fields(head, forward, trusted, id.is_some(), out);
    write_forwarding_fields(head, origin, trusted, &config.via, out);
    if let Some(id) = &id {
        field(b"x-request-id", &[id.as_bytes()], out);
    }
    if let Some(statement) = &forward.edits.bearer {
        field(b"authorization", &[b"Bearer ", statement.phantom_token.expose().as_bytes()], out);
    }
    match framing {
        Framing::Chunked | Framing::UntilClose => field(b"transfer-encoding", &[b"chunked"], out),
        Framing::Length(length) => {
            field(b"content-length", &[itoa::Buffer::new().format(length).as_bytes()], out);
        }
        // RFC 9110 §8.6: of these methods a body is expected, and its absence has to be told. There are
        // servers that answer 411 otherwise, or wait.
        Framing::None if matches!(head.method(), "POST" | "PUT" | "PATCH") => {
            field(b"content-length", &[b"0"], out);
        }
        Framing::None => {}
    }
    if head.takes_trailers {
        out.extend_from_slice(b"connection: te\r\nte: trailers\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

/// Copies what goes end to end.
fn write_passing_fields(
    head: &RequestHead,
    forward: &Forward,
    trusted: bool,
    is_named: bool,
    out: &mut Vec<u8>,
) {
    let protected = forward.edits.bearer.is_some();
    let api = forward.matched.operation().map(|operation| &operation.api);
    for each in &head.fields {
        let (name, value) = (head.name(each), head.value(each));
        if api.is_some_and(|api| api.strips(name, protected)) || is_named && is_id_field(name) {
            continue;
        }
        match each.kind {
            FieldKind::PassThrough
            | FieldKind::ContentType
            | FieldKind::Origin
            | FieldKind::PreflightMethod
            | FieldKind::Trailer => field(name, &[value], out),
            FieldKind::Forwarded | FieldKind::XForwardedOther if trusted => {
                field(name, &[value], out);
            }
            FieldKind::Cookie => match cookie_to_remove(forward) {
                Some(cookie) => {
                    if let Some(kept) = without_cookie(value, cookie) {
                        field(name, &[&kept], out);
                    }
                }
                None => field(name, &[value], out),
            },
            // TOK-9: on a protected route every inbound credential goes, and ours is set last.
            FieldKind::Authorization if protected => {}
            FieldKind::Authorization => field(name, &[value], out),
            FieldKind::Connection
            | FieldKind::ContentLength
            | FieldKind::Expect
            | FieldKind::Forwarded
            | FieldKind::HopByHop
            | FieldKind::Host
            | FieldKind::Lookalike
            | FieldKind::Te
            | FieldKind::TransferEncoding
            | FieldKind::Via
            | FieldKind::XForwardedFor
            | FieldKind::XForwardedHost
            | FieldKind::XForwardedOther
            | FieldKind::XForwardedProto => {}
        }
    }
}

fn cookie_to_remove(forward: &Forward) -> Option<&str> {
    let source = forward.matched.route()?.credentials.cookie.as_ref()?;
    Some(&source.name)
}

/// `X-Forwarded-*` and `Via`. A client's own are believed from trusted proxies only (HTP-9).
fn write_forwarding_fields(
    head: &RequestHead,
    origin: Origin,
    trusted: bool,
    via: &str,
    out: &mut Vec<u8>,
) {
    let theirs = |kind| head.values(kind).filter(move |_| trusted);
    list(b"x-forwarded-for", theirs(FieldKind::XForwardedFor), out);
    write_address(origin.peer, out);
    out.extend_from_slice(b"\r\n");
    match theirs(FieldKind::XForwardedHost).next() {
        Some(value) => field(b"x-forwarded-host", &[value], out),
        None if head.authority().is_empty() => {}
        None => field(b"x-forwarded-host", &[head.authority().as_bytes()], out),
    }
    let scheme: &[u8] = if origin.tls { b"https" } else { b"http" };
    let scheme = theirs(FieldKind::XForwardedProto).next().unwrap_or(scheme);
    field(b"x-forwarded-proto", &[scheme], out);
    list(b"via", head.values(FieldKind::Via), out);
    out.extend_from_slice(head.version.name().as_bytes());
    out.push(b' ');
    out.extend_from_slice(via.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Starts a list field with the members that are there already.
fn list<'a>(name: &[u8], members: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    for member in members {
        out.extend_from_slice(member);
        out.extend_from_slice(b", ");
    }
}

fn field(name: &[u8], value: &[&[u8]], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    for part in value {
        out.extend_from_slice(part);
    }
    out.extend_from_slice(b"\r\n");
}

fn write_address(address: IpAddr, out: &mut Vec<u8>) {
    use std::io::Write as _;
    if let IpAddr::V4(v4) = address {
        for (at, octet) in v4.octets().into_iter().enumerate() {
            if at > 0 {
                out.push(b'.');
            }
            out.extend_from_slice(itoa::Buffer::new().format(octet).as_bytes());
        }
    } else {
        // Writing to a vector does not fail.
        let _ = write!(out, "{address}");
    }
}

fn write_authority(upstream: &Upstream, out: &mut Vec<u8>) {
    let bracketed = upstream.host.contains(':');
    if bracketed {
        out.push(b'[');
    }
    out.extend_from_slice(upstream.host.as_bytes());
    if bracketed {
        out.push(b']');
    }
    if upstream.port != if upstream.https { 443 } else { 80 } {
        out.push(b':');
        out.extend_from_slice(itoa::Buffer::new().format(upstream.port).as_bytes());
    }
}

/// The form without its `access_token`, where it was taken from there.
pub(crate) fn rewritten_form(edits: &Edits, form: Content) -> Content {
    let text = std::str::from_utf8(&form.bytes).unwrap_or_default();
    match (edits.place, without_access_token(text)) {
        (CredentialPlace::Form, Some(kept)) => Content::whole(kept.into_bytes()),
        _ => form,
    }
}

/// Returns whether the request has been here before: one of its hops was this gateway (RFC 9110 §7.6.3).
pub(crate) fn is_loop(head: &RequestHead, config: &ProxyConfig) -> bool {
    head.values(FieldKind::Via).flat_map(crate::normalize::members).any(|hop| {
        let mut parts =
            hop.split(|byte| matches!(byte, b' ' | b'\t')).filter(|part| !part.is_empty());
        parts.nth(1).is_some_and(|by| by.eq_ignore_ascii_case(config.via.as_bytes()))
    })
}

/// Returns whether the client's own connection is TLS: this one, or what trusted proxies say of theirs.
pub(crate) fn client_uses_tls(head: &RequestHead, origin: Origin, config: &ProxyConfig) -> bool {
    if config.trusted_proxies.is_empty() || !config.trusts(origin.peer) {
        return origin.tls;
    }
    let mut schemes =
        head.values(FieldKind::XForwardedProto).flat_map(crate::normalize::members).peekable();
    if schemes.peek().is_none() {
        return origin.tls;
    }
    // Where several tell of their hops, it is no better than the worst.
    schemes.all(|scheme| scheme.eq_ignore_ascii_case(b"https"))
}

/// The address a request counts for: the peer, or what trusted proxies say of it.
pub(crate) fn client_address(head: &RequestHead, peer: IpAddr, config: &ProxyConfig) -> IpAddr {
    if config.trusted_proxies.is_empty() || !config.trusts(peer) {
        return peer;
    }
    let forwarded: Vec<&[u8]> =
        head.values(FieldKind::XForwardedFor).flat_map(crate::normalize::members).collect();
    let mut client = peer;
    // From the nearest hop outwards, for as long as the hops are trusted.
    for member in forwarded.into_iter().rev() {
        // `unknown`, and what is no address: all that is known is the hop that says so.
        let Some(address) = hop_address(member) else { break };
        client = address;
        if !config.trusts(client) {
            break;
        }
    }
    client
}

/// A hop as proxies write it: an address, with a port behind it or not; IPv6 in brackets or not, quoted
/// or not.
fn hop_address(member: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(member).ok()?;
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let address = text
        .parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .or_else(|| bracketed().map(IpAddr::V6))?;
    Some(address.to_canonical())
}
