//! Why the gateway does not start, in one sentence each.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use phantom_pipeline::route_table::Ambiguous;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum StartError {
    #[error("{address} is taken by another process: stop it, or choose another port")]
    PortTaken { address: SocketAddr },
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot open the access log {path}: {source}", path = path.display())]
    AccessLog { path: PathBuf, source: io::Error },
    #[error("the system gives no threads or sockets: {0}")]
    Runtime(#[source] io::Error),
    #[error(transparent)]
    Routes(#[from] Ambiguous),
    #[error(transparent)]
    Server(#[from] phantom_proxy::server::StartError),
}

impl StartError {
    /// The reason a socket could not be opened, in the user's words.
    pub(crate) fn listen(address: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::PortTaken { address },
            _ => Self::Listen { address, source },
        }
    }
}
