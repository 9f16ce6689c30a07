//! `phantom.toml`: read, checked, compiled to the values that the gateway runs on. All problems are found at
//! once, each with its place in the file and what would be right. What a data directory has to hold before
//! anything starts, the signing key and a certificate of one's own, is made here too.
//!
//! What never lives here is anything that goes on: no socket stays open, no task or thread is started, and
//! nothing is asked but files, the environment, and whether there is an `[::1]`. Whoever puts the gateway
//! together takes the values.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod certificate;
mod compile;
mod context;
pub mod duration;
pub mod minting;
pub mod place;
mod placeholder;
pub mod problem;
mod raw;
pub mod report;
mod section;
pub mod self_signed;
mod suggest;

use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use phantom_core::Clock;
use thiserror::Error;

pub use compile::AccessLogSettings;
pub use compile::Config;
pub use compile::KeyManagerSetup;
pub use compile::PlannedRoute;
pub use compile::Purpose;
pub use compile::control::ControlConfig;
pub use compile::control::DatabaseChoice;
pub use compile::gateway::ChosenLimits;
pub use compile::gateway::places_of_a_source;
pub use compile::listener::Entrance;
pub use compile::listener::Served;
pub use report::Report;

use crate::context::Context;
use crate::problem::Problems;
use crate::raw::RawConfig;

/// The file that is read where none is named.
pub const DEFAULT_NAME: &str = "phantom.toml";

/// Longest file taken.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A configuration's text and the name it goes by.
#[derive(Clone, Debug)]
pub struct Source {
    pub path: PathBuf,
    pub text: String,
}

#[derive(Debug, Error)]
#[error("cannot read {path}: {source}{hint}", path = path.display(), hint = self.hint())]
pub struct Unreadable {
    path: PathBuf,
    source: io::Error,
}

impl Unreadable {
    /// Where the name is the one that nobody gave, most likely.
    fn hint(&self) -> &'static str {
        match self.path.as_os_str() == DEFAULT_NAME {
            true => ": name the file with -c",
            false => "",
        }
    }
}

impl Source {
    pub fn read(path: &Path) -> Result<Self, Unreadable> {
        let unreadable = |source| Unreadable { path: path.to_owned(), source };
        let mut text = String::new();
        let file = File::open(path).map_err(unreadable)?;
        let read = file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
        if read as u64 > MAX_BYTES {
            return Err(unreadable(io::Error::other(format!(
                "it is longer than {MAX_BYTES} bytes"
            ))));
        }
        Ok(Self { path: path.to_owned(), text })
    }

    /// Compiles. The configuration is there exactly when the report holds no error.
    #[must_use]
    pub fn compile(&self, purpose: Purpose, clock: &Arc<dyn Clock>) -> (Option<Config>, Report) {
        let problems = Problems::default();
        let raw = RawConfig::parse(&self.text, &problems);
        let directory = self.path.parent().unwrap_or(Path::new(""));
        let context = Context { problems: &problems, directory };
        let config = raw.and_then(|raw| compile::compile(&raw, context, purpose, clock));
        let config = config.filter(|_| !problems.has_errors());
        (config, Report::new(&self.path, &self.text, problems.into_sorted()))
    }
}

#[cfg(test)]
mod tests;
