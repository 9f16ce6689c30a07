//! Somebody with the console open on Traffic: what that costs the requests of others.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};

/// Five times as often as the page asks of itself.
const EACH: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks for the page again and again until it is ended.
pub(super) struct Watcher {
    over: Sender<()>,
    asking: JoinHandle<Result<()>>,
}

impl Watcher {
    /// Returns when the page was drawn once.
    pub(super) fn start(console: SocketAddr, session: String) -> Result<Self> {
        look(console, &session)?;
        let (over, end) = mpsc::channel();
        let asking = thread::spawn(move || {
            loop {
                match end.recv_timeout(EACH) {
                    Err(RecvTimeoutError::Timeout) => look(console, &session)?,
                    _ => return Ok(()),
                }
            }
        });
        Ok(Self { over, asking })
    }

    /// # Errors
    /// The page could not be seen the whole time.
    pub(super) fn end(self) -> Result<()> {
        let _ = self.over.send(());
        self.asking.join().map_err(|_| anyhow!("the watcher panicked"))?
    }
}

/// The cookie of a session of `admin`.
pub(super) fn sign_in(console: SocketAddr) -> Result<String> {
    let page = fetch(console, "GET", "/login", "", "")?;
    let visitor = cookie(&page)?;
    let proof = page.split("name=\"_csrf\" value=\"").nth(1).context("no proof")?;
    let proof = proof.split('"').next().unwrap_or_default();
    let form = format!("_csrf={proof}&user=admin&secret.password=admin&to=%2F");
    let answer = fetch(console, "POST", "/login", &visitor, &form)?;
    ensure!(answer.starts_with("HTTP/1.1 303 "), "nobody is signed in");
    cookie(&answer)
}

fn look(console: SocketAddr, session: &str) -> Result<()> {
    let page = fetch(console, "GET", "/traffic", session, "")?;
    ensure!(page.starts_with("HTTP/1.1 200 "), "Traffic is not seen");
    Ok(())
}

fn cookie(answer: &str) -> Result<String> {
    let line = answer.lines().find_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = line.and_then(|line| line.split(';').next());
    Ok(cookie.context("no cookie")?.to_owned())
}

/// The whole answer, head and body.
fn fetch(to: SocketAddr, method: &str, path: &str, cookie: &str, form: &str) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = form.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\nCookie: {cookie}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    match String::from_utf8(answer) {
        Ok(answer) if answer.starts_with("HTTP/1.1 ") => Ok(answer),
        _ => bail!("the console does not answer"),
    }
}
