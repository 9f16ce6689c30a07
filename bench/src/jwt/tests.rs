//! The JWTs are what the gateway will be asked to verify: whole, signed, distinct, 1 KiB.

use anyhow::{Context as _, Result};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use serde_json::Value;

use super::{AUDIENCE, BASE64URL, JWT_BYTES, JwtMaker, SCOPE, Signature, jwks};

const ISSUER: &str = "http://127.0.0.1:49152";
const NOW: u64 = 1_800_000_000;

fn part(jwt: &str, index: usize) -> Result<Vec<u8>> {
    Ok(BASE64URL.decode(jwt.split('.').nth(index).context("part")?)?)
}

#[test]
fn every_jwt_is_exactly_one_kibibyte() -> Result<()> {
    for signature in Signature::ALL {
        let maker = JwtMaker::new(signature)?;
        for number in [0, 9, 10, 49_999, u64::MAX] {
            assert_eq!(maker.jwt(ISSUER, number, NOW)?.len(), JWT_BYTES, "{signature} {number}");
        }
    }
    Ok(())
}

#[test]
fn the_published_keys_verify_the_signatures() -> Result<()> {
    let rs256 = JwtMaker::new(Signature::Rs256)?;
    let maker = JwtMaker::new(Signature::Es256)?;
    let jwks: Value = serde_json::from_str(&jwks(&[&maker, &rs256])?)?;
    let number = |name: &str| -> Result<Vec<u8>> {
        Ok(BASE64URL.decode(jwks["keys"][1][name].as_str().context("number")?)?)
    };
    let jwt = rs256.jwt(ISSUER, 7, NOW)?;
    let (signed, _) = jwt.rsplit_once('.').context("signature")?;
    let key = RsaPublicKeyComponents { n: number("n")?, e: number("e")? };
    let signature = part(&jwt, 2)?;
    assert!(key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).is_ok());

    let mut point = vec![4];
    for coordinate in ["x", "y"] {
        let text = jwks["keys"][0][coordinate].as_str().context("coordinate")?;
        point.extend(BASE64URL.decode(text)?);
    }
    let jwt = maker.jwt(ISSUER, 7, NOW)?;
    let (signed, _) = jwt.rsplit_once('.').context("signature")?;
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point);
    assert!(key.verify(signed.as_bytes(), &part(&jwt, 2)?).is_ok());
    assert!(key.verify(b"something else", &part(&jwt, 2)?).is_err());
    Ok(())
}

#[test]
fn the_claims_are_those_an_access_token_must_have() -> Result<()> {
    let jwt = JwtMaker::new(Signature::Es256)?.jwt(ISSUER, 7, NOW)?;
    let header: Value = serde_json::from_slice(&part(&jwt, 0)?)?;
    assert_eq!((&header["alg"], &header["typ"]), (&"ES256".into(), &"at+jwt".into()));
    let claims: Value = serde_json::from_slice(&part(&jwt, 1)?)?;
    let expected = [
        ("iss", Value::from(ISSUER)),
        ("aud", AUDIENCE.into()),
        ("sub", "user-7".into()),
        ("client_id", "bench".into()),
        ("scope", SCOPE.into()),
        ("iat", NOW.into()),
        ("exp", (NOW + 7200).into()),
        ("jti", "0000000000000007".into()),
    ];
    for (claim, value) in expected {
        assert_eq!(claims[claim], value, "{claim}");
    }
    Ok(())
}

#[test]
fn no_two_tokens_share_a_jwt() -> Result<()> {
    let maker = JwtMaker::new(Signature::Es256)?;
    assert_ne!(part(&maker.jwt(ISSUER, 1, NOW)?, 1)?, part(&maker.jwt(ISSUER, 2, NOW)?, 1)?);
    Ok(())
}
