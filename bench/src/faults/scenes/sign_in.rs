//! A6: a burst of sign-ins by nobody at the control plane, beside somebody who knows the password.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Add;
use crate::faults::child::{free_port, loopback};
use crate::faults::client::connect;
use crate::faults::gateway::{Config, Gateway};
use crate::faults::interrupt;
use crate::faults::stage::Stage;
use crate::faults::table::Row;
use crate::tls::{Identity, status};

/// In one burst; as many as took the memory when it was found.
const BURST: u64 = 54;
const MEMORY: f64 = 120.0;

pub(super) fn burst(stage: &Stage, add: Add<'_>) -> Result<()> {
    let mut row = Row::new("A6", "bursts of 54 sign-ins by nobody for 8 s, right passwords beside");
    let identity = Identity::make(&stage.directory)?;
    let port = free_port()?;
    let more = format!(
        "[control]\nbind = \"127.0.0.1:{port}\"\n{}\nadmin_password = \"admin\"\n",
        identity.toml()
    );
    let name = format!("sign-in-{port}");
    let gateway = Gateway::start(stage, &name, &Config { more, ..Config::default() })?;
    let to = loopback(port);
    let quiet = stage.quiet(&gateway)?;
    let us = Ipv4Addr::LOCALHOST;
    let first = sign_in(&identity, to, us, "admin", "admin")?;
    ensure!(first == 200, "{first} to the right password");
    let hot = stage.hot(&gateway)?;
    let over = Arc::new(AtomicBool::new(false));
    let nobodies: Vec<_> = (0..BURST)
        .map(|number| {
            let (identity, over) = (identity.clone(), Arc::clone(&over));
            thread::spawn(move || nobody(&identity, to, number, &over))
        })
        .collect();
    let end = Instant::now() + stage.seconds(8);
    while Instant::now() < end {
        row.sent += 1;
        row.right +=
            u64::from(sign_in(&identity, to, us, "admin", "admin").is_ok_and(|s| s == 200));
        interrupt::pause(Duration::from_millis(200))?;
    }
    over.store(true, Ordering::Relaxed);
    let mut counts = std::collections::BTreeMap::new();
    for nobody in nobodies {
        for status in nobody.join().map_err(|_| anyhow!("a thread panicked"))? {
            *counts.entry(status).or_insert(0_u64) += 1;
        }
    }
    let hot = hot.end()?;
    let peak = gateway.peak_mib()?;
    stage.pause(60)?;
    let after = gateway.resident_mib()?;
    row.want("all right passwords taken", row.sent == row.right);
    row.good(&hot);
    row.want_all("hot requests", &hot);
    row.compare(&quiet, &hot, None);
    row.peak_mib = Some(peak);
    row.want(format!("peak at most {MEMORY} MiB"), peak <= MEMORY);
    row.want(format!("at most {MEMORY} MiB afterwards"), after <= MEMORY);
    row.saw(format!("{after:.0} MiB after {:.0} s", stage.seconds(60).as_secs_f64()));
    let counts = counts.into_iter().map(|(status, count)| format!("{status}: {count}"));
    row.saw(format!("nobody got {}", counts.collect::<Vec<_>>().join(", ")));
    add(row)
}

/// Another name each time. 0 stands for no answer.
fn nobody(identity: &Identity, to: SocketAddr, number: u64, over: &AtomicBool) -> Vec<u16> {
    let mut answers = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let from = Ipv4Addr::new(127, 0, 9, 1 + (number % 4) as u8);
        let name = format!("nobody-{number}-{}", answers.len());
        answers.push(sign_in(identity, to, from, &name, "a guess").unwrap_or_default());
        thread::sleep(Duration::from_millis(50));
    }
    answers
}

fn sign_in(
    identity: &Identity,
    to: SocketAddr,
    from: Ipv4Addr,
    name: &str,
    password: &str,
) -> Result<u16> {
    let mut stream = identity.connect(connect(from, to, Duration::from_secs(10), None)?)?;
    let credential = STANDARD.encode(format!("{name}:{password}"));
    let request = format!(
        "GET /api/am/devportal/v3/applications?limit=1 HTTP/1.1\r\nHost: localhost\r\n\
         Authorization: Basic {credential}\r\nConnection: close\r\n\r\n"
    );
    status(&mut stream, &request)
}
