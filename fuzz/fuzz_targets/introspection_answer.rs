//! Whatever an authorization server answers, it is read without a panic, and only a compact JWS is
//! ever taken for one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phantom_core::UnixTime;
use phantom_oauth::ResponseFormat;
use phantom_oauth::answer;
use phantom_oauth::answer::Advice;
use phantom_oauth::answer::RawAnswer;
use phantom_oauth::answer::Said;

fuzz_target!(|data: &[u8]| {
    let [status, kind, rest @ ..] = data else { return };
    let statuses = [200, 200, 200, 204, 400, 401, 403, 404, 302, 429, 500, 503];
    let types = [
        None,
        Some("application/jwt"),
        Some("application/json"),
        Some("application/token-introspection+jwt"),
        Some("application/json; charset=utf-8"),
        Some("text/html"),
    ];
    let mut parts = rest.splitn(2, |byte| *byte == b'\n');
    let retry_after = parts.next().and_then(|text| std::str::from_utf8(text).ok());
    let raw = RawAnswer {
        status: statuses[usize::from(*status) % statuses.len()],
        content_type: types[usize::from(*kind) % types.len()],
        retry_after,
        body: parts.next().unwrap_or_default(),
    };
    let formats = [
        ResponseFormat::PhantomJwt,
        ResponseFormat::JsonClaim { claim: None },
        ResponseFormat::Rfc9701,
        ResponseFormat::Json,
    ];
    for format in &formats {
        let now = UnixTime::from_secs(1_800_000_000);
        if let Ok(Said::PhantomToken { jws, .. } | Said::SignedStatement(jws)) =
            answer::read(raw, format, Advice::OF_THE_FILE, now)
        {
            let jws = jws.as_str();
            assert_eq!(jws.split('.').count(), 3);
            assert!(jws.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
});
