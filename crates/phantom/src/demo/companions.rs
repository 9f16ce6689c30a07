//! The servers on both sides of the gateway: the development authorization server and sample APIs.

use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use phantom_devauth::DevAuth;
use phantom_devauth::DevAuthHandle;
use phantom_devauth::DevAuthOptions;
use phantom_devauth::SampleApi;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::demo::DemoError;
use crate::demo::Ports;
use crate::demo::relay;

/// What their open requests get at the end.
const DRAIN: Duration = Duration::from_secs(6);

#[derive(Debug)]
pub(super) struct Companions {
    authorization_server: DevAuthHandle,
    addresses: (SocketAddr, SocketAddr),
    banner: String,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Companions {
    pub(super) fn start(
        runtime: &Runtime,
        ports: Ports,
        tls: Arc<rustls::ServerConfig>,
    ) -> Result<Self, DemoError> {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let bound = runtime.block_on(async {
            let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let options = DevAuthOptions {
                bind: local(ports.authorization_server),
                tls: Some(tls),
                ..DevAuthOptions::default()
            };
            let server = DevAuth::bind(options).await.map_err(DemoError::AuthorizationServer)?;
            let api = SampleApi::bind(local(ports.api)).await.map_err(DemoError::Api)?;
            // `localhost` may be either family to a client, and both have to lead to the same.
            let relays = [
                (server.local_addr(), relay::listen(beside(server.local_addr())).await),
                (api.local_addr(), relay::listen(beside(api.local_addr())).await),
            ];
            Ok::<_, DemoError>((server, api, relays))
        });
        let (server, api, relays) = bound?;
        let companions = Self {
            authorization_server: server.handle(),
            addresses: (server.local_addr(), api.local_addr()),
            banner: server.banner(),
            stop: stop.clone(),
            tasks: tasks.clone(),
        };
        let ended = || stop.clone().cancelled_owned();
        companions.spawn(runtime, "authorization server", server.serve(ended()));
        companions.spawn(runtime, "sample API", api.serve(ended()));
        for (to, socket) in relays {
            match socket {
                Ok(socket) => companions.spawn(runtime, "relay", relay::run(socket, to, ended())),
                Err(error) if is_absent(&error) => {}
                Err(error) => tracing::warn!(%error, port = to.port(), "not reachable by [::1]"),
            }
        }
        Ok(companions)
    }

    fn spawn(
        &self,
        runtime: &Runtime,
        name: &'static str,
        serving: impl Future<Output = io::Result<()>> + Send + 'static,
    ) {
        let task = async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the demo's {name} failed");
            }
        };
        self.tasks.spawn_on(task, runtime.handle());
    }

    /// The ports asked for, with what port 0 became.
    pub(super) const fn ports(&self, asked: Ports) -> Ports {
        let (server, api) = &self.addresses;
        Ports { authorization_server: server.port(), api: api.port(), ..asked }
    }

    pub(super) const fn authorization_server(&self) -> &DevAuthHandle {
        &self.authorization_server
    }

    pub(super) fn banner(&self) -> &str {
        &self.banner
    }

    pub(super) fn stop(&self, runtime: &Runtime) {
        runtime.block_on(self.end());
    }

    async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        // What does not end by itself ends with the runtime.
        let _ = tokio::time::timeout(DRAIN, self.tasks.wait()).await;
    }
}

fn beside(address: SocketAddr) -> SocketAddr {
    SocketAddr::from((Ipv6Addr::LOCALHOST, address.port()))
}

/// The machine has no IPv6 loopback.
fn is_absent(error: &io::Error) -> bool {
    // No such address family, which has no kind of its own.
    const EAFNOSUPPORT: i32 = 97;
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(EAFNOSUPPORT)
}
