//! `[[key_manager]]`: built here, so that one that cannot be built is found before anything runs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use phantom_cache::CachePolicy;
use phantom_core::Clock;
use phantom_core::PhantomToken;
use phantom_oauth::Algorithm;
use phantom_oauth::Algorithms;
use phantom_oauth::KeyManager;
use phantom_oauth::KeyManagerConfig;
use phantom_oauth::Keys;
use phantom_oauth::Minter;
use phantom_oauth::ResponseFormat;

use crate::compile::KeyManagerSetup;
use crate::compile::Purpose;
use crate::compile::client_auth;
use crate::compile::gateway::Gateway;
use crate::compile::kept;
use crate::context::Context;
use crate::minting;
use crate::place::At;
use crate::place::Place;
use crate::raw::RawConfig;
use crate::raw::RawKeyManager;
use crate::suggest;

/// A key manager as routes find it; `manager` is absent where it could not be built.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: Option<String>,
    /// Settings without which no JWT can be verified here.
    pub(super) missing_for_jwt: Vec<&'static str>,
    place: Place,
    manager: Option<Arc<KeyManager>>,
    policy: CachePolicy,
}

impl Named {
    pub(super) fn setup(self, accepts_jwt: bool) -> Option<KeyManagerSetup> {
        let Self { manager, policy, place, .. } = self;
        Some(KeyManagerSetup { manager: manager?, policy, accepts_jwt, place })
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }
}

#[derive(Clone, Copy, Default)]
enum Response {
    #[default]
    PhantomJwt,
    JsonClaim,
    Rfc9701,
    Json,
}

const RESPONSES: [(&str, Response); 4] = [
    ("phantom_jwt", Response::PhantomJwt),
    ("json_claim", Response::JsonClaim),
    ("rfc9701", Response::Rfc9701),
    ("json", Response::Json),
];

/// The minter, where any key manager needs one. A stand-in where its issuer is missing: that is
/// noted, and other problems are still to be found.
pub(super) fn minter(
    raw: &RawConfig,
    gateway: &Gateway,
    context: Context<'_>,
    purpose: Purpose,
) -> Option<Arc<Minter>> {
    let minting = raw.key_managers.iter().filter_map(|raw| raw.response.as_ref());
    let first = minting.clone().find(|at| matches!(&*at.value, "json" | "rfc9701"))?;
    let Some(issuer) = &raw.gateway.issuer else {
        let message = "needs gateway.issuer: phantom tokens made here are signed in its name";
        let hint = "add issuer = \"https://gateway.example.com\" to [gateway]";
        context.error(&first.place, message, hint);
        return minting::throwaway("").ok();
    };
    if !matches!(url::Url::parse(&issuer.value), Ok(url) if matches!(url.scheme(), "https" | "http"))
    {
        context.error(&issuer.place, "is not a URL", "write \"https://gateway.example.com\"");
    }
    let minter = match purpose {
        Purpose::Check => minting::throwaway(&issuer.value),
        Purpose::Run => minting::persistent(&gateway.data_dir, &issuer.value),
    };
    minter
        .or_else(|error| {
            context.error(&kept::place(raw), error.to_string(), "");
            minting::throwaway(&issuer.value)
        })
        .ok()
}

pub(super) fn compile(
    raw: &[RawKeyManager],
    context: Context<'_>,
    clock: &Arc<dyn Clock>,
    minter: Option<&Arc<Minter>>,
) -> Vec<Named> {
    let mut seen = HashMap::new();
    for at in raw.iter().filter_map(|raw| raw.name.as_ref()) {
        if seen.insert(at.value.as_str(), &at.place).is_some() {
            let message = format!("there is another key manager named {:?}", at.value);
            context.error(&at.place, message, "give each its own name");
        }
    }
    raw.iter().map(|raw| one(raw, context, clock, minter)).collect()
}

fn one(
    raw: &RawKeyManager,
    context: Context<'_>,
    clock: &Arc<dyn Clock>,
    minter: Option<&Arc<Minter>>,
) -> Named {
    let name = context.required(raw.name.clone(), &raw.place, "name", "\"login\"");
    let config = config(raw, context);
    warn(raw, &config, context);
    let manager = match KeyManager::build(&config, Arc::clone(clock), minter.cloned()) {
        Ok(manager) => Some(Arc::new(manager)),
        Err(error) => {
            // All that a server's metadata would tell is one thing that is missing.
            let (told, others): (Vec<_>, Vec<_>) =
                error.problems.into_iter().partition(|p| p.message.ends_with("well_known"));
            if !told.is_empty() && !context.problems.concerns(&raw.place, "well_known") {
                let fields: Vec<String> =
                    told.iter().map(|problem| format!("`{}`", problem.field)).collect();
                let fields = fields.join(", ");
                let message = format!("`well_known` is missing, or in its place {fields}");
                let hint = "add well_known = \"https://…\", the URL of the server's metadata; a server that answers in \
                     JSON needs none, with introspection_endpoint and response = \"json\"";
                context.error(&raw.place, message, hint);
            }
            // Of a key that was found wrong before, more would be no news.
            let is_news = |field: &str| !context.problems.concerns(&raw.place, field);
            let others: Vec<_> = others.into_iter().filter(|p| is_news(p.field)).collect();
            for problem in others {
                report(raw, problem.field, &problem.message, context);
            }
            None
        }
    };
    let is_told = config.well_known.is_some();
    let missing_for_jwt = [
        (is_told || config.issuer.is_some(), "issuer, or well_known"),
        (config.expected_audience.is_some(), "expected_audience"),
        (is_told || config.keys.is_some(), "jwks_uri, jwks_file or well_known"),
    ];
    let missing_for_jwt = missing_for_jwt.into_iter().filter(|(there, _)| !there);
    Named {
        name: name.map(|at| at.value),
        missing_for_jwt: missing_for_jwt.map(|(_, setting)| setting).collect(),
        place: raw.place.clone(),
        manager,
        policy: policy(raw, &config, context),
    }
}

