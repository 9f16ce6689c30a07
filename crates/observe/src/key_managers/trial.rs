//! Whether a key manager works, found out step by step, as gateways would ask: metadata, keys, our
//! credentials, a token. Says what failed, why, and what would be right.

use phantom_access::plane::Control;
use phantom_access::plane::Outgoing;
use phantom_access::random;
use phantom_core::BearerToken;
use phantom_core::catalog::KeySet;
use phantom_core::catalog::ManagedKeyManager;
use phantom_manage::connector::Connector;
use phantom_manage::key_managers;
use phantom_manage::key_managers::KeyManagerDocument;
use phantom_manage::key_managers::KeyManagerTokenType;
use phantom_oauth::Algorithms;
use phantom_oauth::Examined;
use phantom_oauth::Introspection;
use phantom_oauth::JwkSet;
use phantom_oauth::KeyManager;
use phantom_oauth::KeyManagerConfig;
use phantom_oauth::Trouble;
use phantom_oauth::egress::FetchError;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::discovered;
use super::discovered::NothingFound;

/// What came of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyManagerTest)]
pub struct Trial {
    /// Nothing failed.
    pub passed: bool,
    pub steps: Vec<TrialStep>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyManagerTestStep)]
pub struct TrialStep {
    pub step: StepName,
    pub outcome: StepOutcome,
    /// In words.
    pub found: String,
    /// What to change, where something has to be.
    pub advice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = KeyManagerTestStepName)]
pub enum StepName {
    Metadata,
    KeySet,
    ClientAuthentication,
    Introspection,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = KeyManagerTestOutcome)]
pub enum StepOutcome {
    Passed,
    Warning,
    Failed,
    NotTried,
}

/// Asks the servers of a stored key manager. Without a token one is made up, which shows all but what
/// an active one looks like.
pub async fn test(control: &Control, id: &str, token: Option<&SecretString>) -> Outcome<Trial> {
    let made_up = random::secret()?;
    let token = Question { token: token.unwrap_or(&made_up), is_made_up: token.is_none() };
    let bearer = BearerToken::parse(token.token.expose_secret().as_bytes());
    let bearer = bearer.map_err(|_| Refusal::invalid("token: cannot be a bearer token"))?;
    let row = key_managers::row(control, id).await?;
    let document = KeyManagerDocument::of(&row)?;
    if Connector::of_kind(&row.kind) == Some(Connector::Resident) {
        let found = "It is our own token endpoint: there is no other server to ask.";
        return Ok(Trial::of(vec![TrialStep::not_tried(StepName::Introspection, found)]));
    }
    let managed = phantom_publish::key_managers::external(&row)
        .map_err(Refusal::because("a key manager is broken"))?;
    let mut steps = vec![metadata(control, &document).await, key_set(control, &managed).await];
    let never_asks = document.token_type == Some(KeyManagerTokenType::Exchanged);
    if managed.opaque.is_none() || never_asks {
        let found = "Gateways ask this server nothing about tokens: its JWTs are verified by their \
                     signature.";
        steps.push(TrialStep::not_tried(StepName::ClientAuthentication, found));
        let found = match token.is_made_up {
            true => found.to_owned(),
            false => format!(
                "{found} The one that was entered is not looked at: \u{201c}Why was I refused?\u{201d} says what comes of it."
            ),
        };
        steps.push(TrialStep::not_tried(StepName::Introspection, &found));
        return Ok(Trial::of(steps));
    }
    let config = KeyManagerConfig::managed(&managed);
    let clock = control.clock();
    match KeyManager::build_over(Some(control.egress()), &config, clock, None) {
        Ok(server) => {
            let examined = server.examine(bearer).await;
            steps.extend(introspection(control, &config, &token, &examined));
        }
        Err(error) => {
            let advice = "Correct what it names.";
            let found = format!("Gateways cannot use it: {error}.");
            steps.push(TrialStep::failed(StepName::ClientAuthentication, found, advice));
        }
    }
    Ok(Trial::of(steps))
}

