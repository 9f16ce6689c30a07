//! The demo: a development authorization server, a sample API, and between them the gateways of both
//! tutorials with their control plane, in one process. All run from a configuration file like any
//! other, and the control plane is set up over its REST APIs like any other.

mod companions;
mod error;
mod files;
mod ports;
mod prepare;
mod relay;

use std::path::PathBuf;
use std::sync::Arc;

use phantom_core::Clock;
use phantom_devauth::DevAuthHandle;
use tokio::runtime::Runtime;

pub use error::DemoError;
pub use ports::Ports;

use crate::clock::SystemClock;
use crate::compose::Gateway;
use crate::compose::Planes;
use crate::compose::background_runtime;
use crate::config::Purpose;
use crate::config::Source;
use crate::demo::companions::Companions;
use crate::demo::files::Files;
use crate::self_signed;
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
}

/// A demo that runs.
#[derive(Debug)]
pub struct Demo {
    gateway: Gateway,
    companions: Companions,
    runtime: Runtime,
    ports: Ports,
    banner: String,
}

impl Demo {
    pub fn start(options: &Options) -> Result<Self, DemoError> {
        let files = Files::prepare(&options.data_dir)?;
        let runtime = background_runtime().map_err(DemoError::Runtime)?;
        let tls = self_signed::ensure(files.directory(), true)?;
        let companions = Companions::start(&runtime, options.ports, tls)?;
        let mut ports = companions.ports(options.ports).settled().map_err(DemoError::Runtime)?;
        let path = files.write_configuration(ports)?;

        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let source = Source::read(&path).map_err(DemoError::Configuration)?;
        let (config, report) = source.compile(Purpose::Run, &clock);
        let config = config.ok_or_else(|| DemoError::Report(report.to_string()))?;
        let gateway = Gateway::start(config, Planes::DataAndControl, &clock)
            .map_err(|error| DemoError::gateway(error, ports))?;
        ports.management = gateway.management_address().port();
        files.write_page(ports)?;
        prepare::wait_until_ready(gateway.readiness())?;
        prepare::set_up(&runtime, ports, files.directory(), options.set_up)?;
        let banner = banner(&companions, ports, &path.display().to_string());
        Ok(Self { gateway, companions, runtime, ports, banner })
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

fn banner(companions: &Companions, ports: Ports, configuration: &str) -> String {
    let Ports { authorization_server, api, gateway, apis_https, control, management, .. } = ports;
    let with_scheme = companions.banner();
    let other = |default: u16, flag: &str, port: u16, path: &str| match port {
        port if port == default => String::new(),
        port => format!(" {flag} https://localhost:{port}{path}"),
    };
    let endpoint = other(
        Ports::DEFAULT.authorization_server,
        "--endpoint",
        authorization_server,
        "/oauth/v2/oauth-token",
    );
    format!(
        "{with_scheme}\
         \n\
         Sample API:  http://localhost:{api}/api\n\
         Gateway:     http://localhost:{gateway}/\n\
         Managed:     https://localhost:{apis_https}/httpbin/v1 (API HttpBin)\n\
         Control:     https://localhost:{control}/openapi.json (user admin, password admin)\n\
         Management:  http://127.0.0.1:{management}/metrics\n\
         Running from {configuration}, which you may read, copy and `phantom run -c`.\n\
         \n\
         Without a token the gateway answers 401:\n  \
         curl -i http://localhost:{gateway}/api\n\
         With one it forwards the JWT:\n  \
         curl -H \"Authorization: Bearer <opaque_token_value>\" http://localhost:{gateway}/api\n\
         Both steps in one:\n  \
         curl -H \"Authorization: Bearer $(phantom token -k{endpoint})\" http://localhost:{gateway}/api\n\
         The managed API, as application CurityApp, whose consumer key is client-one:\n  \
         curl -k -H \"Authorization: Bearer $(phantom token -k{endpoint} --client-id client-one)\" https://localhost:{apis_https}/httpbin/v1/get\n\
         \n\
         Ctrl-C stops it.\n"
    )
}

#[cfg(test)]
mod tests;
