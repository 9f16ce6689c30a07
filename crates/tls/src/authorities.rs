//! Certificates that are believed, as operators have them in files: of authorities, and of servers
//! themselves.

use std::sync::Arc;

use rustls::CertificateError;
use rustls::DigitallySignedStruct;
use rustls::Error;
use rustls::OtherError;
use rustls::RootCertStore;
use rustls::SignatureScheme;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::danger::ServerCertVerified;
use rustls::client::danger::ServerCertVerifier;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::client::verify_server_name;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject;
use rustls::server::ParsedCertificate;
use thiserror::Error;

/// Who is believed: nobody else.
#[derive(Clone, Debug)]
pub struct Authorities {
    roots: Arc<RootCertStore>,
    /// The same certificates, whole. One of them may be a server's own.
    certificates: Vec<CertificateDer<'static>>,
}

/// Why nobody is believed because of a file.
#[derive(Debug, Error)]
pub enum UnusableAuthority {
    /// There is no certificate in it, or one that is no PEM.
    #[error("holds no usable certificate in PEM")]
    Pem,
    /// No certificate of an authority, as rustls reads it.
    #[error("holds an unusable certificate: {0}")]
    Certificate(#[from] Error),
}

impl Authorities {
    /// Those of the operating system, and how many there are. None, in a bare container: then nobody is
    /// believed.
    #[must_use]
    pub fn of_the_system() -> (Self, usize) {
        let mut roots = RootCertStore::empty();
        let (added, _) =
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        (roots.into(), added)
    }

    /// Reads a PEM file: at least one certificate, and each of them usable.
    ///
    /// # Errors
    ///
    /// There is none, or one that cannot be used.
    pub fn of_pem(pem: &[u8]) -> Result<Self, UnusableAuthority> {
        let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        Self::of(certificates.map_err(|_| UnusableAuthority::Pem)?)
    }

    /// The same of certificates in DER.
    ///
    /// # Errors
    ///
    /// There is none, or one that cannot be used.
    pub fn of(certificates: Vec<CertificateDer<'static>>) -> Result<Self, UnusableAuthority> {
        if certificates.is_empty() {
            return Err(UnusableAuthority::Pem);
        }
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            roots.add(certificate.clone())?;
        }
        Ok(Self { roots: Arc::new(roots), certificates })
    }

    /// Verifies servers: by these authorities, or as one of these certificates.
    #[must_use]
    pub fn into_verifier(self) -> Arc<dyn ServerCertVerifier> {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        Arc::new(Verifier { authorities: self, algorithms })
    }

    /// Returns whether this is, byte for byte, a certificate that was given to be believed.
    fn name(&self, certificate: &CertificateDer<'_>) -> bool {
        self.certificates.iter().any(|own| own == certificate)
    }
}

impl From<RootCertStore> for Authorities {
    fn from(roots: RootCertStore) -> Self {
        Self { roots: Arc::new(roots), certificates: Vec::new() }
    }
}

/// Checks chain, dates and name, as WebPKI asks for.
///
/// And takes the server's own certificate where exactly that one is believed, also if it says of itself
/// that it is a CA's, as what `openssl req -x509` makes does: WebPKI refuses such a one at the end of a
/// chain, where nobody gave it to be believed.
#[derive(Debug)]
struct Verifier {
    authorities: Authorities,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let chain = verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &self.authorities.roots,
            intermediates,
            now,
            self.algorithms.all,
        );
        match chain {
            // Its dates have been checked by then: the tests hold that.
            Err(error) if is_of_a_ca(&error) && self.authorities.name(end_entity) => {}
            // What is wrong is that nobody gave it; not what it says of itself.
            Err(error) if is_of_a_ca(&error) && is_self_issued(end_entity) => {
                return Err(CertificateError::UnknownIssuer.into());
            }
            chain => chain?,
        }
        verify_server_name(&certificate, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Returns whether a certificate is refused for nothing but being a CA's.
pub(crate) fn is_of_a_ca(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) = error else {
        return false;
    };
    matches!(cause.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

fn is_self_issued(certificate: &CertificateDer<'_>) -> bool {
    let parsed = webpki::EndEntityCert::try_from(certificate);
    parsed.is_ok_and(|certificate| certificate.issuer() == certificate.subject())
}

#[cfg(test)]
mod tests;
