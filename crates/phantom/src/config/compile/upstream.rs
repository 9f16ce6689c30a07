//! Where permitted requests go.

use phantom_pipeline::Target;
use phantom_pipeline::route::Upstream;
use url::Host;
use url::Url;

use crate::config::context::Context;
use crate::config::place::At;
use crate::config::raw::RawRoute;

/// `None` only with an error noted.
pub(super) fn target(raw: &RawRoute, context: Context<'_>) -> Option<Target> {
    match (&raw.upstream, &raw.static_dir) {
        (Some(at), None) => upstream(at, context).map(Target::Upstream),
        (None, Some(at)) => {
            let path = context.path(&at.value);
            if path.is_dir() {
                return Some(Target::Directory(path));
            }
            context.error(&at.place, format!("{} is not a directory", path.display()), "create it");
            None
        }
        (Some(_), Some(at)) => {
            context.error(&at.place, "there is `upstream` as well", "keep one of them");
            None
        }
        (None, None) => {
            let noted = ["upstream", "static_dir"]
                .iter()
                .any(|key| context.problems.concerns(&raw.place, key));
            if !noted {
                let hint = "add upstream = \"http://localhost:3000\", or static_dir = \"html\"";
                context.error(&raw.place, "the route leads nowhere", hint);
            }
            None
        }
    }
}

fn upstream(at: &At<String>, context: Context<'_>) -> Option<Upstream> {
    let parsed = parse(&at.value);
    if let Err((message, hint)) = &parsed {
        context.error(&at.place, format!("{:?} {message}", at.value), *hint);
    }
    parsed.ok()
}

fn parse(text: &str) -> Result<Upstream, (&'static str, &'static str)> {
    const EXAMPLE: &str = "write \"http://localhost:3000/api\"";
    let url = Url::parse(text).map_err(|_| ("is not an absolute URL", EXAMPLE))?;
    let https = match url.scheme() {
        "http" => false,
        "https" => true,
        _ => return Err(("is not an http or https URL", EXAMPLE)),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(("holds a user name or password", "the gateway sends the phantom token"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(("holds a query or fragment", "the client's query is passed on"));
    }
    let host: Box<str> = match url.host() {
        Some(Host::Domain(name)) => name.into(),
        Some(Host::Ipv4(address)) => address.to_string().into(),
        Some(Host::Ipv6(address)) => address.to_string().into(),
        None => return Err(("has no host", EXAMPLE)),
    };
    // The path goes out byte for byte: one that the URL parser rewrites is not what was meant.
    let written = text.split_once("://").map_or("", |(_, rest)| rest);
    let written = written.find('/').and_then(|at| written.get(at..)).unwrap_or("/");
    if written != url.path() {
        return Err((
            "has a path with dot segments or characters to be encoded",
            "write it plainly",
        ));
    }
    let path = written.trim_end_matches('/').into();
    let port = url.port_or_known_default().unwrap_or(if https { 443 } else { 80 });
    if port == 0 {
        return Err(("has port 0", EXAMPLE));
    }
    Ok(Upstream { https, host, port, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_scheme_authority_and_path() {
        let cases = [
            ("http://localhost:3000/api", (false, "localhost", 3000, "/api")),
            ("https://b.example", (true, "b.example", 443, "")),
            ("http://[::1]:81/", (false, "::1", 81, "")),
            ("http://127.0.0.1/a%20b/", (false, "127.0.0.1", 80, "/a%20b")),
        ];
        for (text, (https, host, port, path)) in cases {
            let expected = Upstream { https, host: host.into(), port, path: path.into() };
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
        for text in [
            "localhost:3000",
            "/api",
            "ftp://b",
            "http://u:p@b",
            "http://b/?q",
            "http://b/#f",
            "http://b/a/../c",
            "http://b/a b",
            "http://b:0",
            "unix:/run/b",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
