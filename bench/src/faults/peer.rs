//! The authorization server that the faults happen to, a process of its own: it can be stopped for
//! real, and told over a second port how to behave.

use std::io::Write as _;
use std::net::TcpStream;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};

use super::door::Door;
use super::{interrupt, wire};
use crate::authorization_server::{COUNT_PATH, ISSUER, JWKS_PATH, introspection_path, token};
use crate::http1::Message;
use crate::jwt::{JwtMaker, Signature, jwks};
use crate::serve::write_answer;

const JWT_FIELDS: &str =
    "Content-Type: application/jwt\r\nCache-Control: private, max-age=3600\r\n";

/// How introspections are answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mode {
    Healthy,
    /// After so many milliseconds.
    Slow(u64),
    /// With this status, 429 with `Retry-After: 2`.
    Status(u16),
    /// One in five, by a fixed generator, with 500.
    Random,
    /// With a JWT that another key signed.
    Signature,
    /// With the JWT as `text/html`.
    ContentType,
    /// A byte every 200 ms.
    Drip,
    /// Connections are closed and refused.
    Refused,
}

impl std::fmt::Display for Mode {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Healthy => out.write_str("healthy"),
            Self::Slow(time) => write!(out, "slow/{time}"),
            Self::Status(status) => write!(out, "status/{status}"),
            Self::Random => out.write_str("random"),
            Self::Signature => out.write_str("signature"),
            Self::ContentType => out.write_str("type"),
            Self::Drip => out.write_str("drip"),
            Self::Refused => out.write_str("refused"),
        }
    }
}

impl FromStr for Mode {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text.split_once('/').unwrap_or((text, "")) {
            ("healthy", _) => Self::Healthy,
            ("slow", time) => Self::Slow(time.parse()?),
            ("status", status) => Self::Status(status.parse()?),
            ("random", _) => Self::Random,
            ("signature", _) => Self::Signature,
            ("type", _) => Self::ContentType,
            ("drip", _) => Self::Drip,
            ("refused", _) => Self::Refused,
            _ => bail!("no mode {text:?}"),
        })
    }
}

/// Serves until it is ended; prints the port, and the port where it is told.
pub(crate) fn run() -> Result<()> {
    interrupt::listen()?;
    let server = Arc::new(Server {
        maker: JwtMaker::new(Signature::Es256)?,
        another: JwtMaker::new(Signature::Es256)?,
        introspections: AtomicU64::new(0),
        mode: Mutex::new(Mode::Healthy),
    });
    let serving = Arc::clone(&server);
    let door = Door::open(move |stream| {
        let _ = wire::converse(stream, |request, output| serving.answer(stream, request, output));
    })?;
    let told = Arc::clone(&door);
    let telling = Door::open(move |stream| {
        let _ = wire::converse(stream, |request, output| server.obey(&told, request, output));
    })?;
    writeln!(std::io::stdout(), "{} {}", door.port, telling.port)?;
    while interrupt::pause(Duration::from_secs(1)).is_ok() {}
    Ok(())
}

struct Server {
    maker: JwtMaker,
    /// Same names, another key.
    another: JwtMaker,
    introspections: AtomicU64,
    mode: Mutex<Mode>,
}

impl Server {
    fn obey(&self, door: &Door, request: &Message<'_>, output: &mut Vec<u8>) -> Result<()> {
        let target = request.head.target()?;
        if let Some(mode) = target.strip_prefix("/mode/") {
            let mode = mode.parse()?;
            *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
            door.set_shut(mode == Mode::Refused);
        } else if target != COUNT_PATH {
            return write_answer(output, "404 Not Found", "", b"");
        }
        let count = self.introspections.load(Ordering::Relaxed).to_string();
        write_answer(output, "200 OK", "", count.as_bytes())
    }

    fn answer(
        &self,
        stream: &TcpStream,
        request: &Message<'_>,
        output: &mut Vec<u8>,
    ) -> Result<()> {
        match request.head.target()? {
            target if target == introspection_path(Signature::Es256) => {
                self.introspect(stream, request.body, output)
            }
            JWKS_PATH => {
                let jwks = jwks(&[&self.maker])?;
                let fields = "Content-Type: application/json\r\n";
                write_answer(output, "200 OK", fields, jwks.as_bytes())
            }
            _ => write_answer(output, "404 Not Found", "", b""),
        }
    }

    fn introspect(&self, mut stream: &TcpStream, form: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let number = self.introspections.fetch_add(1, Ordering::Relaxed);
        let Some(token) = token(form) else {
            return write_answer(output, "400 Bad Request", "", b"");
        };
        if token.starts_with("junk") {
            return write_answer(output, "500 Internal Server Error", "", b"junk");
        }
        let mode = *self.mode.lock().unwrap_or_else(PoisonError::into_inner);
        match mode {
            Mode::Slow(time) => thread::sleep(Duration::from_millis(time)),
            Mode::Status(429) => {
                return write_answer(output, "429 Too Many Requests", "Retry-After: 2\r\n", b"");
            }
            Mode::Status(status) => {
                return write_answer(output, &format!("{status} Trouble"), "", b"trouble");
            }
            Mode::Random if chance(number) => {
                return write_answer(output, "500 Internal Server Error", "", b"chance");
            }
            _ => {}
        }
        if token.starts_with("flood") {
            let fields = "Content-Type: application/json\r\n";
            return write_answer(output, "200 OK", fields, br#"{"active":false}"#);
        }
        let maker = if mode == Mode::Signature { &self.another } else { &self.maker };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).context("clock")?.as_secs();
        let jwt = maker.jwt(ISSUER, number, now)?;
        let html = "Content-Type: text/html\r\n";
        let fields = if mode == Mode::ContentType { html } else { JWT_FIELDS };
        write_answer(output, "200 OK", fields, jwt.as_bytes())?;
        if mode == Mode::Drip {
            for byte in std::mem::take(output) {
                stream.write_all(&[byte])?;
                thread::sleep(Duration::from_millis(200));
            }
        }
        Ok(())
    }
}

/// One in five, in no pattern that anything here has (Knuth's multiplier).
fn chance(number: u64) -> bool {
    (number.wrapping_mul(6_364_136_223_846_793_005) >> 33).is_multiple_of(5)
}

#[cfg(test)]
mod tests {
    use super::{Mode, chance};

    #[test]
    fn one_in_five_has_no_luck_and_not_every_fifth() {
        let unlucky: Vec<u64> = (0..10_000).filter(|number| chance(*number)).collect();
        assert!((1_900..2_100).contains(&unlucky.len()), "{}", unlucky.len());
        assert!(unlucky.windows(2).any(|pair| pair[1] - pair[0] != 5));
    }

    #[test]
    fn a_mode_is_understood_as_it_was_told() -> anyhow::Result<()> {
        for mode in [
            Mode::Healthy,
            Mode::Slow(50),
            Mode::Status(429),
            Mode::Random,
            Mode::Signature,
            Mode::ContentType,
            Mode::Drip,
            Mode::Refused,
        ] {
            assert_eq!(mode.to_string().parse::<Mode>()?, mode);
        }
        assert!("another".parse::<Mode>().is_err());
        Ok(())
    }
}
