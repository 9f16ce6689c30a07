//! A JWT from anywhere: no bytes are a token unless the issuer's key signed them, and this fuzzer
//! does not have it.
#![no_main]

use std::sync::Arc;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use phantom_core::Clock;
use phantom_core::Now;
use phantom_core::Tick;
use phantom_core::UnixTime;
use phantom_core::jwt;
use phantom_oauth::ClientAuth;
use phantom_oauth::KeyManager;
use phantom_oauth::KeyManagerConfig;
use phantom_oauth::Keys;
use phantom_oauth::SecretSource;

#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Now {
        Now { wall: UnixTime::from_secs(1_800_000_000), tick: Tick::from_millis(1) }
    }
}

/// The keys of RFC 7515 appendix A.3 and RFC 8037 appendix A.
const KEYS: &str = r#"{"keys":[
  {"kty":"EC","crv":"P-256","kid":"ec","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
  {"kty":"OKP","crv":"Ed25519","kid":"ed","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

static KEY_MANAGER: LazyLock<KeyManager> = LazyLock::new(|| {
    let secret = SecretSource::Literal("secret".to_owned().into());
    let mut config = KeyManagerConfig::new("fuzz", "client", ClientAuth::Basic { secret, raw: false });
    config.issuer = Some("https://as.example".to_owned());
    config.introspection_endpoint = Some("https://as.example/introspect".to_owned());
    config.keys = Some(Keys::Inline(KEYS.to_owned()));
    KeyManager::build(&config, Arc::new(Noon), None).expect("it can be built")
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = jwt::looks_like_jwt(text);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    // As it is, and as header and claims of a well-formed token.
    let mut parts = text.splitn(2, '\n');
    let encode = |part: Option<&str>| {
        let bytes = part.unwrap_or_default().as_bytes();
        let mut encoded = String::new();
        for chunk in bytes.chunks(3) {
            let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
            for at in 0..=chunk.len() {
                let symbol = (group >> (18 - 6 * at)) & 63;
                encoded.push(char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[symbol as usize]));
            }
        }
        encoded
    };
    let built = format!("{}.{}.{}", encode(parts.next()), encode(parts.next()), "A".repeat(86));
    for token in [text, &built] {
        assert!(runtime.block_on(KEY_MANAGER.verify_access_token(token)).is_err());
    }
});