/// Where no answer came.
const UNREACHED: &str = "Check the address, and that this machine reaches it. A server on a private \
                         address needs `allow_private` in [control], one with a certificate of your own \
                         authority `ca_file`.";

struct Question<'t> {
    token: &'t SecretString,
    is_made_up: bool,
}

async fn metadata(control: &Control, document: &KeyManagerDocument) -> TrialStep {
    let step = StepName::Metadata;
    let given = document.well_known_endpoint.as_deref().filter(|url| !url.is_empty());
    let Some(url) = given else {
        return TrialStep::not_tried(step, "No Well-known URL is set, and gateways need none.");
    };
    let fetched = match text::url("wellKnownEndpoint", url) {
        Ok(place) => discovered::fetch(control, &place).await,
        Err(refusal) => Err(refusal.into()),
    };
    let members = match fetched {
        Ok(members) => members,
        Err(error) => {
            let advice = match error {
                NothingFound::Fetch(FetchError::NoAnswer(_)) => UNREACHED,
                _ => "Correct the Well-known URL, or leave it empty: gateways need none.",
            };
            let cause = phantom_core::causes::with_causes(&error);
            return TrialStep::failed(step, format!("{url}: {cause}."), advice);
        }
    };
    let stated = |name: &str| {
        let text = members.get(name).and_then(Value::as_str);
        text.map(|text| text.chars().take(2000).collect::<String>())
    };
    let Some(issuer) = stated("issuer") else {
        let advice = "Check that the Well-known URL is that of OpenID or OAuth metadata.";
        return TrialStep::failed(step, format!("The document at {url} names no issuer."), advice);
    };
    if let Some(ours) = document.issuer.as_deref().filter(|ours| **ours != *issuer) {
        let found =
            format!("The issuer in the metadata is `{issuer}`, but `{ours}` is configured.");
        let advice = "Use the issuer that the tokens have as `iss`, character by character; if the \
                      metadata is wrong, correct the server's base URL.";
        return TrialStep::failed(step, found, advice);
    }
    let certificates = document.certificates.as_ref();
    let compared = [
        ("introspection endpoint", "introspection_endpoint", &document.introspection_endpoint),
        ("token endpoint", "token_endpoint", &document.token_endpoint),
    ];
    let key_set = certificates.and_then(|certificates| certificates.value.as_ref());
    let key_set = key_set.filter(|value| value.starts_with("http"));
    let compared = compared
        .into_iter()
        .filter_map(|(words, name, ours)| Some((words, stated(name)?, ours.as_ref()?)));
    let compared = compared
        .chain(stated("jwks_uri").zip(key_set).map(|(theirs, ours)| ("key set", theirs, ours)));
    for (words, theirs, ours) in compared {
        if theirs != *ours && !ours.is_empty() {
            let found =
                format!("The {words} in the metadata is `{theirs}`; `{ours}` is configured.");
            let advice =
                "Import it again, unless you reach the server by another address on purpose.";
            return TrialStep::of(step, StepOutcome::Warning, found, Some(advice.to_owned()));
        }
    }
    TrialStep::passed(step, format!("It speaks for the issuer `{issuer}`, as configured."))
}

