//! Latency at a fixed rate that no contender finds hard: what a client waits for when the
//! gateway is not full.

use anyhow::Result;

use super::bench::{Bench, Load, Pace};
use super::cost::in_turn;
use super::gateway::{AccessLog, Contender};
use super::samples::Samples;
use crate::load::Tokens;

pub(super) const CONTENDERS: [Contender; 3] =
    [Contender::Public, Contender::Protected, Contender::Nginx];
pub(super) const QUANTITIES: [&str; 7] =
    ["p50_us", "p90_us", "p99_us", "max_us", "sent_p50_us", "sent_p90_us", "cpu_us"];

pub(super) fn measure(bench: &Bench<'_>) -> Result<Samples> {
    let mut samples = Samples::default();
    let (rate, seconds) = (bench.options.rate, bench.options.seconds);
    let pace = Pace::Open { rate, warmup_seconds: 1, seconds };
    for round in 0..bench.options.rounds {
        let phantom = bench.start_phantom(AccessLog::Off)?;
        let nginx = bench.start_nginx(AccessLog::Off)?;
        for contender in in_turn(&CONTENDERS, round) {
            let gateway = if contender.is_nginx() { &nginx } else { &phantom };
            let load = Load { tokens: Tokens::Cycle(1), seed: round as u64, pace };
            let measures = bench.load(gateway, contender, load)?;
            for quantity in QUANTITIES {
                samples.add(contender, quantity, measures.value(quantity)?);
            }
        }
    }
    Ok(samples)
}
