//! A backend that is refused, resets or freezes, beside one that is well.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::Add;
use crate::faults::backend::{Backend, Manner};
use crate::faults::gateway::{Config, Gateway};
use crate::faults::interrupt;
use crate::faults::load::{Plan, Tokens};
use crate::faults::stage::Stage;
use crate::faults::table::Row;

const RECOVERY: Duration = Duration::from_secs(6);

pub(super) fn all(stage: &Stage, add: Add<'_>) -> Result<()> {
    for (fault, name) in [
        ("another backend is refused", "refused"),
        ("another backend resets each request", "reset"),
        ("another backend freezes (`upstream_idle_timeout` 2 s)", "frozen"),
    ] {
        let mut row =
            Row::new("backend", format!("{fault}, for {:.0} s", stage.seconds(6).as_secs_f64()));
        let other = Backend::start(Manner::Good)?;
        let config = Config {
            limits: "connect_timeout = \"1s\"\nupstream_idle_timeout = \"2s\"".to_owned(),
            more: format!(
                "[[route]]\npath = \"/other\"\npublic = true\n\
                 upstream = \"http://127.0.0.1:{}/other\"\n",
                other.port()
            ),
            ..Config::default()
        };
        let gateway = Gateway::start(stage, &format!("backend-{name}"), &config)?;
        let quiet = stage.quiet(&gateway)?;
        let (hot, fresh) = (stage.hot(&gateway)?, stage.fresh(&gateway, 10));
        let troubled = Plan::new(gateway.addr, "/other/x", Tokens::None).paced(50, 120).start();
        interrupt::pause(Duration::from_secs(1))?;
        let begun = Instant::now();
        match name {
            "refused" => other.set_refusing(true),
            "reset" => other.set(Manner::Reset),
            _ => other.set(Manner::Frozen),
        }
        let waited = stage.pause(6);
        other.set(Manner::Good);
        other.set_refusing(false);
        waited?;
        let ended = Instant::now();
        let right = troubled.right();
        interrupt::until(RECOVERY, || troubled.right() > right)?;
        interrupt::pause(Duration::from_secs(2))?;
        let (hot, fresh, troubled) = (hot.end()?, fresh.end()?, troubled.end()?);
        row.good(&hot);
        row.good(&fresh);
        row.want_all("hot requests to the good one", &hot);
        row.want_all("new tokens", &fresh);
        row.compare(&quiet, &hot, None);
        row.recovered(troubled.recovery(ended), RECOVERY);
        row.peak_mib = gateway.peak_mib().ok();
        let during = troubled.since(begun).before(ended);
        row.want(
            "502 or 504 meanwhile",
            during.sent() == during.count(502) + during.count(504) + during.right(),
        );
        row.saw(format!("the other's meanwhile: {} sent, {}", during.sent(), during.wrong()));
        if let Some(took) = row.recovery {
            row.want_all("the other's after the recovery", &troubled.since(ended + took));
        }
        add(row)?;
    }
    Ok(())
}
