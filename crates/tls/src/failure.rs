//! The thing that TLS with a server fails on, and which setting would help.

use std::error::Error as StdError;
use std::io;

use rustls::AlertDescription;
use rustls::CertificateError;
use rustls::Error;

use crate::authorities::is_of_a_ca;

/// The failure in words. `setting` names what says whom to believe.
#[must_use]
pub fn said(error: &(dyn StdError + 'static), setting: &str) -> String {
    tls_failure(error, setting).unwrap_or_else(|| error.to_string())
}

/// `None`: it is not TLS that failed.
#[must_use]
pub fn tls_failure(error: &(dyn StdError + 'static), setting: &str) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(failure) = error.downcast_ref::<Error>() {
            return Some(words(failure, setting));
        }
        // Its own `source` is that of the error inside.
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inside {
            Some(inside) => Some(inside),
            None => error.source(),
        };
    }
    None
}

pub(crate) fn words(error: &Error, setting: &str) -> String {
    use CertificateError as Certificate;
    match error {
        error if is_of_a_ca(error) => format!(
            "its certificate is a CA's own (CaUsedAsEndEntity), and not the one that is believed: \
             set {setting} to exactly that certificate"
        ),
        Error::InvalidCertificate(Certificate::UnknownIssuer) => format!(
            "its certificate is of an issuer that is not believed (UnknownIssuer): set {setting} to a \
             PEM file with the certificate of that CA, or with the server's own where it is self-signed"
        ),
        Error::InvalidCertificate(Certificate::BadSignature) => format!(
            "its certificate names an issuer that is in {setting} and was signed with another key \
             (BadSignature): one of the two was made anew, or they only bear the same name, so set {setting} to \
             the one that is in use, or add it"
        ),
        Error::InvalidCertificate(
            cause @ (Certificate::Expired | Certificate::ExpiredContext { .. }),
        ) => format!("its certificate has expired and has to be renewed there ({cause})"),
        Error::InvalidCertificate(
            cause @ (Certificate::NotValidYet | Certificate::NotValidYetContext { .. }),
        ) => format!("its certificate is not valid yet, by the clock of this machine ({cause})"),
        Error::InvalidCertificate(Certificate::NotValidForNameContext { expected, presented }) => {
            match presented.is_empty() {
                true => format!(
                    "its certificate names no host (it has no subjectAltName), so it is not valid for {:?}: have \
                     it made with that name, as openssl req -x509 … -addext subjectAltName=DNS:… does",
                    expected.to_str()
                ),
                false => format!(
                    "its certificate is not valid for name {:?}: it is for {}; write a name that is in \
                     it, or have it made for this one",
                    expected.to_str(),
                    presented.iter().map(|name| plainly(name)).collect::<Vec<_>>().join(", ")
                ),
            }
        }
        Error::InvalidCertificate(Certificate::NotValidForName) => {
            "its certificate is not valid for name and address as they are written".to_owned()
        }
        Error::AlertReceived(
            alert @ (AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::HandshakeFailure),
        ) => format!("it refuses the connection ({alert:?}): it may want a client certificate"),
        Error::InvalidMessage(_) => {
            format!(
                "what it speaks at this port is not TLS ({error}): where that is meant, the address begins with http"
            )
        }
        error => error.to_string(),
    }
}

/// `DnsName("a.example")`, as the library writes it, without what is its own.
fn plainly(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, inner)| inner.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_found_however_deep_it_lies() {
        let inner = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, inner));
        let text = said(&wrapped, "ca_file");
        assert!(text.contains("UnknownIssuer") && text.contains("set ca_file"), "{text}");
        let renewed = Error::InvalidCertificate(CertificateError::BadSignature);
        let text = said(&io::Error::other(renewed), "ca_file");
        assert!(text.contains("BadSignature") && text.contains("set ca_file"), "{text}");
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(tls_failure(&refused, "ca_file"), None);
        assert_eq!(said(&refused, "ca_file"), "connection refused");
    }
}
