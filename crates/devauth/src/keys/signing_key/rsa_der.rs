//! Reads the two numbers of an RSA public key out of its DER form, the only one the crypto library
//! gives.

/// `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }` (RFC 8017 §A.1.1), both
/// without the zero that keeps a DER integer positive.
pub(super) fn modulus_and_exponent(der: &[u8]) -> Option<(&[u8], &[u8])> {
    const SEQUENCE: u8 = 0x30;
    let (sequence, []) = element(der, SEQUENCE)? else { return None };
    let (modulus, rest) = positive_integer(sequence)?;
    let (exponent, []) = positive_integer(rest)? else { return None };
    Some((modulus, exponent))
}

fn positive_integer(der: &[u8]) -> Option<(&[u8], &[u8])> {
    const INTEGER: u8 = 0x02;
    let (value, rest) = element(der, INTEGER)?;
    Some((value.strip_prefix(&[0]).unwrap_or(value), rest))
}

/// Content of the element of this type at the beginning, and what follows it (X.690 §8.1).
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // The long form: as many length bytes as the low bits say.
        0x81 | 0x82 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    if found == tag { rest.split_at_checked(length) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_numbers_lose_their_leading_zero() {
        let der = [0x30, 8, 0x02, 3, 0, 0xff, 1, 0x02, 1, 3];
        assert_eq!(modulus_and_exponent(&der), Some((&[0xff, 1][..], &[3][..])));
    }

    #[test]
    fn long_lengths_are_read() {
        let mut der = vec![0x30, 0x81, 0x87, 0x02, 0x81, 0x80];
        der.extend([7; 128]);
        der.extend([0x02, 2, 1, 1]);
        der[2] = u8::try_from(der.len() - 3).unwrap();
        let (n, e) = modulus_and_exponent(&der).unwrap();
        assert_eq!((n.len(), e), (128, &[1, 1][..]));
    }

    #[test]
    fn cut_or_foreign_der_gives_nothing() {
        let der = [0x30, 8, 0x02, 3, 0, 0xff, 1, 0x02, 1, 3];
        for end in 0..der.len() {
            assert_eq!(modulus_and_exponent(&der[..end]), None, "{end}");
        }
        assert_eq!(modulus_and_exponent(&[0x31, 0]), None);
        assert_eq!(modulus_and_exponent(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
