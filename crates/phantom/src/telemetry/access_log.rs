//! Where access log lines go: standard output, or a file that grows.

use std::fs::OpenOptions;
use std::io;

use phantom_proxy::AccessLog;

use crate::compose::StartError;
use crate::config::AccessLogSettings;

pub(crate) fn open(settings: &AccessLogSettings) -> Result<AccessLog, StartError> {
    let Some(path) = &settings.file else {
        return Ok(AccessLog::new(settings.format, io::stdout()));
    };
    let file = OpenOptions::new().append(true).create(true).open(path);
    match file {
        Ok(file) => Ok(AccessLog::new(settings.format, file)),
        Err(source) => Err(StartError::AccessLog { path: path.clone(), source }),
    }
}
