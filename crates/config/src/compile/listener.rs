//! `[[listener]]`: sockets and their TLS.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use phantom_pipeline::Entry;
use phantom_proxy::Listener;
use phantom_proxy::tls;
use phantom_proxy::tls::Certificate;
use phantom_proxy::tls::TlsError;
use rustls::pki_types::CertificateDer;

use crate::certificate::Validity;
use crate::compile::Purpose;
use crate::context::Context;
use crate::place::At;
use crate::raw::RawListener;
use crate::raw::RawTls;
use crate::self_signed;
use crate::self_signed::SelfSignedError;

/// What is left of a certificate's life when we begin to warn.
const SOON_DAYS: i64 = 14;

/// What a listener may be told to serve.
const SERVES: [(&str, Entry); 3] =
    [("all", Entry::All), ("apis", Entry::Apis), ("routes", Entry::Routes)];

pub(super) fn compile(
    raw: &[RawListener],
    management: Option<&At<SocketAddr>>,
    protected: bool,
    own_certificate: &OwnCertificate<'_>,
    certificates: &mut Vec<Arc<Certificate>>,
    context: Context<'_>,
) -> Vec<Listener> {
    let mut taken: Vec<At<SocketAddr>> = management.cloned().into_iter().collect();
    let mut listeners = Vec::new();
    for raw in raw {
        let example = "\"127.0.0.1:8080\"";
        let Some(bind) = context.required(raw.bind.clone(), &raw.place, "bind", example) else {
            continue;
        };
        let http2 = raw.http2.as_ref().is_none_or(|at| at.value);
        let mut keep = |served: Served| {
            certificates.push(served.certificate);
            served.config
        };
        let config = match raw.self_signed.as_ref().filter(|at| at.value) {
            Some(at) => Some(self_signed(at, raw, http2, own_certificate, context).map(&mut keep)),
            None => raw.tls.as_ref().map(|raw| server_config(raw, http2, context).map(&mut keep)),
        };
        if config.is_none() && protected {
            warn_of_plain_tokens(raw, &bind, context);
        }
        let serves = context.choice(raw.serve.as_ref(), &SERVES);
        for address in addresses(&bind, context) {
            let at = At { value: address, place: bind.place.clone() };
            if let Some(other) = taken.iter().find(|other| conflict(other.value, address)) {
                let message =
                    format!("{address} is taken by {} = {}", other.place.key, other.value);
                context.error(&bind.place, message, "give each its own port");
            }
            taken.push(at);
            listeners.push(Listener {
                bind: address,
                tls: config.clone().flatten(),
                http2,
                proxy_protocol: raw.proxy_protocol.as_ref().is_some_and(|at| at.value),
                behind_tls: raw.behind_tls.as_ref().is_some_and(|at| at.value),
                serves,
            });
        }
    }
    listeners
}

/// `gateway` serves listeners alone and `control` the control plane: only `run` needs both ports.
pub(super) fn warn_of_control(raw: &[RawListener], control: &[SocketAddr], context: Context<'_>) {
    for bind in raw.iter().filter_map(|raw| raw.bind.as_ref()) {
        let mut own = addresses_of(&bind.value).into_iter().flatten();
        if own.any(|address| control.iter().any(|control| conflict(*control, address))) {
            let message = format!("{:?} is also where [control] listens", bind.value);
            let hint = "`phantom run` serves both: give each its own port, or bind in [control]";
            context.warning(&bind.place, message, hint);
        }
    }
}

/// How TLS is served, and the certificate with which it is.
#[derive(Clone, Debug)]
pub struct Served {
    pub config: Arc<rustls::ServerConfig>,
    pub certificate: Arc<Certificate>,
}

impl Served {
    fn new(
        certificate: Arc<Certificate>,
        client_ca: Option<Vec<CertificateDer<'static>>>,
        http2: bool,
    ) -> Result<Self, TlsError> {
        let config = tls::renewable_server_config(Arc::clone(&certificate), client_ca, http2)?;
        Ok(Self { config, certificate })
    }

