//! TLS towards the authorization server (RFC 7662 §4): certificate and host name are checked.

use std::sync::Arc;

use phantom_tls::Authorities;
use phantom_tls::UnusableAuthority;
use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use thiserror::Error;

/// Whom we believe to be the authorization server.
#[derive(Clone, Debug)]
pub enum ServerTrust {
    /// The certificates of the operating system.
    System,
    /// These alone, in PEM.
    Authorities(Vec<u8>),
    /// Anyone (`verify_ssl = false`). For development: whoever sits in between reads tokens and our credentials.
    Anyone,
}

/// Our certificate, for `tls_client_auth` (RFC 8705 §2). PEM.
#[derive(Clone)]
pub struct ClientIdentity {
    /// Our certificate first, then its issuers.
    pub certificate_chain: Vec<u8>,
    /// PKCS#8, PKCS#1 or SEC 1.
    pub private_key: zeroize::Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientIdentity(redacted)")
    }
}

/// Why certificates or a key are of no use.
#[derive(Debug, Error)]
pub enum TlsError {
    /// Found in the file of authorities to trust.
    #[error(transparent)]
    NoAuthority(#[from] UnusableAuthority),
    /// Found in the file of our own certificate.
    #[error("holds no certificate in PEM")]
    NoCertificate,
    /// Encrypted keys are none.
    #[error("holds no private key in PEM (-----BEGIN PRIVATE KEY-----)")]
    NoKey,
    /// Certificate and key don't belong together, or their kind is not supported.
    #[error("is not taken with its key: {0}")]
    Rejected(#[from] rustls::Error),
}

pub(crate) fn client_config(
    trust: &ServerTrust,
    identity: Option<&ClientIdentity>,
) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        ServerTrust::System => system_authorities().into_verifier(),
        ServerTrust::Authorities(pem) => Authorities::of_pem(pem)?.into_verifier(),
        ServerTrust::Anyone => phantom_tls::believe_anyone(),
    };
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain: Vec<CertificateDer<'static>> =
                CertificateDer::pem_slice_iter(&identity.certificate_chain)
                    .collect::<Result<_, _>>()
                    .map_err(|_| TlsError::NoCertificate)?;
            if chain.is_empty() {
                return Err(TlsError::NoCertificate);
            }
            let key = PrivateKeyDer::from_pem_slice(&identity.private_key)
                .map_err(|_| TlsError::NoKey)?;
            builder.with_client_auth_cert(chain, key)?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// May be empty, in a bare container: then every TLS connection fails, which the log explains.
fn system_authorities() -> Authorities {
    let (authorities, count) = Authorities::of_the_system();
    if count == 0 {
        tracing::warn!("the system has no CA certificates: install them or set ca_file");
    }
    authorities
}
