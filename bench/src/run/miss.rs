//! CPU time of the gateway for a request whose token it never saw: the introspection call, the
//! verification of the ES256 signature and all claims, the cache entry, and the request itself.

use anyhow::{Result, ensure};

use super::bench::{Bench, Load, Pace};
use super::gateway::{AccessLog, Contender};
use super::samples::Samples;
use crate::load::Tokens;

pub(super) fn measure(bench: &Bench<'_>) -> Result<Samples> {
    let mut samples = Samples::default();
    let requests = bench.options.misses;
    let warmup = requests / 10;
    for round in 0..bench.options.rounds {
        let gateway = bench.start_phantom(AccessLog::Off)?;
        let asked = bench.introspections()?;
        let pace = Pace::Closed { warmup, requests };
        let load = Load { tokens: Tokens::Fresh, seed: 1_000 + round as u64, pace };
        let measures = bench.load(&gateway, Contender::Protected, load)?;
        let asked = bench.introspections()? - asked;
        let expected = warmup + requests;
        ensure!(asked == expected, "{asked} introspections for {expected} new tokens");
        for quantity in ["cpu_us", "per_second"] {
            samples.add(Contender::Protected, quantity, measures.value(quantity)?);
        }
    }
    Ok(samples)
}
