//! From the file as written to what the gateway runs on.

mod client_auth;
pub(crate) mod control;
mod cors;
pub(crate) mod gateway;
mod kept;
mod key_manager;
pub(crate) mod listener;
mod route;
mod upstream;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use phantom_cache::CachePolicy;
use phantom_core::Clock;
use phantom_oauth::KeyManager;
use phantom_oauth::Minter;
use phantom_pipeline::ErrorFormat;
use phantom_pipeline::Route;
use phantom_proxy::Listener;
use phantom_proxy::ProxyConfig;
use phantom_proxy::tls::Certificate;
use phantom_telemetry::access_log::LogFormat;

use crate::compile::control::ControlConfig;
use crate::compile::gateway::ChosenLimits;
use crate::compile::listener::Entrance;
use crate::context::Context;
use crate::place::Place;
use crate::place::WHOLE_FILE;
use crate::raw::RawConfig;

/// Why a configuration is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To see whether it is right. Nothing is kept.
    Check,
    /// To run it: what has to be kept is made and kept.
    Run,
}

/// A valid configuration.
#[derive(Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    pub error_format: ErrorFormat,
    pub access_log: Option<AccessLogSettings>,
    pub management: std::net::SocketAddr,
    pub listeners: Vec<Listener>,
    /// Those that the listeners show.
    pub certificates: Vec<Arc<Certificate>>,
    /// From the signal to stop until no connection is taken any more.
    pub drain_delay: Duration,
    /// The same, as callers see them.
    pub entrances: Vec<Entrance>,
    pub proxy: ProxyConfig,
    /// Those of its limits that are not ours to choose.
    pub chosen: ChosenLimits,
    pub key_managers: Vec<KeyManagerSetup>,
    pub routes: Vec<PlannedRoute>,
    /// Signs the phantom tokens we make ourselves, where any key manager needs that.
    pub minter: Option<Arc<Minter>>,
    /// The control plane of this node, or whose store its gateway follows.
    pub control: Option<ControlConfig>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLogSettings {
    pub format: LogFormat,
    /// `None`: standard output.
    pub file: Option<PathBuf>,
}

/// A key manager that can be asked, and how its answers are kept.
#[derive(Clone, Debug)]
pub struct KeyManagerSetup {
    pub manager: Arc<KeyManager>,
    pub policy: CachePolicy,
    /// A route accepts its JWTs as they are.
    pub accepts_jwt: bool,
    /// Where in the file it stands.
    pub place: Place,
}

/// A route whose key managers are not bound yet.
#[derive(Clone, Debug)]
pub struct PlannedRoute {
    /// With an empty list of key managers.
    pub route: Route,
    /// Places in [`Config::key_managers`].
    pub key_managers: Vec<usize>,
}

/// `None` only with an error noted; goes on after each to find the others.
pub(crate) fn compile(
    raw: &RawConfig,
    context: Context<'_>,
    purpose: Purpose,
    clock: &Arc<dyn Clock>,
) -> Option<Config> {
    let gateway = gateway::compile(&raw.gateway, context);
    let purpose = kept::purpose(raw, &gateway.data_dir, purpose, context);
    let management = gateway::management(raw.management_bind.as_ref(), context);
    let minter = key_manager::minter(raw, &gateway, context, purpose);
    let key_managers = key_manager::compile(&raw.key_managers, context, clock, minter.as_ref());
    let routes = route::compile(&raw.routes, &key_managers, gateway.error_format, context);
    let protected = routes.iter().any(|route| !route.key_managers.is_empty());
    let control = control::compile(raw.control.as_ref(), &gateway.data_dir, context);
    let protected = protected || control.is_some();
    let own = listener::OwnCertificate { data_dir: &gateway.data_dir, purpose };
    let mut certificates = Vec::new();
    let listeners = listener::compile(
        &raw.listeners,
        management.as_ref(),
        protected,
        &own,
        &mut certificates,
        context,
    );
    if let Some(control) = &control {
        listener::warn_of_control(&raw.listeners, &control.bind, context);
    }
    let meant = |key| context.problems.concerns(&Place::default(), key);
    if raw.listeners.is_empty() && !meant("listener") {
        let hint = "add [[listener]] with bind = \"127.0.0.1:8080\", in a file for `phantom control` too: gateways share it";
        context.error(&whole_file(), "there is no listener", hint);
    }
    if raw.routes.is_empty() && raw.control.is_none() && !meant("route") && !meant("control") {
        let hint = "every request would get 404: add [[route]], or [control] for managed APIs";
        context.error(&whole_file(), "there is no route", hint);
    }
    // Managed APIs may come to have any upstream.
    let https = control.is_some() || routes.iter().any(PlannedRoute::uses_tls_upstream);
    let proxy = gateway::proxy(&raw.gateway, https, context)?;
    let accepting: Vec<usize> = routes
        .iter()
        .filter(|planned| planned.accepts_jwt())
        .flat_map(|planned| planned.key_managers.iter().copied())
        .collect();
    let key_managers = key_managers
        .into_iter()
        .enumerate()
        .map(|(index, named)| named.setup(accepting.contains(&index)))
        .collect::<Option<Vec<_>>>()?;
    Some(Config {
        data_dir: gateway.data_dir,
        error_format: gateway.error_format,
        access_log: gateway.access_log,
        management: management?.value,
        listeners,
        certificates,
        drain_delay: gateway.drain_delay,
        entrances: listener::entrances(&raw.listeners),
        proxy,
        chosen: gateway::chosen(&raw.gateway.limits),
        key_managers,
        routes,
        minter,
        control,
    })
}

/// Not about any key.
fn whole_file() -> Place {
    Place { key: WHOLE_FILE.into(), ..Place::default() }
}
