//! Callers who send at a rate, whatever the answers do (an open loop), and judge each answer by what
//! it has to be at that time.

mod tally;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::wire;
use crate::wire::Connection;
use tally::Shared;
pub use tally::Tally;

/// Requests of one connection that wait for their answers. Full, the connection falls behind.
const OUTSTANDING: usize = 256;
/// Slots missed by more than this are given up: a machine that cannot keep up calls less often.
const PATIENCE: Duration = Duration::from_millis(100);
/// Answers that have to be judged after a change, and how long they may take to come.
const JUDGED: u64 = 100;
const DEADLINE: Duration = Duration::from_secs(60);
/// A second after its answer a change is in force for certain.
const IN_FORCE: Duration = Duration::from_secs(1);
/// How long callers are watched after that, at least.
const WATCHED: Duration = Duration::from_millis(500);

/// The rate of `PHANTOM_RATE`, in requests a second; without it one that an unoptimised build on a
/// small machine keeps up with.
///
/// # Panics
/// If it is no number.
#[must_use]
pub fn rate() -> u32 {
    let rate = std::env::var("PHANTOM_RATE").ok();
    rate.map_or(1000, |rate| rate.parse().expect("PHANTOM_RATE is requests a second"))
}

/// What is called, and how often.
#[derive(Clone, Debug)]
pub struct Call {
    pub authority: String,
    pub path: String,
    pub token: String,
    /// Requests a second over all connections.
    pub rate: u32,
    pub connections: u32,
}

/// Callers at work.
#[derive(Debug)]
pub struct Callers {
    expected: Arc<Expected>,
    shared: Arc<Shared>,
    stop: Arc<AtomicBool>,
    asked: u32,
    begun: Instant,
    tasks: Vec<JoinHandle<()>>,
}

/// The status that answers have to have, and how often that has changed. 0: either may come.
#[derive(Debug)]
struct Expected(AtomicU64);

impl Expected {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn set(&self, status: u16) {
        let changes = self.now() >> 16;
        self.0.store((changes + 1) << 16 | u64::from(status), Ordering::SeqCst);
    }
}

impl Callers {
    /// They are to be answered 200 until told otherwise.
    #[must_use]
    pub fn start(call: &Call) -> Self {
        let expected = Arc::new(Expected(AtomicU64::new(200)));
        let (shared, stop) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let spacing = Duration::from_secs(1) * call.connections / call.rate;
        let begun = Instant::now();
        let tasks = (0..call.connections).map(|number| {
            let caller = Caller {
                call: call.clone(),
                expected: Arc::clone(&expected),
                shared: Arc::clone(&shared),
                stop: Arc::clone(&stop),
                spacing,
            };
            tokio::spawn(caller.run(begun + spacing * number / call.connections))
        });
        let tasks = tasks.collect();
        Self { expected, shared, stop, asked: call.rate, begun, tasks }
    }

    /// Makes a change; a second after its answer, every request is to be answered with this status.
    ///
    /// # Panics
    /// If callers get no answers any more.
    pub async fn change(&self, what: &str, status: u16, change: impl Future<Output = ()>) {
        self.shared.begin(what);
        self.expected.set(0);
        change.await;
        tokio::time::sleep(IN_FORCE).await;
        let enough = self.shared.judged() + JUDGED;
        self.expected.set(status);
        tokio::time::sleep(WATCHED).await;
        let end = Instant::now() + DEADLINE;
        while self.shared.judged() < enough {
            assert!(Instant::now() < end, "{what}: no answers come any more");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for the answers that are under way, and tells what came.
    ///
    /// # Panics
    /// If a caller has failed.
    pub async fn end(self) -> Tally {
        let elapsed = self.begun.elapsed();
        self.stop.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.expect("a caller ends");
        }
        self.shared.tally(self.asked, elapsed)
    }
}

/// One connection at a time.
struct Caller {
    call: Call,
    expected: Arc<Expected>,
    shared: Arc<Shared>,
    stop: Arc<AtomicBool>,
    spacing: Duration,
}

impl Caller {
    async fn run(self, mut slot: Instant) {
        let request = wire::get(&self.call.authority, &self.call.path, &self.call.token);
        while !self.stopped() {
            let connection = match Connection::try_open(&self.call.authority).await {
                Ok(connection) => connection,
                Err(error) => {
                    self.shared.dropped(1, &format!("{error:?}"));
                    tokio::time::sleep(PATIENCE).await;
                    continue;
                }
            };
            let (mut write, read) = connection.into_halves();
            let (sent, waiting) = mpsc::channel(OUTSTANDING);
            let judge = Judge {
                waiting,
                expected: Arc::clone(&self.expected),
                shared: Arc::clone(&self.shared),
            };
            let judging = tokio::spawn(judge.run(read));
            while !self.stopped() {
                tokio::time::sleep_until(slot).await;
                // Noted before it leaves: what is expected may change on the way.
                if sent.send(self.expected.now()).await.is_err() {
                    break;
                }
                if write.write_all(request.as_bytes()).await.is_err() {
                    break;
                }
                let earliest = Instant::now().checked_sub(PATIENCE).unwrap_or(slot);
                slot = (slot + self.spacing).max(earliest);
            }
            drop(sent);
            judging.await.expect("a judge ends");
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// Reads the answers of one connection, which come in the order of their requests.
struct Judge {
    /// What was expected when each request was sent.
    waiting: mpsc::Receiver<u64>,
    expected: Arc<Expected>,
    shared: Arc<Shared>,
}

impl Judge {
    async fn run(mut self, mut read: Connection<OwnedReadHalf>) {
        while let Some(before) = self.waiting.recv().await {
            let response = match read.receive().await {
                Ok(Some(response)) => response,
                broken => {
                    // This one and those behind it.
                    self.waiting.close();
                    let mut dropped = 1;
                    while self.waiting.recv().await.is_some() {
                        dropped += 1;
                    }
                    self.shared.dropped(dropped, &format!("{broken:?}"));
                    return;
                }
            };
            // What was expected all the while has to be what came.
            let constant = before == self.expected.now();
            let expected = u16::try_from(before & 0xffff).unwrap_or_default();
            let expected = (constant && expected != 0).then_some(expected);
            self.shared.answered(&response, expected);
        }
    }
}
