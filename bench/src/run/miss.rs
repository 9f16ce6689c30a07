//! The price of a miss, taken apart: CPU time of the gateway for a request whose token it never saw,
//! less that of the same request with a token it knows, less that of the bare signature check. What
//! is left is the exchange itself: the question over HTTP, its answer, claims, the cache entry.
//!
//! All three are measured in the same round on the same core, so that what disturbs one disturbs
//! the others.

use anyhow::{Result, ensure};

use super::bench::{Bench, Load, Pace};
use super::gateway::{AccessLog, Contender, Gateway};
use super::samples::Samples;
use crate::jwt::Signature;
use crate::load::Tokens;

/// Of one kind of signature.
#[derive(Debug)]
pub(super) struct Misses {
    pub(super) signature: Signature,
    pub(super) samples: Samples,
}

/// In the order they are shown; `rest` is what the others leave of `miss`.
pub(super) const QUANTITIES: [&str; 4] = ["miss", "hit", "check", "rest"];

pub(super) fn measure(bench: &Bench<'_>) -> Result<[Misses; 2]> {
    let mut all = Signature::ALL.map(|signature| Misses { signature, samples: Samples::default() });
    for round in 0..bench.options.rounds {
        for misses in &mut all {
            misses.round(bench, round as u64)?;
        }
    }
    Ok(all)
}

impl Misses {
    fn round(&mut self, bench: &Bench<'_>, round: u64) -> Result<()> {
        let requests = bench.options.misses;
        let gateway = bench.start_phantom_for(self.signature, AccessLog::Off)?;
        let hit = cpu(bench, &gateway, Tokens::Cycle(1), round, 1)?;
        let miss = cpu(bench, &gateway, Tokens::Fresh, 1_000 + round, requests + requests / 10)?;
        drop(gateway);
        let check = bench.signature_check(self.signature)?.value("cpu_us")?;
        let values = [miss, hit, check, miss - hit - check];
        for (quantity, value) in QUANTITIES.into_iter().zip(values) {
            self.samples.add(Contender::Protected, quantity, value);
        }
        Ok(())
    }
}

fn cpu(
    bench: &Bench<'_>,
    gateway: &Gateway,
    tokens: Tokens,
    seed: u64,
    expected: u64,
) -> Result<f64> {
    let requests = bench.options.misses;
    let asked = bench.introspections()?;
    let load = Load { tokens, seed, pace: Pace::Closed { warmup: requests / 10, requests } };
    let measures = bench.load(gateway, Contender::Protected, load)?;
    let asked = bench.introspections()? - asked;
    ensure!(asked == expected, "{asked} introspections, expected {expected}");
    measures.value("cpu_us")
}
