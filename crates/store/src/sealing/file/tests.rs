//! Whole, changed in any byte, cut at any place, of another key or purpose.

use proptest::prelude::*;

use super::*;

fn key(byte: u8) -> SealingKey {
    SealingKey::from_bytes(&[byte; 32]).unwrap()
}

fn sealed(contents: &[u8]) -> Vec<u8> {
    let mut sealed = key(1).seal_file("catalog", Vec::new()).unwrap();
    sealed.write_all(contents).unwrap();
    sealed.finish().unwrap()
}

fn opened(key: &SealingKey, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, SealedFileError> {
    let mut contents = Vec::new();
    let read = key.open_file(purpose, sealed).and_then(|mut file| file.read_to_end(&mut contents));
    read.map(|_| contents).map_err(|error| SealedFileError::in_error(&error).unwrap())
}

/// Of every length around an edge of pieces.
fn long_ones() -> impl Iterator<Item = Vec<u8>> {
    let around = |edge: usize| edge.saturating_sub(1)..=edge + 1;
    let lengths = [0, PIECE, 2 * PIECE].into_iter().flat_map(around);
    lengths.map(|length| (0..length).map(|at| (at % 251) as u8).collect())
}

proptest! {
    #[test]
    fn what_is_sealed_opens_for_its_purpose_with_its_key_and_not_otherwise(
        contents in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let sealed = sealed(&contents);
        prop_assert_eq!(opened(&key(1), "catalog", &sealed), Ok(contents));
        prop_assert_eq!(opened(&key(1), "other", &sealed), Err(SealedFileError::Damaged));
        prop_assert_eq!(opened(&key(2), "catalog", &sealed), Err(SealedFileError::OtherKey));
    }

    #[test]
    fn what_is_no_sealed_file_does_not_open(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(opened(&key(1), "catalog", &bytes).is_err());
        let with_our_head = [&sealed(b"")[..HEAD], &bytes].concat();
        prop_assert!(opened(&key(1), "catalog", &with_our_head).is_err());
    }
}

#[test]
fn what_is_longer_than_a_piece_comes_back_as_it_was_however_it_is_written() {
    for contents in long_ones() {
        assert_eq!(opened(&key(1), "catalog", &sealed(&contents)).as_ref(), Ok(&contents));
        let mut by_bits = key(1).seal_file("catalog", Vec::new()).unwrap();
        for bit in contents.chunks(1000) {
            by_bits.write_all(bit).unwrap();
            by_bits.flush().unwrap();
        }
        let by_bits = by_bits.finish().unwrap();
        assert_eq!(opened(&key(1), "catalog", &by_bits).as_ref(), Ok(&contents));
        assert_eq!(by_bits.len(), sealed(&contents).len());
    }
}

#[test]
fn pieces_that_are_missing_moved_repeated_or_of_another_file_do_not_open() {
    let contents = vec![7; 3 * PIECE];
    let (one, other) = (sealed(&contents), sealed(&contents));
    let piece = |of: &[u8], number: usize| {
        let begins = HEAD + number * (PIECE + TAG);
        of[begins..begins + PIECE + TAG].to_vec()
    };
    let file = |pieces: &[Vec<u8>]| [one[..HEAD].to_vec(), pieces.concat()].concat();
    let [a, b, c] = [0, 1, 2].map(|number| piece(&one, number));
    assert_eq!(opened(&key(1), "catalog", &file(&[a.clone(), b.clone(), c.clone()])), Ok(contents));
    for pieces in [
        vec![],
        vec![a.clone()],
        vec![a.clone(), b.clone()],
        vec![b.clone(), c.clone()],
        vec![a.clone(), c.clone()],
        vec![b.clone(), a.clone(), c.clone()],
        vec![a.clone(), b.clone(), b.clone(), c.clone()],
        vec![a.clone(), b.clone(), c.clone(), c.clone()],
        vec![a.clone(), piece(&other, 1), c.clone()],
        vec![a, b, piece(&other, 2)],
    ] {
        let damaged = Err(SealedFileError::Damaged);
        assert_eq!(opened(&key(1), "catalog", &file(&pieces)), damaged, "{} pieces", pieces.len());
    }
}

#[test]
fn what_was_not_finished_does_not_open() {
    for contents in long_ones() {
        let mut unfinished = key(1).seal_file("catalog", Vec::new()).unwrap();
        unfinished.write_all(&contents).unwrap();
        assert!(opened(&key(1), "catalog", &unfinished.file).is_err(), "{}", contents.len());
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
                _ if at < HEAD - SALT => SealedFileError::OtherKey,
                _ => SealedFileError::Damaged,
            };
            assert_eq!(opened(&key(1), "catalog", &changed), Err(expected), "byte {at}");
        }
    }
}

#[test]
fn a_file_that_is_cut_or_has_more_at_its_end_does_not_open() {
    let sealed = sealed(b"the contents");
    for length in 0..sealed.len() {
        assert!(opened(&key(1), "catalog", &sealed[..length]).is_err(), "{length} bytes");
    }
    let longer = [&sealed[..], b"x"].concat();
    assert_eq!(opened(&key(1), "catalog", &longer), Err(SealedFileError::Damaged));
}

#[test]
fn the_same_contents_are_never_sealed_the_same_way_nor_with_the_key_of_rows() {
    assert_ne!(sealed(b"x"), sealed(b"x"));
    let sealed = sealed(b"x");
    let row = {
        use base64::Engine;
        let nonce = [&[0; NONCE_LEN - 1][..], &[1]].concat();
        let sealed = [&nonce[..], &sealed[HEAD..]].concat();
        format!("{}.{}", key(1).0.id, super::super::BASE64.encode(sealed))
    };
    assert!(key(1).open("", "", &row).is_err());
}
