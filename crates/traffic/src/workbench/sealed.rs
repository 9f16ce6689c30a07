//! What has to be known when a user comes back from an authorization server: with the browser, sealed by
//! a key of its session.

use aws_lc_rs::aead::AES_256_GCM;
use aws_lc_rs::aead::Aad;
use aws_lc_rs::aead::LessSafeKey;
use aws_lc_rs::aead::NONCE_LEN;
use aws_lc_rs::aead::Nonce;
use aws_lc_rs::aead::UnboundKey;
use aws_lc_rs::hmac;
use aws_lc_rs::rand;
use base64::Engine;
use http::HeaderMap;
use http::HeaderValue;
use phantom_core::jwt::BASE64URL;
use phantom_observe::workbench::Pending;
use phantom_pages::session::cookie;

pub(super) const COOKIE: &str = "__Host-phantom-workbench";
/// Browsers keep cookies of 4096 bytes, name and attributes among them.
const MOST: usize = 3900;

fn key(secret: &str) -> Option<LessSafeKey> {
    let session = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let derived = hmac::sign(&session, b"a sign-in of the workbench");
    Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, derived.as_ref()).ok()?))
}

/// `None`: it is too long.
pub(super) fn seal(secret: &str, pending: &Pending) -> Option<HeaderValue> {
    let mut text = serde_json::to_vec(pending).ok()?;
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).ok()?;
    let at = Nonce::assume_unique_for_key(nonce);
    key(secret)?.seal_in_place_append_tag(at, Aad::from(COOKIE), &mut text).ok()?;
    let sealed = BASE64URL.encode([nonce.as_slice(), &text].concat());
    (sealed.len() <= MOST).then(|| cookie::set(COOKIE, &sealed, "; Max-Age=900"))
}

pub(super) fn open(secret: &str, headers: &HeaderMap) -> Option<Pending> {
    let sealed = BASE64URL.decode(cookie::value(headers, COOKIE)?).ok()?;
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
    let mut text = text.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let opened = key(secret)?.open_in_place(nonce, Aad::from(COOKIE), &mut text).ok()?;
    serde_json::from_slice(opened).ok()
}
