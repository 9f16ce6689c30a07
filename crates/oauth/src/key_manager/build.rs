//! From configuration to key manager: everything that is wrong with it, said at once.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use phantom_core::Clock;
use phantom_core::Trust;
use thiserror::Error;
use url::Host;
use url::Url;
use zeroize::Zeroizing;

use crate::access_token::AccessTokenRules;
use crate::access_token::REQUIRED_CLAIMS;
use crate::answer::ResponseFormat;
use crate::client_auth::Authenticator;
use crate::client_auth::ClientAuth;
use crate::discovery::Discovery;
use crate::discovery::DocumentRules;
use crate::discovery::WellKnown;
use crate::egress::ClientIdentity;
use crate::egress::Egress;
use crate::egress::EgressConfig;
use crate::egress::ServerTrust;
use crate::egress::Target;
use crate::file;
use crate::guard::Guard;
use crate::introspect::IntrospectionClient;
use crate::jwk::JwkSet;
use crate::jwks::KeyLocation;
use crate::jwks::KeySource;
use crate::key_manager::KeyManager;
use crate::key_manager::KeyManagerConfig;
use crate::key_manager::Keys;
use crate::mint::Minter;
use crate::token_verifier::TokenVerifier;
use crate::typ::AcceptedTyp;

const MAX_SKEW: Duration = Duration::from_secs(60);
const MAX_PEM: usize = 1024 * 1024;

/// All that is wrong with one key manager's configuration.
#[derive(Debug, Error)]
#[error("key manager {key_manager:?}: {}", list(problems))]
pub struct BuildError {
    pub key_manager: String,
    pub problems: Vec<Problem>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// As the configuration names it.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub message: String,
}

fn list(problems: &[Problem]) -> String {
    let lines: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}", problem.field, problem.message)).collect();
    lines.join("; ")
}

impl KeyManager {
    /// Reads files and secrets; calls nobody. `minter` is for formats that mint.
    pub fn build(
        config: &KeyManagerConfig,
        clock: Arc<dyn Clock>,
        minter: Option<Arc<Minter>>,
    ) -> Result<Self, BuildError> {
        let mut problems = Problems(Vec::new());
        let builder = Builder { config, problems: &mut problems };
        match builder.build(&clock, minter) {
            Some(built) if problems.0.is_empty() => {
                warn_of_dangers(config);
                Ok(built)
            }
            _ => Err(BuildError { key_manager: config.name.clone(), problems: problems.0 }),
        }
    }
}

struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, field: &'static str, message: impl Into<String>) {
        self.0.push(Problem { field, message: message.into() });
    }
}

struct Builder<'a> {
    config: &'a KeyManagerConfig,
    problems: &'a mut Problems,
}

