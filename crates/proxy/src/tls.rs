//! TLS settings: what this gateway offers to clients and asks of backends.

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use phantom_tls::Authorities;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::ClientHello;
use rustls::server::ResolvesServerCert;
use rustls::server::WantsServerCert;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum TlsError {
    #[error("cannot read {path}: {source}", path = path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{path} holds no {what} in PEM", path = path.display())]
    Pem { path: PathBuf, what: &'static str },
    #[error("certificate and key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
    #[error("the client CA cannot be used: {0}")]
    ClientCa(#[from] rustls::server::VerifierBuilderError),
}

/// A certificate and its key in files. Read anew, connections from then on are shown the new one.
#[derive(Debug)]
pub struct Certificate {
    path: PathBuf,
    key: PathBuf,
    current: ArcSwap<CertifiedKey>,
}

impl Certificate {
    pub fn read(path: &Path, key: &Path) -> Result<Arc<Self>, TlsError> {
        let current = ArcSwap::from_pointee(certified(path, key)?);
        Ok(Arc::new(Self { path: path.to_owned(), key: key.to_owned(), current }))
    }

    /// On an error the one in use stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.current.store(Arc::new(certified(&self.path, &self.key)?));
        Ok(())
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The one in use, of the server itself.
    #[must_use]
    pub fn leaf(&self) -> Option<CertificateDer<'static>> {
        self.current.load().cert.first().cloned()
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

fn certified(path: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let (certificates, key) = (read_certificates(path)?, read_key(key)?);
    let provider = CryptoProvider::get_default().ok_or_else(|| {
        TlsError::Unusable(rustls::Error::General("there is no cryptography".to_owned()))
    })?;
    Ok(CertifiedKey::from_der(certificates, key, provider)?)
}

/// TLS 1.2 and 1.3 with ALPN for HTTP/2, HTTP/1.1 and HTTP/1.0.
pub fn server_config(
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    client_ca: Option<Vec<CertificateDer<'static>>>,
    http2: bool,
) -> Result<Arc<rustls::ServerConfig>, TlsError> {
    let config = server_builder(client_ca)?.with_single_cert(certificates, key)?;
    Ok(with_protocols(config, http2))
}

/// The same, with a certificate that may be read anew.
pub fn renewable_server_config(
    certificate: Arc<Certificate>,
    client_ca: Option<Vec<CertificateDer<'static>>>,
    http2: bool,
) -> Result<Arc<rustls::ServerConfig>, TlsError> {
    let config = server_builder(client_ca)?.with_cert_resolver(certificate);
    Ok(with_protocols(config, http2))
}

fn server_builder(
    client_ca: Option<Vec<CertificateDer<'static>>>,
) -> Result<rustls::ConfigBuilder<rustls::ServerConfig, WantsServerCert>, TlsError> {
    let builder = rustls::ServerConfig::builder();
    Ok(match client_ca {
        None => builder.with_no_client_auth(),
        Some(certificates) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates {
                roots.add(certificate)?;
            }
            builder
                .with_client_cert_verifier(WebPkiClientVerifier::builder(Arc::new(roots)).build()?)
        }
    })
}

fn with_protocols(mut config: rustls::ServerConfig, http2: bool) -> Arc<rustls::ServerConfig> {
    config.alpn_protocols = if http2 { vec![b"h2".to_vec()] } else { Vec::new() };
    config.alpn_protocols.extend([b"http/1.1".to_vec(), b"http/1.0".to_vec()]);
    Arc::new(config)
}

/// Certificates of a PEM file, at least one.
pub fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = TlsError::Pem { path: path.to_owned(), what: "certificate" };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_reader_iter(open(path)?).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(pem),
    }
}

/// The private key of a PEM file.
pub fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_reader(open(path)?)
        .map_err(|_| TlsError::Pem { path: path.to_owned(), what: "private key" })
}

/// TLS towards backends, verified against the certificates given.
#[must_use]
pub fn upstream_config(believed: impl Into<Authorities>) -> Arc<rustls::ClientConfig> {
    let mut config = rustls::ClientConfig::builder()
        .dangerous()
        .with_custom_certificate_verifier(believed.into().into_verifier())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

fn open(path: &Path) -> Result<BufReader<File>, TlsError> {
    let file =
        File::open(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })?;
    Ok(BufReader::new(file))
}
