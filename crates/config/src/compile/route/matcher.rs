//! Which requests a route takes: host, path prefix, methods.

use phantom_pipeline::route::Matcher;

use crate::context::Context;
use crate::place::At;
use crate::raw::RawRoute;

/// `None` only with an error noted: a route without a path.
pub(super) fn compile(raw: &RawRoute, context: Context<'_>) -> Option<Matcher> {
    let path = context.required(raw.path.clone(), &raw.place, "path", "\"/api\"");
    let host = raw.host.as_ref().map(|at| host(at, context));
    let methods = methods(raw, context);
    let path = path?;
    if let Err((message, hint)) = check_prefix(&path.value) {
        context.error(&path.place, format!("{:?} {message}", path.value), hint);
    }
    Some(Matcher { host, prefix: path.value.into(), methods })
}

/// One spelling per prefix: what is compared with it is the path as it goes upstream (HTP-11).
fn check_prefix(path: &str) -> Result<(), (&'static str, String)> {
    if !path.starts_with('/') {
        return Err((
            "does not start with a slash",
            format!("write \"/{}\"", path.trim_matches('/')),
        ));
    }
    if path != "/" && path.ends_with('/') {
        let plain = path.trim_end_matches('/');
        let hint = format!(
            "write {:?}: it covers what is below",
            if plain.is_empty() { "/" } else { plain }
        );
        return Err(("ends with a slash", hint));
    }
    if path.contains('%') {
        return Err(("is percent-encoded", "prefixes are matched without decoding".to_owned()));
    }
    if path.contains("//") {
        return Err(("has an empty segment", String::new()));
    }
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(("has a dot segment", String::new()));
    }
    if path.contains(['?', '#', '*', '{', '}', '\\', ';'])
        || !path.bytes().all(|byte| byte.is_ascii_graphic())
    {
        let hint = "a prefix is plain text: no patterns, no query, ASCII only";
        return Err(("holds a character that no prefix has", hint.to_owned()));
    }
    Ok(())
}

/// Lower case, as it is compared.
fn host(at: &At<String>, context: Context<'_>) -> Box<str> {
    let host = at.value.as_str();
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let fits = match bare {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let is_host_byte =
                |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b == b'_';
            !host.is_empty() && host.len() <= 253 && host.bytes().all(is_host_byte)
        }
    };
    if !fits {
        let hint = "write \"api.example.com\": a name or address, without scheme and port";
        context.error(&at.place, format!("{host:?} is not a host"), hint);
    }
    host.to_ascii_lowercase().into()
}

fn methods(raw: &RawRoute, context: Context<'_>) -> Box<[Box<str>]> {
    let Some(list) = &raw.methods else { return Box::default() };
    if list.value.is_empty() {
        let hint = "remove it to take all methods";
        context.error(&list.place, "an empty list takes no request", hint);
    }
    for at in &list.value {
        let method = at.value.as_str();
        if !is_token(method) {
            context.error(&at.place, format!("{method:?} is not a method"), "write \"GET\"");
        } else if matches!(method, "TRACE" | "CONNECT") {
            context.error(&at.place, format!("{method} is never served"), "");
        } else if method != method.to_ascii_uppercase() {
            let hint =
                format!("write {:?}: methods are case-sensitive", method.to_ascii_uppercase());
            context.error(&at.place, format!("{method:?} is not a known method"), hint);
        }
    }
    list.value.iter().map(|at| at.value.as_str().into()).collect()
}

/// RFC 9110 §5.6.2.
pub(in crate::compile) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(phantom_core::credential_field::is_token)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: HTP-11
    #[test]
    fn a_prefix_has_one_plain_spelling() {
        for path in ["/", "/api", "/a/b.c/_d-e~f", "/a:b@c"] {
            assert_eq!(check_prefix(path), Ok(()), "{path}");
        }
        for path in [
            "", "api", "/api/", "//", "/a//b", "/a/../b", "/.", "/a%2Fb", "/a?b", "/a*", "/{id}",
            "/a b", "/ä", "/a\\b", "/a;b",
        ] {
            assert!(check_prefix(path).is_err(), "{path}");
        }
    }
}
