//! The server under the backend and the authorization server: one thread, keep-alive, one read
//! and one write a request, so that the gateway and not its peers is what is measured.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::http1::Message;
use crate::http1::buffer::Buffer;

/// Serve on a free loopback port, printed first, until the process is ended.
pub(crate) fn serve<A>(answer: A) -> Result<()>
where
    A: Fn(&Message<'_>, &mut Vec<u8>) -> Result<()> + Send + Sync + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        announce(listener.local_addr()?.port())?;
        let answer = Arc::new(answer);
        loop {
            let (stream, _) = listener.accept().await.context("accept")?;
            // Ends with its connection; the process lives as long as the run that started it.
            tokio::spawn(connection(stream, Arc::clone(&answer)));
        }
    })
}

fn announce(port: u16) -> Result<()> {
    let mut output = std::io::stdout();
    writeln!(output, "{port}")?;
    output.flush().context("standard output")
}

async fn connection<A>(mut stream: TcpStream, answer: Arc<A>) -> Result<()>
where
    A: Fn(&Message<'_>, &mut Vec<u8>) -> Result<()>,
{
    stream.set_nodelay(true)?;
    let mut input = Buffer::new();
    let mut output = Vec::with_capacity(4096);
    loop {
        let count = stream.read(input.room()?).await?;
        if count == 0 {
            return Ok(());
        }
        input.fill(count);
        while let Some(request) = Message::parse(input.received())? {
            answer(&request, &mut output)?;
            let length = request.length;
            input.consume(length);
        }
        if !output.is_empty() {
            stream.write_all(&output).await?;
            output.clear();
        }
    }
}

/// Append one answer.
pub(crate) fn write_answer(
    output: &mut Vec<u8>,
    status: &str,
    fields: &str,
    body: &[u8],
) -> Result<()> {
    write!(output, "HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\n\r\n", body.len())?;
    output.extend_from_slice(body);
    Ok(())
}
