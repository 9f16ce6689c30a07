use proptest::prelude::*;

use super::*;

const LIMIT: usize = 64;

/// The answer, and what was left behind it. `None`: the connection would have to say more.
fn read(parts: &[&[u8]], closed: bool) -> Result<Option<(Whole, Vec<u8>)>, ReadError> {
    let mut reader = Reader::new(LIMIT);
    let mut input = ReadBuffer::default();
    for part in parts {
        input.push(part);
        if reader.read(&mut input)? {
            return Ok(Some((reader.whole(), input.data().to_vec())));
        }
    }
    Ok((closed && reader.ends_here()).then(|| (reader.whole(), input.data().to_vec())))
}

fn whole(text: &str) -> Whole {
    let (whole, rest) = read(&[text.as_bytes()], false).unwrap().unwrap();
    assert_eq!(rest, b"", "{text}");
    whole
}

fn refused(text: &str) -> ReadError {
    match read(&[text.as_bytes()], true) {
        Err(error) => error,
        Ok(read) => panic!("{text:?}: {read:?}"),
    }
}

fn of(fields: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{fields}\r\n")
}

/// Rows: INT-13
#[test]
fn each_framing_ends_where_it_says() {
    for (text, body) in [
        (of("content-length: 3\r\n") + "abc", "abc"),
        (of("Content-Length: 3\r\nContent-Length: 3\r\n") + "abc", "abc"),
        (of("content-length: 0\r\n"), ""),
        (of("transfer-encoding: chunked\r\n") + "2\r\nab\r\n1;x=\"y\"\r\nc\r\n0\r\n\r\n", "abc"),
        (of("Transfer-Encoding: Chunked\r\n") + "3 ;x\r\nabc\r\n0\r\nchecksum: 1\r\n\r\n", "abc"),
        (of("transfer-encoding: chunked\r\n") + "0000000000000003\r\nabc\r\n0\r\n\r\n", "abc"),
        ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), ""),
        ("HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n".to_owned(), ""),
    ] {
        let Whole { answer, reusable, .. } = whole(&text);
        assert_eq!(answer.body, body.as_bytes(), "{text}");
        assert!(reusable, "{text}");
    }
}

/// Rows: INT-13
#[test]
fn without_a_length_the_end_of_the_connection_is_the_end_of_the_body() {
    let text = of("") + "abc";
    assert!(read(&[text.as_bytes()], false).unwrap().is_none());
    let (whole, _) = read(&[text.as_bytes()], true).unwrap().unwrap();
    assert_eq!((whole.answer.body.as_slice(), whole.reusable), (&b"abc"[..], false));
}

/// Rows: INT-13
#[test]
fn an_answer_that_is_cut_is_none() {
    for text in [
        "".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n".to_owned(),
        "HTTP/1.1 100 Continue\r\n\r\n".to_owned(),
        of("content-length: 3\r\n") + "ab",
        of("transfer-encoding: chunked\r\n") + "3\r\nab",
        of("transfer-encoding: chunked\r\n") + "3\r\nabc\r\n",
        of("transfer-encoding: chunked\r\n") + "3\r\nabc\r\n0\r\n",
    ] {
        assert!(read(&[text.as_bytes()], true).unwrap().is_none(), "{text:?}");
    }
}

/// Rows: INT-13
#[test]
fn what_comes_before_the_answer_is_none_and_has_a_bound() {
    let answer = of("content-length: 3\r\n") + "abc";
    let interim = "HTTP/1.1 103 Early Hints\r\nlink: <x>\r\ncontent-length: 99\r\n\r\n";
    assert_eq!(whole(&(interim.repeat(MAX_INTERIM) + &answer)).answer.body, b"abc");
    assert_eq!(refused(&interim.repeat(MAX_INTERIM + 1)), ReadError::Head);
    assert_eq!(refused("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n"), ReadError::Head);
}

/// Rows: INT-13
#[test]
fn ambiguous_framing_is_refused() {
    for fields in [
        "content-length: 3\r\ncontent-length: 4\r\n",
        "content-length: 3, 3\r\n",
        "content-length: +3\r\n",
        "content-length: -3\r\n",
        "content-length: \r\n",
        "content-length: 99999999999999999999\r\n",
        "content-length: 3\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: identity\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
    ] {
        assert_eq!(refused(&(of(fields) + "abc")), ReadError::Framing, "{fields}");
    }
}

