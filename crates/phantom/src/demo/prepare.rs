//! What is done before the demo says that it is there: the control plane is waited for and set up.

use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use phantom_config::self_signed;
use tokio::runtime::Runtime;

use crate::demo::DemoError;
use crate::demo::Ports;
use crate::outgoing::Trust;
use crate::setup;
use crate::setup::CredentialsRefused;
use crate::setup::Environment;
use crate::setup::Extent;
use crate::setup::Moved;
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

/// Why the set-up is not as the demo makes it: somebody played with it, and that stays.
#[derive(Debug)]
pub(super) struct LeftAlone {
    /// Nobody signs in as `admin` with the password that everybody knows.
    pub(super) password_changed: bool,
    pub(super) reason: String,
}

/// Key manager, API, application and what is between them, as `phantom setup` makes them. `before` are
/// the ports of the last start. Gives what is there otherwise than the demo makes it.
pub(super) fn set_up(
    runtime: &Runtime,
    before: Option<Ports>,
    ports: Ports,
    directory: &Path,
    extent: Extent,
) -> Result<Vec<String>, LeftAlone> {
    let text = ports.rewrite(include_str!("../../../../deploy/.env.example"));
    let certificate = self_signed::path(directory);
    let trust = Trust { insecure: false, ca_file: Some(certificate) };
    let mut others = Vec::new();
    let mut tell = |line: &str| {
        tracing::debug!("{line}");
        // What helps beside it is of the command of that name.
        if let Some((said, _)) = line.split_once(setup::STAYS) {
            others.push(format!("{said}{}", setup::STAYS));
        }
    };
    let moved = before.map(|before| moved(before, ports)).unwrap_or_default();
    let outcome = runtime.block_on(async {
        // The demo is the same whatever is in the environment.
        let environment = Environment::compile(&text, |_| None)?;
        setup::run(&environment, extent, &trust, &moved, &mut tell).await
    });
    outcome.map(|()| others).map_err(|error| {
        let mut reason = format!("{error:#}");
        for Moved { from, to } in &moved {
            reason.push_str(&format!("\n  What leads to {from} should lead to {to} now"));
        }
        LeftAlone { password_changed: error.is::<CredentialsRefused>(), reason }
    })
}

/// What the set-up of before leads to, and where that is now.
fn moved(before: Ports, now: Ports) -> Vec<Moved> {
    let server = |ports: Ports| format!("https://localhost:{}", ports.authorization_server);
    let api = |ports: Ports| format!("http://localhost:{}", ports.api);
    let pairs = [(server(before), server(now)), (api(before), api(now))];
    let pairs = pairs.into_iter().filter(|(from, to)| from != to);
    pairs.map(|(from, to)| Moved { from, to }).collect()
}
