//! CPU time per request in a closed loop: fresh processes every round, the contenders in turn,
//! another one first each time.

use anyhow::{Context as _, Result, ensure};

use super::bench::{Bench, Load, Pace};
use super::gateway::{AccessLog, Contender, Gateway};
use super::samples::Samples;
use crate::load::Tokens;

const WARMUP: u64 = 6_000;

pub(super) fn measure(bench: &Bench<'_>, log: AccessLog) -> Result<Samples> {
    let mut samples = Samples::default();
    for round in 0..bench.options.rounds {
        // Where a process lands in memory costs or saves it a few percent for life. A new one
        // each round makes that part of the spread instead of the result.
        let phantom = bench.start_phantom(log)?;
        let nginx = bench.start_nginx(log)?;
        for contender in in_turn(&Contender::ALL, round) {
            let gateway = if contender.is_nginx() { &nginx } else { &phantom };
            one_round(bench, gateway, contender, round as u64, &mut samples)
                .with_context(|| format!("round {round}"))?;
        }
        if log == AccessLog::On {
            logs_are_whole(bench, [phantom, nginx])?;
        }
    }
    Ok(samples)
}

/// All of them, another one first each round: none is always the one after a certain other.
pub(super) fn in_turn(contenders: &[Contender], round: usize) -> impl Iterator<Item = Contender> {
    contenders.iter().copied().cycle().skip(round % contenders.len().max(1)).take(contenders.len())
}

pub(super) fn one_round(
    bench: &Bench<'_>,
    gateway: &Gateway,
    contender: Contender,
    seed: u64,
    samples: &mut Samples,
) -> Result<()> {
    let asked = bench.introspections()?;
    // The same bytes to every contender, so that only what they do with them differs.
    let pace = Pace::Closed { warmup: WARMUP, requests: bench.options.requests };
    let measures = bench.load(gateway, contender, Load { tokens: Tokens::Cycle(1), seed, pace })?;
    let asked = bench.introspections()? - asked;
    let expected = u64::from(contender.is_protected());
    ensure!(asked == expected, "{asked} introspections for one token, expected {expected}");
    for quantity in ["cpu_us", "per_second"] {
        samples.add(contender, quantity, measures.value(quantity)?);
    }
    Ok(())
}

fn logs_are_whole(bench: &Bench<'_>, gateways: [Gateway; 2]) -> Result<()> {
    let requests = 2 * (WARMUP + bench.options.requests);
    for gateway in gateways {
        let lines = gateway.end_and_count_log_lines()?;
        ensure!(lines as u64 >= requests, "{lines} lines of access log for {requests} requests");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Contender, in_turn};

    #[test]
    fn every_contender_has_its_turn_in_every_round_and_each_is_first_in_one() {
        let mut first = Vec::new();
        for round in 0..Contender::ALL.len() {
            let order: Vec<_> = in_turn(&Contender::ALL, round).collect();
            assert!(Contender::ALL.iter().all(|contender| order.contains(contender)));
            assert_eq!(order.len(), Contender::ALL.len());
            first.extend(order.first().copied());
        }
        assert!(Contender::ALL.iter().all(|contender| first.contains(contender)));
    }
}
