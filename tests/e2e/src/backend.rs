//! A backend that costs next to nothing: whatever it is asked, it answers `{}`.

use std::net::SocketAddr;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
const END: &[u8] = b"\r\n\r\n";
/// Longest head that is waited for.
const MAX_HEAD: usize = 64 * 1024;

/// Serves requests without a body until the test's runtime ends. Gives the address.
///
/// # Panics
/// If there is no free port.
pub async fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

async fn serve(mut stream: TcpStream) {
    let mut buffer = Vec::with_capacity(4096);
    while buffer.len() < MAX_HEAD && stream.read_buf(&mut buffer).await.is_ok_and(|read| read > 0) {
        while let Some(end) = buffer.windows(END.len()).position(|window| window == END) {
            buffer.drain(..end + END.len());
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
    }
}
