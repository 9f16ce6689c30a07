//! What a running process reads anew when it is asked to (SIGHUP): certificates, and the files that logs go
//! to. A whole configuration it does not.

use std::sync::Arc;

use phantom_proxy::tls::Certificate;
use phantom_telemetry::access_log::Reopening;

/// A clone is of the same files.
#[derive(Clone, Debug, Default)]
pub struct Renewal {
    pub(crate) certificates: Vec<Arc<Certificate>>,
    pub(crate) access_log: Option<Reopening>,
}

impl Renewal {
    /// What cannot be read stays as it is, which is said in the log.
    pub fn renew(&self) {
        if self.certificates.is_empty() && self.access_log.is_none() {
            tracing::info!("nothing to read anew: no certificate and no log is a file");
        }
        self.reopen_logs();
        for certificate in &self.certificates {
            let path = certificate.path().display();
            match certificate.reload() {
                Ok(()) => tracing::info!(%path, "the certificate was read anew"),
                Err(error) => {
                    tracing::error!(%path, %error, "the certificate in use stays");
                }
            }
        }
    }

    /// After a rotation: lines go to the file that has the name now.
    pub fn reopen_logs(&self) {
        let Some(log) = &self.access_log else { return };
        let path = log.path().display();
        match log.reopen() {
            Ok(()) => tracing::info!(%path, "the access log was opened anew"),
            Err(error) => tracing::error!(%path, %error, "the access log goes on to the old file"),
        }
    }
}
