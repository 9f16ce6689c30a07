//! Heads and messages as they arrive: in pieces, back to back, or malformed.

use super::{Head, MAX_HEAD, Message};

const REQUEST: &[u8] =
    b"POST /introspect HTTP/1.1\r\nHost: as\r\ncontent-LENGTH:  5 \r\n\r\ntoken=HEAD";

#[test]
fn a_head_gives_its_target_and_its_fields_whatever_their_case() -> anyhow::Result<()> {
    let head = Head::parse(REQUEST)?.expect("whole");
    assert_eq!(head.target()?, "/introspect");
    assert_eq!(head.field("HOST"), Some("as"));
    assert_eq!(head.field("Hos"), None);
    assert_eq!(head.content_length, 5);
    Ok(())
}

#[test]
fn a_message_is_whole_only_with_its_last_byte() -> anyhow::Result<()> {
    let whole = REQUEST.len() - b"=HEAD".len();
    for cut in 0..whole {
        assert_eq!(Message::parse(&REQUEST[..cut])?, None, "cut at {cut}");
    }
    let message = Message::parse(REQUEST)?.expect("whole");
    assert_eq!((message.body, message.length), (&b"token"[..], whole));
    Ok(())
}

#[test]
fn a_status_line_gives_its_code_with_or_without_a_reason() -> anyhow::Result<()> {
    for (line, status) in [("HTTP/1.1 200 OK", 200), ("HTTP/1.1 503 ", 503)] {
        let answer = format!("{line}\r\nContent-Length: 0\r\n\r\n");
        let head = Head::parse(answer.as_bytes())?.expect("whole");
        assert_eq!(head.status()?, status);
    }
    Ok(())
}

#[test]
fn a_status_line_of_another_protocol_is_refused() -> anyhow::Result<()> {
    for line in ["HTTP/1.0 200 OK", "HTTP/1.1 2", "HTTP/1.1 two", "200"] {
        let answer = format!("{line}\r\n\r\n");
        let head = Head::parse(answer.as_bytes())?.expect("whole");
        assert!(head.status().is_err(), "{line}");
    }
    Ok(())
}

#[test]
fn framing_other_than_by_length_is_refused() {
    for field in ["Transfer-Encoding: chunked", "Content-Length: five", "Content-Length: 5, 5"] {
        let answer = format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\n");
        assert!(Head::parse(answer.as_bytes()).is_err(), "{field}");
    }
}

#[test]
fn a_head_without_an_end_is_refused_at_its_bound() -> anyhow::Result<()> {
    assert_eq!(Head::parse(&vec![b'a'; MAX_HEAD])?, None);
    assert!(Head::parse(&vec![b'a'; MAX_HEAD + 1]).is_err());
    Ok(())
}

#[test]
fn a_length_beyond_all_memory_is_not_added_up() {
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", usize::MAX);
    assert!(Message::parse(answer.as_bytes()).is_err());
}
