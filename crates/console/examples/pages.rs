//! Serves the pages over a store that is forgotten, to look at while they are built:
//! `cargo run -p phantom-console --example pages -- 9555`, then `https://localhost:9555` as `admin`.

use std::sync::Arc;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use phantom_access::Control;
use phantom_access::Settings;
use phantom_console::Options;
use phantom_control::rest;
use phantom_core::Clock;
use phantom_core::Now;
use phantom_core::Tick;
use phantom_core::UnixTime;
use phantom_manage::seed;
use phantom_oauth::egress::Egress;
use phantom_oauth::egress::EgressConfig;
use phantom_store::Database;
use phantom_store::SealingKey;
use phantom_store::Store;
use phantom_store::StoreSettings;
use rustls::pki_types::PrivateKeyDer;
use tokio_util::sync::CancellationToken;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let port: u16 = std::env::args().nth(1).unwrap_or_default().parse().unwrap_or(9555);
    let directory = tempfile::tempdir()?;
    let store = Store::open(&StoreSettings {
        database: Database::Sqlite { path: directory.path().join("phantom.db") },
        sealing: SealingKey::from_text(&"ab".repeat(32))?,
    })
    .await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock(Instant::now()));
    seed::first_start(&store, seed::Admin::password("admin"), clock.now().wall).await?;
    let egress = Egress::build(&EgressConfig { allow_private: true, ..EgressConfig::default() })?;
    let settings = Settings {
        public_url: format!("https://localhost:{port}"),
        gateway_https_url: "https://localhost:8243".to_owned(),
        gateway_http_url: Some("http://localhost:8280".to_owned()),
        published_keys: r#"{"keys":[]}"#.to_owned(),
        allow_local_endpoints: true,
    };
    let control = Arc::new(Control::new(store, egress, settings, clock)?);
    let rest = rest::router(Arc::clone(&control));
    let stop = CancellationToken::new();
    let router = phantom_console::router(&control, rest, Options { design: true }, stop.clone());
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    let tls = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    phantom_serve::serve(listener, Some(Arc::new(tls)), router, 256, stop.cancelled_owned())
        .await?;
    Ok(())
}

#[derive(Debug)]
struct SystemClock(Instant);

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = |duration: std::time::Duration| duration.as_millis() as u64;
        Now {
            wall: UnixTime::from_millis(millis(wall)),
            tick: Tick::from_millis(millis(self.0.elapsed())),
        }
    }
}
