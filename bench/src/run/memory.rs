//! Resident memory of the whole gateway process once it holds many tokens.

use anyhow::Result;

use super::bench::{Bench, Load, Pace};
use super::gateway::{AccessLog, Contender};
use crate::load::Tokens;
use crate::process::cpu::resident_mib;

#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    /// Before the first of them.
    pub(super) fresh_mib: f64,
    /// With all of them, after the load had ended.
    pub(super) full_mib: f64,
    /// How many had to be asked for again when they came a second time: not cached after all.
    pub(super) asked_again: u64,
}

pub(super) fn measure(bench: &Bench<'_>) -> Result<Memory> {
    let gateway = bench.start_phantom(AccessLog::Off)?;
    let fresh_mib = resident_mib(gateway.worker)?;
    let tokens = bench.options.tokens;
    let pace = Pace::Closed { warmup: 0, requests: tokens };
    let load = Load { tokens: Tokens::Cycle(tokens), seed: 50, pace };
    bench.load(&gateway, Contender::Protected, load)?;
    let first_mib = resident_mib(gateway.worker)?;

    let asked = bench.introspections()?;
    bench.load(&gateway, Contender::Protected, load)?;
    let asked_again = bench.introspections()? - asked;
    let full_mib = resident_mib(gateway.worker)?.max(first_mib);
    Ok(Memory { fresh_mib, full_mib, asked_again })
}
