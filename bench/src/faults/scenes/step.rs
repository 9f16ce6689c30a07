//! 0.1, requests out of step: a backend answers early and resets, and the body holds requests. Straight,
//! and through Caddy with other people's requests beside it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use super::Add;
use crate::faults::backend::{Backend, Manner};
use crate::faults::child::{Child, free_port, loopback};
use crate::faults::client::connect;
use crate::faults::gateway::{Config, Gateway};
use crate::faults::interrupt;
use crate::faults::load::{Plan, Tokens};
use crate::faults::stage::Stage;
use crate::faults::table::Row;

/// 2.6 MB, as in the case that was found.
const BODY: usize = 2_600_000;
const ATTACKERS: u8 = 8;
/// For what comes after the answer.
const SILENCE: Duration = Duration::from_millis(1500);
/// For all answers to one upload: a body has room for tens of thousands of requests.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) fn raw(stage: &Stage, add: Add<'_>) -> Result<()> {
    let mut row = Row::new("0.1", "raw uploads of 2.6 MB with requests hidden in the body");
    scene(stage, &mut row, "step-raw", |addr| Ok(Front { addr, caddy: None }))?;
    add(row)
}

pub(super) fn caddy(stage: &Stage, add: Add<'_>) -> Result<()> {
    let mut row =
        Row::new("0.1", "the same through Caddy, as it comes, with others' GETs beside it");
    scene(stage, &mut row, "step-caddy", |gateway| {
        let port = free_port()?;
        let file = stage.directory.join("Caddyfile");
        // Without its administration and certificates, which need ports and names of their own.
        let text = format!(
            "{{\n\tadmin off\n\tauto_https off\n}}\nhttp://:{port} {{\n\treverse_proxy {gateway}\n}}\n"
        );
        fs::write(&file, text)?;
        let mut command = Command::new(stage.program("caddy"));
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&file);
        command.env("HOME", &stage.directory);
        let caddy = Child::start(&command, &stage.log("caddy"))?.listening(port)?;
        Ok(Front { addr: loopback(port), caddy: Some(caddy) })
    })?;
    add(row)
}

/// What clients reach.
struct Front {
    addr: SocketAddr,
    caddy: Option<Child>,
}

fn scene(
    stage: &Stage,
    row: &mut Row,
    name: &str,
    front: impl Fn(SocketAddr) -> Result<Front>,
) -> Result<()> {
    let early = Backend::start(Manner::Early)?;
    let config = Config {
        more: format!(
            "[[route]]\npath = \"/early\"\npublic = true\n\
             upstream = \"http://127.0.0.1:{}/early\"\n",
            early.port()
        ),
        ..Config::default()
    };
    let gateway = Gateway::start(stage, name, &config)?;
    let quiet = stage.quiet(&gateway)?;
    let Front { addr: to, caddy } = front(gateway.addr)?;
    let others = Plan::new(to, "/open/others", Tokens::None).paced(100, 10).start();
    let hot = stage.hot(&gateway)?;
    let seen = attacks(to, stage.seconds(8))?;
    let (others, hot) = (others.end()?, hot.end()?);
    // What Caddy took for a request of its own bears its name.
    let hidden = early.heard().into_iter().filter(|head| head.contains("/hidden "));
    let (caddys, ours): (Vec<_>, Vec<_>) = hidden.partition(|head| head.contains("Caddy"));
    row.good(&others);
    row.good(&hot);
    row.want_all("GETs of others", &others);
    row.want_all("hot requests", &hot);
    row.want("no hidden request run", ours.is_empty());
    if caddy.is_none() {
        row.want("no second answer", seen.second == 0);
    }
    row.want("uploads answered at all", seen.answered > 0);
    row.compare(&quiet, &hot, None);
    row.peak_mib = gateway.peak_mib().ok();
    row.saw(format!(
        "{} uploads, {} answered, {} second answers, {} hidden requests run",
        seen.connections,
        seen.answered,
        seen.second,
        ours.len()
    ));
    drop(caddy);
    let Front { addr, caddy: Some(_caddy) } = front(loopback(early.port()))? else {
        return Ok(());
    };
    let alone = attacks(addr, stage.seconds(4))?;
    row.saw(format!(
        "Caddy itself took {} hidden ones for requests; without a gateway behind it, it gave second answers to {} of {} uploads",
        caddys.len(),
        alone.second,
        alone.connections
    ));
    Ok(())
}

#[derive(Debug, Default)]
struct Seen {
    connections: u64,
    answered: u64,
    second: u64,
}

fn attacks(to: SocketAddr, time: Duration) -> Result<Seen> {
    let end = Instant::now() + time;
    let attackers: Vec<_> =
        (1..=ATTACKERS).map(|host| thread::spawn(move || attack(to, host, end))).collect();
    let mut seen = Seen::default();
    for attacker in attackers {
        let one = attacker.join().map_err(|_| anyhow!("an attacker panicked"))?;
        seen.connections += one.connections;
        seen.answered += one.answered;
        seen.second += one.second;
    }
    interrupt::check()?;
    Ok(seen)
}

/// Uploads on connections of its own, until the end.
fn attack(to: SocketAddr, host: u8, end: Instant) -> Seen {
    let mut seen = Seen::default();
    while Instant::now() < end && interrupt::check().is_ok() {
        let answers = upload(to, host).unwrap_or_default();
        seen.connections += 1;
        seen.answered += u64::from(answers > 0);
        seen.second += u64::from(answers > 1);
    }
    seen
}

/// One upload; how many answers came back for it.
fn upload(to: SocketAddr, host: u8) -> Result<usize> {
    let patience = Duration::from_secs(10);
    let stream = connect(Ipv4Addr::new(127, 0, 9, host), to, patience, None)?;
    stream.set_read_timeout(Some(SILENCE))?;
    let hidden = format!("GET /early/hidden HTTP/1.1\r\nHost: {to}\r\n\r\n");
    let mut request =
        format!("POST /early/upload HTTP/1.1\r\nHost: {to}\r\nContent-Length: {BODY}\r\n\r\n");
    let head = request.len();
    while request.len() < head + BODY {
        request.push_str(&hidden);
    }
    request.truncate(head + BODY);
    let mut sending = stream.try_clone()?;
    let sender = thread::spawn(move || sending.write_all(request.as_bytes()));
    let (mut received, mut part) = (Vec::new(), [0; 4096]);
    let end = Instant::now() + PATIENCE;
    while let Ok(count) = (&stream).read(&mut part) {
        if count == 0 || Instant::now() > end {
            break;
        }
        received.extend_from_slice(part.get(..count).unwrap_or_default());
    }
    let _ = stream.shutdown(std::net::Shutdown::Both);
    let _ = sender.join();
    Ok(memchr::memmem::find_iter(&received, b"HTTP/1.1 ").count())
}
