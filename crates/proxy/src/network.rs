//! Where connections to backends come from.

use std::io;

use tokio::net::TcpStream;

use crate::transport::Socket;

#[derive(Clone, Debug, Default)]
pub(crate) enum Network {
    #[default]
    Tcp,
    /// Backends of the model.
    #[cfg(test)]
    Model(crate::model::backend::Backends),
}

impl Network {
    pub(crate) async fn connect(&self, host: &str, port: u16) -> io::Result<Socket> {
        match self {
            Self::Tcp => {
                let tcp = TcpStream::connect((host, port)).await?;
                tcp.set_nodelay(true)?;
                Ok(Socket::new(tcp))
            }
            #[cfg(test)]
            Self::Model(backends) => backends.connect(port),
        }
    }
}
