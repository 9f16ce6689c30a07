//! The demo: a development authorization server, a sample API, and between them the gateways of both
//! tutorials with their control plane, in one process. All run from a configuration file like any
//! other, and the control plane is set up over its REST APIs like any other.

mod banner;
mod companions;
mod error;
mod files;
mod ports;
mod prepare;
mod relay;

use std::path::PathBuf;
use std::sync::Arc;

use phantom_config::Purpose;
use phantom_config::Source;
use phantom_config::self_signed;
use phantom_core::Clock;
use phantom_devauth::DevAuthHandle;
use tokio::runtime::Runtime;

pub use error::DemoError;
pub use ports::Ports;

use crate::clock::SystemClock;
use crate::compose::Gateway;
use crate::compose::Planes;
use crate::compose::background_runtime;
use crate::demo::banner::Banner;
use crate::demo::companions::Companions;
use crate::demo::files::Files;
use crate::demo::files::Managed;
use crate::setup::Extent;

/// Secret of all clients of the development authorization server. Public knowledge.
pub const DEMO_SECRET: &str = "Password1";

#[derive(Clone, Debug)]
pub struct Options {
    pub data_dir: PathBuf,
    /// Port 0 takes a free one.
    pub ports: Ports,
    /// What the control plane is given to manage.
    pub set_up: Extent,
    /// Forget what earlier starts left.
    pub reset: bool,
    /// How this program is called, for commands to paste.
    pub command: String,
}

/// A demo that runs.
#[derive(Debug)]
pub struct Demo {
    gateway: Gateway,
    companions: Companions,
    runtime: Runtime,
    ports: Ports,
    banner: String,
    // Others may have the directory when all of the above has ended.
    _files: Files,
}

impl Demo {
    pub fn start(options: &Options) -> Result<Self, DemoError> {
        let files = Files::prepare(&options.data_dir)?;
        // Nothing is taken away for a start that cannot be.
        options.ports.require_free()?;
        if options.reset {
            files.reset()?;
        }
        let runtime = background_runtime().map_err(DemoError::Runtime)?;
        let tls = self_signed::ensure(files.directory(), true)?;
        let companions = Companions::start(&runtime, options.ports, tls)?;
        let mut ports = companions.ports(options.ports).settled().map_err(DemoError::Runtime)?;
        let path = files.write_configuration(ports)?;

        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let source = Source::read(&path).map_err(DemoError::Configuration)?;
        let (config, report) = source.compile(Purpose::Run, &clock);
        let mut config = config.ok_or_else(|| DemoError::Report(report.to_string()))?;
        if let Some(control) = &mut config.control {
            control.shows_design = true;
        }
        let gateway =
            Gateway::start(config, Planes::DataAndControl, &clock).map_err(DemoError::Gateway)?;
        ports.management = gateway.management_address().port();
        prepare::wait_until_ready(gateway.readiness())?;
        let (before, extent) = (files.ports_before(), options.set_up);
        let is_new = before.is_none();
        let made = prepare::set_up(&runtime, before, ports, files.directory(), extent);
        let (others, left_alone) = match made {
            Ok(others) => (others, None),
            Err(left_alone) => (Vec::new(), Some(left_alone)),
        };
        if left_alone.is_none() {
            files.keep_ports(ports)?;
        }
        let managed = match (extent, &left_alone) {
            (Extent::Everything, None) => Managed::AsMade,
            (Extent::Everything, Some(_)) => Managed::Changed,
            (Extent::UpToApplication | Extent::Nothing, _) => Managed::ByHand,
        };
        files.write_page(ports, &options.command, managed)?;
        let server = companions.banner();
        let command = &*options.command;
        let banner = Banner {
            command,
            configuration: &path,
            ports,
            server,
            is_new,
            extent,
            others: &others,
        };
        let banner = banner.text(left_alone.as_ref());
        Ok(Self { gateway, companions, runtime, ports, banner, _files: files })
    }

    /// The ports in use.
    #[must_use]
    pub const fn ports(&self) -> Ports {
        self.ports
    }

    /// What to print at start: who is where, and the tutorial's commands.
    #[must_use]
    pub fn banner(&self) -> &str {
        &self.banner
    }

    #[must_use]
    pub fn authorization_server(&self) -> &DevAuthHandle {
        self.companions.authorization_server()
    }

    #[must_use]
    pub const fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    #[must_use]
    pub const fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The gateway first, so that nothing is asked of servers that are gone. Blocks.
    pub fn stop(self) {
        self.gateway.stop();
        self.companions.stop(&self.runtime);
        self.runtime.shutdown_background();
    }
}

#[cfg(test)]
mod tests;
