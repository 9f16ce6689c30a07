//! The self-signed certificate of the development authorization server: made at first start, kept,
//! and made anew when it nears its end.

use std::fs;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use phantom_proxy::tls;

use crate::config::certificate::Validity;
use crate::demo::DemoError;

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
const LIFE_DAYS: i64 = 365;
/// A certificate that ends sooner is replaced.
const RENEW_DAYS: i64 = 7;

/// The certificate and key in this directory, usable for some time yet.
pub(super) fn ensure(directory: &Path) -> Result<Arc<rustls::ServerConfig>, DemoError> {
    let (certificate, key) = (directory.join("localhost.pem"), directory.join("localhost-key.pem"));
    match usable(&certificate, &key) {
        Some(config) => Ok(config),
        None => {
            make(&certificate, &key)?;
            let certificates = tls::read_certificates(&certificate)?;
            Ok(tls::server_config(certificates, tls::read_key(&key)?, None, true)?)
        }
    }
}

/// `None` for what is missing, broken, not a pair, or near its end.
fn usable(certificate: &Path, key: &Path) -> Option<Arc<rustls::ServerConfig>> {
    let certificates = tls::read_certificates(certificate).ok()?;
    let validity = Validity::of(certificates.first()?)?;
    let now = Timestamp::now();
    let left = validity.not_after.duration_since(now).as_hours();
    if validity.not_before > now || left < RENEW_DAYS * 24 {
        return None;
    }
    tls::server_config(certificates, tls::read_key(key).ok()?, None, true).ok()
}

fn make(certificate: &Path, key: &Path) -> Result<(), DemoError> {
    let mut params = rcgen::CertificateParams::new(NAMES.map(str::to_owned))?;
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let midnight = |date: Date| {
        let part = |number: i8| u8::try_from(number).unwrap_or(1);
        rcgen::date_time_ymd(i32::from(date.year()), part(date.month()), part(date.day()))
    };
    params.not_before = midnight(today.saturating_sub(1.day()));
    params.not_after = midnight(today.saturating_add(LIFE_DAYS.days()));
    params.distinguished_name.push(rcgen::DnType::CommonName, "phantom demo");
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let pair = rcgen::KeyPair::generate()?;
    let signed = params.self_signed(&pair)?;
    write(key, pair.serialize_pem().as_bytes())?;
    write(certificate, signed.pem().as_bytes())
}

/// For its owner alone, and whole or not at all.
fn write(path: &Path, content: &[u8]) -> Result<(), DemoError> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let failed = |doing| DemoError::data_dir(doing, path);
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft);
    let mut file = file.map_err(failed("create"))?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(failed("write"))?;
    fs::rename(&draft, path).map_err(failed("create"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_certificate_is_kept_and_replaced_when_it_is_near_its_end_or_broken() {
        crate::compose::install_crypto();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("localhost.pem");
        ensure(directory.path()).unwrap();
        let first = fs::read(&path).unwrap();
        ensure(directory.path()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), first);
        let key = directory.path().join("localhost-key.pem");
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);

        let mut params = rcgen::CertificateParams::new(NAMES.map(str::to_owned)).unwrap();
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        let pair = rcgen::KeyPair::generate().unwrap();
        fs::write(&key, pair.serialize_pem()).unwrap();
        fs::write(&path, params.self_signed(&pair).unwrap().pem()).unwrap();
        assert!(usable(&path, &key).is_none());
        ensure(directory.path()).unwrap();
        assert!(usable(&path, &key).is_some());

        fs::write(&path, "junk").unwrap();
        ensure(directory.path()).unwrap();
        assert!(usable(&path, &key).is_some());
    }
}
