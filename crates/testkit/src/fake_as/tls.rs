//! Certificates for one server and one client of it, made on the spot.

use std::sync::Arc;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::WebPkiClientVerifier;

/// PEM.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    pub certificate: String,
    pub key: String,
}

pub(super) struct Material {
    pub(super) ca_pem: String,
    pub(super) client: ClientCertificate,
    pub(super) server: Arc<ServerConfig>,
}

impl Material {
    pub(super) fn new(http2: bool) -> Self {
        let ca_key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "fake AS test CA");
        let ca = params.self_signed(&ca_key).expect("a CA certificate");
        let issuer = Issuer::new(params, ca_key);

        let names = ["localhost".to_owned()];
        let (chain, key) = leaf(&issuer, &names, ExtendedKeyUsagePurpose::ServerAuth);
        let (client_chain, client_key) =
            leaf(&issuer, &["client".to_owned()], ExtendedKeyUsagePurpose::ClientAuth);

        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(ca.der().clone()).expect("a usable CA");
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .allow_unauthenticated()
                .build()
                .expect("a client verifier");
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![chain.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .expect("a server certificate");
        server.alpn_protocols = vec![if http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        Self {
            ca_pem: ca.pem(),
            client: ClientCertificate {
                certificate: client_chain.pem(),
                key: client_key.serialize_pem(),
            },
            server: Arc::new(server),
        }
    }
}

fn leaf(
    issuer: &Issuer<'_, KeyPair>,
    names: &[String],
    usage: ExtendedKeyUsagePurpose,
) -> (rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(names).expect("names");
    params.extended_key_usages = vec![usage];
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    (certificate, key)
}