    /// With the certificate that is made where none is given.
    pub fn self_signed(directory: &Path, http2: bool) -> Result<Self, SelfSignedError> {
        Ok(Self::new(self_signed::certificate(directory, &[])?, None, http2)?)
    }
}

/// A listener as its callers see it, whether or not its certificate is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entrance {
    pub address: SocketAddr,
    pub tls: bool,
    /// TLS ends in front of it, at a port that is not known here.
    pub behind_tls: bool,
    pub serves: Entry,
}

/// Those of the file whose place is right.
pub(super) fn entrances(raw: &[RawListener]) -> Vec<Entrance> {
    let is_set = |at: &Option<At<bool>>| at.as_ref().is_some_and(|at| at.value);
    let each = |raw: &RawListener| {
        let addresses = raw.bind.as_ref().and_then(|at| addresses_of(&at.value));
        let served = raw.serve.as_ref().map_or("all", |at| &at.value);
        let served = SERVES.iter().find(|(word, _)| *word == served);
        let entrance = Entrance {
            address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            tls: raw.tls.is_some() || is_set(&raw.self_signed),
            behind_tls: is_set(&raw.behind_tls),
            serves: served.map_or(Entry::All, |(_, serves)| *serves),
        };
        addresses.into_iter().flatten().map(move |address| Entrance { address, ..entrance })
    };
    raw.iter().flat_map(each).collect()
}

/// The certificate that is made where none is given.
pub(super) struct OwnCertificate<'a> {
    pub(super) data_dir: &'a Path,
    pub(super) purpose: Purpose,
}

/// `None` only with an error noted, or where nothing may be written.
fn self_signed(
    at: &At<bool>,
    raw: &RawListener,
    http2: bool,
    own: &OwnCertificate<'_>,
    context: Context<'_>,
) -> Option<Served> {
    if let Some(tls) = &raw.tls {
        context.error(&at.place, "there is tls as well", format!("remove {}", tls.place.key));
        return None;
    }
    if own.purpose == Purpose::Check {
        return None;
    }
    let made = std::fs::create_dir_all(own.data_dir)
        .map_err(|error| error.to_string())
        .and_then(|()| Served::self_signed(own.data_dir, http2).map_err(|e| e.to_string()));
    made.map_err(|error| context.error(&at.place, error, "give tls = { cert, key } instead")).ok()
}

/// TOK-10 (RFC 6750 §5.2, §5.3): tokens travel over TLS, or somebody says where TLS ends.
fn warn_of_plain_tokens(raw: &RawListener, bind: &At<String>, context: Context<'_>) {
    let open = addresses_of(&bind.value)
        .is_some_and(|addresses| addresses.iter().any(|address| !address.ip().is_loopback()));
    let stated = raw.behind_tls.as_ref().is_some_and(|at| at.value);
    if open && !stated {
        let message = "clients send their tokens to this listener in the clear";
        let hint = "add tls, or behind_tls = true where TLS ends in front of the gateway";
        context.warning(&bind.place, message, hint);
    }
}

pub(super) fn addresses(bind: &At<String>, context: Context<'_>) -> Vec<SocketAddr> {
    addresses_of(&bind.value).unwrap_or_else(|| {
        let (message, hint) = wrong_address(&bind.value, "0.0.0.0");
        context.error(&bind.place, message, hint);
        Vec::new()
    })
}

/// What is wrong with an address, and what would be right.
pub(super) fn wrong_address(bind: &str, all: &str) -> (String, String) {
    let port = bind.rsplit_once(':').map_or(bind, |(_, port)| port);
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && port.parse::<u16>().is_err() {
        return (format!("{port} is no port"), "a port is a number from 0 to 65535".to_owned());
    }
    let port = if is_number { port } else { "8080" };
    let hint = match bind.rsplit_once(':') {
        Some((host, _)) if host.bytes().any(|byte| byte.is_ascii_alphabetic()) => format!(
            "names other than localhost are not looked up: write an address, as \"{all}:{port}\""
        ),
        _ => format!(
            "write \"0.0.0.0:{port}\" for all IPv4 addresses, \"[::]:{port}\" for all, or \"localhost:{port}\""
        ),
    };
    (format!("{bind:?} is not an address and port"), hint)
}

