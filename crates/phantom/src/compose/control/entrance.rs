//! How the control plane is reached: its sockets, and what answers there while there is no store.

use std::net::SocketAddr;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use axum::response::IntoResponse;
use phantom_access::Control;
use phantom_access::Settings;
use phantom_config::ControlConfig;
use phantom_config::Served;
use phantom_config::self_signed;
use phantom_control::rest;
use phantom_core::Clock;
use phantom_core::causes::with_causes;
use phantom_oauth::egress::Egress;
use phantom_oauth::egress::EgressConfig;
use phantom_oauth::egress::ServerTrust;
use phantom_observe::gateways;
use phantom_proxy::tls::Certificate;
use phantom_rest::PeerAddress;
use phantom_serve::Peer;
use phantom_serve::serve;
use phantom_store::Store;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::compose::StartError;
use crate::compose::background;
use crate::compose::control::store::Opened;
use crate::compose::control::store::make_directory;
use crate::compose::explain::Explainer;
use crate::compose::explain::Laid;
use crate::compose::managed::CA_SETTING;

/// Connections of one source at once: a browser has a few, a proxy in front some dozens.
const PER_SOURCE: usize = 256;

/// What the control plane is reached by and reaches others with. Taken before the first start is made:
/// a port that somebody else has or a file that is missing must not cost the password that is shown
/// once.
pub(super) struct Entrance {
    sockets: Vec<TcpListener>,
    tls: Served,
    egress: Egress,
    own: Egress,
}

/// Shut until there is a store: whoever calls is told to come back.
#[derive(Clone)]
pub(in crate::compose) struct Door {
    behind: Arc<OnceLock<Router>>,
    config: ControlConfig,
    egress: Egress,
    /// For the gateways' addresses and our own.
    own: Egress,
    clock: Arc<dyn Clock>,
    /// For decisions that are explained.
    laid: Laid,
    stop: CancellationToken,
}

impl Entrance {
    pub(super) fn open(config: &ControlConfig, data_dir: &Path) -> Result<Self, StartError> {
        let sockets =
            config.bind.iter().map(|address| background::bind(*address, "[control] bind"));
        let sockets = sockets.collect::<Result<_, _>>()?;
        make_directory(data_dir)?;
        let tls = match &config.tls {
            Some(tls) => tls.clone(),
            None => Served::self_signed(data_dir, true)?,
        };
        let egress = egress(config, trust(config)?)?;
        let own = match &config.tls {
            Some(_) => egress.clone(),
            None => own(config, data_dir)?,
        };
        Ok(Self { sockets, tls, egress, own })
    }

    pub(super) fn certificate(&self) -> Arc<Certificate> {
        Arc::clone(&self.tls.certificate)
    }

    /// Serves from now on, until told to stop; nothing but 503 until the door is opened. Gives the
    /// addresses.
    pub(super) fn serve(
        self,
        config: &ControlConfig,
        laid: Laid,
        clock: &Arc<dyn Clock>,
        runtime: &Handle,
        stop: &CancellationToken,
    ) -> Result<(Vec<SocketAddr>, Door), StartError> {
        let Self { sockets, tls, egress, own } = self;
        let door = Door {
            behind: Arc::default(),
            config: config.clone(),
            egress,
            own,
            clock: Arc::clone(clock),
            laid,
            stop: stop.clone(),
        };
        let mut addresses = Vec::new();
        for socket in sockets {
            addresses.push(socket.local_addr().map_err(StartError::Runtime)?);
            let (tls, router, stop) = (Arc::clone(&tls.config), door.router(), stop.clone());
            runtime.spawn(async move {
                let serving = async {
                    let socket = tokio::net::TcpListener::from_std(socket)?;
                    serve(socket, Some(tls), router, PER_SOURCE, stop.cancelled_owned()).await
                };
                if let Err(error) = serving.await {
                    tracing::error!(%error, "the control plane's listener failed");
                }
            });
        }
        Ok((addresses, door))
    }
}

