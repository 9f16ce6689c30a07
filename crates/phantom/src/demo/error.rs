//! Why the demo does not start, and what to do about it.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use phantom_devauth::DevAuthError;
use thiserror::Error;

use crate::compose::StartError;
use crate::config::Unreadable;
use crate::demo::Ports;
use crate::self_signed::SelfSignedError;

#[derive(Debug, Error)]
pub enum DemoError {
    #[error(
        "port {port} for the {whose} is taken: stop what uses it, or choose another with {flag}"
    )]
    PortTaken { port: u16, whose: &'static str, flag: &'static str },
    #[error("cannot {doing} {path}: {source}: choose another place with --data-dir", path = path.display())]
    DataDir { doing: &'static str, path: PathBuf, source: io::Error },
    #[error(
        "another demo runs from {path}: stop it, or choose another place with --data-dir",
        path = path.display()
    )]
    InUse { path: PathBuf },
    #[error("{0}; {RESET}")]
    Certificate(#[from] SelfSignedError),
    #[error("the development authorization server does not start: {0}")]
    AuthorizationServer(#[source] DevAuthError),
    #[error("the sample API does not start: {0}")]
    Api(#[source] io::Error),
    #[error("the system gives no threads: {0}")]
    Runtime(#[source] io::Error),
    #[error("{0}; {RESET}")]
    Configuration(Unreadable),
    #[error("the demo's configuration is not right:\n{0}{RESET}")]
    Report(String),
    #[error("{0}; {RESET}")]
    Gateway(StartError),
    #[error("the gateway did not get ready within 30 s: the log says what it waits for; {RESET}")]
    NotReady,
}

/// For whoever played with what the demo keeps.
const RESET: &str = "`phantom demo --reset` starts over with nothing of what was kept";

impl DemoError {
    pub(super) fn data_dir(
        doing: &'static str,
        path: &Path,
    ) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::DataDir { doing, path, source }
    }

    pub(super) fn authorization_server(error: DevAuthError) -> Self {
        match error {
            DevAuthError::Listen { address, source }
                if source.kind() == io::ErrorKind::AddrInUse =>
            {
                let whose = "development authorization server";
                Self::PortTaken { port: address.port(), whose, flag: "--as-port" }
            }
            error => Self::AuthorizationServer(error),
        }
    }

    pub(super) fn api(error: io::Error, port: u16) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => {
                Self::PortTaken { port, whose: "sample API", flag: "--api-port" }
            }
            _ => Self::Api(error),
        }
    }

    /// The port is free on 127.0.0.1 and somebody else's on `[::1]`: half of the clients that say
    /// `localhost` would reach the wrong server.
    pub(super) fn taken_on_ipv6(port: u16, ports: Ports) -> Self {
        let (whose, flag) = match port == ports.api {
            true => ("sample API", "--api-port"),
            false => ("development authorization server", "--as-port"),
        };
        Self::PortTaken { port, whose, flag }
    }

    pub(super) fn gateway(error: StartError, ports: Ports) -> Self {
        match error {
            StartError::PortTaken { address } if address.port() == ports.management => {
                let (whose, flag) = ("management listener", "--management-port");
                Self::PortTaken { port: address.port(), whose, flag }
            }
            StartError::PortTaken { address } => {
                let port = address.port();
                let (whose, flag) = match port {
                    port if port == ports.control => ("control plane", "--control-port"),
                    port if port == ports.apis_https => ("gateway's APIs", "--apis-port"),
                    port if port == ports.apis_http => ("gateway's APIs", "--apis-http-port"),
                    _ => ("gateway", "--gateway-port"),
                };
                Self::PortTaken { port, whose, flag }
            }
            error => Self::Gateway(error),
        }
    }
}
