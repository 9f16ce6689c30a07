//! A2: an authorization server that fails for some tokens must not be given up for all.

use anyhow::Result;

use super::Add;
use crate::faults::gateway::{Config, Gateway};
use crate::faults::load::{Plan, Tokens};
use crate::faults::peer::Mode;
use crate::faults::stage::Stage;
use crate::faults::table::Row;

pub(super) fn junk(stage: &Stage, add: Add<'_>) -> Result<()> {
    let mut row = Row::new("A2", "six junk tokens at once every 2 s get 500");
    let gateway = Gateway::start(stage, "junk", &Config::default())?;
    let quiet = stage.quiet(&gateway)?;
    let before = stage.server.introspections()?;
    let junk = Plan::new(gateway.addr, "/api/junk", Tokens::Few("junk", 6));
    let junk = junk.paced(3, 6).together().on_net(9, 1).start();
    let (hot, fresh) = (stage.hot(&gateway)?, stage.fresh(&gateway, 20));
    stage.pause(14)?;
    let (hot, fresh, junk) = (hot.end()?, fresh.end()?, junk.end()?);
    row.good(&hot);
    row.good(&fresh);
    row.want_all("hot requests", &hot);
    row.want_all("new tokens", &fresh);
    row.introspections = Some(stage.server.introspections()? - before);
    row.compare(&quiet, &hot, None);
    row.peak_mib = gateway.peak_mib().ok();
    row.want("junk is not called bad (401)", junk.count(401) == 0);
    row.saw(format!("junk got {}", junk.wrong()));
    add(row)
}

pub(super) fn random(stage: &Stage, add: Add<'_>) -> Result<()> {
    let mut row = Row::new("A2", "the server answers 500 to one call in five, at random");
    let gateway = Gateway::start(stage, "random", &Config::default())?;
    let quiet = stage.quiet(&gateway)?;
    let hot = stage.hot(&gateway)?;
    stage.server.set(Mode::Random)?;
    let before = stage.server.introspections()?;
    let fresh = stage.fresh(&gateway, 20);
    stage.pause(14)?;
    let (hot, fresh) = (hot.end()?, fresh.end()?);
    stage.healthy()?;
    let asked = stage.server.introspections()? - before;
    row.good(&hot);
    row.good(&fresh);
    row.want_all("hot requests", &hot);
    // One that met the 500 may be refused; none may be refused without being asked about.
    row.want("no new token refused without a question", asked >= fresh.sent());
    row.want("at most 25 % of new tokens refused", fresh.right() * 4 >= fresh.sent() * 3);
    row.want("no false 401", fresh.count(401) == 0);
    row.introspections = Some(asked);
    row.compare(&quiet, &hot, None);
    row.peak_mib = gateway.peak_mib().ok();
    row.saw(format!(
        "{} of {} new tokens refused: {}",
        fresh.sent() - fresh.right(),
        fresh.sent(),
        fresh.wrong()
    ));
    add(row)
}
