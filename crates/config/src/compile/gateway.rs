//! `[gateway]` and `[management]`: settings of the process.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use phantom_pipeline::ErrorFormat;
use phantom_proxy::Limits;
use phantom_proxy::ProxyConfig;
use phantom_proxy::http1::request::MAX_FIELDS;
use phantom_proxy::tls;
use phantom_telemetry::access_log::LogFormat;
use phantom_tls::Authorities;
use rustls::RootCertStore;

use crate::compile::AccessLogSettings;
use crate::compile::kept;
use crate::compile::listener;
use crate::context::Context;
use crate::place::At;
use crate::place::Place;
use crate::raw::RawGateway;
use crate::raw::RawLimits;

const MIB: u64 = 1024 * 1024;
/// Where few connections are allowed at all, one source may still have so many.
const LEAST_PER_SOURCE: usize = 64;

/// What other parts of the compiler ask for.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) data_dir: PathBuf,
    pub(super) error_format: ErrorFormat,
    pub(super) access_log: Option<AccessLogSettings>,
    pub(super) drain_delay: Duration,
}

pub(super) const ERROR_FORMATS: [(&str, ErrorFormat); 3] = [
    ("curity", ErrorFormat::Curity),
    ("problem", ErrorFormat::Problem),
    ("wso2", ErrorFormat::Wso2),
];

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum AccessLogChoice {
    Off,
    #[default]
    Json,
    Text,
}

pub(super) fn compile(raw: &RawGateway, context: Context<'_>) -> Gateway {
    let data_dir = raw.data_dir.as_ref().map_or("phantom-data", |at| &at.value);
    Gateway {
        data_dir: context.path(data_dir),
        error_format: context.choice(raw.error_format.as_ref(), &ERROR_FORMATS),
        access_log: access_log(raw, context),
        drain_delay: raw.drain_delay.as_ref().map_or(Duration::ZERO, |at| {
            // Zero is a choice here: at once.
            if at.value.is_zero() { at.value } else { context.duration(Some(at), Duration::ZERO) }
        }),
    }
}

fn access_log(raw: &RawGateway, context: Context<'_>) -> Option<AccessLogSettings> {
    use AccessLogChoice::{Json, Off, Text};
    let words = [("off", Off), ("json", Json), ("text", Text)];
    let format = match context.choice(raw.access_log.as_ref(), &words) {
        Off => {
            if let Some(file) = &raw.access_log_file {
                context.error(&file.place, "access_log is \"off\"", "remove one of the two");
            }
            return None;
        }
        Json => LogFormat::Json,
        Text => LogFormat::Text,
    };
    let file = raw.access_log_file.as_ref().map(|at| {
        let path = context.path(&at.value);
        if let Err(error) = kept::takes_lines(&path) {
            let message = format!("{} cannot be written: {error}", path.display());
            context.error(&at.place, message, "name a file in a directory that phantom may write");
        }
        path
    });
    Some(AccessLogSettings { format, file })
}

/// `[management] bind`: loopback, unless somebody says otherwise.
pub(super) fn management(
    bind: Option<&At<String>>,
    context: Context<'_>,
) -> Option<At<SocketAddr>> {
    let Some(at) = bind else {
        let value = SocketAddr::from((Ipv4Addr::LOCALHOST, 9090));
        return Some(At {
            value,
            place: Place { key: "management.bind".into(), ..Place::default() },
        });
    };
    let Ok(value) = at.value.replace("localhost:", "127.0.0.1:").parse::<SocketAddr>() else {
        let (message, _) = listener::wrong_address(&at.value, "127.0.0.1");
        context.error(&at.place, message, "write \"127.0.0.1:9090\"");
        return None;
    };
    if !value.ip().is_loopback() {
        let message =
            "metrics and health are served without any credential to whoever reaches them";
        context.warning(&at.place, message, "keep the port inside, or bind a loopback address");
    }
    Some(At { value, place: at.place.clone() })
}

/// `None` only with an error noted.
pub(super) fn proxy(raw: &RawGateway, https: bool, context: Context<'_>) -> Option<ProxyConfig> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = match context.number(raw.workers.as_ref(), 0..=1024, 0) {
        0 => cores,
        workers => workers,
    };
    let drain = Duration::from_secs(30);
    Some(ProxyConfig {
        workers,
        limits: limits(&raw.limits, raw, context),
        trusted_proxies: trusted_proxies(raw, context),
        drain_timeout: raw.drain_timeout.as_ref().map_or(drain, |at| {
            // Zero is a choice here: cut at once.
            if at.value.is_zero() { at.value } else { context.duration(Some(at), drain) }
        }),
        request_id: raw.request_id.as_ref().is_some_and(|at| at.value),
        via: via(raw, context),
        upstream_tls: tls::upstream_config(believed(raw, https, context)?),
    })
}

