//! Why the gateway does not start, in one sentence each.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use phantom_config::minting::MintingError;
use phantom_config::self_signed::SelfSignedError;
use phantom_core::causes::with_causes;
use phantom_oauth::egress::EgressBuildError;
use phantom_oauth::secret::SecretError;
use phantom_pipeline::route_table::Ambiguous;
use phantom_store::SealingKeyError;
use phantom_store::StoreError;
use phantom_terms::refusal::Refusal;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum StartError {
    #[error(
        "{address} is taken by another process: stop it, or choose another port with {setting}"
    )]
    PortTaken { address: SocketAddr, setting: &'static str },
    #[error("cannot listen on {address}, which is {setting}: {source}")]
    Listen { address: SocketAddr, setting: &'static str, source: io::Error },
    #[error("cannot open the access log {path}: {source}", path = path.display())]
    AccessLog { path: PathBuf, source: io::Error },
    #[error("the system gives no threads or sockets: {0}")]
    Runtime(#[source] io::Error),
    #[error("cannot use {path}: {source}", path = path.display())]
    DataDir { path: PathBuf, source: io::Error },
    #[error("the store cannot be opened: {}", with_causes(.0))]
    Store(#[source] StoreError),
    #[error(
        "{path} is missing, and the store was written with a key already: restore it from where it \
         is kept, or copy it from the node that has it; no other opens the store's secrets",
        path = path.display()
    )]
    SealingKeyMissing { path: PathBuf },
    #[error(
        "{path} holds another key than the store was written with: restore that one, or begin with \
         an empty store",
        path = path.display()
    )]
    SealingKeyWrong { path: PathBuf },
    #[error(
        "the database {path} is damaged ({what}): restore it from a copy, or import an export into \
         a new one",
        path = path.display()
    )]
    StoreDamaged { path: PathBuf, what: String },
    #[error("the sealing key: {}", with_causes(.0))]
    SealingKey(#[from] SealingKeyError),
    #[error("a secret of [control]: {0}")]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Minting(#[from] MintingError),
    #[error(transparent)]
    Certificate(#[from] SelfSignedError),
    #[error("the client for outgoing calls cannot be made: {0}")]
    Egress(#[from] EgressBuildError),
    #[error("the store cannot be prepared: {0}")]
    FirstStart(String),
    #[error(transparent)]
    Routes(#[from] Ambiguous),
    #[error(transparent)]
    Server(#[from] phantom_proxy::server::StartError),
}

impl StartError {
    /// The store is not there now. It may be worth waiting for, which no other of these is.
    pub(super) const fn is_store_away(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_unavailable())
    }

    /// What the store holds from the first start on could not be made or read.
    pub(super) fn first_start(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unavailable(error) => Self::Store(error),
            refusal => Self::FirstStart(with_causes(&refusal)),
        }
    }

    /// The reason a socket could not be opened, in the user's words. `setting` is what chooses the address.
    pub(crate) fn listen(address: SocketAddr, setting: &'static str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::PortTaken { address, setting },
            _ => Self::Listen { address, setting, source },
        }
    }
}