/// `localhost` is the loopback of both families, as far as the machine has them: a client that
/// resolves the name may try either first.
fn addresses_of(bind: &str) -> Option<Vec<SocketAddr>> {
    let Some(port) = bind.strip_prefix("localhost:") else {
        return Some(vec![bind.parse().ok()?]);
    };
    let port: u16 = port.parse().ok()?;
    let mut addresses = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))];
    if phantom_proxy::listen::has_ipv6_loopback() {
        addresses.push(SocketAddr::from((Ipv6Addr::LOCALHOST, port)));
    }
    Some(addresses)
}

/// Two sockets that would fight over connections. Port 0 takes a free one each time.
fn conflict(a: SocketAddr, b: SocketAddr) -> bool {
    let covers = |wide: IpAddr, ip: IpAddr| match wide {
        IpAddr::V4(wide) => wide.is_unspecified() && ip.is_ipv4(),
        // Dual-stack: the IPv6 wildcard takes IPv4 as well.
        IpAddr::V6(wide) => wide.is_unspecified(),
    };
    a.port() == b.port()
        && a.port() != 0
        && (a.ip() == b.ip() || covers(a.ip(), b.ip()) || covers(b.ip(), a.ip()))
}

/// `None` only with an error noted.
pub(super) fn server_config(raw: &RawTls, http2: bool, context: Context<'_>) -> Option<Served> {
    let cert = context.required(raw.cert.clone(), &raw.place, "cert", "\"gateway.pem\"");
    let key = context.required(raw.key.clone(), &raw.place, "key", "\"gateway-key.pem\"");
    let cert = cert.filter(|at| is_usable(at, context));
    let client_ca = match &raw.client_ca {
        None => None,
        Some(at) => Some(certificates_of(at, context)?),
    };
    let key_at = key?;
    let key = context.path(&key_at.value);
    tls::read_key(&key)
        .map_err(|error| context.error(&key_at.place, error.to_string(), "a private key in PEM"))
        .ok()?;
    let served = Certificate::read(&context.path(&cert?.value), &key)
        .and_then(|certificate| Served::new(certificate, client_ca, http2));
    match served {
        Ok(served) => Some(served),
        Err(error) => {
            let place = match (&error, &raw.client_ca) {
                (TlsError::ClientCa(_), Some(at)) => &at.place,
                _ => &key_at.place,
            };
            context.error(place, error.to_string(), "key and certificate have to belong together");
            None
        }
    }
}

/// The gateway's own certificates: an expired one is no certificate.
fn is_usable(at: &At<String>, context: Context<'_>) -> bool {
    let Some(certificates) = certificates_of(at, context) else { return false };
    let Some(validity) = certificates.first().and_then(|first| Validity::of(first)) else {
        context.error(&at.place, "the first certificate cannot be read", "");
        return false;
    };
    let now = Timestamp::now();
    if validity.not_after < now {
        let message = format!("the certificate expired on {}", validity.not_after);
        context.error(&at.place, message, "get a new one: clients refuse this one");
        return false;
    }
    if validity.not_before > now {
        let message = format!("the certificate is not valid before {}", validity.not_before);
        context.error(&at.place, message, "is the clock right?");
        return false;
    }
    if validity.not_after.duration_since(now).as_hours() < SOON_DAYS * 24 {
        let message = format!("the certificate expires on {}", validity.not_after);
        context.warning(&at.place, message, "renew it");
    }
    true
}

fn certificates_of(at: &At<String>, context: Context<'_>) -> Option<Vec<CertificateDer<'static>>> {
    tls::read_certificates(&context.path(&at.value))
        .map_err(|error| context.error(&at.place, error.to_string(), "certificates in PEM"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_conflict_with_what_they_cover() {
        let cases = [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "127.0.0.1:81", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
            ("0.0.0.0:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "0.0.0.0:80", true),
            ("0.0.0.0:80", "[::1]:80", false),
            ("[::]:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "127.0.0.2:80", false),
        ];
        for (a, b, expected) in cases {
            assert_eq!(conflict(a.parse().unwrap(), b.parse().unwrap()), expected, "{a} {b}");
        }
    }
}
