//! Certificates made on the spot.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use rcgen::CertificateParams;
use rcgen::KeyPair;

/// Key and certificate as PEM files.
#[derive(Clone, Debug)]
pub struct PemFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// A certificate for `localhost` that nobody but itself vouches for.
///
/// # Panics
/// If it cannot be made or written.
pub fn self_signed(directory: &Path, adjust: impl FnOnce(&mut CertificateParams)) -> PemFiles {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = CertificateParams::new(names).expect("names");
    adjust(&mut params);
    let pair = KeyPair::generate().expect("a key");
    let made = params.self_signed(&pair).expect("a certificate");
    let files =
        PemFiles { certificate: directory.join("cert.pem"), key: directory.join("key.pem") };
    fs::write(&files.certificate, made.pem()).expect("a file");
    fs::write(&files.key, pair.serialize_pem()).expect("a file");
    files
}
