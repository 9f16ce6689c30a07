//! A3: random tokens from one address, and good new ones of others beside them.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::Add;
use crate::faults::gateway::{Config, Gateway};
use crate::faults::interrupt;
use crate::faults::load::{Plan, Tokens};
use crate::faults::peer::Mode;
use crate::faults::stage::Stage;
use crate::faults::table::Row;
use crate::process::idle::launch_idle;

/// The default budget of an address: `peer_budget_burst` and `peer_budget_per_second`.
const BURST: u64 = 100;
const PER_SECOND: u64 = 20;
/// Seconds of it, and of the quiet run before.
const FLOODED: u64 = 10;
/// How long before the flood its connections are made.
const CONNECTED: Duration = Duration::from_secs(1);

pub(super) fn tokens(stage: &Stage, add: Add<'_>) -> Result<()> {
    // As many connections as it takes to keep that rate while each waits for its answer.
    for (delay, rate, lanes) in [(0, 5_000, 200), (50, 5_000, 1_200), (1_400, 300, 500)] {
        let mut row = Row::new(
            "A3",
            format!("{rate} random tokens/s from 127.0.9.1, introspection takes {delay} ms"),
        );
        let gateway = Gateway::start(stage, &format!("flood-{delay}"), &Config::default())?;
        let beside = Gateway::start(stage, &format!("beside-{delay}"), &Config::default())?;
        stage.healthy()?;
        let quiet = stage.quiet_for(&gateway, stage.seconds(FLOODED))?;
        let flood = |at: &Gateway| -> Result<_> {
            stage.server.set(Mode::Slow(delay))?;
            let begin = Instant::now() + CONNECTED;
            let flood = Plan::new(at.addr, "/api/flood", Tokens::Fresh("flood"));
            let flood = flood.paced(rate, lanes).on_net(9, 1);
            let flood = launch_idle(|| flood.start_at(begin))?;
            interrupt::pause(begin.saturating_duration_since(Instant::now()))?;
            let hot = stage.hot(&gateway)?;
            let fresh = stage.fresh(&gateway, 20);
            stage.pause(FLOODED)?;
            // Beyond it, what would be measured is the end of so many threads on the same cores.
            let end = Instant::now();
            let (flood, fresh, hot) = (flood.end()?, fresh.end()?, hot.end()?);
            stage.healthy()?;
            Ok((flood, fresh, hot, end))
        };
        let (before, begun) = (stage.server.introspections()?, Instant::now());
        let (flooded, fresh, hot, end) = flood(&gateway)?;
        let (asked, took) = (stage.server.introspections()? - before, begun.elapsed());
        row.good(&hot);
        row.good(&fresh);
        row.want_all("hot requests", &hot);
        row.want_all("new tokens of others", &fresh);
        row.compare(&quiet, &hot.before(end), Some(1.5));
        row.introspections = Some(asked);
        let budget = BURST + PER_SECOND * (took.as_secs() + 1);
        row.want(
            format!("at most {budget} introspections for the address"),
            asked <= budget + fresh.sent(),
        );
        row.peak_mib = gateway.peak_mib().ok();
        row.saw(format!("the flood: {} sent, {}", flooded.sent(), flooded.wrong()));
        // What the hot requests pay for no more than sharing a machine with it.
        let (_, _, hot, end) = flood(&beside)?;
        if let Some(ratio) = hot.before(end).p99_over(&quiet) {
            row.saw(format!("of the same flood at a process beside: p99 {ratio:.2} × quiet"));
        }
        add(row)?;
    }
    Ok(())
}
