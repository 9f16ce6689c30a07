//! The authorization server of the bench: every token is active and gets a JWT of its own, signed
//! there and then; tokens that begin with `bad` are not active. It counts what it was asked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use crate::http1::Message;
use crate::jwt::JwtMaker;
use crate::serve::{serve, write_answer};

/// Any URL will do as issuer: nothing is fetched from it.
pub(crate) const ISSUER: &str = "https://as.bench.example";
pub(crate) const INTROSPECTION_PATH: &str = "/introspect";
pub(crate) const JWKS_PATH: &str = "/jwks";
pub(crate) const COUNT_PATH: &str = "/count";

pub(crate) fn run() -> Result<()> {
    let server = AuthorizationServer { maker: JwtMaker::new()?, introspections: AtomicU64::new(0) };
    serve(move |request, output| server.answer(request, output))
}

struct AuthorizationServer {
    maker: JwtMaker,
    introspections: AtomicU64,
}

impl AuthorizationServer {
    fn answer(&self, request: &Message<'_>, output: &mut Vec<u8>) -> Result<()> {
        match request.head.target()? {
            INTROSPECTION_PATH => self.introspect(request.body, output),
            JWKS_PATH => {
                let jwks = self.maker.jwks()?;
                write_answer(
                    output,
                    "200 OK",
                    "Content-Type: application/json\r\n",
                    jwks.as_bytes(),
                )
            }
            COUNT_PATH => {
                let count = self.introspections.load(Ordering::Relaxed).to_string();
                write_answer(output, "200 OK", "Content-Type: text/plain\r\n", count.as_bytes())
            }
            _ => write_answer(output, "404 Not Found", "", b""),
        }
    }

    fn introspect(&self, form: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let number = self.introspections.fetch_add(1, Ordering::Relaxed);
        match token(form) {
            None => write_answer(output, "400 Bad Request", "", b""),
            Some(token) if token.starts_with("bad") => {
                let fields = "Content-Type: application/json\r\n";
                write_answer(output, "200 OK", fields, br#"{"active":false}"#)
            }
            Some(_) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).context("clock")?.as_secs();
                let jwt = self.maker.jwt(ISSUER, number, now)?;
                let fields =
                    "Content-Type: application/jwt\r\nCache-Control: private, max-age=3600\r\n";
                write_answer(output, "200 OK", fields, jwt.as_bytes())
            }
        }
    }
}

/// RFC 7662 §2.1. The bench's tokens hold nothing that a form would encode.
pub(crate) fn token(form: &[u8]) -> Option<&str> {
    let form = std::str::from_utf8(form).ok()?;
    form.split('&').find_map(|pair| pair.strip_prefix("token="))
}

#[cfg(test)]
mod tests;
