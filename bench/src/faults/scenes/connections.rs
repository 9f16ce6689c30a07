//! A4: connections that do nothing, little or too much, beside people who want something.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Add;
use crate::faults::client::connect;
use crate::faults::gateway::{Config, Gateway};
use crate::faults::load::{Plan, Tokens};
use crate::faults::stage::Stage;
use crate::faults::table::Row;
use crate::process::idle::launch_idle;

/// More than `max_connections` of the scenes, from so few addresses.
const HOLDERS: u64 = 320;
const ADDRESSES: u64 = 5;
/// Of `max_connections = 200`.
const LIMITS: &str = "max_connections = 200\nbody_idle_timeout = \"3s\"";
const SECOND: Duration = Duration::from_secs(1);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// SETTINGS, and that no stream may be sent anything.
const SHUT: &[u8] = &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0];
const EMPTY_SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const SETTINGS_ACK: &[u8] = &[0, 0, 0, 4, 1, 0, 0, 0, 0];
const PING: &[u8] = &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];

/// What one bad connection does until it is ended.
type Holder = fn(&TcpStream, &AtomicBool) -> Result<()>;

pub(super) fn held(stage: &Stage, add: Add<'_>) -> Result<()> {
    for (fault, name, holder) in [
        ("`max_connections` (200) held by idle connections", "held-idle", idle as Holder),
        ("`max_connections` (200) held by heads that drip", "held-heads", drip),
        ("HTTP/2 clients with a shut window, PINGs answered", "held-window", shut_window),
    ] {
        let mut row = Row::new("A4", fault);
        let config = Config { limits: LIMITS.to_owned(), ..Config::default() };
        let gateway = Gateway::start(stage, name, &config)?;
        let quiet = stage.quiet(&gateway)?;
        let hot = stage.hot(&gateway)?;
        let crowd = launch_idle(|| Crowd::gather(gateway.addr, HOLDERS, holder))?;
        stage.pause(3)?;
        let newcomers = Plan::new(gateway.addr, "/open/new", Tokens::None);
        let newcomers = newcomers.paced(20, 20).anew().start();
        stage.pause(8)?;
        let (newcomers, hot) = (newcomers.end()?, hot.end()?);
        let open = gateway.metric("phantom_connections ")?;
        let ended = crowd.disperse();
        row.good(&newcomers);
        row.good(&hot);
        row.want_all("requests on new connections", &newcomers);
        row.want_all("hot requests", &hot);
        row.compare(&quiet, &hot, None);
        row.peak_mib = gateway.peak_mib().ok();
        let why =
            |why: &str| gateway.metric(&format!("phantom_connections_ended_total{{why=\"{why}\""));
        row.saw(format!(
            "{open} open at the end, {ended} of the crowd's ended; for idle_at_limit {}, source_limit {}",
            why("idle_at_limit")?,
            why("source_limit")?
        ));
        let p99 = hot.p99();
        let shown =
            p99.map_or_else(|| "none".to_owned(), |p99| format!("{:.2} s", p99.as_secs_f64()));
        let wanted = format!("p99 of hot requests under 1 s (it was {shown})");
        row.want(wanted, p99.is_some_and(|p99| p99 < SECOND));
        if name == "held-window" {
            row.want("given up after `body_idle_timeout`", ended >= HOLDERS / 2);
        }
        add(row)?;
    }
    Ok(())
}

pub(super) fn floods(stage: &Stage, add: Add<'_>) -> Result<()> {
    for (fault, name, frame) in [
        ("floods of PING on 8 HTTP/2 connections", "flood-ping", PING),
        ("floods of SETTINGS on 8 HTTP/2 connections", "flood-settings", EMPTY_SETTINGS),
    ] {
        let mut row = Row::new("A4", fault);
        let gateway = Gateway::start(stage, name, &Config::default())?;
        let quiet = stage.quiet(&gateway)?;
        let hot = stage.hot(&gateway)?;
        let to = gateway.addr;
        let attacker = |host| thread::spawn(move || flood(to, host, frame));
        let floods: Vec<_> = launch_idle(|| (1..=8).map(attacker).collect())?;
        let mut ended = 0;
        for flood in floods {
            ended += u64::from(matches!(flood.join(), Ok(Ok(true))));
        }
        // The floods may have been ended at once.
        stage.pause(3)?;
        let hot = hot.end()?;
        let counted = gateway.metric("phantom_connections_ended_total{why=\"flood\"")?;
        row.good(&hot);
        row.want_all("hot requests", &hot);
        row.want("all eight ended", ended == 8);
        row.want("and counted", counted >= 8.0);
        row.compare(&quiet, &hot, None);
        row.peak_mib = gateway.peak_mib().ok();
        row.saw(format!("{ended} of 8 ended, {counted} counted as floods"));
        add(row)?;
    }
    Ok(())
}

