use std::time::Duration;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::DnType;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;

use super::*;
use crate::failure::words;

/// 2026-07-02.
const NOW: u64 = 1_782_950_400;

/// As `openssl req -x509` makes them: self-signed, and of a CA.
fn like_openssl(change: impl FnOnce(&mut CertificateParams)) -> CertificateDer<'static> {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    change(&mut params);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
}

fn verify(
    believed: &CertificateDer<'static>,
    shown: &CertificateDer<'_>,
    name: &'static str,
) -> Result<(), Error> {
    let verifier = Authorities::of(vec![believed.clone()]).unwrap().into_verifier();
    let (name, now) = (ServerName::try_from(name).unwrap(), Duration::from_secs(NOW));
    let now = UnixTime::since_unix_epoch(now);
    verifier.verify_server_cert(shown, &[], &name, &[], now).map(drop)
}

#[test]
fn a_certificate_that_says_it_is_a_ca_s_is_believed_where_exactly_it_is_given() {
    let own = like_openssl(|_| {});
    assert_eq!(verify(&own, &own, "localhost"), Ok(()));
    let plain = like_openssl(|params| params.is_ca = IsCa::NoCa);
    assert_eq!(verify(&plain, &plain, "localhost"), Ok(()));
    let another = like_openssl(|_| {});
    let refused = verify(&another, &own, "localhost").unwrap_err();
    let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
    assert_eq!(refused, unknown, "one like it is not it");
    let nobody = Authorities::from(RootCertStore::empty()).into_verifier();
    let name = ServerName::try_from("localhost").unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW));
    assert!(nobody.verify_server_cert(&own, &[], &name, &[], now).is_err());
}

#[test]
fn name_and_dates_of_such_a_certificate_are_checked_all_the_same() {
    let own = like_openssl(|_| {});
    let refused = verify(&own, &own, "elsewhere").unwrap_err();
    let said = words(&refused, "x");
    assert!(said.contains("not valid for name") && said.contains("it is for localhost;"), "{said}");
    let nameless = like_openssl(|params| params.subject_alt_names.clear());
    let refused = verify(&nameless, &nameless, "localhost").unwrap_err();
    assert!(words(&refused, "x").contains("no subjectAltName"), "{refused:?}");
    let expired = like_openssl(|params| params.not_after = rcgen::date_time_ymd(2026, 7, 1));
    let refused = verify(&expired, &expired, "localhost").unwrap_err();
    assert!(words(&refused, "x").contains("has expired"), "{refused:?}");
    let early = like_openssl(|params| params.not_before = rcgen::date_time_ymd(2026, 7, 3));
    let refused = verify(&early, &early, "localhost").unwrap_err();
    assert!(words(&refused, "x").contains("not valid yet"), "{refused:?}");
}

#[test]
fn a_ca_vouches_for_others_and_not_for_another_ca() {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap().der().clone();
    let issuer = Issuer::new(params, key);
    let issued = |is_ca| {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.is_ca = is_ca;
        params.distinguished_name.push(DnType::CommonName, "issued");
        params.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().der().clone()
    };
    assert_eq!(verify(&authority, &issued(IsCa::NoCa), "localhost"), Ok(()));
    let ca = issued(IsCa::Ca(BasicConstraints::Unconstrained));
    assert!(is_of_a_ca(&verify(&authority, &ca, "localhost").unwrap_err()));
}

#[test]
fn what_is_no_certificate_is_no_authority() {
    for pem in ["", "text", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"] {
        assert!(Authorities::of_pem(pem.as_bytes()).is_err(), "{pem}");
    }
}
