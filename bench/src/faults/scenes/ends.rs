//! 0.2, answers lose their end: clients over TLS that are slower than the server, with nginx beside; and
//! uploads to a TLS backend that reads slowly.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};

use super::Add;
use crate::faults::backend::BIG;
use crate::faults::child::{Child, free_port, loopback};
use crate::faults::client::connect;
use crate::faults::door::Door;
use crate::faults::gateway::{Config, Gateway};
use crate::faults::interrupt;
use crate::faults::stage::Stage;
use crate::faults::table::Row;
use crate::tls::Identity;

const DOWNLOADS: u8 = 60;
const UPLOADS: u8 = 12;
const SMALL: usize = 8 * 1024;
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn downloads(stage: &Stage, add: Add<'_>) -> Result<()> {
    let mut row =
        Row::new("0.2", "60 downloads of 3 MiB over TLS by clients slower than the server");
    let identity = Identity::make(&stage.directory)?;
    // Whoever is forgotten in the middle is cut within the time of a scene.
    let config = Config {
        listener: format!("{}\nhttp2 = false", identity.toml()),
        limits: "keep_alive_timeout = \"2s\"".to_owned(),
        ..Config::default()
    };
    let gateway = Gateway::start(stage, "ends", &config)?;
    let whole = at_once(DOWNLOADS, {
        let (identity, to) = (identity.clone(), gateway.addr);
        move |host| download(&identity, to, host)
    })?;
    row.sent += u64::from(DOWNLOADS);
    row.right += whole;
    row.want("none cut", whole == u64::from(DOWNLOADS));
    row.peak_mib = gateway.peak_mib().ok();
    drop(gateway);
    let (_nginx, to) = nginx(stage, &identity)?;
    let beside = at_once(DOWNLOADS, move |host| download(&identity, to, host))?;
    row.saw(format!("nginx beside it: {} of {DOWNLOADS} cut", u64::from(DOWNLOADS) - beside));
    add(row)
}

pub(super) fn uploads(stage: &Stage, add: Add<'_>) -> Result<()> {
    let mut row = Row::new("0.2", "uploads of 3 MiB to a TLS backend that reads slowly");
    let identity = Identity::make(&stage.directory)?;
    let accepting = identity.clone();
    let door = Door::open(move |stream| {
        let _ = take_slowly(&accepting, stream);
    })?;
    let config = Config {
        gateway: format!("upstream_ca_file = \"{}\"", identity.certificate.display()),
        more: format!(
            "[[route]]\npath = \"/slow\"\npublic = true\nupstream = \"https://localhost:{}/slow\"\n",
            door.port
        ),
        ..Config::default()
    };
    let gateway = Gateway::start(stage, "ends-uploads", &config)?;
    let to = gateway.addr;
    let whole = at_once(UPLOADS, move |host| upload(to, host))?;
    door.close();
    row.sent += u64::from(UPLOADS);
    row.right += whole;
    row.want("all whole", whole == u64::from(UPLOADS));
    row.peak_mib = gateway.peak_mib().ok();
    add(row)
}

/// How many of them went well. Each has an address of its own.
fn at_once<F>(number: u8, one: F) -> Result<u64>
where
    F: Fn(u8) -> Result<()> + Send + Sync + 'static,
{
    let one = Arc::new(one);
    let all: Vec<_> = (1..=number)
        .map(|host| {
            let one = Arc::clone(&one);
            thread::spawn(move || one(host))
        })
        .collect();
    let mut well = 0;
    for thread in all {
        well += u64::from(thread.join().map_err(|_| anyhow!("a client panicked"))?.is_ok());
    }
    interrupt::check()?;
    Ok(well)
}

fn download(identity: &Identity, to: SocketAddr, host: u8) -> Result<()> {
    let stream = connect(Ipv4Addr::new(127, 0, 1, host), to, PATIENCE, Some(SMALL))?;
    let mut stream = identity.connect(stream)?;
    stream.write_all(b"GET /open/big HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let (mut received, mut part) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        // About 2 MB/s, and slower at the end, where a session may hold what is left.
        let pace = if received.len() > BIG * 9 / 10 { 60 } else { 20 };
        thread::sleep(Duration::from_millis(pace));
        let count = stream.read(&mut part)?;
        ensure!(count > 0, "cut");
        received.extend_from_slice(part.get(..count).unwrap_or_default());
        let head = memchr::memmem::find(&received, b"\r\n\r\n").context("no head")?;
        if received.len() == head + 4 + BIG {
            return Ok(());
        }
    }
}

fn upload(to: SocketAddr, host: u8) -> Result<()> {
    let mut stream = connect(Ipv4Addr::new(127, 0, 1, host), to, PATIENCE, None)?;
    let head = format!(
        "POST /slow HTTP/1.1\r\nHost: {to}\r\nContent-Length: {BIG}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&vec![b'x'; BIG])?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with(&format!("took {BIG}")),
        "{answer}"
    );
    Ok(())
}

fn take_slowly(identity: &Identity, stream: &TcpStream) -> Result<()> {
    socket2::SockRef::from(stream).set_recv_buffer_size(64 * 1024)?;
    let mut stream = identity.accept(stream)?;
    let (mut received, mut part) = (Vec::new(), vec![0; 16 * 1024]);
    let head = loop {
        let count = stream.read(&mut part)?;
        ensure!(count > 0, "no head");
        received.extend_from_slice(part.get(..count).unwrap_or_default());
        if let Some(end) = memchr::memmem::find(&received, b"\r\n\r\n") {
            break end + 4;
        }
    };
    let mut body = received.len() - head;
    while body < BIG {
        thread::sleep(Duration::from_millis(10));
        let count = stream.read(&mut part)?;
        ensure!(count > 0, "cut");
        body += count;
    }
    let text = format!("took {body}");
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())?;
    stream.flush()?;
    // The gateway keeps the connection for the next one, and ends it.
    let _ = stream.read(&mut part);
    Ok(())
}

fn nginx(stage: &Stage, identity: &Identity) -> Result<(Child, SocketAddr)> {
    let (prefix, port) = (stage.directory.join("nginx"), free_port()?);
    fs::create_dir_all(&prefix)?;
    let file = prefix.join("nginx.conf");
    fs::write(&file, nginx_config(&prefix, port, stage.backend.port(), identity))?;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(&prefix).arg("-c").arg(&file).args(["-e", "stderr"]);
    let child = Child::start(&command, &stage.log("nginx"))?.listening(port)?;
    Ok((child, loopback(port)))
}

fn nginx_config(prefix: &Path, port: u16, backend: u16, identity: &Identity) -> String {
    let (prefix, certificate, key) =
        (prefix.display(), identity.certificate.display(), identity.key.display());
    // Started as root, a worker would change to a user who may not enter the prefix.
    let root = fs::read_to_string("/proc/self/status").unwrap_or_default().contains("Uid:\t0");
    let user = if root { "user root root;" } else { "" };
    format!(
        r"{user}
daemon off;
worker_processes 2;
pid {prefix}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_timeout 2s;
    client_body_temp_path {prefix}/client_body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        location / {{ proxy_pass http://127.0.0.1:{backend}; }}
    }}
}}
"
    )
}