fn config(raw: &RawKeyManager, context: Context<'_>) -> KeyManagerConfig {
    let text = |at: &Option<At<String>>| at.as_ref().map(|at| at.value.clone());
    let flag = |at: &Option<At<bool>>, default| at.as_ref().map_or(default, |at| at.value);
    let list = |at: &Option<At<Vec<At<String>>>>| {
        at.as_ref().map(|list| list.value.iter().map(|at| at.value.clone()).collect::<Vec<_>>())
    };
    let client_id = context.required(
        raw.client_id.clone(),
        &raw.place,
        "client_id",
        "\"introspection-client\"",
    );
    // A stand-in for what is missing: empty would be reported a second time.
    let client_id = client_id.map_or_else(|| "missing".to_owned(), |at| at.value);
    let auth = client_auth::compile(raw, context);
    let default = KeyManagerConfig::new(&text(&raw.name).unwrap_or_default(), &client_id, auth);
    let seconds = |at: &Option<At<u64>>, bounds, default: Duration| {
        Duration::from_secs(context.number(at.as_ref(), bounds, default.as_secs()))
    };
    let (timeout, connect_timeout) = (
        context.duration(raw.timeout.as_ref(), default.timeout),
        context.duration(raw.connect_timeout.as_ref(), default.connect_timeout),
    );
    KeyManagerConfig {
        well_known: text(&raw.well_known),
        issuer: text(&raw.issuer),
        introspection_endpoint: text(&raw.introspection_endpoint),
        keys: keys(raw, context),
        allowed_hosts: list(&raw.allowed_hosts).unwrap_or_default(),
        allow_private: flag(&raw.allow_private, false),
        allow_http: flag(&raw.allow_http, false),
        response: response(raw, context),
        accepted_typ: list(&raw.accepted_typ).unwrap_or_default(),
        required_claims: list(&raw.required_claims),
        algorithms: algorithms(raw, context),
        signed_response_algorithm: raw
            .signed_response_algorithm
            .as_ref()
            .and_then(|at| algorithm(at, context))
            .unwrap_or(default.signed_response_algorithm),
        expected_audience: text(&raw.expected_audience),
        minted_audience: text(&raw.minted_audience),
        clock_skew: seconds(&raw.clock_skew_seconds, 0..=60, default.clock_skew),
        token_cache_cap: seconds(&raw.token_cache_seconds, 0..=86_400, default.token_cache_cap),
        no_store_cap: raw
            .cache_despite_no_store_seconds
            .as_ref()
            .map(|at| Duration::from_secs(context.number(Some(at), 1..=86_400, 1))),
        scope_array: flag(&raw.scope_array, false),
        max_phantom_token_len: context.number(
            raw.max_phantom_token_bytes.as_ref(),
            256..=65_536,
            PhantomToken::MAX_LEN,
        ),
        verify_jwt: flag(&raw.verify_jwt, true),
        verify_ssl: flag(&raw.verify_ssl, true),
        ca_file: raw.ca_file.as_ref().map(|at| context.path(&at.value)),
        timeout,
        // The default gives way to a shorter timeout; what somebody wrote does not.
        connect_timeout: match &raw.connect_timeout {
            None => connect_timeout.min(timeout),
            Some(_) => connect_timeout,
        },
        max_concurrent: context.number(
            raw.max_concurrent.as_ref(),
            1..=10_000,
            default.max_concurrent,
        ),
        max_waiting: context.number(raw.max_waiting.as_ref(), 1..=9_000, default.max_waiting),
        peer_budget_burst: context.number(
            raw.peer_budget_burst.as_ref(),
            1..=1_000_000,
            default.peer_budget_burst,
        ),
        peer_budget_per_second: context.number(
            raw.peer_budget_per_second.as_ref(),
            1..=1_000_000,
            default.peer_budget_per_second,
        ),
        ..default
    }
}