async fn key_set(control: &Control, managed: &ManagedKeyManager) -> TrialStep {
    let step = StepName::KeySet;
    let uri = match &managed.keys {
        None => {
            let found = "No key set is set: no JWT can be verified, so gateways take none.";
            return TrialStep::failed(
                step,
                found.to_owned(),
                "Set the server's key set under Certificates.",
            );
        }
        Some(KeySet::Inline(_)) => {
            return TrialStep::passed(
                step,
                "The certificate's key verifies signatures.".to_owned(),
            );
        }
        Some(KeySet::Uri(uri)) => uri,
    };
    let mut advice = "Correct the URL of the key set under Keys: the metadata calls it `jwks_uri`.";
    let fetched = match text::url("certificates.value", uri) {
        Ok(place) => {
            let accept = "application/jwk-set+json, application/json";
            let fetched = control.egress().fetch(&place, accept, JwkSet::MAX_BYTES).await;
            fetched.map_err(|error| {
                if matches!(error, FetchError::NoAnswer(_)) {
                    advice = UNREACHED;
                }
                phantom_core::causes::with_causes(&error)
            })
        }
        Err(refusal) => Err(refusal.to_string()),
    };
    let keys = fetched.and_then(|document| {
        JwkSet::parse(&document, Algorithms::ALL).map_err(|error| error.to_string())
    });
    match keys {
        Err(error) => TrialStep::failed(step, format!("{uri}: {error}."), advice),
        Ok(keys) if keys.is_empty() => {
            let found = format!("{uri} has no key that can verify signatures.");
            let advice = "The server has to publish an RSA (2048 bits or more), EC or Ed25519 key.";
            TrialStep::failed(step, found, advice)
        }
        Ok(keys) => {
            let number = keys.len();
            let words = if number == 1 { "key verifies" } else { "keys verify" };
            TrialStep::passed(step, format!("{number} {words} signatures."))
        }
    }
}