fn limits(raw: &RawLimits, gateway: &RawGateway, context: Context<'_>) -> Limits {
    let default = Limits::default();
    let number =
        |value: &Option<At<u64>>, bounds, default| context.number(value.as_ref(), bounds, default);
    let duration =
        |value: &Option<At<Duration>>, default| context.duration(value.as_ref(), default);
    let max_connections = number(&raw.max_connections, 1..=1_000_000, default.max_connections);
    Limits {
        max_header_bytes: number(&raw.max_header_bytes, 1024..=MIB, default.max_header_bytes),
        max_fields: number(&raw.max_fields, 8..=MAX_FIELDS as u64, default.max_fields),
        max_target_bytes: number(&raw.max_target_bytes, 256..=MIB, default.max_target_bytes),
        max_response_header_bytes: context.number(
            raw.max_response_header_bytes.as_ref(),
            1024..=MIB,
            default.max_response_header_bytes,
        ),
        max_response_fields: number(
            &raw.max_response_fields,
            8..=4096,
            default.max_response_fields,
        ),
        header_timeout: duration(&gateway.request_header_timeout, default.header_timeout),
        keep_alive_timeout: duration(&raw.keep_alive_timeout, default.keep_alive_timeout),
        body_idle_timeout: duration(&raw.body_idle_timeout, default.body_idle_timeout),
        connect_timeout: duration(&raw.connect_timeout, default.connect_timeout),
        upstream_idle_timeout: duration(&raw.upstream_idle_timeout, default.upstream_idle_timeout),
        max_connections,
        max_connections_per_source: number(
            &raw.max_connections_per_source,
            1..=1_000_000,
            places_of_a_source(max_connections),
        ),
        max_concurrent_streams: context.number(
            raw.max_concurrent_streams.as_ref(),
            1..=10_000,
            default.max_concurrent_streams,
        ),
        max_idle_upstream: number(&raw.max_idle_upstream, 0..=100_000, default.max_idle_upstream),
        upstream_keep_alive: duration(&raw.upstream_keep_alive, default.upstream_keep_alive),
        max_form_bytes: number(&raw.max_form_bytes, 0..=16 * MIB, default.max_form_bytes),
        max_drain_bytes: context.number(
            raw.max_drain_bytes.as_ref(),
            0..=16 * MIB,
            default.max_drain_bytes,
        ),
    }
}

/// Of the limits on connections, those that the file sets. The others are fitted to the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChosenLimits {
    pub max_connections: bool,
    pub max_connections_per_source: bool,
}

pub(super) const fn chosen(raw: &RawLimits) -> ChosenLimits {
    ChosenLimits {
        max_connections: raw.max_connections.is_some(),
        max_connections_per_source: raw.max_connections_per_source.is_some(),
    }
}

/// The default of `max_connections_per_source`.
#[must_use]
pub fn places_of_a_source(max_connections: usize) -> usize {
    (max_connections / 4).max(LEAST_PER_SOURCE)
}

fn trusted_proxies(raw: &RawGateway, context: Context<'_>) -> Vec<IpNet> {
    let networks = raw.trusted_proxies.iter().flat_map(|list| &list.value);
    networks
        .filter_map(|at| {
            let network =
                at.value.parse::<IpNet>().or_else(|_| at.value.parse::<IpAddr>().map(IpNet::from));
            match network {
                Ok(network) => Some(network),
                Err(_) => {
                    let message = format!("{:?} is not an address or network", at.value);
                    context.error(&at.place, message, "write \"10.0.0.0/8\" or \"192.0.2.7\"");
                    None
                }
            }
        })
        .collect()
}

/// A pseudonym in `Via` is a token (RFC 9110 §7.6.3). By default one of this process alone: a request
/// that carries it has been here before, and one that passed another gateway of ours has not.
fn via(raw: &RawGateway, context: Context<'_>) -> Box<str> {
    let Some(at) = &raw.via else {
        let mut random = [0; 4];
        // Without randomness it is a name that others may have too.
        let _ = aws_lc_rs::rand::fill(&mut random);
        return format!("phantom-{:08x}", u32::from_be_bytes(random)).into();
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:".contains(&byte);
    if at.value.is_empty() || !at.value.bytes().all(fits) {
        let hint = "letters, digits, and any of !#$%&'*+-.^_`|~:";
        context.error(&at.place, format!("{:?} does not fit a Via field", at.value), hint);
    }
    at.value.as_str().into()
}

/// Whom we believe to be a backend: those of the file alone, else those of the system.
fn believed(raw: &RawGateway, https: bool, context: Context<'_>) -> Option<Authorities> {
    let Some(at) = &raw.upstream_ca_file else {
        if !https {
            return Some(RootCertStore::empty().into());
        }
        let (authorities, count) = Authorities::of_the_system();
        if count == 0 {
            let place = Place { key: "gateway.upstream_ca_file".into(), ..Place::default() };
            let message = "the system has no CA certificates: no https upstream can be verified";
            context.error(&place, message, "install them, or set upstream_ca_file");
        }
        return Some(authorities);
    };
    authorities(at, "a PEM file of CA certificates, or of the backend's own", context)
}

/// Those of a file that can be believed.
pub(super) fn authorities(
    at: &At<String>,
    hint: &str,
    context: Context<'_>,
) -> Option<Authorities> {
    let certificates = tls::read_certificates(&context.path(&at.value));
    let certificates =
        certificates.map_err(|error| context.error(&at.place, error.to_string(), hint)).ok()?;
    let authorities = Authorities::of(certificates);
    authorities.map_err(|error| context.error(&at.place, error.to_string(), "")).ok()
}