impl Door {
    fn router(&self) -> Router {
        let (behind, shut) = (Arc::clone(&self.behind), rest::without_store());
        Router::new().fallback(async move |request: Request| {
            let router = behind.get().unwrap_or(&shut).clone();
            let Ok(answer) = router.oneshot(request).await;
            answer.into_response()
        })
    }

    /// There is a store now. Within the runtime, where the housekeeping goes on.
    pub(in crate::compose) fn open(&self, opened: &Opened) -> Result<(), StartError> {
        let Self { behind, config, egress, own, clock, laid, stop } = self;
        let settings = Settings {
            public_url: config.public_url.clone(),
            gateway_https_url: config.gateway_https_url.clone(),
            gateway_http_url: config.gateway_http_url.clone(),
            published_keys: opened.minter.jwks_json().to_owned(),
            allow_local_endpoints: config.allow_local_endpoints,
        };
        let store = opened.store.clone();
        let control = Control::new(store.clone(), egress.clone(), settings, Arc::clone(clock));
        let control = control.map_err(StartError::first_start)?;
        let explainer = Explainer::new(laid.clone(), opened.into(), Arc::clone(clock));
        let control = control.with_own(own.clone()).with_explainer(Arc::new(explainer));
        let control = Arc::new(control);
        let rest = rest::router(Arc::clone(&control));
        let options = phantom_console::Options { design: config.shows_design };
        let pages = phantom_console::router(&control, rest, options, stop.clone());
        let _ = behind.set(with_peer(pages));
        tokio::spawn(housekeeping(store, Arc::clone(clock), stop.clone()));
        Ok(())
    }
}

fn with_peer(router: Router) -> Router {
    router.layer(middleware::map_request(async |mut request: Request| {
        if let Some(Peer(address)) = request.extensions().get::<Peer>().copied() {
            request.extensions_mut().insert(PeerAddress(address.ip().to_canonical()));
        }
        request
    }))
}

fn read(path: &Path) -> Result<Vec<u8>, StartError> {
    std::fs::read(path).map_err(|source| StartError::DataDir { path: path.to_owned(), source })
}

fn trust(config: &ControlConfig) -> Result<ServerTrust, StartError> {
    match &config.ca_file {
        None => Ok(ServerTrust::System),
        Some(path) => Ok(ServerTrust::Authorities(read(path)?)),
    }
}

/// A control plane that made its own certificate is believed, and so is the gateway beside it, which
/// shows the same.
fn own(config: &ControlConfig, data_dir: &Path) -> Result<Egress, StartError> {
    let mut authorities = read(&self_signed::path(data_dir))?;
    if let Some(path) = &config.ca_file {
        authorities.push(b'\n');
        authorities.extend(read(path)?);
    }
    egress(config, ServerTrust::Authorities(authorities))
}

fn egress(config: &ControlConfig, trust: ServerTrust) -> Result<Egress, StartError> {
    let egress = EgressConfig {
        trust,
        trust_setting: CA_SETTING,
        allow_private: config.allow_private,
        ..Default::default()
    };
    Ok(Egress::build(&egress)?)
}

/// Forgets what nobody can ask for any more.
async fn housekeeping(store: Store, clock: Arc<dyn Clock>, stop: CancellationToken) {
    const EVERY: Duration = Duration::from_secs(600);
    /// A gateway that was away for longer reads the whole catalog.
    const CHANGES_KEPT: Duration = Duration::from_secs(24 * 3600);
    while !background::pause_or_stop(&stop, EVERY).await {
        let now = clock.now().wall;
        let cleaning = async {
            let actor = phantom_store::Actor { name: "system".to_owned(), address: None };
            let mut write = store.write(&actor, now).await?;
            write.delete_expired_tokens(now).await?;
            write.delete_expired_console_sessions(now).await?;
            write.delete_expired_revocations(now).await?;
            write.forget_changes_before(now.minus(CHANGES_KEPT)).await?;
            write.commit().await?;
            store.forget_gateways_before(now.minus(gateways::KEPT)).await.map(drop)
        };
        if let Err(error) = cleaning.await {
            let error = with_causes(&error);
            tracing::warn!(error, "expired rows could not be removed; trying again later");
        }
    }
}