/// What one question tells of our credentials, and of introspection itself.
fn introspection(
    control: &Control,
    config: &KeyManagerConfig,
    question: &Question<'_>,
    examined: &Examined,
) -> [TrialStep; 2] {
    let (auth, asked) = (StepName::ClientAuthentication, StepName::Introspection);
    let endpoint = config.introspection_endpoint.as_deref().unwrap_or_default();
    let status = examined.status.map(|status| status.to_string()).unwrap_or_default();
    let taken = || {
        let found = format!("The server took the client `{}`.", config.client_id);
        TrialStep::passed(auth, found)
    };
    let untold = || TrialStep::not_tried(auth, "Nothing can be told, since the question failed.");
    let came = match &examined.media_type {
        Some(media_type) => format!("{status} ({media_type})"),
        None => status.clone(),
    };
    match &examined.outcome {
        Err(Trouble::NoAnswer(cause)) => {
            let found = format!("{endpoint}: {cause}.");
            [untold(), TrialStep::failed(asked, found, UNREACHED)]
        }
        Err(Trouble::ClientRefused) => {
            let found = format!(
                "The server answered {status}: it refuses the client `{}`.",
                config.client_id
            );
            let advice = "Check Client ID and Client Secret, and that this client may introspect tokens \
                          at the server. It signs in with HTTP Basic.";
            let not_tried = "The server wants to know us first.";
            [TrialStep::failed(auth, found, advice), TrialStep::not_tried(asked, not_tried)]
        }
        Err(Trouble::Else { cause, advice }) => {
            [untold(), TrialStep::failed(asked, format!("{cause}."), advice)]
        }
        Err(Trouble::Unusable(cause)) => {
            let is_json =
                examined.media_type.as_deref().is_some_and(|media| media.contains("json"));
            let (found, advice, auth) = match examined.status {
                Some(200) if is_json => (
                    format!(
                        "It answered in JSON, though `Accept: application/jwt` asks for a JWT: {cause}."
                    ),
                    "Have the server's introspection answer with the JWT itself, as `application/jwt` (at \
                     Curity, that is the introspection procedure for this type), or with the JWT as \
                     the member `phantom_token` or `jwt` of its JSON.",
                    taken(),
                ),
                Some(200) => (
                    format!("It answered {came}, which is no phantom token: {cause}."),
                    "Check that the address is that of the introspection endpoint.",
                    taken(),
                ),
                _ => (
                    format!("{endpoint}: {cause}."),
                    "Check the introspection endpoint's address: the metadata calls it \
                     `introspection_endpoint`.",
                    untold(),
                ),
            };
            [auth, TrialStep::failed(asked, found, advice)]
        }
        Err(Trouble::NotBelieved(cause)) => {
            let issuer = examined.claimed.as_ref().and_then(|claimed| claimed.issuer.as_deref());
            let ours = config.issuer.as_deref();
            let step = match (issuer, ours) {
                (Some(theirs), Some(ours)) if theirs != ours => TrialStep::failed(
                    asked,
                    format!("The token's issuer is `{theirs}`, but `{ours}` is configured."),
                    "Use the issuer that the tokens have, character by character, or correct the \
                     server's base URL.",
                ),
                _ => TrialStep::failed(
                    asked,
                    format!("The token is active, but {cause}."),
                    "Check the key set under Keys, and that it is the server's that signs the tokens.",
                ),
            };
            [taken(), step]
        }
        Ok(Introspection::Inactive) if question.is_made_up => {
            let found = "A made-up token is not active there, as it has to be. Paste a token of the \
                         server to see what an active one comes to.";
            [taken(), TrialStep::passed(asked, found.to_owned())]
        }
        Ok(Introspection::RefreshToken) => {
            let found = "The server says that this is a refresh token, which gateways refuse.";
            let advice = "Try the access token that came with it.";
            [taken(), TrialStep::failed(asked, found.to_owned(), advice)]
        }
        Ok(Introspection::Inactive) => {
            let found = "The server says that this token is not active.";
            let advice = "It has expired, was revoked, or is another server's. Try a fresh one.";
            [taken(), TrialStep::failed(asked, found.to_owned(), advice)]
        }
        Ok(Introspection::Active { .. }) if question.is_made_up => {
            let found = "The server says that a made-up token is active: it would let anybody in.";
            let advice = "Check that the address is that of the introspection endpoint.";
            [taken(), TrialStep::failed(asked, found.to_owned(), advice)]
        }
        Ok(Introspection::Active { statement, .. }) => {
            let audience = examined.claimed.as_ref().map(|claimed| claimed.audience.as_slice());
            let audience = audience.unwrap_or_default();
            let expected = config.expected_audience.as_deref();
            let missing = expected.filter(|expected| !audience.iter().any(|one| one == expected));
            let ended = statement.expires_at.is_some_and(|end| end <= control.now());
            let step = match missing {
                Some(expected) => {
                    let named = match audience {
                        [] => "nobody".to_owned(),
                        names => format!("`{}`", names.join("`, `")),
                    };
                    let found = format!(
                        "The token is active, but it is for {named}; Expected Audience is `{expected}`."
                    );
                    let advice = "Set Expected Audience to what the tokens have as `aud`, or have the \
                                  server issue them for this gateway.";
                    TrialStep::failed(asked, found, advice)
                }
                None if ended => {
                    let found = "The server says that the token is active, but its JWT has ended.";
                    let advice = "Compare the clocks of the server and of this machine.";
                    TrialStep::failed(asked, found.to_owned(), advice)
                }
                None => {
                    let found = "The token is active; issuer and signature of its JWT are good, and so \
                                 is its audience.";
                    TrialStep::passed(asked, found.to_owned())
                }
            };
            [taken(), step]
        }
    }
}

impl Trial {
    fn of(steps: Vec<TrialStep>) -> Self {
        let passed = steps.iter().all(|step| step.outcome != StepOutcome::Failed);
        Self { passed, steps }
    }
}

impl TrialStep {
    const fn of(
        step: StepName,
        outcome: StepOutcome,
        found: String,
        advice: Option<String>,
    ) -> Self {
        Self { step, outcome, found, advice }
    }

    const fn passed(step: StepName, found: String) -> Self {
        Self::of(step, StepOutcome::Passed, found, None)
    }

    fn failed(step: StepName, found: String, advice: &str) -> Self {
        Self::of(step, StepOutcome::Failed, found, Some(advice.to_owned()))
    }

    fn not_tried(step: StepName, found: &str) -> Self {
        Self::of(step, StepOutcome::NotTried, found.to_owned(), None)
    }
}
