//! The authorization server of the bench: every token is active and gets a JWT; tokens that begin
//! with `bad` are not active. It counts what it was asked.
//!
//! The JWTs are signed ahead: what a signature costs its maker must not decide how densely a gateway
//! is loaded, since that decides how many requests share a wake-up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};

use crate::http1::Message;
use crate::jwt::{JwtMaker, Signature, jwks};
use crate::serve::{serve, write_answer};

/// Any URL will do as issuer: nothing is fetched from it.
pub(crate) const ISSUER: &str = "https://as.bench.example";
pub(crate) const JWKS_PATH: &str = "/jwks";
pub(crate) const COUNT_PATH: &str = "/count";

/// JWTs of each kind, given out in turn.
const AHEAD: u64 = 256;

/// Where tokens are introspected whose JWTs are signed so.
pub(crate) const fn introspection_path(signature: Signature) -> &'static str {
    match signature {
        Signature::Es256 => "/introspect",
        Signature::Rs256 => "/introspect/rs256",
    }
}

pub(crate) fn run() -> Result<()> {
    let server = AuthorizationServer::new()?;
    serve(move |request, output| server.answer(request, output))
}

struct AuthorizationServer {
    jwks: String,
    jwts: [(Signature, Vec<String>); 2],
    introspections: AtomicU64,
}

impl AuthorizationServer {
    fn new() -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).context("clock")?.as_secs();
        let [es256, rs256] = Signature::ALL.map(JwtMaker::new);
        let (es256, rs256) = (es256?, rs256?);
        let ahead = |maker: &JwtMaker| -> Result<Vec<String>> {
            (0..AHEAD).map(|number| maker.jwt(ISSUER, number, now)).collect()
        };
        Ok(Self {
            jwks: jwks(&[&es256, &rs256])?,
            jwts: [(Signature::Es256, ahead(&es256)?), (Signature::Rs256, ahead(&rs256)?)],
            introspections: AtomicU64::new(0),
        })
    }

    fn answer(&self, request: &Message<'_>, output: &mut Vec<u8>) -> Result<()> {
        let target = request.head.target()?;
        let asked =
            self.jwts.iter().find(|(signature, _)| introspection_path(*signature) == target);
        match (asked, target) {
            (Some((_, jwts)), _) => self.introspect(request.body, jwts, output),
            (None, JWKS_PATH) => write_answer(
                output,
                "200 OK",
                "Content-Type: application/json\r\n",
                self.jwks.as_bytes(),
            ),
            (None, COUNT_PATH) => {
                let count = self.introspections.load(Ordering::Relaxed).to_string();
                write_answer(output, "200 OK", "Content-Type: text/plain\r\n", count.as_bytes())
            }
            _ => write_answer(output, "404 Not Found", "", b""),
        }
    }

    fn introspect(&self, form: &[u8], jwts: &[String], output: &mut Vec<u8>) -> Result<()> {
        let number = self.introspections.fetch_add(1, Ordering::Relaxed);
        match token(form) {
            None => write_answer(output, "400 Bad Request", "", b""),
            Some(token) if token.starts_with("bad") => {
                let fields = "Content-Type: application/json\r\n";
                write_answer(output, "200 OK", fields, br#"{"active":false}"#)
            }
            Some(_) => {
                let jwt = jwts.get((number % AHEAD) as usize).context("no JWT")?;
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
