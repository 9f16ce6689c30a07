//! From configuration to key manager: everything that is wrong with it, said at once.

mod fields;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use phantom_core::Clock;
use phantom_core::Trust;
use thiserror::Error;

use crate::answer::Advice;
use crate::answer::ResponseFormat;
use crate::discovery::Discovery;
use crate::discovery::DocumentRules;
use crate::egress::Egress;
use crate::guard::Budget;
use crate::guard::Guard;
use crate::guard::Limits;
use crate::introspect::IntrospectionClient;
use crate::jwks::KeyLocation;
use crate::jwks::KeySource;
use crate::key_manager::KeyManager;
use crate::key_manager::KeyManagerConfig;
use crate::mint::Minter;
use crate::token_verifier::TokenVerifier;

/// All that is wrong with one key manager's configuration.
#[derive(Debug, Error)]
#[error("key manager {key_manager:?}: {}", list(problems))]
pub struct BuildError {
    /// Its name.
    pub key_manager: String,
    /// One or more, in the order in which they were found.
    pub problems: Vec<FieldError>,
}

/// One setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// As the configuration names it.
    pub field: &'static str,
    /// The mistake, and the way to mend it.
    pub message: String,
}

fn list(problems: &[FieldError]) -> String {
    let lines: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}", problem.field, problem.message)).collect();
    lines.join("; ")
}

impl KeyManager {
    /// Reads files and secrets; calls nobody. `minter` is for formats that mint.
    ///
    /// # Errors
    ///
    /// [`BuildError`] with all problems that were found.
    pub fn build(
        config: &KeyManagerConfig,
        clock: Arc<dyn Clock>,
        minter: Option<Arc<Minter>>,
    ) -> Result<Self, BuildError> {
        Self::build_over(None, config, clock, minter)
    }

    /// The same, over a client that is there already, which says whom to trust and where servers may be.
    ///
    /// # Errors
    ///
    /// [`BuildError`] with all problems that were found.
    pub fn build_over(
        egress: Option<&Egress>,
        config: &KeyManagerConfig,
        clock: Arc<dyn Clock>,
        minter: Option<Arc<Minter>>,
    ) -> Result<Self, BuildError> {
        let mut problems = FieldErrors(Vec::new());
        let builder = Builder { config, problems: &mut problems };
        match builder.build(egress, clock, minter) {
            Some(built) if problems.0.is_empty() => {
                warn_of_dangers(config);
                Ok(built)
            }
            _ => Err(BuildError { key_manager: config.name.clone(), problems: problems.0 }),
        }
    }
}

struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    fn add(&mut self, field: &'static str, message: impl Into<String>) {
        self.0.push(FieldError { field, message: message.into() });
    }
}

struct Builder<'a> {
    config: &'a KeyManagerConfig,
    problems: &'a mut FieldErrors,
}

impl Builder<'_> {
    /// `None` only with a problem noted; goes on after each, to find the others.
    fn build(
        mut self,
        egress: Option<&Egress>,
        clock: Arc<dyn Clock>,
        minter: Option<Arc<Minter>>,
    ) -> Option<KeyManager> {
        self.check_values(minter.is_some());
        let issuer = self.issuer();
        let well_known = self.well_known(issuer.as_deref());
        let endpoint = self.endpoint(well_known.is_some());
        let rules = self.rules(issuer.as_ref());
        let egress = match egress {
            Some(egress) => Some(egress.clone()),
            None => self.egress(),
        };
        let auth = self.auth(issuer.clone(), &clock);
        let keys = self.keys(well_known.is_some());
        let ((rules, presented_rules), egress, auth) = (rules?, egress?, auth?);
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
                let (egress, clock) = (egress.clone(), Arc::clone(&clock));
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
            let (egress, clock) = (egress.clone(), Arc::clone(&clock));
            KeySource::new(&config.name, location, egress, config.algorithms, clock)
        });
        let verifier = Arc::new(TokenVerifier {
            keys: keys.clone(),
            algorithms: config.algorithms,
            rules,
            presented_rules,
            signed_response_algorithm: config.signed_response_algorithm,
            verify_phantom: config.verify_jwt,
            clock: Arc::clone(&clock),
        });
        let cache_scope = cache_scope(config, issuer.as_deref(), discovery.as_deref());
        let required_to_mint = config.required_claims.clone().unwrap_or_default();
        let client = IntrospectionClient {
            client_id: (*config.client_id).into(),
            endpoint,
            discovery: discovery.clone(),
            egress,
            auth,
            guard: self.guard(&clock),
            timeout: config.timeout,
            format: config.response.clone(),
            // Who names the endpoints of a guarded one has forms, and no file.
            advice: if config.guarded { Advice::MANAGED } else { Advice::OF_THE_FILE },
            verifier: Arc::clone(&verifier),
            minter,
            required_to_mint: required_to_mint.into_iter().map(String::into_boxed_str).collect(),
            minted_audience: config.minted_audience.as_deref().map(Box::from),
            token_cache_cap: config.token_cache_cap,
            no_store_cap: config.no_store_cap,
            told_of_no_store: AtomicBool::new(false),
            clock,
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
            verifies_answers: config.verifies_answers(),
            discovery,
        })
    }
}

impl Builder<'_> {
    fn guard(&self, clock: &Arc<dyn Clock>) -> Guard {
        let config = self.config;
        let limits = Limits {
            calls: config.max_concurrent,
            waiting: config.max_waiting,
            // Others find room however much one address sends.
            waiting_per_peer: config.max_waiting.div_ceil(2),
            budget: Budget {
                burst: config.peer_budget_burst,
                per_second: config.peer_budget_per_second,
            },
        };
        Guard::new(&config.name, Arc::clone(clock), limits, config.queue_wait())
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
