//! A1: pipes that nobody reads. Then a disk that is full.

use std::time::Duration;

use anyhow::Result;

use super::Add;
use crate::faults::child::{Output, free_port};
use crate::faults::gateway::{Config, Gateway};
use crate::faults::load::{Plan, Tokens};
use crate::faults::stage::Stage;
use crate::faults::table::Row;

/// More than `drain_timeout` of the scenes.
const END: Duration = Duration::from_secs(8);

pub(super) fn unread(stage: &Stage, add: Add<'_>) -> Result<()> {
    use Output::{Log, Unread};
    for (fault, name, stdout, stderr) in [
        ("stdout is a pipe nobody reads", "log-stdout", Unread, Log),
        ("stderr is a pipe nobody reads", "log-stderr", Log, Unread),
        ("neither stdout nor stderr is read", "log-both", Unread, Unread),
    ] {
        let mut row = Row::new("A1", fault);
        // Every request is a line on stdout; one with trouble is some on stderr too.
        let nobody = free_port()?;
        let config = Config {
            gateway: "access_log = \"json\"".to_owned(),
            more: format!(
                "[[route]]\npath = \"/broken\"\npublic = true\n\
                 upstream = \"http://127.0.0.1:{nobody}\"\n"
            ),
            log_all: true,
            ..Config::default()
        };
        let quiet = stage.quiet(&Gateway::start(stage, &format!("{name}-quiet"), &config)?)?;
        let mut gateway = Gateway::start_with(stage, name, &config, stdout, stderr)?;
        let before = stage.server.introspections()?;
        // Fills both pipes before what counts begins.
        let noise = Plan::new(gateway.addr, "/open/noise", Tokens::None).paced(600, 16).start();
        let junk = Plan::new(gateway.addr, "/broken/noise", Tokens::None).paced(200, 8).start();
        stage.pause(3)?;
        let hot = stage.hot(&gateway);
        let Ok(hot) = hot else {
            row.want("to answer at all", false);
            row.saw(format!("no answer; /healthz says {}", gateway.health("/healthz")));
            drop((noise, junk));
            ended(&mut row, &mut gateway);
            add(row)?;
            continue;
        };
        let fresh = stage.fresh(&gateway, 10);
        stage.pause(6)?;
        let (hot, fresh) = (hot.end()?, fresh.end()?);
        drop((noise, junk));
        row.good(&hot);
        row.good(&fresh);
        row.want_all("hot requests", &hot);
        row.want_all("new tokens", &fresh);
        row.compare(&quiet, &hot, None);
        row.introspections = Some(stage.server.introspections()? - before);
        row.peak_mib = gateway.peak_mib().ok();
        let dropped = gateway.metric("phantom_log_lines_dropped_total")?;
        row.saw(format!("{dropped} lines dropped and counted"));
        row.saw(format!("/healthz {}", gateway.health("/healthz")));
        ended(&mut row, &mut gateway);
        add(row)?;
    }
    Ok(())
}

fn ended(row: &mut Row, gateway: &mut Gateway) {
    let took = gateway.child.end(END);
    row.want("SIGTERM ends it", took.is_some());
    row.saw(match took {
        Some(took) => format!("ended {:.1} s after SIGTERM", took.as_secs_f64()),
        None => "had to be killed".to_owned(),
    });
}

pub(super) fn disk_full(stage: &Stage, add: Add<'_>) -> Result<()> {
    let mut row = Row::new("log disk", "`access_log_file` is on a full disk (`/dev/full`)");
    let config = |file: &str| Config {
        gateway: format!("access_log = \"json\"\naccess_log_file = \"{file}\""),
        ..Config::default()
    };
    let quiet = stage.quiet(&Gateway::start(stage, "disk-quiet", &config("access.log"))?)?;
    let mut gateway = Gateway::start(stage, "disk-full", &config("/dev/full"))?;
    let (hot, fresh) = (stage.hot(&gateway)?, stage.fresh(&gateway, 10));
    stage.pause(6)?;
    let (hot, fresh) = (hot.end()?, fresh.end()?);
    row.good(&hot);
    row.good(&fresh);
    row.want_all("hot requests", &hot);
    row.want_all("new tokens", &fresh);
    row.compare(&quiet, &hot, None);
    row.peak_mib = gateway.peak_mib().ok();
    let dropped = gateway.metric("phantom_log_lines_dropped_total")?;
    row.saw(format!("{dropped} lines dropped and counted"));
    ended(&mut row, &mut gateway);
    add(row)
}
