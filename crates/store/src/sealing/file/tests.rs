//! Whole, changed in any byte, cut at any place, of another key or purpose.

use proptest::prelude::*;

use super::*;

fn key(byte: u8) -> SealingKey {
    SealingKey::from_bytes(&[byte; 32]).unwrap()
}

fn sealed(contents: &[u8]) -> Vec<u8> {
    key(1).seal_file("catalog", &Zeroizing::new(contents.to_vec())).unwrap()
}

proptest! {
    #[test]
    fn what_is_sealed_opens_for_its_purpose_with_its_key_and_not_otherwise(
        contents in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let sealed = sealed(&contents);
        prop_assert_eq!(&*key(1).open_file("catalog", &sealed).unwrap(), &contents);
        prop_assert_eq!(key(1).open_file("other", &sealed), Err(SealedFileError::Damaged));
        prop_assert_eq!(key(2).open_file("catalog", &sealed), Err(SealedFileError::OtherKey));
    }

    #[test]
    fn what_is_no_sealed_file_does_not_open(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(key(1).open_file("catalog", &bytes).is_err());
        let with_our_head = [&sealed(b"")[..HEAD], &bytes].concat();
        prop_assert!(key(1).open_file("catalog", &with_our_head).is_err());
    }
}

#[test]
fn a_file_that_is_changed_in_any_byte_does_not_open() {
    let sealed = sealed(b"the contents");
    for at in 0..sealed.len() {
        for change in [1, 0x80, 0xff] {
            let mut changed = sealed.clone();
            changed[at] ^= change;
            let expected = match at {
                _ if at < MARK.len() => SealedFileError::NotSealed,
                _ if at == MARK.len() => SealedFileError::Form(FORM ^ change),
                _ if at < HEAD => SealedFileError::OtherKey,
                _ => SealedFileError::Damaged,
            };
            assert_eq!(key(1).open_file("catalog", &changed), Err(expected), "byte {at}");
        }
    }
}

#[test]
fn a_file_that_is_cut_or_has_more_at_its_end_does_not_open() {
    let sealed = sealed(b"the contents");
    for length in 0..sealed.len() {
        assert!(key(1).open_file("catalog", &sealed[..length]).is_err(), "{length} bytes");
    }
    let longer = [&sealed[..], b"x"].concat();
    assert_eq!(key(1).open_file("catalog", &longer), Err(SealedFileError::Damaged));
}

#[test]
fn the_same_contents_are_never_sealed_the_same_way_nor_with_the_key_of_rows() {
    assert_ne!(sealed(b"x"), sealed(b"x"));
    let sealed = sealed(b"x");
    let row = {
        use base64::Engine;
        format!("{}.{}", key(1).0.id, super::super::BASE64.encode(&sealed[HEAD..]))
    };
    assert!(key(1).open("", "", &row).is_err());
}
