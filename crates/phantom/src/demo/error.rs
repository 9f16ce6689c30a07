//! Why the demo does not start, and what to do about it.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use phantom_config::Unreadable;
use phantom_config::self_signed::SelfSignedError;
use phantom_devauth::DevAuthError;
use thiserror::Error;

use crate::compose::StartError;
use crate::demo::ports::PortsTaken;

#[derive(Debug, Error)]
pub enum DemoError {
    #[error(transparent)]
    Ports(#[from] PortsTaken),
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
    Gateway(#[source] StartError),
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
}
