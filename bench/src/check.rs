//! What checking a signature costs, measured alone: the gateway's own code for it, on JWTs like those
//! it gets, on one core, with nothing around it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use phantom_oauth::verify::UnverifiedJws;
use phantom_oauth::{Algorithms, JwkSet};

use crate::jwt::{JwtMaker, Signature, jwks};
use crate::measures::Measures;
use crate::process::cpu::Watch;

/// Distinct JWTs, so that no answer can be remembered.
const JWTS: u64 = 64;
const WARMUP: Duration = Duration::from_millis(200);

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// `es256` or `rs256`.
    #[arg(long)]
    pub(crate) signature: Signature,
    #[arg(long, default_value_t = 10_000)]
    pub(crate) checks: u64,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    measure(options)?.print()
}

fn measure(options: &Options) -> Result<Measures> {
    ensure!(options.checks > 0, "nothing to check");
    let maker = JwtMaker::new(options.signature)?;
    let keys = JwkSet::parse(jwks(&[&maker])?.as_bytes(), Algorithms::ALL)?;
    let jwts: Vec<String> =
        (0..JWTS).map(|number| maker.jwt("https://as", number, 0)).collect::<Result<_>>()?;
    let parsed: Vec<UnverifiedJws> =
        jwts.iter().map(|jwt| UnverifiedJws::parse(jwt)).collect::<Result<_, _>>()?;
    let mut in_turn = parsed.iter().cycle();
    let mut check = || -> Result<()> {
        let jws = in_turn.next().context("no JWT")?;
        black_box(black_box(jws).check_signature(&keys, Algorithms::ALL))?;
        Ok(())
    };
    let warm = Instant::now() + WARMUP;
    while Instant::now() < warm {
        check()?;
    }
    let watch = Watch::start(std::process::id())?;
    for _ in 0..options.checks {
        check()?;
    }
    let used = watch.used()?;
    let mut measures = Measures::default();
    measures.note("cpu_us", used.as_secs_f64() * 1e6 / options.checks as f64);
    Ok(measures)
}

#[cfg(test)]
mod tests {
    use super::{Options, measure};
    use crate::jwt::Signature;

    #[test]
    fn both_signatures_are_checked_and_cost_something() -> anyhow::Result<()> {
        for signature in Signature::ALL {
            let measures = measure(&Options { signature, checks: 20 })?;
            assert!(measures.value("cpu_us")? > 0.0, "{signature}");
        }
        Ok(())
    }
}
