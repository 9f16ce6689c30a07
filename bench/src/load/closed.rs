//! Closed loop: every connection sends its next request when it has the answer to the last.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::request::{Requests, right_answer};
use super::{Options, note_cpu};
use crate::http1::buffer::Buffer;
use crate::measures::Measures;
use crate::process::cpu::Watch;

pub(super) fn measure(options: &Options) -> Result<Measures> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(loops(options))
}

async fn loops(options: &Options) -> Result<Measures> {
    let requests = Arc::new(Requests::new(options));
    let mut connections = Vec::new();
    for _ in 0..options.connections {
        connections.push(Connection::open(&requests, options.patience()).await?);
    }
    let connections = phase(connections, 0..options.warmup, None).await?.connections;

    // All connections are idle here, so nothing of the warm-up is counted, and nothing missed.
    let (numbers, end) = match options.seconds {
        Some(seconds) => (options.warmup..u64::MAX, Some(Duration::from_secs(seconds))),
        None => (options.warmup..options.warmup + options.requests.unwrap_or(60_000), None),
    };
    let watch = options.measure_pid.map(Watch::start).transpose()?;
    let begin = Instant::now();
    let measured = phase(connections, numbers, end.map(|end| begin + end)).await?;
    let elapsed = begin.elapsed();
    let used = watch.map(|watch| watch.used()).transpose()?;

    let mut measures = Measures::default();
    measures.note("requests", measured.answered as f64);
    measures.note("per_second", measured.answered as f64 / elapsed.as_secs_f64());
    note_cpu(&mut measures, used, measured.answered);
    Ok(measures)
}

struct Phase {
    connections: Vec<Connection>,
    answered: u64,
}

/// Send the requests of these numbers, or until the end, over all connections; wait for all.
async fn phase(
    connections: Vec<Connection>,
    numbers: Range<u64>,
    end: Option<Instant>,
) -> Result<Phase> {
    let next = Arc::new(AtomicU64::new(numbers.start));
    let mut loops = tokio::task::JoinSet::new();
    for mut connection in connections {
        let next = Arc::clone(&next);
        loops.spawn(async move {
            let mut answered = 0;
            while end.is_none_or(|end| Instant::now() < end) {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= numbers.end {
                    break;
                }
                connection.exchange(number).await?;
                answered += 1;
            }
            anyhow::Ok((connection, answered))
        });
    }
    let mut phase = Phase { connections: Vec::new(), answered: 0 };
    while let Some(ended) = loops.join_next().await {
        let (connection, answered) = ended.context("loop")??;
        phase.connections.push(connection);
        phase.answered += answered;
    }
    if end.is_none() && phase.answered != numbers.end - numbers.start {
        bail!("{} answers to {} requests", phase.answered, numbers.end - numbers.start);
    }
    Ok(phase)
}

struct Connection {
    requests: Arc<Requests>,
    stream: TcpStream,
    input: Buffer,
    output: Vec<u8>,
    patience: Duration,
}

impl Connection {
    async fn open(requests: &Arc<Requests>, patience: Duration) -> Result<Self> {
        let stream = timeout(patience, TcpStream::connect(requests.addr)).await??;
        stream.set_nodelay(true)?;
        let requests = Arc::clone(requests);
        Ok(Self { requests, stream, input: Buffer::new(), output: Vec::new(), patience })
    }

    async fn exchange(&mut self, number: u64) -> Result<()> {
        self.requests.write(number, &mut self.output);
        let patience = self.patience;
        timeout(patience, self.send_and_receive())
            .await
            .with_context(|| format!("request {number}: no answer in {patience:?}"))?
            .with_context(|| format!("request {number}"))
    }

    async fn send_and_receive(&mut self) -> Result<()> {
        self.stream.write_all(&self.output).await?;
        loop {
            let count = self.stream.read(self.input.room()?).await?;
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
