//! Good and bad clients beside a fault: an open loop, so that who waits is charged with the waiting.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use super::client::Client;
use crate::process::timer_slack;
use crate::stats::percentile;

/// Tokens of two loads are never the same.
static SEED: AtomicU64 = AtomicU64::new(1);

#[derive(Debug, Clone)]
pub(super) enum Tokens {
    None,
    /// This one each time.
    Same(String),
    /// A new one each time; the word is its beginning.
    Fresh(&'static str),
    /// So many, in turn.
    Few(&'static str, u64),
}

#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) to: SocketAddr,
    pub(super) path: &'static str,
    pub(super) tokens: Tokens,
    /// Requests a second, of all lanes together.
    pub(super) rate: u64,
    pub(super) lanes: u64,
    /// Lane n has the address 127.0.`net`.(1 + n mod `hosts`).
    pub(super) net: u8,
    pub(super) hosts: u64,
    /// Lanes leave at the same times, instead of one after the other.
    pub(super) together: bool,
    /// Each request on a new connection.
    pub(super) anew: bool,
}

impl Plan {
    pub(super) fn new(to: SocketAddr, path: &'static str, tokens: Tokens) -> Self {
        Self {
            to,
            path,
            tokens,
            rate: 200,
            lanes: 8,
            net: 1,
            hosts: 40,
            together: false,
            anew: false,
        }
    }

    pub(super) fn paced(self, rate: u64, lanes: u64) -> Self {
        Self { rate, lanes, ..self }
    }

    pub(super) fn on_net(self, net: u8, hosts: u64) -> Self {
        Self { net, hosts, ..self }
    }

    pub(super) fn together(self) -> Self {
        Self { together: true, ..self }
    }

    pub(super) fn anew(self) -> Self {
        Self { anew: true, ..self }
    }

    pub(super) fn start(self) -> Load {
        self.start_at(Instant::now())
    }

    /// With all lanes connected by then, so that what is measured beside them is not the start of so
    /// many threads on the same cores.
    pub(super) fn start_at(self, begin: Instant) -> Load {
        let (stop, right) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let seed = SEED.fetch_add(1, Ordering::Relaxed);
        let lanes = (0..self.lanes).map(|lane| {
            let (plan, stop) = (self.clone(), Arc::clone(&stop));
            let right = Arc::clone(&right);
            thread::spawn(move || plan.lane(lane, seed, begin, &stop, &right))
        });
        Load { lanes: lanes.collect(), stop, right }
    }

    fn lane(
        &self,
        lane: u64,
        seed: u64,
        begin: Instant,
        stop: &AtomicBool,
        answered: &AtomicU64,
    ) -> Vec<Sample> {
        timer_slack::least();
        let host = 1 + (lane % self.hosts) as u8;
        let from = Ipv4Addr::new(127, 0, self.net, host);
        let mut client = Client::new(from, self.to, Duration::from_secs(10));
        let mut samples = Vec::new();
        if Instant::now() < begin && client.open().is_ok() {
            thread::sleep(begin.saturating_duration_since(Instant::now()));
        }
        for number in (lane..).step_by(self.lanes as usize) {
            let place = if self.together { number - lane } else { number };
            let meant = begin + Duration::from_nanos(place * 1_000_000_000 / self.rate);
            while !stop.load(Ordering::Relaxed) && Instant::now() < meant {
                thread::park_timeout(meant.saturating_duration_since(Instant::now()));
            }
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let token = match &self.tokens {
                Tokens::None => None,
                Tokens::Same(token) => Some(token.clone()),
                Tokens::Fresh(word) => Some(format!("{word}-{seed:08x}-{number:016x}")),
                Tokens::Few(word, few) => Some(format!("{word}-{seed:08x}-{}", number % few)),
            };
            if self.anew {
                client.close();
            }
            let target = format!("{}?n={seed}.{number}", self.path);
            let result = client.get(&target, token.as_deref());
            let latency = meant.elapsed();
            let (status, right) = match &result {
                Ok(answer) => (answer.status, answer.is_right(&target, token.is_some())),
                Err(_) => (0, false),
            };
            answered.fetch_add(u64::from(right), Ordering::Relaxed);
            samples.push(Sample { meant, latency, status, right });
        }
        samples
    }
}

#[derive(Debug)]
pub(super) struct Load {
    lanes: Vec<JoinHandle<Vec<Sample>>>,
    stop: Arc<AtomicBool>,
    right: Arc<AtomicU64>,
}

impl Load {
    /// Right answers so far.
    pub(super) fn right(&self) -> u64 {
        self.right.load(Ordering::Relaxed)
    }

    /// Wakes those that wait for their turn: a thousand that look for themselves now and then are a load of
    /// their own.
    fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        for lane in &self.lanes {
            lane.thread().unpark();
        }
    }

    pub(super) fn end(mut self) -> Result<Tally> {
        self.stop();
        let mut samples = Vec::new();
        for lane in self.lanes.drain(..) {
            samples.extend(lane.join().map_err(|_| anyhow!("a lane panicked"))?);
        }
        Ok(Tally(samples))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop();
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    meant: Instant,
    /// From the time meant to the end of the answer.
    latency: Duration,
    /// 0: no whole answer.
    status: u16,
    right: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Tally(Vec<Sample>);

impl Tally {
    pub(super) fn sent(&self) -> u64 {
        self.0.len() as u64
    }

    pub(super) fn right(&self) -> u64 {
        self.0.iter().filter(|sample| sample.right).count() as u64
    }

    pub(super) fn all_right(&self) -> bool {
        self.sent() > 0 && self.right() == self.sent()
    }

    pub(super) fn count(&self, status: u16) -> u64 {
        self.0.iter().filter(|sample| sample.status == status).count() as u64
    }

    pub(super) fn p99(&self) -> Option<Duration> {
        let mut sorted: Vec<u64> =
            self.0.iter().map(|sample| sample.latency.as_nanos() as u64).collect();
        sorted.sort_unstable();
        percentile(&sorted, 99.0).map(Duration::from_nanos)
    }

    pub(super) fn p99_over(&self, quiet: &Self) -> Option<f64> {
        Some(self.p99()?.as_secs_f64() / quiet.p99()?.as_secs_f64())
    }

    /// Those meant to leave from then on.
    pub(super) fn since(&self, begin: Instant) -> Self {
        Self(self.0.iter().filter(|sample| sample.meant >= begin).copied().collect())
    }

    pub(super) fn before(&self, end: Instant) -> Self {
        Self(self.0.iter().filter(|sample| sample.meant < end).copied().collect())
    }

    /// From then until the first right answer.
    pub(super) fn recovery(&self, end: Instant) -> Option<Duration> {
        let right = self.0.iter().filter(|sample| sample.right);
        right.filter_map(|sample| (sample.meant + sample.latency).checked_duration_since(end)).min()
    }

    /// What was not right, as `503: 12, none: 1`.
    pub(super) fn wrong(&self) -> String {
        let mut counts = BTreeMap::new();
        for sample in self.0.iter().filter(|sample| !sample.right) {
            *counts.entry(sample.status).or_insert(0_u64) += 1;
        }
        let shown = counts.into_iter().map(|(status, count)| match status {
            0 => format!("no answer: {count}"),
            status => format!("{status}: {count}"),
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn and(mut self, other: &Self) -> Self {
        self.0.extend_from_slice(&other.0);
        self
    }
}

#[cfg(test)]
mod tests;
