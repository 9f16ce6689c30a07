//! One request on a connection of its own: for looking, not for measuring.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Result, bail};

use crate::http1::Message;
use crate::http1::buffer::Buffer;

const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

pub(super) fn fetch(addr: SocketAddr, path: &str, token: Option<&str>) -> Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&addr, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = format!("GET {path} HTTP/1.1\r\nHost: {addr}\r\n");
    if let Some(token) = token {
        request += &format!("Authorization: Bearer {token}\r\n");
    }
    request += "\r\n";
    stream.write_all(request.as_bytes())?;
    let mut input = Buffer::new();
    loop {
        let count = stream.read(input.room()?)?;
        if count == 0 {
            bail!("connection closed");
        }
        input.fill(count);
        if let Some(answer) = Message::parse(input.received())? {
            return Ok(Answer { status: answer.head.status()?, body: answer.body.to_vec() });
        }
    }
}
