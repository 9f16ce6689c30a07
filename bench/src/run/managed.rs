//! Managed APIs: what application, subscription, scope and quotas cost a request, and whether a
//! thousand APIs with a hundred thousand applications change that.

pub(crate) mod fill;
pub(crate) mod pages;
mod watcher;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use phantom_store::SubscriptionState;

use super::bench::Bench;
use super::client;
use super::cost::{in_turn, one_round};
use super::gateway::{AccessLog, Contender, Gateway};
use super::samples::Samples;
use crate::process::cpu::resident_mib;
use fill::Filled;
use watcher::Session;

const CONTENDERS: [Contender; 4] =
    [Contender::Protected, Contender::Managed, Contender::ManagedLarge, Contender::ManagedWatched];
/// For the catalog, and for a change.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the control plane has stored, small and large.
pub(super) struct Stores {
    small: Filled,
    large: Filled,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Large {
    /// From the start of the process until a managed API is served.
    pub(super) catalog_seconds: f64,
    pub(super) rss_mib: f64,
    /// From the commit of a change until requests are decided by it.
    pub(super) change_seconds: f64,
}

impl Stores {
    pub(super) fn fill(bench: &Bench<'_>) -> Result<Self> {
        let directory = |name: &str| -> PathBuf { bench.directory.join(name) };
        let (backend, authorization_server) = bench.peers();
        let fill = |name, size| {
            let directory = directory(name);
            let database = fill::sqlite(&directory);
            fill::fill(&directory, database, backend, authorization_server, size)
        };
        Ok(Self {
            small: fill("store-small", fill::Size { apis: 0, applications: 0 })?,
            large: fill("store-large", fill::Size { apis: 999, applications: 99_999 })?,
        })
    }
}

pub(super) fn measure(bench: &Bench<'_>, stores: &Stores) -> Result<Samples> {
    let mut samples = Samples::default();
    for round in 0..bench.options.rounds {
        let files = bench.start_phantom(AccessLog::Off)?;
        let small = start(bench, &stores.small, Contender::Managed)?;
        let large = start(bench, &stores.large, Contender::ManagedLarge)?;
        let watched = start(bench, &stores.small, Contender::ManagedWatched)?;
        let session = Session::sign_in(watched.console, &bench.identity)?;
        for contender in in_turn(&CONTENDERS, round) {
            let (gateway, watcher) = match contender {
                Contender::Managed => (&small.gateway, None),
                Contender::ManagedLarge => (&large.gateway, None),
                Contender::ManagedWatched => (&watched.gateway, Some(session.watch()?)),
                _ => (&files, None),
            };
            one_round(bench, gateway, contender, round as u64, &mut samples)?;
            if let Some(watcher) = watcher {
                watcher.end()?;
            }
        }
    }
    Ok(samples)
}

/// Pages over a store of the size that they are bounded for.
pub(super) fn pages(bench: &Bench<'_>) -> Result<Vec<pages::Page>> {
    let directory = bench.directory.join("store-pages");
    let database = fill::sqlite(&directory);
    let (backend, authorization_server) = bench.peers();
    let size = fill::Size { apis: 9_999, applications: 99_999 };
    let filled = fill::fill(&directory, database, backend, authorization_server, size)?;
    pages::draw(&filled)
}

pub(super) fn large(bench: &Bench<'_>, stores: &Stores) -> Result<Large> {
    let Started { gateway, took, .. } = start(bench, &stores.large, Contender::ManagedLarge)?;
    let path = Contender::ManagedLarge.path();
    let status = || client::fetch(gateway.addr, path, Some("good-token-of-a-change"));
    ensure!(status()?.status == 200, "the subscription is not in force");
    let mut slowest = Duration::ZERO;
    let changes = [(SubscriptionState::Blocked, 401), (SubscriptionState::Unblocked, 200)];
    for (state, expected) in changes {
        stores.large.set_subscription(state)?;
        let committed = Instant::now();
        while status()?.status != expected {
            ensure!(committed.elapsed() < PATIENCE, "the change to {state:?} never took effect");
            std::thread::sleep(Duration::from_millis(5));
        }
        slowest = slowest.max(committed.elapsed());
    }
    Ok(Large {
        catalog_seconds: took.as_secs_f64(),
        rss_mib: resident_mib(gateway.worker)?,
        change_seconds: slowest.as_secs_f64(),
    })
}

struct Started {
    gateway: Gateway,
    console: SocketAddr,
    /// Until its catalog was in force.
    took: Duration,
}

/// Starts on a store and waits for its catalog.
fn start(bench: &Bench<'_>, store: &Filled, contender: Contender) -> Result<Started> {
    let begun = Instant::now();
    let (gateway, console) = bench.start_managed(&store.directory, contender)?;
    while client::fetch(gateway.addr, contender.path(), None)?.status == 404 {
        ensure!(begun.elapsed() < PATIENCE, "no catalog within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = begun.elapsed();
    gateway.look(contender)?;
    Ok(Started { gateway, console, took })
}
