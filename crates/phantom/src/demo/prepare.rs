//! What is done before the demo says that it is there: the control plane is waited for and set up.

use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use tokio::runtime::Runtime;

use crate::demo::DemoError;
use crate::demo::Ports;
use crate::outgoing::Trust;
use crate::self_signed;
use crate::setup;
use crate::setup::Environment;
use crate::setup::Extent;
use crate::telemetry::management::Readiness;

/// For key sets and the first catalog.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn wait_until_ready(readiness: &Readiness) -> Result<(), DemoError> {
    let begun = Instant::now();
    while !readiness.is_ready() {
        if begun.elapsed() > PATIENCE {
            return Err(DemoError::NotReady);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Key manager, API, application and what is between them, as `phantom setup` makes them.
pub(super) fn set_up(
    runtime: &Runtime,
    ports: Ports,
    directory: &Path,
    extent: Extent,
) -> Result<(), DemoError> {
    let text = ports.rewrite(include_str!("../../../../deploy/.env.example"));
    // The demo is the same whatever is in the environment.
    let environment = Environment::compile(&text, |_| None).map_err(DemoError::SetUp)?;
    let certificate = self_signed::path(directory);
    let trust = Trust { insecure: false, ca_file: Some(&certificate) };
    let mut tell = |line: &str| tracing::debug!("{line}");
    runtime.block_on(setup::run(&environment, extent, &trust, &mut tell)).map_err(DemoError::SetUp)
}
