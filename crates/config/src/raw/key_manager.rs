//! `[[key_manager]]`.

use std::time::Duration;

use crate::place::At;
use crate::place::Place;
use crate::raw::RawSecret;
use crate::section::Section;

#[derive(Debug)]
pub(crate) struct RawKeyManager {
    pub(crate) place: Place,
    /// Of each key that is there, for problems found when it is built.
    pub(crate) places: Vec<(&'static str, Place)>,
    pub(crate) name: Option<At<String>>,
    pub(crate) well_known: Option<At<String>>,
    pub(crate) issuer: Option<At<String>>,
    pub(crate) introspection_endpoint: Option<At<String>>,
    pub(crate) jwks_uri: Option<At<String>>,
    pub(crate) jwks_file: Option<At<String>>,
    pub(crate) allowed_hosts: Option<At<Vec<At<String>>>>,
    pub(crate) allow_private: Option<At<bool>>,
    pub(crate) allow_http: Option<At<bool>>,
    pub(crate) client_id: Option<At<String>>,
    pub(crate) client_auth: Option<At<String>>,
    pub(crate) client_secret: Option<At<RawSecret>>,
    pub(crate) client_key: Option<At<RawSecret>>,
    pub(crate) client_key_id: Option<At<String>>,
    pub(crate) client_certificate: Option<At<String>>,
    pub(crate) basic_unencoded: Option<At<bool>>,
    pub(crate) assertion_audience: Option<At<String>>,
    pub(crate) assertion_typ: Option<At<String>>,
    pub(crate) response: Option<At<String>>,
    pub(crate) claim_name: Option<At<String>>,
    pub(crate) accepted_typ: Option<At<Vec<At<String>>>>,
    pub(crate) required_claims: Option<At<Vec<At<String>>>>,
    pub(crate) algorithms: Option<At<Vec<At<String>>>>,
    pub(crate) signed_response_algorithm: Option<At<String>>,
    pub(crate) expected_audience: Option<At<String>>,
    pub(crate) minted_audience: Option<At<String>>,
    pub(crate) clock_skew_seconds: Option<At<u64>>,
    pub(crate) token_cache_seconds: Option<At<u64>>,
    pub(crate) cache_despite_no_store_seconds: Option<At<u64>>,
    pub(crate) cache_max_entries: Option<At<u64>>,
    pub(crate) cache_max_bytes: Option<At<u64>>,
    pub(crate) scope_array: Option<At<bool>>,
    pub(crate) max_phantom_token_bytes: Option<At<u64>>,
    pub(crate) verify_jwt: Option<At<bool>>,
    pub(crate) i_accept_unverified_jwts: Option<At<bool>>,
    pub(crate) verify_ssl: Option<At<bool>>,
    pub(crate) ca_file: Option<At<String>>,
    pub(crate) timeout: Option<At<Duration>>,
    pub(crate) connect_timeout: Option<At<Duration>>,
    pub(crate) max_concurrent: Option<At<u64>>,
    pub(crate) max_waiting: Option<At<u64>>,
    pub(crate) peer_budget_burst: Option<At<u64>>,
    pub(crate) peer_budget_per_second: Option<At<u64>>,
}

impl RawKeyManager {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let mut raw = Self {
            places: Vec::new(),
            place: section.place().clone(),
            name: section.take("name"),
            well_known: section.take("well_known"),
            issuer: section.take("issuer"),
            introspection_endpoint: section.take("introspection_endpoint"),
            jwks_uri: section.take("jwks_uri"),
            jwks_file: section.take("jwks_file"),
            allowed_hosts: section.list("allowed_hosts"),
            allow_private: section.take("allow_private"),
            allow_http: section.take("allow_http"),
            client_id: section.take("client_id"),
            client_auth: section.take("client_auth"),
            client_secret: RawSecret::take(&mut section, "client_secret"),
            client_key: RawSecret::take(&mut section, "client_key"),
            client_key_id: section.take("client_key_id"),
            client_certificate: section.take("client_certificate"),
            basic_unencoded: section.take("basic_unencoded"),
            assertion_audience: section.take("assertion_audience"),
            assertion_typ: section.take("assertion_typ"),
            response: section.take("response"),
            claim_name: section.take("claim_name"),
            accepted_typ: section.list("accepted_typ"),
            required_claims: section.list("required_claims"),
            algorithms: section.list("algorithms"),
            signed_response_algorithm: section.take("signed_response_algorithm"),
            expected_audience: section.take("expected_audience"),
            minted_audience: section.take("minted_audience"),
            clock_skew_seconds: section.take("clock_skew_seconds"),
            token_cache_seconds: section.take("token_cache_seconds"),
            cache_despite_no_store_seconds: section.take("cache_despite_no_store_seconds"),
            cache_max_entries: section.take("cache_max_entries"),
            cache_max_bytes: section.take("cache_max_bytes"),
            scope_array: section.take("scope_array"),
            max_phantom_token_bytes: section.take("max_phantom_token_bytes"),
            verify_jwt: section.take("verify_jwt"),
            i_accept_unverified_jwts: section.take("i_accept_unverified_jwts"),
            verify_ssl: section.take("verify_ssl"),
            ca_file: section.take("ca_file"),
            timeout: section.take("timeout"),
            connect_timeout: section.take("connect_timeout"),
            max_concurrent: section.take("max_concurrent"),
            max_waiting: section.take("max_waiting"),
            peer_budget_burst: section.take("peer_budget_burst"),
            peer_budget_per_second: section.take("peer_budget_per_second"),
        };
        raw.places = section.places();
        section.finish();
        raw
    }
}
