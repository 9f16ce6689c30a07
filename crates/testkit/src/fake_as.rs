//! An authorization server that answers what a test tells it to, byte for byte, and remembers what
//! it was asked. HTTP/1.1 by hand, so that framing can be as odd as real servers make it; HTTP/2 by
//! hyper.

mod reply;
mod serve;
mod tls;

use std::collections::HashMap;
use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub use reply::Framing;
pub use reply::Reply;
pub use tls::ClientCertificate;

/// One request, as it came in.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// The client showed a certificate of [`FakeAs::client_certificate`].
    pub client_certificate: bool,
    pub http2: bool,
}

impl Recorded {
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }

    /// A member of the form, decoded; `None` when absent, a panic when repeated.
    #[must_use]
    pub fn form(&self, name: &str) -> Option<String> {
        let mut found = self.body.split('&').filter_map(|member| {
            let (held, value) = member.split_once('=').unwrap_or((member, ""));
            (decoded(held) == name).then(|| decoded(value))
        });
        let first = found.next();
        assert!(found.next().is_none(), "{name} is repeated");
        first
    }
}

fn decoded(text: &str) -> String {
    let mut octets = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        octets.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex: Vec<u8> = bytes.by_ref().take(2).collect();
                let hex = std::str::from_utf8(&hex).expect("ASCII after %");
                u8::from_str_radix(hex, 16).expect("two hex digits after %")
            }
            byte => byte,
        });
    }
    String::from_utf8(octets).expect("UTF-8 in the form")
}

/// A server on a port of its own. Ends when dropped.
pub struct FakeAs {
    address: SocketAddr,
    scheme: &'static str,
    ca_pem: String,
    client: Option<ClientCertificate>,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
}

/// An answer that depends on the request.
type Answerer = Arc<dyn Fn(&Recorded) -> Reply + Send + Sync>;

#[derive(Default)]
struct State {
    standing: HashMap<String, Answerer>,
    once: HashMap<String, VecDeque<Reply>>,
    requests: Vec<Recorded>,
    connections: usize,
}

impl FakeAs {
    /// Plain http.
    pub async fn start() -> Self {
        Self::start_with("http", None).await
    }

    /// https, with a certificate for `localhost` alone, of a CA of its own; asks for a client
    /// certificate and goes on without one.
    pub async fn start_tls() -> Self {
        Self::start_with("https", Some(tls::Material::new(false))).await
    }

    /// https that speaks HTTP/2 alone.
    pub async fn start_http2() -> Self {
        Self::start_with("https", Some(tls::Material::new(true))).await
    }

    async fn start_with(scheme: &'static str, tls: Option<tls::Material>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port has an address");
        let shared = Arc::new(Shared::default());
        let (ca_pem, client, acceptor) = match tls {
            Some(tls) => (tls.ca_pem, Some(tls.client), Some(TlsAcceptor::from(tls.server))),
            None => (String::new(), None, None),
        };
        let task = tokio::spawn(serve::serve(listener, acceptor, Arc::clone(&shared)));
        Self { address, scheme, ca_pem, client, shared, task }
    }

    /// Absolute URL of a path. By address with http, by name with https.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        match self.scheme {
            "http" => format!("http://{}{path}", self.address),
            _ => format!("https://localhost:{}{path}", self.address.port()),
        }
    }

    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CA that signed this server's certificate.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// A certificate the server knows.
    #[must_use]
    pub const fn client_certificate(&self) -> Option<&ClientCertificate> {
        self.client.as_ref()
    }

    /// What a path answers from now on. A path without an answer is 404.
    pub fn answer(&self, path: &str, reply: Reply) {
        self.answer_by(path, move |_| reply.clone());
    }

    /// What a path answers from now on, by what it is asked.
    pub fn answer_by(
        &self,
        path: &str,
        reply: impl Fn(&Recorded) -> Reply + Send + Sync + 'static,
    ) {
        self.shared.state().standing.insert(path.to_owned(), Arc::new(reply));
    }

    /// What a path answers once, before its standing answer.
    pub fn answer_once(&self, path: &str, reply: Reply) {
        self.shared.state().once.entry(path.to_owned()).or_default().push_back(reply);
    }

    /// All requests for a path so far; queries don't matter.
    #[must_use]
    pub fn requests(&self, path: &str) -> Vec<Recorded> {
        let state = self.shared.state();
        let of_path =
            |request: &&Recorded| request.path.split('?').next().is_some_and(|p| p == path);
        state.requests.iter().filter(of_path).cloned().collect()
    }

    #[must_use]
    pub fn count(&self, path: &str) -> usize {
        self.requests(path).len()
    }

    /// The last request for a path.
    #[must_use]
    pub fn last(&self, path: &str) -> Recorded {
        self.requests(path).pop().expect("the path was asked for")
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// Takes no more connections and cuts those there are.
    pub async fn stop(mut self) {
        self.task.abort();
        drop((&mut self.task).await);
    }
}

impl fmt::Debug for FakeAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeAs").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for FakeAs {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, request: Recorded) -> Reply {
        let mut state = self.state();
        let path = request.path.split('?').next().unwrap_or_default().to_owned();
        let reply = state.once.get_mut(&path).and_then(VecDeque::pop_front);
        let reply = reply.unwrap_or_else(|| {
            state.standing.get(&path).map_or_else(|| Reply::status(404), |reply| reply(&request))
        });
        state.requests.push(request);
        reply
    }
}
