//! Where access log lines go: standard output, or a file that grows.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsFd;

use phantom_proxy::AccessLog;

use crate::compose::StartError;
use crate::config::AccessLogSettings;

pub(crate) fn open(settings: &AccessLogSettings) -> Result<AccessLog, StartError> {
    let sink = match &settings.file {
        // A handle of our own: a lock on the shared one is held for as long as a write hangs.
        None => io::stdout().as_fd().try_clone_to_owned().map(File::from),
        Some(path) => OpenOptions::new().append(true).create(true).open(path),
    };
    let log = sink.and_then(|sink| AccessLog::start(settings.format, sink));
    log.map_err(|source| {
        let path = settings.file.clone().unwrap_or_else(|| "on standard output".into());
        StartError::AccessLog { path, source }
    })
}
