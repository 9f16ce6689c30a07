//! `[::1]` beside `127.0.0.1`: passes connections on, byte for byte.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Connections at once; further ones wait in the listen queue.
const MAX_CONNECTIONS: usize = 256;

pub(super) async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Until `stop`, which ends its connections as well.
pub(super) async fn run(
    listener: TcpListener,
    to: SocketAddr,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut stop = pin!(stop);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((client, _)) => {
                    connections.spawn(pass(client, to));
                }
                // Out of descriptors, most likely: waiting lets some close.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
}

async fn pass(mut client: TcpStream, to: SocketAddr) {
    let Ok(mut server) = TcpStream::connect(to).await else { return };
    // A cut connection is the business of its two ends.
    let _ = copy_bidirectional(&mut client, &mut server).await;
}
