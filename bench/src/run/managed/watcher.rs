//! Somebody with the console open on Traffic: what that costs the requests of others.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};

use crate::tls::{ClientStream, Identity};

const PATIENCE: Duration = Duration::from_secs(5);
/// Streams say something at least that often.
const SILENCE: Duration = Duration::from_secs(30);

/// A session of `admin`.
pub(super) struct Session<'a> {
    console: SocketAddr,
    identity: &'a Identity,
    cookie: String,
}

/// Follows what the page shows of now until it is ended.
pub(super) struct Watcher {
    connection: TcpStream,
    reading: JoinHandle<Result<usize>>,
}

impl<'a> Session<'a> {
    pub(super) fn sign_in(console: SocketAddr, identity: &'a Identity) -> Result<Self> {
        let mut session = Self { console, identity, cookie: String::new() };
        let page = session.fetch("GET", "/login", "")?;
        session.cookie = cookie(&page)?;
        let proof = page.split("name=\"_csrf\" value=\"").nth(1).context("no proof")?;
        let proof = proof.split('"').next().unwrap_or_default();
        let form = format!("_csrf={proof}&user=admin&secret.password=admin&to=%2F");
        let answer = session.fetch("POST", "/login", &form)?;
        ensure!(answer.starts_with("HTTP/1.1 303 "), "nobody is signed in");
        session.cookie = cookie(&answer)?;
        Ok(session)
    }

    /// Opens the page, and returns when it has begun to be told of what happens.
    pub(super) fn watch(&self) -> Result<Watcher> {
        let page = self.fetch("GET", "/traffic", "")?;
        ensure!(page.starts_with("HTTP/1.1 200 "), "Traffic is not seen");
        let stream = page.split("data-live=\"").nth(1).context("Traffic is not live")?;
        let stream = stream.split('"').next().unwrap_or_default().replace("&amp;", "&");
        let mut asked = self.ask("GET", &stream, "")?;
        asked.sock.set_read_timeout(Some(SILENCE))?;
        let mut first = [0; 17];
        asked.read_exact(&mut first)?;
        ensure!(first.starts_with(b"HTTP/1.1 200 "), "Traffic is not told");
        let connection = asked.sock.try_clone()?;
        let reading = thread::spawn(move || read(&mut asked));
        Ok(Watcher { connection, reading })
    }

    /// The whole answer, head and body.
    fn fetch(&self, method: &str, path: &str, form: &str) -> Result<String> {
        let mut answer = Vec::new();
        self.ask(method, path, form)?.read_to_end(&mut answer)?;
        Ok(String::from_utf8(answer)?)
    }

    fn ask(&self, method: &str, path: &str, form: &str) -> Result<ClientStream> {
        let stream = TcpStream::connect_timeout(&self.console, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut stream = self.identity.connect(stream)?;
        let (cookie, length) = (&self.cookie, form.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {cookie}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
        )?;
        stream.flush()?;
        Ok(stream)
    }
}

impl Watcher {
    /// # Errors
    /// The stream was over before, or told nothing.
    pub(super) fn end(self) -> Result<()> {
        ensure!(!self.reading.is_finished(), "the stream ended by itself");
        self.connection.shutdown(Shutdown::Both)?;
        let told = self.reading.join().map_err(|_| anyhow!("the watcher panicked"))??;
        ensure!(told > 0, "nothing was told");
        Ok(())
    }
}

/// Bytes until the connection is shut.
fn read(stream: &mut ClientStream) -> Result<usize> {
    let (mut told, mut buffer) = (0, vec![0; 1 << 16]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(told),
            Ok(count) => told += count,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(told),
            Err(error) => return Err(error.into()),
        }
    }
}

fn cookie(answer: &str) -> Result<String> {
    let line = answer.lines().find_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = line.and_then(|line| line.split(';').next());
    Ok(cookie.context("no cookie")?.to_owned())
}
