//! `cors` and the origins of `token_cookie`: which pages of other origins a browser lets in.

use phantom_pipeline::cors::AllowedOrigins;
use phantom_pipeline::cors::Cors;
use phantom_pipeline::route::CookieSource;
use url::Url;

use crate::config::compile::route::is_token;
use crate::config::context::Context;
use crate::config::place::At;
use crate::config::raw::RawCookie;
use crate::config::raw::RawCors;

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// Without it a page cannot read why it was refused (DPO-13, COR-3).
const EXPOSED: &str = "WWW-Authenticate";
/// Longer is capped by browsers anyway.
const MAX_AGE: u64 = 86_400;

type List = Option<At<Vec<At<String>>>>;

/// `route_methods`: those of the route, the default for what a page may ask.
pub(super) fn compile(raw: &RawCors, route_methods: &[Box<str>], context: Context<'_>) -> Cors {
    let example = "[\"https://app.example.com\"]";
    let origins = context.required(raw.origins.clone(), &raw.place, "origins", example);
    let credentials = raw.credentials.as_ref().is_some_and(|at| at.value);
    let origins = match origins.as_ref().map(|at| (at, at.value.as_slice())) {
        Some((at, [only])) if only.value == "*" => {
            if credentials {
                // COR-2: any page could then act for whoever is signed in.
                let message = "any origin (\"*\") cannot go with credentials = true";
                context.error(&at.place, message, "list the origins");
            }
            AllowedOrigins::Any
        }
        Some((_, listed)) => AllowedOrigins::Listed(self::origins(listed, context)),
        None => AllowedOrigins::default(),
    };
    let default_methods = match route_methods {
        [] => METHODS.to_owned(),
        methods => methods.join(", "),
    };
    Cors {
        origins,
        methods: tokens(&raw.methods, &default_methods, context),
        headers: tokens(&raw.headers, "Authorization, Content-Type", context),
        expose: tokens(&raw.expose, EXPOSED, context),
        credentials,
        max_age_seconds: context.number(raw.max_age_seconds.as_ref(), 0..=MAX_AGE, 600),
    }
}

pub(super) fn cookie(raw: &RawCookie, context: Context<'_>) -> Option<CookieSource> {
    let name = context.required(raw.name.clone(), &raw.place, "name", "\"__Host-token\"")?;
    if !is_token(&name.value) {
        context.error(&name.place, format!("{:?} is not a cookie name", name.value), "");
    } else if !name.value.starts_with("__Host-") {
        let message = "a cookie without the prefix __Host- can be set by other hosts of the domain";
        context.warning(&name.place, message, format!("call it \"__Host-{}\"", name.value));
    }
    let example = "[\"https://app.example.com\"]";
    let trusted =
        context.required(raw.trusted_origins.clone(), &raw.place, "trusted_origins", example)?;
    if trusted.value.is_empty() {
        let message = "no origin may use the cookie";
        context.error(&trusted.place, message, format!("write {example}"));
    }
    let trusted_origins = origins(&trusted.value, context);
    Some(CookieSource { name: name.value.into(), trusted_origins })
}

/// Origins as browsers write them: scheme, host, port if it is not the scheme's own.
fn origins(listed: &[At<String>], context: Context<'_>) -> Box<[Box<str>]> {
    for at in listed {
        let canonical = Url::parse(&at.value).ok().map(|url| url.origin().ascii_serialization());
        if canonical.as_deref() == Some(at.value.as_str()) {
            continue;
        }
        let hint = match canonical.as_deref() {
            Some("null") | None if at.value == "*" => "\"*\" has to stand alone".to_owned(),
            Some("null") | None => "write \"https://app.example.com\"".to_owned(),
            Some(origin) => format!("write {origin:?}"),
        };
        context.error(&at.place, format!("{:?} is not an origin", at.value), hint);
    }
    listed.iter().map(|at| at.value.as_str().into()).collect()
}

fn tokens(list: &List, default: &str, context: Context<'_>) -> Box<str> {
    let Some(list) = list else { return default.into() };
    for at in list.value.iter().filter(|at| !is_token(&at.value)) {
        context.error(&at.place, format!("{:?} is not a header token", at.value), "");
    }
    let words: Vec<&str> = list.value.iter().map(|at| at.value.as_str()).collect();
    words.join(", ").into()
}
