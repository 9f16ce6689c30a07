//! The normaliser on its own: what it lets through has one meaning.

use phantom_proxy::Limits;
use phantom_proxy::head::RequestHead;
use phantom_proxy::http1::request;
use phantom_proxy::normalize::check_path;
use phantom_proxy::normalize::normalize;
use phantom_proxy::trailers::decoder;
use phantom_wire::Piece;
use phantom_wire::ReadBuffer;
use proptest::prelude::*;

fn parse(bytes: &[u8]) -> Option<RequestHead> {
    let mut head = RequestHead::default();
    request::parse(bytes, &mut head, &Limits::default()).ok().flatten().map(|_| head)
}

fn fields() -> impl Strategy<Value = String> {
    let names = prop_oneof![
        Just("Connection"),
        Just("Content-Length"),
        Just("Transfer-Encoding"),
        Just("Host"),
        Just("TE"),
        Just("Expect"),
        Just("X-A"),
        Just("x_forwarded_for"),
        Just("Authorization"),
    ];
    let values = prop_oneof![
        Just("close"),
        Just("x-a, keep-alive"),
        Just("3"),
        Just("chunked"),
        Just("h"),
        Just(""),
        Just("trailers"),
        Just("100-continue"),
        Just("a, b"),
        Just("authorization"),
    ];
    proptest::collection::vec((names, values), 0..6)
        .prop_map(|list| list.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn normalising_twice_is_normalising_once(fields in fields(), path in "/[a-z/.%2;]{0,12}") {
        let bytes = format!("GET {path} HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
        if let Some(mut head) = parse(bytes.as_bytes()) {
            let kinds = |head: &RequestHead| head.fields.iter().map(|field| field.kind).collect::<Vec<_>>();
            let first = (kinds(&head), head.framing, head.keep_alive, head.authority().to_owned());
            prop_assert_eq!(normalize(&mut head), Ok(()));
            prop_assert_eq!(first, (kinds(&head), head.framing, head.keep_alive, head.authority().to_owned()));
        }
    }

    #[test]
    fn no_bytes_make_the_head_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
        let _ = parse(&[b"GET / HTTP/1.1\r\nHost: h\r\n".to_vec(), bytes].concat());
    }

    #[test]
    fn a_path_that_passes_decodes_to_the_same_segments(path in "/[a-c/.%256eEfF;\\\\2]{0,14}") {
        if check_path(&path).is_ok() {
            let decoded: Vec<u8> = percent_decode(path.as_bytes());
            let count = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'/').count();
            prop_assert_eq!(count(&decoded), count(path.as_bytes()), "a slash came out of an escape");
            let has_dots = decoded.split(|byte| *byte == b'/').any(|s| s == b"." || s == b"..");
            prop_assert!(!has_dots && !decoded.contains(&b'\\'));
        }
    }

    #[test]
    fn chunked_coding_decodes_the_same_in_any_segmentation(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..6),
        cuts in proptest::collection::vec(1usize..9, 1..80),
    ) {
        let mut encoded = Vec::new();
        for chunk in &chunks {
            phantom_wire::write_chunk(chunk, &mut encoded);
        }
        phantom_wire::write_last_chunk(b"X-T: 1\r\n", &mut encoded);
        let (mut buffer, mut decoded) = (ReadBuffer::default(), Vec::new());
        let mut decoder = decoder(phantom_wire::Framing::Chunked);
        let (mut rest, mut cuts) = (encoded.as_slice(), cuts.iter().cycle());
        loop {
            match decoder.next(&mut buffer).unwrap() {
                Piece::Data(count) => {
                    decoded.extend_from_slice(&buffer.data()[..count]);
                    buffer.consume(count);
                    decoder.took(count);
                }
                Piece::End => break,
                Piece::NeedMore => {
                    let (now, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                    prop_assert!(!now.is_empty(), "asks for more than there is");
                    buffer.push(now);
                    rest = later;
                }
            }
        }
        prop_assert!(rest.is_empty() && buffer.is_empty());
        prop_assert_eq!(decoded, chunks.concat());
        prop_assert_eq!(decoder.trailers(), b"X-T: 1\r\n");
    }

    #[test]
    fn no_bytes_make_the_chunk_reader_panic_or_loop(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut buffer = ReadBuffer::default();
        buffer.push(&bytes);
        let mut decoder = decoder(phantom_wire::Framing::Chunked);
        while let Ok(Piece::Data(count)) = decoder.next(&mut buffer) {
            prop_assert!(count > 0);
            buffer.consume(count);
            decoder.took(count);
        }
    }
}

fn percent_decode(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits
            .filter(|_| *byte == b'%')
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
        {
            Some(decoded) => {
                out.push(decoded);
                rest = &after[2..];
            }
            None => {
                out.push(*byte);
                rest = after;
            }
        }
    }
    out
}
