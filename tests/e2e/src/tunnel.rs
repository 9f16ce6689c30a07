//! A way to a server on which connections can fall silent, as where a machine or a route is replaced
//! by another: nobody closes them, and nothing comes through any more. New ones work.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Ends with the test's runtime.
#[derive(Debug)]
pub struct Tunnel {
    address: SocketAddr,
    silenced: watch::Sender<u64>,
}

impl Tunnel {
    /// # Panics
    /// If there is no free port.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (silenced, listening) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(forward(stream, port, listening.clone()));
            }
        });
        Self { address, silenced }
    }

    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// All connections that are open now fall silent.
    pub fn silence(&self) {
        self.silenced.send_modify(|times| *times += 1);
    }
}

async fn forward(mut near: TcpStream, port: u16, mut silenced: watch::Receiver<u64>) {
    silenced.mark_unchanged();
    let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
        changed = silenced.changed() => if changed.is_ok() {
            // The far side notices that its client has gone, and rolls back. The near side does not.
            drop(far);
            std::future::pending::<()>().await;
        }
    }
}
