//! As much of HTTP/1.1 (RFC 9112) as two honest peers on one machine need: heads, and bodies
//! framed by `Content-Length`. Anything else is an error, never a guess.

use anyhow::{Context as _, Result, bail, ensure};

pub(crate) mod buffer;

/// A head longer than this is refused; the longest expected one carries a 1 KB JWT.
const MAX_HEAD: usize = 16 * 1024;

/// A complete head at the start of a buffer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Head<'a> {
    pub(crate) start_line: &'a str,
    fields: &'a str,
    /// Length of the head itself, with the empty line.
    pub(crate) length: usize,
    pub(crate) content_length: usize,
}

impl<'a> Head<'a> {
    /// `None` until the empty line has arrived.
    pub(crate) fn parse(input: &'a [u8]) -> Result<Option<Self>> {
        let Some(end) = memchr::memmem::find(input, b"\r\n\r\n") else {
            ensure!(input.len() <= MAX_HEAD, "head of more than {MAX_HEAD} bytes");
            return Ok(None);
        };
        let text = input.get(..end).context("head")?;
        let text = std::str::from_utf8(text).context("head is not text")?;
        let (start_line, fields) = text.split_once("\r\n").unwrap_or((text, ""));
        let mut head = Self { start_line, fields, length: end + 4, content_length: 0 };
        if let Some(coding) = head.field("transfer-encoding") {
            bail!("transfer coding {coding:?} where Content-Length was expected");
        }
        if let Some(length) = head.field("content-length") {
            head.content_length = length.parse().context("Content-Length")?;
        }
        Ok(Some(head))
    }

    /// The value of the first field of that name.
    pub(crate) fn field(&self, name: &str) -> Option<&'a str> {
        self.fields.split("\r\n").find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Of a request line.
    pub(crate) fn target(&self) -> Result<&'a str> {
        self.start_line.split(' ').nth(1).context("request line without a target")
    }

    /// Of a status line.
    pub(crate) fn status(&self) -> Result<u16> {
        let (version, rest) = self.start_line.split_once(' ').context("status line")?;
        ensure!(version == "HTTP/1.1", "answer in {version}");
        let digits = rest.get(..3).context("status line")?;
        digits.parse().context("status code")
    }
}

/// One whole message: its head and as much body as the head announced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Message<'a> {
    pub(crate) head: Head<'a>,
    pub(crate) body: &'a [u8],
    pub(crate) length: usize,
}

impl<'a> Message<'a> {
    /// `None` until all of it has arrived.
    pub(crate) fn parse(input: &'a [u8]) -> Result<Option<Self>> {
        let Some(head) = Head::parse(input)? else { return Ok(None) };
        let length = head.length.checked_add(head.content_length).context("Content-Length")?;
        let body = input.get(head.length..length);
        Ok(body.map(|body| Self { head, body, length }))
    }
}

#[cfg(test)]
mod tests;
