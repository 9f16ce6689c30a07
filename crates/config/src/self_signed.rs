//! A self-signed certificate for this machine: made at first use, kept, and made anew when it nears
//! its end. The demo's servers have it, and a control plane that is given no other.

use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use phantom_proxy::tls;
use phantom_proxy::tls::Certificate;
use phantom_proxy::tls::TlsError;
use thiserror::Error;

use crate::certificate::Validity;

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
const LIFE_DAYS: i64 = 365;
/// A certificate that ends sooner is replaced.
const RENEW_DAYS: i64 = 7;

#[derive(Debug, Error)]
pub enum SelfSignedError {
    #[error("cannot write {path}: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Where the certificate of this directory is, for those who are to believe it.
#[must_use]
pub fn path(directory: &Path) -> PathBuf {
    directory.join("localhost.pem")
}

/// The certificate and key in this directory, usable for some time yet.
pub fn ensure(directory: &Path, http2: bool) -> Result<Arc<rustls::ServerConfig>, SelfSignedError> {
    ensure_for(directory, &[], http2)
}

/// The same, also for these names where it has to be made.
pub fn ensure_for(
    directory: &Path,
    names: &[String],
    http2: bool,
) -> Result<Arc<rustls::ServerConfig>, SelfSignedError> {
    Ok(tls::renewable_server_config(certificate(directory, names)?, None, http2)?)
}

/// The certificate itself, usable for some time yet.
pub fn certificate(
    directory: &Path,
    names: &[String],
) -> Result<Arc<Certificate>, SelfSignedError> {
    let (path, key) = (path(directory), directory.join("localhost-key.pem"));
    match usable(&path, &key) {
        Some(certificate) => Ok(certificate),
        None => {
            make(&path, &key, names)?;
            Ok(Certificate::read(&path, &key)?)
        }
    }
}

/// `None` for what is missing, broken, not a pair, or near its end.
fn usable(path: &Path, key: &Path) -> Option<Arc<Certificate>> {
    let certificate = Certificate::read(path, key).ok()?;
    let validity = Validity::of(&certificate.leaf()?)?;
    let now = Timestamp::now();
    let left = validity.not_after.duration_since(now).as_hours();
    if validity.not_before > now || left < RENEW_DAYS * 24 {
        return None;
    }
    Some(certificate)
}

fn make(certificate: &Path, key: &Path, names: &[String]) -> Result<(), SelfSignedError> {
    let names = NAMES.map(str::to_owned).into_iter().chain(names.iter().cloned());
    let mut params = rcgen::CertificateParams::new(names.collect::<Vec<_>>())?;
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let midnight = |date: Date| {
        let part = |number: i8| u8::try_from(number).unwrap_or(1);
        rcgen::date_time_ymd(i32::from(date.year()), part(date.month()), part(date.day()))
    };
    params.not_before = midnight(today.saturating_sub(1.day()));
    params.not_after = midnight(today.saturating_add(LIFE_DAYS.days()));
    params.distinguished_name.push(rcgen::DnType::CommonName, "phantom");
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let pair = rcgen::KeyPair::generate()?;
    let signed = params.self_signed(&pair)?;
    write(key, pair.serialize_pem().as_bytes())?;
    write(certificate, signed.pem().as_bytes())
}

/// For its owner alone, and whole or not at all.
fn write(path: &Path, content: &[u8]) -> Result<(), SelfSignedError> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let failed = |source| SelfSignedError::File { path: path.to_owned(), source };
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft);
    let mut file = file.map_err(failed)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&draft, path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_certificate_is_kept_and_replaced_when_it_is_near_its_end_or_broken() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("localhost.pem");
        ensure(directory.path(), true).unwrap();
        let first = fs::read(&path).unwrap();
        ensure(directory.path(), true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), first);
        let key = directory.path().join("localhost-key.pem");
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);

        let mut params = rcgen::CertificateParams::new(NAMES.map(str::to_owned)).unwrap();
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        let pair = rcgen::KeyPair::generate().unwrap();
        fs::write(&key, pair.serialize_pem()).unwrap();
        fs::write(&path, params.self_signed(&pair).unwrap().pem()).unwrap();
        assert!(usable(&path, &key).is_none());
        ensure(directory.path(), true).unwrap();
        assert!(usable(&path, &key).is_some());

        fs::write(&path, "junk").unwrap();
        ensure(directory.path(), true).unwrap();
        assert!(usable(&path, &key).is_some());
    }
}
