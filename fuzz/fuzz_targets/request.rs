//! Request targets and heads: what gets through the normaliser has one meaning, and gets through a
//! second time unchanged. Bodies in chunks: read or refused, without end or panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phantom_proxy::Limits;
use phantom_proxy::head::FieldKind;
use phantom_wire::Framing;
use phantom_proxy::head::RequestHead;
use phantom_proxy::trailers::decoder;
use phantom_wire::Piece;
use phantom_wire::ReadBuffer;
use phantom_proxy::http1::request;
use phantom_proxy::response;
use phantom_proxy::normalize::normalize;

fuzz_target!(|data: &[u8]| {
    let limits = Limits::default();
    let mut head = RequestHead::default();
    let whole = [b"GET ", data, b" HTTP/1.1\r\nHost: h\r\n\r\n"].concat();
    let fields = [b"POST /api HTTP/1.1\r\nHost: h\r\n", data, b"\r\n\r\n"].concat();
    for bytes in [data, &whole, &fields] {
        let Ok(Some(length)) = request::parse(bytes, &mut head, &limits) else { continue };
        assert!(length <= bytes.len() && bytes[..length].ends_with(b"\r\n\r\n"));
        assert!(head.path().starts_with('/'));
        let lower = head.path().to_ascii_lowercase();
        for ambiguous in ["/../", "/./", "//", "%2f", "%2e", "%5c", "%00", "\\", ";"] {
            assert!(!lower.contains(ambiguous), "{lower}");
        }
        assert!(!lower.ends_with("/..") && !lower.ends_with("/."));
        let both = head.values(FieldKind::ContentLength).count() + head.values(FieldKind::TransferEncoding).count();
        assert!(both <= 1);
        let before = (head.framing, head.keep_alive, head.authority().to_owned());
        assert_eq!(normalize(&mut head), Ok(()));
        assert_eq!(before, (head.framing, head.keep_alive, head.authority().to_owned()));
    }
    let _ = response::parse(data, &mut response::ResponseHead::default(), false, &limits);
    let mut buffer = ReadBuffer::default();
    buffer.push(data);
    let mut decoder = decoder(Framing::Chunked);
    while let Ok(Piece::Data(count)) = decoder.next(&mut buffer) {
        assert!(count > 0);
        buffer.consume(count);
        decoder.took(count);
    }
});
