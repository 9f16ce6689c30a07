//! The configuration of a key manager, as the binary and the control plane hand it over.

use std::path::PathBuf;
use std::time::Duration;

use phantom_core::PhantomToken;
use phantom_core::catalog::KeySet;
use phantom_core::catalog::ManagedKeyManager;
use phantom_core::catalog::OpaqueTokens;
use secrecy::SecretString;

use crate::algorithm::Algorithm;
use crate::algorithm::Algorithms;
use crate::answer::ResponseFormat;
use crate::client_auth::ClientAuth;
use crate::discovery::WellKnown;
use crate::secret::SecretSource;

/// Plain values; `KeyManager::build` says what is wrong with them.
#[derive(Clone, Debug)]
pub struct KeyManagerConfig {
    /// Unique among the key managers; a label of metrics.
    pub name: String,
    /// The metadata document's address; the issuer follows from it where none is given.
    pub well_known: Option<String>,
    /// Without `well_known`: derive the address from the issuer, in this form.
    pub discovery: Option<WellKnown>,
    /// The issuer identifier (RFC 8414 §2), compared byte by byte. `None`: it follows from
    /// `well_known`; without that too, nothing is verified.
    pub issuer: Option<String>,
    /// Goes before what metadata says.
    pub introspection_endpoint: Option<String>,
    /// Goes before what metadata says.
    pub keys: Option<Keys>,
    /// False: JWTs alone are taken, and nobody is asked about opaque tokens.
    pub introspects: bool,
    /// The addresses here are held to what metadata's are: whoever named them administers key
    /// managers, not our network.
    pub guarded: bool,
    /// Hosts that metadata may name besides its own (DSC-4).
    pub allowed_hosts: Vec<String>,
    /// Those hosts may have private addresses.
    pub allow_private: bool,
    /// Plain http to hosts other than loopback.
    pub allow_http: bool,
    /// Our client at the server; printable ASCII (RFC 6749 §A.1).
    pub client_id: String,
    /// How we prove to be that client.
    pub client_auth: ClientAuth,
    /// The answer that we ask the server for.
    pub response: ResponseFormat,
    /// Values of `typ` taken for access tokens; `none` for absence. Empty: `at+jwt` alone of clients,
    /// of the server `JWT` and absence too.
    pub accepted_typ: Vec<String>,
    /// `None`: those of RFC 9068 for JWTs of clients, `iss` and `exp` for those of the server, none for
    /// plain introspection.
    pub required_claims: Option<Vec<String>>,
    /// For signatures of the issuer; keys that serve none of them are skipped.
    pub algorithms: Algorithms,
    /// `introspection_signed_response_alg` as registered (RFC 9701 §6).
    pub signed_response_algorithm: Algorithm,
    /// One member of `aud` has to be this, byte by byte. `None`: any audience.
    pub expected_audience: Option<String>,
    /// `aud` of minted tokens where the server names none; they are then taken to be for it.
    pub minted_audience: Option<String>,
    /// 0 to 60 s.
    pub clock_skew: Duration,
    /// Longest life of a cached answer.
    pub token_cache_cap: Duration,
    /// Keep answers marked `no-store` this long all the same (CAC-2).
    pub no_store_cap: Option<Duration>,
    /// Take `scope` as an array of strings too; RFC 6749 §3.3 has one string.
    pub scope_array: bool,
    /// Bytes; longer JWTs are refused, since the backend's header field would not take them
    /// (JIR-7).
    pub max_phantom_token_len: usize,
    /// False: signatures of phantom tokens are not verified.
    pub verify_jwt: bool,
    /// False: anyone can be the authorization server.
    pub verify_ssl: bool,
    /// PEM; these authorities alone instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Where that is set.
    pub ca_setting: &'static str,
    /// For a whole introspection, from when its turn has come.
    pub timeout: Duration,
    /// For finding the address, TCP and TLS; at most `timeout`.
    pub connect_timeout: Duration,
    /// Introspection calls at a time.
    pub max_concurrent: usize,
    /// Introspections that wait for their turn, half of them of one address at most.
    pub max_waiting: usize,
    /// Budget of one address for introspections that come to nothing: so many at once.
    pub peer_budget_burst: u32,
    /// So many of them are given back each second.
    pub peer_budget_per_second: u32,
}