/// Connections that come back when they are ended.
struct Crowd {
    over: Arc<AtomicBool>,
    ended: Arc<AtomicU64>,
    members: Vec<JoinHandle<()>>,
}

impl Crowd {
    fn gather(to: SocketAddr, number: u64, holder: Holder) -> Self {
        let (over, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let members = (0..number).map(|member| {
            let (over, ended) = (Arc::clone(&over), Arc::clone(&ended));
            let from = Ipv4Addr::new(127, 0, 9, 1 + (member % ADDRESSES) as u8);
            thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    if let Ok(stream) = connect(from, to, Duration::from_millis(500), None) {
                        let _ = holder(&stream, &over);
                        ended
                            .fetch_add(u64::from(!over.load(Ordering::Relaxed)), Ordering::Relaxed);
                    }
                    thread::sleep(Duration::from_millis(200));
                }
            })
        });
        Self { members: members.collect(), over, ended }
    }

    /// How many connections of theirs the gateway has ended.
    fn disperse(self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        for member in self.members {
            let _ = member.join();
        }
        self.ended.load(Ordering::Relaxed)
    }
}

/// One request, then nothing.
fn idle(mut stream: &TcpStream, over: &AtomicBool) -> Result<()> {
    stream.write_all(b"GET /open/idle HTTP/1.1\r\nHost: g\r\n\r\n")?;
    until_ended(stream, over, |_| Ok(()))
}

/// A head that goes on by one byte at each turn.
fn drip(mut stream: &TcpStream, over: &AtomicBool) -> Result<()> {
    stream.write_all(b"GET /open/slow HTTP/1.1\r\nHost: g\r\nX-Slow: ")?;
    until_ended(stream, over, |mut stream| Ok(stream.write_all(b"x")?))
}

/// Asks for more than fits, and takes nothing.
fn shut_window(mut stream: &TcpStream, over: &AtomicBool) -> Result<()> {
    let path = b"/open/big";
    // RFC 7541: GET, http, and :path and :authority as literals.
    let mut block = vec![0x82, 0x86, 0x04, path.len() as u8];
    block.extend_from_slice(path);
    block.extend_from_slice(&[0x01, 1, b'g']);
    let mut opening = [PREFACE, SHUT, SETTINGS_ACK].concat();
    opening.extend_from_slice(&[0, 0, block.len() as u8, 1, 5, 0, 0, 0, 1]);
    opening.extend_from_slice(&block);
    stream.write_all(&opening)?;
    let (mut frames, mut part) = (Vec::new(), [0; 4096]);
    while !over.load(Ordering::Relaxed) {
        match stream.read(&mut part) {
            Ok(0) => return Ok(()),
            Ok(count) => frames.extend_from_slice(part.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error.into()),
        }
        while let Some([a, b, c, kind, flags, ..]) =
            frames.get(..9).map(<[u8]>::to_owned).as_deref()
        {
            let length = 9 + (usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c));
            let Some(frame) = frames.get(..length) else { break };
            // RST_STREAM or GOAWAY: we have been given up.
            ensure!(![3, 7].contains(kind), "given up");
            if (*kind, flags & 1) == (6, 0) {
                let mut answer = frame.to_vec();
                answer.splice(4..5, [1]);
                stream.write_all(&answer)?;
            }
            frames.drain(..length);
        }
    }
    Ok(())
}

fn until_ended(
    mut stream: &TcpStream,
    over: &AtomicBool,
    turn: impl Fn(&TcpStream) -> Result<()>,
) -> Result<()> {
    let mut part = [0; 4096];
    while !over.load(Ordering::Relaxed) {
        match stream.read(&mut part) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            // The time-out is the length of a turn.
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => turn(stream)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Whether the gateway ended it within ten seconds.
fn flood(to: SocketAddr, host: u8, frame: &[u8]) -> Result<bool> {
    let patience = Duration::from_secs(2);
    let mut stream = connect(Ipv4Addr::new(127, 0, 9, host), to, patience, None)?;
    stream.write_all(&[PREFACE, EMPTY_SETTINGS, SETTINGS_ACK].concat())?;
    let mut reading = stream.try_clone()?;
    // What comes back is taken, so that it is the frames and not the window that end it.
    let reader = thread::spawn(move || {
        let mut part = [0; 16 * 1024];
        while matches!(reading.read(&mut part), Ok(count) if count > 0) {}
    });
    let (frames, begun) = (frame.repeat(100), Instant::now());
    let mut ended = false;
    while !ended && begun.elapsed() < Duration::from_secs(10) {
        ended = stream.write_all(&frames).is_err();
        thread::sleep(Duration::from_millis(5));
    }
    let _ = stream.shutdown(std::net::Shutdown::Both);
    let _ = reader.join();
    Ok(ended)
}
