//! `cors` and the origins of `token_cookie`: which pages of other origins a browser lets in.

use phantom_pipeline::cors::AllowedOrigins;
use phantom_pipeline::cors::Cors;
use phantom_pipeline::route::CookieSource;
use url::Host;
use url::Url;

use crate::compile::route::is_token;
use crate::context::Context;
use crate::place::At;
use crate::raw::RawCookie;
use crate::raw::RawCors;

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
        Some((_, listed)) => AllowedOrigins::Listed(self::origins(listed, true, context)),
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
        expose: exposed(&raw.expose, context),
        credentials,
        max_age_seconds: context.number(raw.max_age_seconds.as_ref(), 0..=MAX_AGE, 600),
    }
}

/// What a page may read of answers besides what all may: with what is asked for, always the challenge.
fn exposed(list: &List, context: Context<'_>) -> Box<str> {
    let mut names = tokens(list, EXPOSED, context).to_string();
    if !names.split(", ").any(|name| name.eq_ignore_ascii_case(EXPOSED)) {
        let separator = if names.is_empty() { "" } else { ", " };
        names.push_str(&format!("{separator}{EXPOSED}"));
    }
    names.into()
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
    let trusted_origins = origins(&trusted.value, false, context);
    Some(CookieSource { name: name.value.into(), trusted_origins })
}

/// Origins as browsers write them: scheme, host, port if it is not the scheme's own. Where patterns may
/// be, `*.` can stand before the host.
fn origins(listed: &[At<String>], patterns: bool, context: Context<'_>) -> Box<[Box<str>]> {
    for at in listed {
        let of = |text: &str| Some(Url::parse(text).ok()?.origin().ascii_serialization());
        let host = at.value.replacen("://*.", "://", 1);
        if host != at.value && of(&host).as_deref() == Some(&host) && !host.contains('*') {
            let hint = "list the origins";
            if !patterns {
                context.error(&at.place, format!("{:?} is a pattern", at.value), hint);
            } else if !has_domain(&host) {
                let message = format!("{:?} is for everybody below a top-level domain", at.value);
                context.error(&at.place, message, hint);
            }
            continue;
        }
        let canonical = of(&at.value);
        if canonical.as_deref() == Some(at.value.as_str()) && !at.value.contains('*') {
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

/// Whether the host is more than a top-level domain. `localhost` is nobody else's.
fn has_domain(origin: &str) -> bool {
    match Url::parse(origin).ok().as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost" || name.trim_matches('.').contains('.'),
        _ => false,
    }
}

fn tokens(list: &List, default: &str, context: Context<'_>) -> Box<str> {
    let Some(list) = list else { return default.into() };
    for at in list.value.iter().filter(|at| !is_token(&at.value)) {
        context.error(&at.place, format!("{:?} is not a header token", at.value), "");
    }
    let words: Vec<&str> = list.value.iter().map(|at| at.value.as_str()).collect();
    words.join(", ").into()
}
