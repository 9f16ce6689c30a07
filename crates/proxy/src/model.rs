//! Scripts made by chance for both sides of a connection, played against the real proxy under a turned
//! clock.
//!
//! Bytes are cut anywhere; there are pauses, resets, half-closed connections, shut windows, early
//! answers, pipelined requests, both protocols, TLS and not. The oracle knows which answer belongs to which
//! request, that no request reaches a backend which its client did not frame, that every byte logged as
//! sent arrives, who is told to have been slow and when, what may end a stream, how much may be kept, and
//! that everything ends. One that fails names its seed: `PHANTOM_MODEL_SEED=… cargo nextest run -p
//! phantom-proxy model`. `PHANTOM_MODEL_SECONDS` plays for longer, from a new seed.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use crate::forward::Origin;
use crate::listen;
use crate::network::Network;
use crate::transport::Socket;
use crate::worker::Worker;

pub(crate) mod backend;
mod chance;
mod client;
mod client2;
mod ends;
mod oracle;
mod script;
pub(crate) mod wire;
mod world;

use chance::Chance;
use ends::Io;
use oracle::Course;
use script::Protocol;
use script::Script;
use world::World;

/// Scripts that each of the two tests plays at most, and for how long.
const SCRIPTS: u64 = 100_000;
const SECONDS: u64 = 55;

/// The longest that a connection may last: all time-outs of the proxy and both sides' own pauses.
const LONGEST: Duration = Duration::from_secs(600);

#[test]
fn scripts_by_chance_keep_both_sides_in_step_one() {
    play_many(0);
}

#[test]
fn scripts_by_chance_keep_both_sides_in_step_two() {
    play_many(1 << 40);
}

fn play_many(start: u64) {
    let setting = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build_local(tokio::runtime::LocalOptions::default())
        .unwrap();
    let world = World::new();
    let play = |seed| {
        let (script, verdict) = runtime.block_on(play(&world, seed));
        if let Err(fault) = verdict {
            panic!("seed {seed}: {fault}\n{script:?}");
        }
    };
    if let Some(seed) = setting("PHANTOM_MODEL_SEED") {
        return play(seed);
    }
    let (start, scripts, seconds) = match setting("PHANTOM_MODEL_SECONDS") {
        // From the clock: each run plays others.
        Some(seconds) => (start ^ clock(), u64::MAX, seconds),
        None => (start, SCRIPTS, SECONDS),
    };
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut played = 0;
    while played < scripts && Instant::now() < until {
        play(start.wrapping_add(played));
        played += 1;
    }
    println!("{played} scripts");
    assert!(played > 0);
}

fn clock() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap_or_default().as_nanos() as u64
}

async fn play(world: &World, seed: u64) -> (Rc<Script>, Result<(), String>) {
    let mut chance = Chance::new(seed);
    let script = Rc::new(Script::new(&mut chance));
    let shared = world.shared(script.backend_tls);
    let tls = script.backend_tls.then(|| world.server_tls.clone());
    let backends = backend::Backends::new(script.clone(), tls, chance.split());
    let worker =
        Rc::new(Worker::new(0, shared.clone(), Network::Model(backends.clone()), Arc::default()));
    let ticking = {
        let worker = worker.clone();
        tokio::task::spawn_local(async move { worker.deadlines.tick().await })
    };
    let (theirs, ours) = wire::pair(&mut chance, script.window, script.window);
    let kept = theirs.kept_there();
    let listener = world.listener(script.tls);
    let deadline = worker.deadlines.register();
    deadline.set(shared.config.limits.header_timeout);
    let origin = Origin { peer: [127, 0, 0, 1].into(), tls: script.tls, entry: listener.serves };
    let socket = Socket::of_model(ours);
    let conversing = listen::converse(worker.clone(), listener, socket, origin, deadline);
    let mut serving = tokio::task::spawn_local(conversing);
    if let Some(after) = script.drains_after {
        let worker = worker.clone();
        tokio::task::spawn_local(async move {
            tokio::time::sleep(Duration::from_millis(after)).await;
            worker.draining.set(true);
            worker.deadlines.wake_all();
        });
    }
    let io = if script.tls {
        world.connect(theirs, script.offers).await
    } else {
        Some(Io::plain(theirs))
    };
    let seen = match (io, script.protocol) {
        (None, _) => Rc::default(),
        (Some(io), Protocol::Http1) => client::play(script.clone(), io, chance.split()).await,
        (Some(io), Protocol::Http2) => client2::play(script.clone(), io, chance.split()).await,
    };
    let ended = tokio::time::timeout(LONGEST, &mut serving).await.is_ok();
    serving.abort();
    // Streams are tasks of their own: each has its last word for the log.
    tokio::time::sleep(Duration::from_secs(15)).await;
    ticking.abort();
    let log = worker.log.take();
    let log = log
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let verdict = {
        let (client, backends) = (seen.borrow(), backends.seen());
        let (script, client, kept) = (&*script, &*client, kept());
        let course = Course { script, client, backends: &backends, log, ended, kept };
        oracle::judge(&course)
    };
    (script, verdict)
}
