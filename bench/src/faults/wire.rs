//! HTTP/1.1 on a blocking socket, for both sides: one message at a time.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Result, bail};

use crate::http1::Message;
use crate::http1::buffer::Buffer;

/// Answer the requests of a connection until the client ends it or `answer` fails.
pub(super) fn converse(
    stream: &TcpStream,
    mut answer: impl FnMut(&Message<'_>, &mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    let (mut socket, mut input, mut output) = (stream, Buffer::new(), Vec::new());
    loop {
        while let Some(request) = Message::parse(input.received())? {
            answer(&request, &mut output)?;
            let length = request.length;
            input.consume(length);
            socket.write_all(&output)?;
            output.clear();
        }
        let count = socket.read(input.room()?)?;
        if count == 0 {
            return Ok(());
        }
        input.fill(count);
    }
}

/// The head of the first request; of the body nothing is looked at.
pub(super) fn head(stream: &TcpStream) -> Result<String> {
    let (mut socket, mut received, mut part) = (stream, Vec::new(), [0; 4096]);
    loop {
        let count = socket.read(&mut part)?;
        received.extend_from_slice(part.get(..count).unwrap_or_default());
        if let Some(end) = memchr::memmem::find(&received, b"\r\n\r\n") {
            let head = received.get(..end).unwrap_or_default();
            return Ok(String::from_utf8_lossy(head).into_owned());
        }
        if count == 0 || received.len() > 32 * 1024 {
            bail!("no head");
        }
    }
}

/// What comes back for a request until the server closes.
pub(super) fn all(stream: &mut TcpStream, request: &str) -> Result<String> {
    stream.write_all(request.as_bytes())?;
    let mut received = Vec::new();
    stream.read_to_end(&mut received)?;
    Ok(String::from_utf8_lossy(&received).into_owned())
}
