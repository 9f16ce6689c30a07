//! The authorization server in trouble: no token is called bad that is not, what is cached goes on, and
//! new tokens are taken again soon after the end.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::Add;
use crate::faults::gateway::{Config, Gateway};
use crate::faults::interrupt;
use crate::faults::peer::Mode;
use crate::faults::stage::Stage;
use crate::faults::table::Row;

/// From the end of the trouble to the first new token that is taken.
const RECOVERY: Duration = Duration::from_secs(6);
/// How long it is looked for.
const PATIENCE: Duration = Duration::from_secs(12);

/// Longer than an introspection that is well.
const MARGIN: Duration = Duration::from_millis(200);
/// New tokens after the recovery have to be taken, all of them.
const AFTER: Duration = Duration::from_secs(2);

/// What happens to the server meanwhile.
#[derive(Clone, Copy)]
enum Trouble {
    Mode(Mode),
    Frozen,
    /// Refused for 3 s, healthy for 1 s, and so on.
    Flapping,
}

const TROUBLES: [(&str, Trouble, u64); 10] = [
    ("refused", Trouble::Mode(Mode::Refused), 8),
    ("refused", Trouble::Mode(Mode::Refused), 64),
    ("frozen (SIGSTOP)", Trouble::Frozen, 8),
    ("answers 500", Trouble::Mode(Mode::Status(500)), 8),
    ("answers 429, `Retry-After: 2`", Trouble::Mode(Mode::Status(429)), 8),
    ("lies: signed with another key", Trouble::Mode(Mode::Signature), 8),
    ("lies: the JWT as text/html", Trouble::Mode(Mode::ContentType), 8),
    ("drips a byte each 200 ms", Trouble::Mode(Mode::Drip), 8),
    ("flaps (3 s refused, 1 s well)", Trouble::Flapping, 10),
    ("flaps (3 s refused, 1 s well)", Trouble::Flapping, 64),
];

pub(super) fn all(stage: &Stage, add: Add<'_>) -> Result<()> {
    for (number, (what, trouble, seconds)) in TROUBLES.into_iter().enumerate() {
        let time = stage.seconds(seconds);
        let mut row = Row::new("AS", format!("server {what}, for {:.0} s", time.as_secs_f64()));
        let gateway = Gateway::start(stage, &format!("outage-{number}"), &Config::default())?;
        let quiet = stage.quiet(&gateway)?;
        let before = stage.server.introspections()?;
        let (hot, fresh) = (stage.hot(&gateway)?, stage.fresh(&gateway, 10));
        interrupt::pause(Duration::from_secs(1))?;
        let begun = Instant::now();
        suffer(stage, trouble, time)?;
        let ended = Instant::now();
        let right = fresh.right();
        interrupt::until(PATIENCE, || fresh.right() > right)?;
        interrupt::pause(AFTER)?;
        let (hot, fresh) = (hot.end()?, fresh.end()?);
        // One that is under way when it begins belongs to it.
        let (well, during) = (fresh.before(begun - MARGIN), fresh.since(begun).before(ended));
        row.good(&hot);
        row.good(&well);
        row.want_all("requests with a cached token", &hot);
        row.want_all("new tokens before it", &well);
        let false_401 = hot.count(401) + fresh.count(401);
        row.want("no false 401", false_401 == 0);
        row.recovered(fresh.recovery(ended), RECOVERY);
        row.introspections = Some(stage.server.introspections()? - before);
        row.compare(&quiet, &hot, None);
        row.peak_mib = gateway.peak_mib().ok();
        let sent = during.sent();
        row.saw(format!("new tokens meanwhile: {sent} sent, {}", during.wrong()));
        if let Some(took) = row.recovery {
            let after = fresh.since(ended + took);
            row.want_all("new tokens after the recovery", &after);
            row.good(&after);
        }
        add(row)?;
    }
    Ok(())
}

fn suffer(stage: &Stage, trouble: Trouble, time: Duration) -> Result<()> {
    match trouble {
        Trouble::Mode(mode) => {
            stage.server.set(mode)?;
            interrupt::pause(time)?;
            stage.healthy()
        }
        Trouble::Frozen => {
            stage.server.freeze();
            let waited = interrupt::pause(time);
            stage.server.thaw();
            waited
        }
        Trouble::Flapping => {
            let end = Instant::now() + time;
            while Instant::now() < end {
                stage.server.set(Mode::Refused)?;
                interrupt::pause(Duration::from_secs(3).min(end - Instant::now()))?;
                stage.healthy()?;
                let left = end.saturating_duration_since(Instant::now());
                interrupt::pause(Duration::from_secs(1).min(left))?;
            }
            Ok(())
        }
    }
}
