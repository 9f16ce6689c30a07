use super::*;

fn secret() -> CacheSecret {
    CacheSecret::new([7; 32])
}

fn token(text: &str) -> BearerToken<'_> {
    BearerToken::parse(text.as_bytes()).unwrap()
}

fn digest(identity: &[&[u8]]) -> TokenDigest {
    DigestKey::new(&secret(), identity).digest(token("abc"))
}

/// Rows: CAC-5
#[test]
fn every_part_of_the_identity_and_the_whole_token_change_the_digest() {
    let identity: [&[u8]; 4] = [b"issuer", b"endpoint", b"client", b"jwt"];
    let reference = digest(&identity);
    assert_eq!(digest(&identity), reference);
    for part in 0..identity.len() {
        let mut other = identity;
        other[part] = b"other";
        assert_ne!(digest(&other), reference, "part {part}");
    }
    let key = DigestKey::new(&secret(), &identity);
    for other in ["abd", "ab", "abcd", "Abc", "abc="] {
        assert_ne!(key.digest(token(other)), reference, "{other}");
    }
}

/// Rows: PITFALL-14
#[test]
fn parts_that_concatenate_alike_have_different_digests() {
    let alike: [&[&[u8]]; 7] = [
        &[b"a", b"bc"],
        &[b"ab", b"c"],
        &[b"abc"],
        &[b"abc", b""],
        &[b"", b"abc"],
        &[b"a", b"b", b"c"],
        &[b"a\0\0\0\0\0\0\0\x02bc"],
    ];
    for (at, one) in alike.iter().enumerate() {
        for other in &alike[at + 1..] {
            assert_ne!(digest(one), digest(other), "{one:?} {other:?}");
        }
    }
    // Nor does the end of the identity reach into the token.
    let long = DigestKey::new(&secret(), &[b"ab"]).digest(token("c"));
    assert_ne!(long, DigestKey::new(&secret(), &[b"a"]).digest(token("bc")));
}

/// Rows: CAC-6
#[test]
fn a_digest_is_hmac_sha_256_under_a_key_derived_from_the_secret() {
    // The construction, written out.
    let mut message = Vec::new();
    for part in [DOMAIN, b"issuer", b"client"] {
        message.extend((part.len() as u64).to_be_bytes());
        message.extend(part);
    }
    let outer = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
    let inner = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&outer, &message).as_ref());
    let expected = hmac::sign(&inner, b"abc");
    let digest = DigestKey::new(&secret(), &[b"issuer", b"client"]).digest(token("abc"));
    assert_eq!(digest.as_bytes(), expected.as_ref());
}

/// Rows: CAC-6
#[test]
fn without_the_secret_no_digest_can_be_computed() {
    let ours = DigestKey::new(&secret(), &[b"issuer"]).digest(token("abc"));
    let theirs = DigestKey::new(&CacheSecret::new([8; 32]), &[b"issuer"]).digest(token("abc"));
    assert_ne!(ours, theirs);
    let unkeyed = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"abc");
    assert_ne!(ours.as_bytes(), unkeyed.as_ref());
    let (one, other) = (CacheSecret::random(), CacheSecret::random());
    assert_ne!(one.0.as_slice(), other.0.as_slice());
}

/// Rows: PITFALL-15
#[test]
fn neither_secret_nor_digest_is_printed() {
    let printed = format!("{:?} {:?}", secret(), digest(&[b"issuer"]));
    assert_eq!(printed, "CacheSecret(redacted) TokenDigest(redacted)");
}

#[test]
fn the_hasher_takes_its_bits_from_the_digest() {
    use std::hash::BuildHasher;
    let mut mac = [0; 32];
    mac[..8].copy_from_slice(&0x0123_4567_89ab_cdef_u64.to_ne_bytes());
    let hash = DigestBuildHasher::default().hash_one(TokenDigest::new(mac));
    assert_eq!(hash, 0x0123_4567_89ab_cdef);
}