fn keys(raw: &RawKeyManager, context: Context<'_>) -> Option<Keys> {
    match (&raw.jwks_uri, &raw.jwks_file) {
        (Some(uri), None) => Some(Keys::Uri(uri.value.clone())),
        (None, Some(file)) => Some(Keys::File(context.path(&file.value))),
        (Some(_), Some(file)) => {
            context.error(&file.place, "there is jwks_uri as well", "keep one of them");
            None
        }
        (None, None) => None,
    }
}

fn response(raw: &RawKeyManager, context: Context<'_>) -> ResponseFormat {
    let response = context.choice(raw.response.as_ref(), &RESPONSES);
    if let (Some(at), false) = (&raw.claim_name, matches!(response, Response::JsonClaim)) {
        context.error(&at.place, "is used with response = \"json_claim\" only", "");
    }
    let mints = matches!(response, Response::Json | Response::Rfc9701);
    if let (Some(at), false) = (&raw.minted_audience, mints) {
        let message = "is used with response = \"json\" or \"rfc9701\" only";
        context.error(&at.place, message, "");
    }
    match response {
        Response::PhantomJwt => ResponseFormat::PhantomJwt,
        Response::JsonClaim => {
            let claim = raw.claim_name.as_ref().map(|at| at.value.as_str().into());
            ResponseFormat::JsonClaim { claim }
        }
        Response::Rfc9701 => ResponseFormat::Rfc9701,
        Response::Json => ResponseFormat::Json,
    }
}

fn algorithms(raw: &RawKeyManager, context: Context<'_>) -> Algorithms {
    match &raw.algorithms {
        None => Algorithms::ALL,
        Some(list) => list.value.iter().filter_map(|at| algorithm(at, context)).collect(),
    }
}

fn algorithm(at: &At<String>, context: Context<'_>) -> Option<Algorithm> {
    let found = Algorithm::from_name(&at.value);
    if found.is_none() {
        let known = Algorithm::ALL.map(Algorithm::name);
        let message = format!("{:?} is no asymmetric signature algorithm", at.value);
        // HS256 is no slip of the pen: the family says what was meant.
        let family = at.value.get(..2).unwrap_or_default();
        let hint = match suggest::nearest(&at.value, &known) {
            Some(meant) if meant.starts_with(family) => format!("did you mean {meant:?}?"),
            _ => format!("one of {}", known.join(", ")),
        };
        context.error(&at.place, message, hint);
    }
    found
}

fn policy(raw: &RawKeyManager, config: &KeyManagerConfig, context: Context<'_>) -> CachePolicy {
    let default = CachePolicy::default();
    CachePolicy {
        cap: config.token_cache_cap,
        // A key manager ends within its own timeout; this is for one that does not.
        longest_call: config.longest_introspection() + Duration::from_secs(1),
        max_entries: context.number(
            raw.cache_max_entries.as_ref(),
            1..=100_000_000,
            default.max_entries,
        ),
        max_bytes: context.number(
            raw.cache_max_bytes.as_ref(),
            1024 * 1024..=1 << 40,
            default.max_bytes,
        ),
        ..default
    }
}

/// What an operator may want and should hear about.
fn warn(raw: &RawKeyManager, config: &KeyManagerConfig, context: Context<'_>) {
    if let (Some(at), false) = (&raw.verify_ssl, config.verify_ssl) {
        let message = "whoever is on the way to the server reads tokens and our secret";
        context.warning(&at.place, message, "use ca_file instead");
    }
    if let (Some(at), false) = (&raw.verify_jwt, config.verify_jwt) {
        if raw.i_accept_unverified_jwts.as_ref().is_some_and(|at| at.value) {
            let message = "phantom tokens are forwarded without a look at their signature";
            context.warning(&at.place, message, "give jwks_uri instead");
        } else {
            let message = "signatures of phantom tokens would not be verified";
            let hint = "remove it, or add i_accept_unverified_jwts = true";
            context.error(&at.place, message, hint);
        }
    }
    if let (Some(at), true) = (&raw.allow_http, config.allow_http) {
        context.warning(&at.place, "tokens and secrets may travel in the clear", "");
    }
    if let Some(at) = &raw.cache_despite_no_store_seconds {
        let message = "answers that the server marks no-store are kept all the same";
        context.warning(&at.place, message, "a revoked token may be accepted that much longer");
    }
}

/// A problem of the build, at the key it is about.
fn report(raw: &RawKeyManager, field: &str, message: &str, context: Context<'_>) {
    let hint = hint(message);
    match raw.places.iter().find(|(key, _)| *key == field) {
        Some((_, place)) => context.error(place, message, hint),
        None => context.error(&raw.place, format!("`{field}` {message}"), hint),
    }
}

/// What helps, where the message does not say it.
fn hint(message: &str) -> &'static str {
    if message.contains("plain http") {
        return "write https://…, or allow_http = true for a network that you trust: plain http is always \
                allowed to this machine, as localhost or 127.0.0.1";
    }
    if message.contains("environment variable") {
        return "set it where phantom runs, as `NAME=… phantom run`, or use { file = \"…\" }";
    }
    ""
}