/// Rows: INT-13
#[test]
fn malformed_chunks_are_refused() {
    for body in [
        "x\r\n",
        "\r\n",
        "-1\r\n",
        "0x3\r\nabc\r\n",
        "3\nabc\r\n",
        "3\r\nabcd\r\n",
        "3\r\nabc\n",
        "3 x\r\nabc\r\n",
        "3;\x01\r\nabc\r\n",
        "3;\r\r\nabc\r\n",
        "00000000000000003\r\nabc\r\n",
        "0\r\nno colon\r\n\r\n",
        "0\r\n: x\r\n\r\n",
        "0\r\na b: x\r\n\r\n",
    ] {
        let text = of("transfer-encoding: chunked\r\n") + body;
        assert_eq!(refused(&text), ReadError::Chunk, "{body:?}");
    }
}

#[test]
fn malformed_heads_are_refused() {
    for text in [
        "HTTP/2 200 OK\r\n\r\n".to_owned(),
        "HTTP/1.1 99999 OK\r\n\r\n".to_owned(),
        "HTTP/1.1 099 OK\r\n\r\n".to_owned(),
        "ICY 200 OK\r\n\r\n".to_owned(),
        "\r\n\r\n".to_owned(),
        of("a b: c\r\n"),
        of("name : c\r\n"),
        of("a: b\r\n folded\r\n"),
        of("a: b\0c\r\n"),
        of(&"a: b\r\n".repeat(MAX_FIELDS + 1)),
    ] {
        assert_eq!(refused(&text), ReadError::Head, "{text:?}");
    }
}

/// Rows: INT-13
#[test]
fn heads_bodies_lines_and_trailers_have_bounds() {
    let long = "x".repeat(MAX_HEAD);
    assert_eq!(refused(&of(&format!("a: {long}\r\n"))), ReadError::Head);
    assert_eq!(refused(&format!("HTTP/1.1 200 OK\r\na: {long}")), ReadError::Head);
    let body = "x".repeat(LIMIT);
    let stated = |extra: &str| {
        let body = format!("{body}{extra}");
        of(&format!("content-length: {}\r\n", body.len())) + &body
    };
    let chunked = |extra: &str| {
        let size = LIMIT + extra.len();
        of("transfer-encoding: chunked\r\n") + &format!("{size:x}\r\n{body}{extra}\r\n0\r\n\r\n")
    };
    for text in [stated(""), chunked("")] {
        assert_eq!(whole(&text).answer.body.len(), LIMIT);
    }
    for text in [stated("x"), chunked("x"), of("") + &body + "x"] {
        assert_eq!(refused(&text), ReadError::TooLong);
    }
    assert_eq!(refused(&of("content-length: 65\r\n")), ReadError::TooLong, "known before it comes");
    let line = "x".repeat(4 * 1024);
    let text = of("transfer-encoding: chunked\r\n") + &format!("1;{line}");
    assert_eq!(refused(&text), ReadError::Chunk);
    let trailers = format!("a: {}\r\n", "x".repeat(4000)).repeat(5);
    let text = of("transfer-encoding: chunked\r\n") + "0\r\n" + &trailers;
    assert_eq!(refused(&text), ReadError::Chunk);
}

/// Rows: INT-15
#[test]
fn a_compressed_answer_is_refused_before_its_length_is_looked_at() {
    for coding in ["gzip", "br", "identity, gzip", "x"] {
        let text = of(&format!("content-encoding: {coding}\r\ncontent-length: 9999\r\n"));
        assert_eq!(refused(&text), ReadError::Encoded, "{coding}");
    }
    let twice = of("content-encoding: gzip\r\ncontent-encoding: identity\r\n");
    assert_eq!(refused(&twice), ReadError::Encoded);
    assert_eq!(whole(&of("content-encoding: Identity\r\ncontent-length: 0\r\n")).answer.body, b"");
}

