//! The control plane's database is killed or frozen, or away at the start: what was published goes on.

use std::time::{Duration, Instant};

use anyhow::Result;
use phantom_store::Database;
use phantom_testkit::Postgres;

use super::Add;
use crate::faults::child::free_port;
use crate::faults::gateway::{Config, Gateway};
use crate::faults::interrupt;
use crate::faults::load::{Load, Plan, Tokens};
use crate::faults::stage::Stage;
use crate::faults::table::Row;
use crate::run::managed::fill::{Size, fill};

const API: &str = "/managed/v1/items/42";
/// Until the gateway follows the database again.
const RECOVERY: Duration = Duration::from_secs(10);

struct Scene {
    postgres: Postgres,
    config: Config,
}

impl Scene {
    /// A database with one managed API.
    fn prepare(stage: &Stage, name: &str) -> Result<Self> {
        let postgres = Postgres::start_on(free_port()?);
        let database = Database::Postgres { url: postgres.url().into() };
        let directory = stage.directory.join(format!("store-{name}"));
        let (backend, server) = (stage.backend.port(), stage.server.port);
        fill(&directory, database, backend, server, Size { apis: 0, applications: 0 })?;
        let more = format!(
            "[control]\nbind = \"127.0.0.1:{}\"\ndatabase = \"{}\"\n\
             sealing_key = {{ file = \"{}/sealing.key\" }}\nallow_private = true\nallow_local_endpoints = true\n",
            free_port()?,
            postgres.url(),
            directory.display()
        );
        Ok(Self { postgres, config: Config { more, ..Config::default() } })
    }
}

/// Requests of the managed API, with a cached and with new tokens.
fn callers(gateway: &Gateway) -> [Load; 2] {
    let hot = Plan::new(gateway.addr, API, Tokens::Same("good-managed".to_owned()));
    let fresh = Plan::new(gateway.addr, API, Tokens::Fresh("good"));
    [hot.start(), fresh.paced(10, 20).start()]
}

fn store_up(gateway: &Gateway) -> bool {
    gateway.metric("phantom_store_up").is_ok_and(|up| up > 0.5)
}

pub(super) fn away(stage: &Stage, add: Add<'_>) -> Result<()> {
    for (fault, name) in [("killed (SIGKILL)", "killed"), ("frozen (SIGSTOP)", "frozen")] {
        let time = stage.seconds(8);
        let fault = format!("PostgreSQL is {fault}, for {:.0} s", time.as_secs_f64());
        let mut row = Row::new("database", fault);
        let Scene { mut postgres, config } = Scene::prepare(stage, name)?;
        let gateway = Gateway::start(stage, &format!("database-{name}"), &config)?;
        let quiet = stage.quiet(&gateway)?;
        let before = stage.server.introspections()?;
        let [hot, fresh] = callers(&gateway);
        interrupt::pause(Duration::from_secs(1))?;
        match name {
            "killed" => postgres.kill(),
            _ => postgres.freeze(),
        }
        let waited = interrupt::pause(time);
        let noticed = !store_up(&gateway);
        match name {
            "killed" => postgres.resume(),
            _ => postgres.thaw(),
        }
        waited?;
        let ended = Instant::now();
        let up = interrupt::until(RECOVERY, || store_up(&gateway))?;
        let recovery = up.then(|| ended.elapsed());
        interrupt::pause(Duration::from_secs(2))?;
        let (hot, fresh) = (hot.end()?, fresh.end()?);
        row.good(&hot);
        row.good(&fresh);
        row.want_all("managed requests", &hot);
        row.want_all("new tokens", &fresh);
        row.want("noticed (`phantom_store_up 0`)", noticed);
        row.recovered(recovery, RECOVERY);
        row.introspections = Some(stage.server.introspections()? - before);
        row.compare(&quiet, &hot, None);
        row.peak_mib = gateway.peak_mib().ok();
        add(row)?;
    }
    Ok(())
}

pub(super) fn absent(stage: &Stage, add: Add<'_>) -> Result<()> {
    let mut row = Row::new("database", "the gateway is started again while PostgreSQL is down");
    let Scene { mut postgres, config } = Scene::prepare(stage, "absent")?;
    let first = Gateway::start(stage, "database-absent", &config)?;
    let [hot, fresh] = callers(&first);
    interrupt::pause(Duration::from_secs(2))?;
    row.want_all("managed requests before", &hot.end()?.and(&fresh.end()?));
    drop(first);
    postgres.stop();
    match Gateway::start(stage, "database-absent", &config) {
        Err(error) => {
            row.want("to start", false);
            row.saw(format!("{error:#}").replace(&stage.directory.display().to_string(), "…"));
        }
        Ok(gateway) => {
            let file = stage.hot(&gateway)?;
            let [hot, fresh] = callers(&gateway);
            stage.pause(5)?;
            let (file, hot, fresh) = (file.end()?, hot.end()?, fresh.end()?);
            for (name, tally) in
                [("routes of the file", &file), ("managed requests", &hot), ("new tokens", &fresh)]
            {
                row.good(tally);
                row.want_all(name, tally);
            }
            let age = gateway.metric("phantom_catalog_age_seconds")?;
            row.saw(format!("phantom_catalog_age_seconds {age}"));
            row.peak_mib = gateway.peak_mib().ok();
            postgres.resume();
            let ended = Instant::now();
            let up = interrupt::until(RECOVERY, || store_up(&gateway))?;
            row.recovered(up.then(|| ended.elapsed()), RECOVERY);
        }
    }
    add(row)
}