/// Where the issuer's keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Its URL (`jwks_uri`).
    Uri(String),
    /// Read anew at most every 30 s.
    File(PathBuf),
    /// The key set itself, in JSON.
    Inline(String),
}

impl KeyManagerConfig {
    /// The defaults of the file; issuer, endpoint and keys are still to be set.
    #[must_use]
    pub fn new(name: &str, client_id: &str, client_auth: ClientAuth) -> Self {
        Self {
            name: name.to_owned(),
            well_known: None,
            discovery: None,
            issuer: None,
            introspection_endpoint: None,
            keys: None,
            introspects: true,
            guarded: false,
            allowed_hosts: Vec::new(),
            allow_private: false,
            allow_http: false,
            client_id: client_id.to_owned(),
            client_auth,
            response: ResponseFormat::default(),
            accepted_typ: Vec::new(),
            required_claims: None,
            algorithms: Algorithms::ALL,
            signed_response_algorithm: Algorithm::Rs256,
            expected_audience: None,
            minted_audience: None,
            clock_skew: Duration::ZERO,
            token_cache_cap: Duration::from_secs(300),
            no_store_cap: None,
            scope_array: false,
            max_phantom_token_len: PhantomToken::MAX_LEN,
            verify_jwt: true,
            verify_ssl: true,
            ca_file: None,
            ca_setting: "ca_file",
            timeout: Duration::from_millis(2500),
            connect_timeout: Duration::from_millis(1000),
            max_concurrent: 64,
            max_waiting: 1024,
            peer_budget_burst: 100,
            peer_budget_per_second: 20,
        }
    }

    /// The terms of a key manager of the control plane. Whom to trust and where it may be is for whoever
    /// calls it to say.
    #[must_use]
    pub fn managed(managed: &ManagedKeyManager) -> Self {
        let (client_id, auth) = identity(managed.opaque.as_ref());
        Self {
            issuer: managed.issuer.as_deref().map(str::to_owned),
            introspects: managed.opaque.is_some(),
            introspection_endpoint: managed
                .opaque
                .as_ref()
                .map(|opaque| opaque.introspection_endpoint.to_string()),
            keys: managed.keys.as_ref().map(|keys| match keys {
                KeySet::Uri(uri) => Keys::Uri(uri.to_string()),
                KeySet::Inline(document) => Keys::Inline(document.to_string()),
            }),
            guarded: true,
            // WSO2 looks at neither `typ` nor any claim but these; ID tokens are known by others.
            accepted_typ: ["at+jwt", "JWT", "none"].map(str::to_owned).to_vec(),
            required_claims: Some(["iss", "exp"].map(str::to_owned).to_vec()),
            verify_jwt: managed.keys.is_some(),
            scope_array: true,
            expected_audience: managed.expected_audience.as_deref().map(str::to_owned),
            clock_skew: managed.clock_skew,
            ..Self::new(&managed.name, &client_id, auth)
        }
    }

    /// Returns whether an answer needs the server's keys, and so its issuer.
    #[must_use]
    pub const fn verifies_answers(&self) -> bool {
        match self.response {
            ResponseFormat::Rfc9701 => true,
            ResponseFormat::Json if self.introspects => false,
            _ => self.verify_jwt,
        }
    }

    /// How long an introspection may wait for its turn.
    #[must_use]
    pub fn queue_wait(&self) -> Duration {
        self.timeout / 2
    }

    /// The time that an introspection ends within, whatever the server does.
    #[must_use]
    pub fn longest_introspection(&self) -> Duration {
        self.queue_wait() + self.timeout
    }
}

/// Who we are at the server. One that is never asked is told nothing.
fn identity(opaque: Option<&OpaqueTokens>) -> (String, ClientAuth) {
    let (id, secret) = match opaque {
        Some(opaque) => (&*opaque.client_id, opaque.client_secret.as_str()),
        None => ("nobody", "nothing"),
    };
    let secret = SecretSource::Literal(SecretString::from(secret));
    (id.to_owned(), ClientAuth::Basic { secret, raw: false })
}
