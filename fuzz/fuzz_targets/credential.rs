//! Bytes where a credential may stand: nothing panics, and what is taken is one `b64token` that
//! stood there as it is.
#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use phantom_pipeline::Entry;
use phantom_pipeline::KnownFields;
use phantom_pipeline::NoFields;
use phantom_pipeline::RequestFacts;
use phantom_pipeline::credential;
use phantom_pipeline::edits;
use phantom_pipeline::route::CookieSource;
use phantom_pipeline::route::CredentialSources;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.split(|byte| *byte == b'\n');
    let (header, cookie) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let query = parts.next().and_then(|query| std::str::from_utf8(query).ok());
    let form = parts.next();
    let fields = [
        (&b"Authorization"[..], header),
        (b"Cookie", cookie),
        (b"Origin", b"https://app.example"),
        (b"Content-Type", b"application/x-www-form-urlencoded"),
    ];
    let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
    let facts = RequestFacts {
        method: "POST",
        host: "api.example",
        path: "/api",
        query,
        fields: KnownFields::collect(fields),
        form,
        named: &NoFields,
        peer: IpAddr::from([127, 0, 0, 1]),
        entry: Entry::All,
        tls: true,
    };
    let all = CredentialSources {
        query: true,
        form: true,
        cookie: Some(CookieSource {
            name: "at".into(),
            trusted_origins: Box::new(["https://app.example".into()]),
        }),
    };
    for sources in [CredentialSources::default(), all] {
        if let Ok(found) = credential::find(&facts, &sources) {
            let token = found.token().expect("a credential that was taken is a token");
            assert!(!token.expose().is_empty() && token.expose().bytes().all(|byte| byte.is_ascii_graphic()));
            if sources == CredentialSources::default() {
                assert!(header.ends_with(token.expose().as_bytes()));
            }
        }
    }
    if let Some(query) = query
        && let Some(kept) = edits::without_access_token(query)
    {
        assert_eq!(edits::without_access_token(&kept), None, "nothing is left to strip");
    }
    let _ = edits::without_cookie(cookie, "at");
});
