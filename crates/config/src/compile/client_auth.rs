//! How the gateway proves to an authorization server who it is: one method, and what it needs.

use phantom_oauth::AssertionAudience;
use phantom_oauth::AssertionOptions;
use phantom_oauth::ClientAuth;
use phantom_oauth::SecretSource;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::context::Context;
use crate::place::At;
use crate::raw::RawKeyManager;
use crate::raw::RawSecret;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Method {
    #[default]
    Basic,
    Post,
    PrivateKeyJwt,
    ClientSecretJwt,
    Tls,
}

const METHODS: [(&str, Method); 5] = [
    ("basic", Method::Basic),
    ("post", Method::Post),
    ("private_key_jwt", Method::PrivateKeyJwt),
    ("client_secret_jwt", Method::ClientSecretJwt),
    ("tls", Method::Tls),
];

/// Where something is missing, a stand-in is returned so that other problems are found too.
pub(super) fn compile(raw: &RawKeyManager, context: Context<'_>) -> ClientAuth {
    let method = context.choice(raw.client_auth.as_ref(), &METHODS);
    refuse_what_is_unused(raw, method, context);
    let secret = || {
        let example = "{ env = \"CLIENT_SECRET\" }";
        source(raw, raw.client_secret.as_ref(), "client_secret", example, context)
    };
    let key = || {
        let example = "{ file = \"client-key.pem\" }";
        if let Some(At { value: RawSecret::Literal(text), place }) = &raw.client_key
            && !text.expose_secret().contains("-----BEGIN ")
        {
            let message = "a text here is the key itself, and this one is no PEM";
            context.error(place, message, format!("a file is named so: client_key = {example}"));
        }
        source(raw, raw.client_key.as_ref(), "client_key", example, context)
    };
    match method {
        Method::Basic => {
            let raw = raw.basic_unencoded.as_ref().is_some_and(|at| at.value);
            ClientAuth::Basic { secret: secret(), raw }
        }
        Method::Post => ClientAuth::Post { secret: secret() },
        Method::PrivateKeyJwt => ClientAuth::PrivateKeyJwt {
            key: key(),
            kid: raw.client_key_id.as_ref().map(|at| at.value.clone()),
            options: assertion(raw),
        },
        Method::ClientSecretJwt => {
            ClientAuth::ClientSecretJwt { secret: secret(), options: assertion(raw) }
        }
        Method::Tls => {
            let certificate = context.required(
                raw.client_certificate.clone(),
                &raw.place,
                "client_certificate",
                "\"client.pem\"",
            );
            let certificate = certificate.map_or_else(String::new, |at| at.value);
            ClientAuth::Tls { certificate: context.path(&certificate), key: key() }
        }
    }
}

/// A key that the method does not use is a misunderstanding, and a secret may be the price.
fn refuse_what_is_unused(raw: &RawKeyManager, method: Method, context: Context<'_>) {
    let by_secret = matches!(method, Method::Basic | Method::Post | Method::ClientSecretJwt);
    let by_key = matches!(method, Method::PrivateKeyJwt | Method::Tls);
    let by_assertion = matches!(method, Method::PrivateKeyJwt | Method::ClientSecretJwt);
    let unused = [
        (raw.client_secret.as_ref().map(|at| &at.place), by_secret),
        (raw.client_key.as_ref().map(|at| &at.place), by_key),
        (raw.client_key_id.as_ref().map(|at| &at.place), method == Method::PrivateKeyJwt),
        (raw.client_certificate.as_ref().map(|at| &at.place), method == Method::Tls),
        (raw.basic_unencoded.as_ref().map(|at| &at.place), method == Method::Basic),
        (raw.assertion_audience.as_ref().map(|at| &at.place), by_assertion),
        (raw.assertion_typ.as_ref().map(|at| &at.place), by_assertion),
    ];
    let name = METHODS.iter().find(|(_, known)| *known == method).map_or("", |(name, _)| name);
    for (place, used) in unused {
        if let (Some(place), false) = (place, used) {
            let message = format!("is not used with client_auth = \"{name}\"");
            context.error(place, message, "remove it, or choose another client_auth");
        }
    }
}

fn assertion(raw: &RawKeyManager) -> AssertionOptions {
    let default = AssertionOptions::default();
    AssertionOptions {
        audience: match raw.assertion_audience.as_ref().map(|at| at.value.as_str()) {
            None | Some("issuer") => AssertionAudience::Issuer,
            Some("endpoint") => AssertionAudience::Endpoint,
            Some(fixed) => AssertionAudience::Fixed(fixed.to_owned()),
        },
        typ: match raw.assertion_typ.as_ref().map(|at| at.value.as_str()) {
            None => default.typ,
            Some("none") => None,
            Some(typ) => Some(typ.to_owned()),
        },
    }
}

fn source(
    raw: &RawKeyManager,
    secret: Option<&At<RawSecret>>,
    key: &str,
    example: &str,
    context: Context<'_>,
) -> SecretSource {
    match context.required(secret.cloned(), &raw.place, key, example) {
        None => SecretSource::Literal(SecretString::from("missing")),
        Some(at) => match at.value {
            RawSecret::Literal(secret) => {
                context.note_literal_secret(&at.place, &format!("write {key} = {example}"));
                SecretSource::Literal(secret)
            }
            RawSecret::Env(name) => SecretSource::Env(name.value),
            RawSecret::File(path) => SecretSource::File(context.path(&path.value)),
        },
    }
}