impl Builder<'_> {
    /// `None` only with a problem noted; goes on after each, to find the others.
    fn build(mut self, clock: &Arc<dyn Clock>, minter: Option<Arc<Minter>>) -> Option<KeyManager> {
        self.check_values(minter.is_some());
        let issuer = self.issuer();
        let well_known = self.well_known(issuer.as_deref());
        let endpoint = self.endpoint(well_known.is_some());
        let rules = self.rules(issuer.clone());
        let egress = self.egress();
        let auth = self.auth(issuer.clone(), clock);
        let keys = self.keys(well_known.is_some());
        let (rules, egress, auth) = (rules?, egress?, auth?);
        let config = self.config;

        let discovery = match (&well_known, &issuer) {
            (Some(url), Some(issuer)) => {
                let rules = DocumentRules {
                    issuer: (**issuer).into(),
                    allowed_hosts: config
                        .allowed_hosts
                        .iter()
                        .map(|host| (**host).into())
                        .collect(),
                };
                let (egress, clock) = (egress.clone(), Arc::clone(clock));
                Some(Arc::new(Discovery::new(&config.name, url.clone(), rules, egress, clock)))
            }
            _ => None,
        };
        let location = match (keys, &discovery) {
            (Some(location), _) => Some(location),
            (None, Some(discovery)) => Some(KeyLocation::Discovered(Arc::clone(discovery))),
            (None, None) => None,
        };
        let keys = location.map(|location| {
            let (egress, clock) = (egress.clone(), Arc::clone(clock));
            KeySource::new(&config.name, location, egress, config.algorithms, clock)
        });
        let verifier = Arc::new(TokenVerifier {
            keys: keys.clone(),
            algorithms: config.algorithms,
            rules,
            signed_response_algorithm: config.signed_response_algorithm,
            verify_phantom: config.verify_jwt,
            clock: Arc::clone(clock),
        });
        let cache_scope = cache_scope(config, issuer.as_deref(), discovery.as_deref());
        let required_to_mint = config.required_claims.clone().unwrap_or_default();
        let client = IntrospectionClient {
            client_id: (*config.client_id).into(),
            endpoint,
            discovery: discovery.clone(),
            egress,
            auth,
            guard: Guard::new(Arc::clone(clock), config.max_concurrent, config.timeout / 2),
            timeout: config.timeout,
            format: config.response.clone(),
            verifier: Arc::clone(&verifier),
            minter,
            required_to_mint: required_to_mint.into_iter().map(String::into_boxed_str).collect(),
            no_store_cap: config.no_store_cap,
            clock: Arc::clone(clock),
        };
        Some(KeyManager {
            name: (*config.name).into(),
            trust: Trust {
                issuer,
                audience: config.expected_audience.as_deref().map(Box::from),
                clock_skew: config.clock_skew,
            },
            token_cache_cap: config.token_cache_cap,
            cache_scope,
            client,
            verifier,
            keys,
            discovery,
        })
    }

    fn check_values(&mut self, minter: bool) {
        let config = self.config;
        if config.client_id.is_empty() {
            self.problems.add("client_id", "is empty: set the gateway's client id at this server");
        }
        if config.clock_skew > MAX_SKEW {
            self.problems.add("clock_skew_seconds", "is more than 60: correct the clocks instead");
        }
        if config.timeout.is_zero() || config.timeout > Duration::from_secs(60) {
            self.problems.add("timeout", "has to be more than 0 and at most 60 s");
        }
        if config.connect_timeout.is_zero() || config.connect_timeout > config.timeout {
            self.problems.add("connect_timeout", "has to be more than 0 and at most timeout");
        }
        if config.max_concurrent == 0 {
            self.problems.add("max_concurrent", "is 0: no call could be made");
        }
        if config.algorithms.is_empty() {
            self.problems.add("algorithms", "is empty: no token could be verified");
        }
        if config.response.mints() && !minter {
            let message = "needs the gateway's own signing key to mint phantom tokens";
            self.problems.add("response", message);
        }
    }

    fn issuer(&mut self) -> Option<Arc<str>> {
        let config = self.config;
        let derived = config.well_known.as_deref().map(WellKnown::issuer_of);
        let issuer = match (&config.issuer, derived) {
            (Some(issuer), _) => issuer.clone(),
            (None, Some(Some(issuer))) => issuer,
            (None, Some(None)) => {
                let message = "cannot be derived from well_known, whose form is unusual: set it";
                self.problems.add("issuer", message);
                return None;
            }
            (None, None) if config.verify_jwt || config.discovery.is_some() => {
                self.problems.add("issuer", "is missing: set it, or well_known");
                return None;
            }
            (None, None) => return None,
        };
        // DSC-3.
        let url = self.url("issuer", &issuer)?;
        if url.query().is_some() || url.fragment().is_some() {
            self.problems.add("issuer", "has a query or a fragment, which RFC 8414 forbids");
            return None;
        }
        Some(issuer.into())
    }

    fn well_known(&mut self, issuer: Option<&str>) -> Option<Url> {
        match (&self.config.well_known, self.config.discovery, issuer) {
            (Some(address), _, _) => self.url("well_known", address),
            (None, Some(form), Some(issuer)) => form.address(issuer),
            _ => None,
        }
    }

    fn endpoint(&mut self, discovery: bool) -> Option<Target> {
        match &self.config.introspection_endpoint {
            Some(endpoint) => self.url("introspection_endpoint", endpoint).map(Target::configured),
            None => {
                if !discovery && self.config.well_known.is_none() {
                    let message = "is missing: set it, or well_known";
                    self.problems.add("introspection_endpoint", message);
                }
                None
            }
        }
    }

    fn keys(&mut self, discovery: bool) -> Option<KeyLocation> {
        match &self.config.keys {
            Some(Keys::Uri(uri)) => {
                self.url("jwks_uri", uri).map(|url| KeyLocation::Uri(Target::configured(url)))
            }
            Some(Keys::File(path)) => {
                // Read now, so that a wrong path is found at start; read again later.
                let document = self.file("jwks_file", path, JwkSet::MAX_BYTES)?;
                self.key_set("jwks_file", &document)?;
                Some(KeyLocation::File(path.clone()))
            }
            Some(Keys::Inline(document)) => {
                self.key_set("jwks", document.as_bytes()).map(KeyLocation::Inline)
            }
            None => {
                let needed =
                    self.config.verify_jwt || self.config.response == ResponseFormat::Rfc9701;
                if needed && !discovery && self.config.well_known.is_none() {
                    let message = "is missing: set it, jwks_file or well_known";
                    self.problems.add("jwks_uri", message);
                }
                None
            }
        }
    }

    fn key_set(&mut self, field: &'static str, document: &[u8]) -> Option<JwkSet> {
        match JwkSet::parse(document, self.config.algorithms) {
            Ok(set) if !set.is_empty() => Some(set),
            Ok(_) => {
                self.problems.add(field, "holds no usable key; the log says why each was skipped");
                None
            }
            Err(error) => {
                self.problems.add(field, error.to_string());
                None
            }
        }
    }

    fn rules(&mut self, issuer: Option<Arc<str>>) -> Option<AccessTokenRules> {
        let config = self.config;
        let accepted_typ = match AcceptedTyp::from_list(&config.accepted_typ) {
            _ if !config.verify_jwt => AcceptedTyp::Any,
            Ok(accepted) => accepted,
            Err(error) => {
                self.problems.add("accepted_typ", error.to_string());
                return None;
            }
        };
        let required_claims = match &config.required_claims {
            Some(names) => names.iter().map(|name| (**name).into()).collect(),
            None if config.verify_jwt => REQUIRED_CLAIMS.map(Box::from).to_vec(),
            None => Vec::new(),
        };
        Some(AccessTokenRules {
            issuer,
            accepted_typ,
            required_claims,
            clock_skew: config.clock_skew,
            scope_array: config.scope_array,
            max_phantom_token_len: config.max_phantom_token_len,
        })
    }

    fn egress(&mut self) -> Option<Egress> {
        let config = self.config;
        let trust = match (&config.ca_file, config.verify_ssl) {
            (_, false) => ServerTrust::Anyone,
            (None, true) => ServerTrust::System,
            (Some(path), true) => {
                ServerTrust::Authorities(self.file("ca_file", path, MAX_PEM)?.to_vec())
            }
        };
        let identity = match &config.client_auth {
            ClientAuth::Tls { certificate, key } => {
                let chain = self.file("client_certificate", certificate, MAX_PEM)?;
                let key = match key.read() {
                    Ok(key) => key,
                    Err(error) => {
                        self.problems.add("client_key", error.to_string());
                        return None;
                    }
                };
                let key = secrecy::ExposeSecret::expose_secret(&key).as_bytes().to_vec();
                Some(ClientIdentity {
                    certificate_chain: chain.to_vec(),
                    private_key: Zeroizing::new(key),
                })
            }
            _ => None,
        };
        let built = Egress::build(&EgressConfig {
            connect_timeout: config.connect_timeout,
            timeout: config.timeout,
            trust,
            identity,
            allow_private: config.allow_private,
            max_idle: config.max_concurrent,
        });
        match built {
            Ok(egress) => Some(egress),
            Err(error) => {
                self.problems.add("tls", error.to_string());
                None
            }
        }
    }

    fn auth(&mut self, issuer: Option<Arc<str>>, clock: &Arc<dyn Clock>) -> Option<Authenticator> {
        let config = self.config;
        let method = config.client_auth.clone();
        match Authenticator::new(&config.client_id, issuer, method, Arc::clone(clock)) {
            Ok(auth) => Some(auth),
            Err(error) => {
                let field = match config.client_auth {
                    ClientAuth::PrivateKeyJwt { .. } => "client_key",
                    _ => "client_secret",
                };
                let cause = std::error::Error::source(&error)
                    .map_or_else(String::new, |cause| format!(": {cause}"));
                self.problems.add(field, format!("{error}{cause}"));
                None
            }
        }
    }

    /// An absolute https URL; http only on this machine, or where the operator accepts it.
    fn url(&mut self, field: &'static str, text: &str) -> Option<Url> {
        let Ok(url) = Url::parse(text) else {
            self.problems.add(field, format!("{text:?} is not an absolute URL"));
            return None;
        };
        if !url.username().is_empty() || url.password().is_some() {
            self.problems.add(field, "holds a user name or password: use client_id and secret");
            return None;
        }
        match url.scheme() {
            "https" => Some(url),
            "http" if self.config.allow_http || is_this_machine(&url) => Some(url),
            "http" => {
                let message = format!("{text:?} is plain http, over which tokens and secrets leak");
                self.problems.add(field, message);
                None
            }
            _ => {
                self.problems.add(field, format!("{text:?} is not an https URL"));
                None
            }
        }
    }

    fn file(
        &mut self,
        field: &'static str,
        path: &Path,
        limit: usize,
    ) -> Option<Zeroizing<Vec<u8>>> {
        match file::read_bounded_now(path, limit) {
            Ok(content) => Some(content),
            Err(error) => {
                self.problems.add(field, format!("{} cannot be read: {error}", path.display()));
                None
            }
        }
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn cache_scope(
    config: &KeyManagerConfig,
    issuer: Option<&str>,
    discovery: Option<&Discovery>,
) -> Vec<Vec<u8>> {
    let endpoint = match (&config.introspection_endpoint, discovery) {
        (Some(endpoint), _) => endpoint.clone(),
        (None, Some(discovery)) => format!("by {}", discovery.well_known()),
        (None, None) => String::new(),
    };
    let claim = match &config.response {
        ResponseFormat::JsonClaim { claim: Some(claim) } => &**claim,
        _ => "",
    };
    [
        config.name.as_str(),
        issuer.unwrap_or_default(),
        &endpoint,
        &config.client_id,
        config.response.name(),
        claim,
    ]
    .map(|part| part.as_bytes().to_vec())
    .to_vec()
}

/// Said at every start and reload, loudly.
fn warn_of_dangers(config: &KeyManagerConfig) {
    let key_manager = config.name.as_str();
    if !config.verify_ssl {
        tracing::warn!(
            key_manager,
            "verify_ssl = false: whoever is on the way to the server reads tokens and our secret"
        );
    }
    if !config.verify_jwt {
        tracing::warn!(
            key_manager,
            "verify_jwt = false: phantom tokens are forwarded without a look at their signature"
        );
    }
    if config.allow_http {
        tracing::warn!(key_manager, "allow_http: tokens and secrets may travel in the clear");
    }
    if let Some(cap) = config.no_store_cap {
        let seconds = cap.as_secs();
        tracing::warn!(key_manager, seconds, "answers marked no-store are kept all the same");
    }
}
