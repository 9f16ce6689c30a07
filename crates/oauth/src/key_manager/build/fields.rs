//! The fields of the configuration, one by one, each to its proven form.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use phantom_core::Clock;
use phantom_core::issuer::check_issuer;
use phantom_core::server_url::is_secure;
use url::Url;
use zeroize::Zeroizing;

use super::Builder;
use crate::access_token::AccessTokenRules;
use crate::access_token::REQUIRED_CLAIMS;
use crate::client_auth::Authenticator;
use crate::client_auth::ClientAuth;
use crate::discovery::WellKnown;
use crate::egress::ClientIdentity;
use crate::egress::Egress;
use crate::egress::EgressBuildError;
use crate::egress::EgressConfig;
use crate::egress::ServerTrust;
use crate::egress::Target;
use crate::egress::TlsError;
use crate::file;
use crate::jwk::JwkSet;
use crate::jwks::KeyLocation;
use crate::key_manager::Keys;
use crate::typ::AcceptedTyp;

const MAX_SKEW: Duration = Duration::from_secs(60);
const MAX_PEM: usize = 1024 * 1024;

/// The claims of a JWT that the server itself hands over: Curity's name no client, Keycloak's neither
/// client nor, at times, audience. What a rule needs and is absent denies all the same (INT-8).
const CLAIMS_OF_ANSWERS: [&str; 2] = ["iss", "exp"];

impl Builder<'_> {
    pub(super) fn check_values(&mut self, minter: bool) {
        let config = self.config;
        if config.client_id.is_empty() {
            self.problems.add("client_id", "is empty: set the gateway's client id at this server");
        }
        // RFC 6749 §A.1: VSCHAR.
        if !config.client_id.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
            let message = "holds a character that RFC 6749 forbids in it: printable ASCII alone";
            self.problems.add("client_id", message);
        }
        if matches!(config.client_auth, ClientAuth::Basic { raw: true, .. })
            && config.client_id.contains(':')
        {
            let message = "holds a colon, which ends it where Basic credentials are not encoded: \
                           leave out basic_unencoded, or use client_auth = \"post\"";
            self.problems.add("client_id", message);
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
        for (field, value) in [
            ("max_waiting", config.max_waiting),
            ("peer_budget_burst", config.peer_budget_burst as usize),
            ("peer_budget_per_second", config.peer_budget_per_second as usize),
        ] {
            if value == 0 {
                self.problems.add(field, "is 0: no unknown token would ever be asked about");
            }
        }
        if config.algorithms.is_empty() {
            self.problems.add("algorithms", "is empty: no token could be verified");
        }
        if config.response.mints() && !minter {
            let message = "needs the gateway's own signing key to mint phantom tokens";
            self.problems.add("response", message);
        }
    }

    pub(super) fn issuer(&mut self) -> Option<Arc<str>> {
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
            (None, None) if config.verifies_answers() || config.discovery.is_some() => {
                self.problems.add("issuer", "is missing: set it, or well_known");
                return None;
            }
            (None, None) => return None,
        };
        if let Err(error) = check_issuer(&issuer) {
            self.problems.add("issuer", error.to_string());
            return None;
        }
        Some(issuer.into())
    }

    pub(super) fn well_known(&mut self, issuer: Option<&str>) -> Option<Url> {
        match (&self.config.well_known, self.config.discovery, issuer) {
            (Some(address), _, _) => self.url("well_known", address),
            // Here it says where its document is. DSC-3.
            (None, Some(form), Some(issuer)) => {
                let url = self.url("issuer", issuer)?;
                if url.query().is_some() || url.fragment().is_some() {
                    let message = "has a query or a fragment, which RFC 8414 forbids";
                    self.problems.add("issuer", message);
                    return None;
                }
                form.address(issuer)
            }
            _ => None,
        }
    }

    pub(super) fn endpoint(&mut self, discovery: bool) -> Option<Target> {
        match &self.config.introspection_endpoint {
            Some(endpoint) => {
                let url = self.url("introspection_endpoint", endpoint);
                url.map(|url| self.target(url))
            }
            None => {
                if self.config.introspects && !discovery && self.config.well_known.is_none() {
                    let message = "is missing: set it, or well_known";
                    self.problems.add("introspection_endpoint", message);
                }
                None
            }
        }
    }

    pub(super) fn keys(&mut self, discovery: bool) -> Option<KeyLocation> {
        match &self.config.keys {
            Some(Keys::Uri(uri)) => {
                let url = self.url("jwks_uri", uri);
                url.map(|url| KeyLocation::Uri(self.target(url)))
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
                let needed = self.config.verifies_answers();
                if needed && !discovery && self.config.well_known.is_none() {
                    let message = "is missing: set it, jwks_file or well_known";
                    self.problems.add("jwks_uri", message);
                }
                None
            }
        }
    }

    const fn target(&self, url: Url) -> Target {
        Target { url, guarded: self.config.guarded }
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

    /// For what the server hands over, and for what clients present.
    pub(super) fn rules(
        &mut self,
        issuer: Option<&Arc<str>>,
    ) -> Option<(AccessTokenRules, AccessTokenRules)> {
        let config = self.config;
        let listed = match AcceptedTyp::from_list(&config.accepted_typ) {
            Ok(accepted) => (!config.accepted_typ.is_empty()).then_some(accepted),
            Err(error) => {
                self.problems.add("accepted_typ", error.to_string());
                return None;
            }
        };
        let of_answers = match &listed {
            _ if !config.verify_jwt => AcceptedTyp::Any,
            Some(listed) => listed.clone(),
            None => AcceptedTyp::of_answers(),
        };
        let required = |default: &[&str]| match &config.required_claims {
            Some(names) => names.iter().map(|name| (**name).into()).collect(),
            None => default.iter().map(|name| (*name).into()).collect(),
        };
        let of_answers_required = if config.verify_jwt { &CLAIMS_OF_ANSWERS[..] } else { &[] };
        let rules = |accepted_typ, required_claims| AccessTokenRules {
            issuer: issuer.map(Arc::clone),
            accepted_typ,
            required_claims,
            clock_skew: config.clock_skew,
            scope_array: config.scope_array,
            max_phantom_token_len: config.max_phantom_token_len,
        };
        Some((
            rules(of_answers, required(of_answers_required)),
            rules(listed.unwrap_or_default(), required(&REQUIRED_CLAIMS)),
        ))
    }

    pub(super) fn egress(&mut self) -> Option<Egress> {
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
            trust_setting: config.ca_setting,
            identity,
            allow_private: config.allow_private,
            max_idle: config.max_concurrent,
        });
        match built {
            Ok(egress) => Some(egress),
            Err(error) => {
                let field = match &error {
                    EgressBuildError::Tls(error) => match error {
                        TlsError::NoAuthority(_) => "ca_file",
                        TlsError::NoCertificate | TlsError::Rejected(_) => "client_certificate",
                        TlsError::NoKey => "client_key",
                    },
                    EgressBuildError::Client(_) => "key_manager",
                };
                self.problems.add(field, error.to_string());
                None
            }
        }
    }

    pub(super) fn auth(
        &mut self,
        issuer: Option<Arc<str>>,
        clock: &Arc<dyn Clock>,
    ) -> Option<Authenticator> {
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
            _ if is_secure(&url) => Some(url),
            "http" if self.config.allow_http => Some(url),
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