#[test]
fn the_server_says_whether_and_how_long_its_connection_goes_on() {
    let length = "content-length: 0\r\n";
    for (text, reusable) in [
        (of(length), true),
        (of(&format!("{length}Connection: Close\r\n")), false),
        (of(&format!("{length}connection: x, close\r\n")), false),
        (format!("HTTP/1.0 200 OK\r\n{length}\r\n"), false),
        (format!("HTTP/1.0 200 OK\r\n{length}connection: Keep-Alive\r\n\r\n"), true),
    ] {
        assert_eq!(whole(&text).reusable, reusable, "{text}");
    }
    let kept = |field: &str| whole(&of(&format!("{length}{field}\r\n"))).keep_alive;
    assert_eq!(kept("keep-alive: timeout=5, max=100"), Some(Duration::from_secs(5)));
    assert_eq!(kept("Keep-Alive: max=100,Timeout=7"), Some(Duration::from_secs(7)));
    for other in ["keep-alive: max=9", "keep-alive: timeout=x", "x: timeout=5"] {
        assert_eq!(kept(other), None, "{other}");
    }
}

#[test]
fn what_is_looked_at_comes_with_the_answer_in_all_its_lines() {
    let answer = whole(&of(
        "Content-Type: application/jwt\r\nCACHE-CONTROL: private\r\ncache-control: max-age=9\r\n\
         server: x\r\ncontent-length: 0\r\n",
    ))
    .answer;
    assert_eq!(answer.headers.get("content-type").unwrap(), "application/jwt");
    let cache: Vec<_> = answer.headers.get_all("cache-control").iter().collect();
    assert_eq!(cache, ["private", "max-age=9"]);
    assert_eq!(answer.headers.len(), 3);
}

#[test]
fn what_follows_an_answer_is_left_where_it_is() {
    let text = of("content-length: 3\r\n") + "abcHTTP/1.1";
    let (whole, rest) = read(&[text.as_bytes()], false).unwrap().unwrap();
    assert_eq!((whole.answer.body.as_slice(), rest.as_slice()), (&b"abc"[..], &b"HTTP/1.1"[..]));
}

fn answers() -> impl Strategy<Value = String> {
    let framed = prop_oneof![
        Just(of("content-length: 12\r\nkeep-alive: timeout=3\r\n") + "hello, world"),
        Just(
            of("transfer-encoding: chunked\r\n")
                + "5;a=b\r\nhello\r\n7\r\n, world\r\n0\r\nt: x\r\n\r\n"
        ),
        Just("HTTP/1.0 200 OK\n\nhello, world".to_owned()),
    ];
    (0usize..3, framed)
        .prop_map(|(interim, answer)| "HTTP/1.1 100 Continue\r\n\r\n".repeat(interim) + &answer)
}

proptest! {
    /// Rows: INT-13
    #[test]
    fn how_the_bytes_are_cut_makes_no_difference(
        text in answers(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len())).collect();
        cuts.sort_unstable();
        let mut parts = Vec::new();
        let mut begin = 0;
        for cut in cuts.into_iter().chain([text.len()]) {
            parts.push(&text.as_bytes()[begin..cut]);
            begin = cut;
        }
        let (whole, rest) = read(&parts, true).unwrap().unwrap();
        prop_assert_eq!(whole.answer.body, b"hello, world");
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn no_bytes_make_it_panic_or_keep_more_than_its_limit(
        head in prop_oneof![
            Just(String::new()),
            Just(of("transfer-encoding: chunked\r\n")),
            Just(of("")),
            Just(of("content-length: 40\r\n")),
        ],
        parts in prop::collection::vec(prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            "[0-9a-f]{1,2}\r\n".prop_map(String::into_bytes),
            Just(b"\r\n".to_vec()),
        ], 0..12),
    ) {
        let mut reader = Reader::new(LIMIT);
        let mut input = ReadBuffer::default();
        input.push(head.as_bytes());
        for part in parts {
            input.push(&part);
            if !matches!(reader.read(&mut input), Ok(false)) {
                break;
            }
            prop_assert!(reader.body.len() <= LIMIT);
        }
    }
}
