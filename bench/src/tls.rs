//! TLS on blocking sockets: one certificate for everybody, and clients that believe it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

pub(crate) type ClientStream = rustls::StreamOwned<ClientConnection, TcpStream>;
pub(crate) type ServerStream<'a> = rustls::StreamOwned<ServerConnection, &'a TcpStream>;

impl Identity {
    pub(crate) fn make(directory: &Path) -> Result<Self> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names)?;
        let (certificate, key) = (directory.join("cert.pem"), directory.join("key.pem"));
        fs::write(&certificate, made.cert.pem())?;
        fs::write(&key, made.signing_key.serialize_pem())?;
        let chain = vec![CertificateDer::from_pem_file(&certificate)?];
        let mut roots = RootCertStore::empty();
        roots.add(chain.first().context("a certificate")?.clone())?;
        let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let server = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::from_pem_file(&key)?)?;
        Ok(Self { certificate, key, client: Arc::new(client), server: Arc::new(server) })
    }

    pub(crate) fn toml(&self) -> String {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        format!("tls = {{ cert = \"{certificate}\", key = \"{key}\" }}")
    }

    pub(crate) fn connect(&self, stream: TcpStream) -> Result<ClientStream> {
        let name = ServerName::try_from("localhost")?;
        let session = ClientConnection::new(Arc::clone(&self.client), name)?;
        Ok(rustls::StreamOwned::new(session, stream))
    }

    pub(crate) fn accept<'a>(&self, stream: &'a TcpStream) -> Result<ServerStream<'a>> {
        let session = ServerConnection::new(Arc::clone(&self.server))?;
        Ok(rustls::StreamOwned::new(session, stream))
    }
}

/// The status of the answer to a request after which the server closes.
pub(crate) fn status(stream: &mut ClientStream, request: &str) -> Result<u16> {
    stream.write_all(request.as_bytes())?;
    let mut received = Vec::new();
    // Not all servers say that they close.
    let _ = stream.read_to_end(&mut received);
    let text = String::from_utf8_lossy(&received);
    let code = text.split(' ').nth(1).context("no answer")?;
    Ok(code.parse()?)
}
