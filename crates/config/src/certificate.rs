//! When a certificate is valid.

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

/// From the first instant to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

impl Validity {
    /// `None` for what is not a certificate.
    #[must_use]
    pub fn of(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let instant = |time: ASN1Time| Timestamp::from_second(time.timestamp()).ok();
        let dates = certificate.validity();
        Some(Self { not_before: instant(dates.not_before)?, not_after: instant(dates.not_after)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(not_before: (i32, u8, u8), not_after: (i32, u8, u8)) -> Vec<u8> {
        let date = |(year, month, day)| rcgen::date_time_ymd(year, month, day);
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = date(not_before);
        params.not_after = date(not_after);
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn both_forms_of_dates_are_read() {
        let validity = Validity::of(&certificate((1999, 12, 31), (2051, 2, 3))).unwrap();
        assert_eq!(validity.not_before.to_string(), "1999-12-31T00:00:00Z");
        assert_eq!(validity.not_after.to_string(), "2051-02-03T00:00:00Z");
    }

    #[test]
    fn no_prefix_of_a_certificate_and_no_junk_has_dates() {
        let der = certificate((2026, 1, 1), (2027, 1, 1));
        for end in 0..der.len() {
            assert_eq!(Validity::of(&der[..end]), None, "{end}");
        }
        for junk in [&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..], &[0x30, 0xff], &[0; 64]] {
            assert_eq!(Validity::of(junk), None);
        }
    }
}
