//! Open loop: requests leave at fixed times whatever the answers do, and latency counts from the
//! time a request was **meant** to leave. A stalled server therefore shows in every request that
//! had to wait for it, not only in those in flight (no coordinated omission).
//!
//! A thread per connection on blocking sockets: a timer of the kernel wakes each at its time, to
//! the microsecond, where an event loop's timer would round to a millisecond.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

use super::request::{Requests, right_answer};
use super::{Options, note_cpu};
use crate::http1::buffer::Buffer;
use crate::measures::Measures;
use crate::process::cpu::Watch;
use crate::process::timer_slack;
use crate::stats::percentile;

/// Between opening the connections and the first request.
const SETTLE: Duration = Duration::from_millis(100);

pub(super) fn measure(options: &Options, rate: u64) -> Result<Measures> {
    let requests = Requests::new(options);
    let plan = Plan::new(options, rate, Instant::now() + SETTLE)?;
    let connections = (0..options.connections)
        .map(|_| Connection::open(&requests, options.patience()))
        .collect::<Result<Vec<_>>>()?;
    let (samples, used) = thread::scope(|scope| {
        let loops: Vec<_> = (0..)
            .zip(connections)
            .map(|(lane, connection)| scope.spawn(move || connection.run(plan.lane(lane))))
            .collect();
        sleep_until(plan.time(plan.warmup));
        let watch = options.measure_pid.map(Watch::start).transpose()?;
        sleep_until(plan.time(plan.total));
        let used = watch.map(|watch| watch.used()).transpose()?;
        let mut samples = Vec::new();
        for ended in loops {
            samples.extend(ended.join().map_err(|_| anyhow!("a loop panicked"))??);
        }
        anyhow::Ok((samples, used))
    })?;

    let expected = plan.total - plan.warmup;
    if samples.len() as u64 != expected {
        bail!("{} answers to {expected} requests", samples.len());
    }
    let mut measures = Measures::default();
    measures.note("requests", expected as f64);
    note_cpu(&mut measures, used, expected);
    note_percentiles(&mut measures, "", samples.iter().map(|sample| sample.latency))?;
    note_percentiles(&mut measures, "sent_", samples.iter().map(|sample| sample.since_sent))?;
    Ok(measures)
}

fn note_percentiles(
    measures: &mut Measures,
    prefix: &str,
    times: impl Iterator<Item = Duration>,
) -> Result<()> {
    let mut sorted: Vec<u64> = times.map(|time| time.as_nanos() as u64).collect();
    sorted.sort_unstable();
    for (name, percent) in [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("max", 100.0)] {
        let nanoseconds = percentile(&sorted, percent).context("no samples")?;
        measures.note(format!("{prefix}{name}_us"), nanoseconds as f64 / 1e3);
    }
    Ok(())
}

/// When which request leaves, and on which connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    begin: Instant,
    rate: u64,
    connections: u64,
    pub(super) warmup: u64,
    pub(super) total: u64,
}

impl Plan {
    pub(super) fn new(options: &Options, rate: u64, begin: Instant) -> Result<Self> {
        let seconds = options.seconds.context("an open loop needs --seconds")?;
        let warmup = options.warmup.checked_mul(rate).context("warm-up")?;
        let total = seconds.checked_mul(rate).and_then(|count| count.checked_add(warmup));
        let total = total.filter(|total| rate > 0 && *total > 0).context("rate or time")?;
        Ok(Self { begin, rate, connections: options.connections, warmup, total })
    }

    pub(super) fn time(&self, number: u64) -> Instant {
        self.begin + Duration::from_nanos(number.saturating_mul(1_000_000_000) / self.rate)
    }

    /// The requests of one connection: every so-many-th, from its own on.
    pub(super) fn lane(self, lane: u64) -> impl Iterator<Item = Departure> {
        let step = usize::try_from(self.connections).unwrap_or(usize::MAX);
        (lane..self.total).step_by(step).map(move |number| Departure {
            number,
            time: self.time(number),
            counts: number >= self.warmup,
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Departure {
    pub(super) number: u64,
    pub(super) time: Instant,
    pub(super) counts: bool,
}

struct Sample {
    /// From the time meant to the last byte of the answer.
    latency: Duration,
    /// The same from the time sent. What is missing is our own lateness, or an earlier answer's.
    since_sent: Duration,
}

struct Connection<'a> {
    requests: &'a Requests,
    stream: TcpStream,
    input: Buffer,
}

impl<'a> Connection<'a> {
    fn open(requests: &'a Requests, patience: Duration) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&requests.addr, patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self { requests, stream, input: Buffer::new() })
    }

    fn run(mut self, departures: impl Iterator<Item = Departure>) -> Result<Vec<Sample>> {
        timer_slack::least();
        let mut output = Vec::new();
        let mut samples = Vec::new();
        for departure in departures {
            self.requests.write(departure.number, &mut output);
            sleep_until(departure.time);
            let sent = Instant::now();
            self.exchange(&output).with_context(|| format!("request {}", departure.number))?;
            if departure.counts {
                samples
                    .push(Sample { latency: departure.time.elapsed(), since_sent: sent.elapsed() });
            }
        }
        Ok(samples)
    }

    fn exchange(&mut self, request: &[u8]) -> Result<()> {
        self.stream.write_all(request)?;
        loop {
            let count = self.stream.read(self.input.room()?)?;
            if count == 0 {
                bail!("connection closed");
            }
            self.input.fill(count);
            if let Some(length) = right_answer(self.input.received())? {
                self.input.consume(length);
                return Ok(());
            }
        }
    }
}

fn sleep_until(time: Instant) {
    thread::sleep(time.saturating_duration_since(Instant::now()));
}
