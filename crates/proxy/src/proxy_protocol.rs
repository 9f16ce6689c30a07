//! The PROXY protocol, versions 1 and 2: the client's address, told by a load balancer in front, and
//! whether the client came by TLS.

use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;

const SIGNATURE_V2: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Longest version 1 line, with CRLF.
const MAX_LINE: usize = 107;
/// Longest version 2 address block taken; what follows the addresses is skipped.
const MAX_BLOCK: usize = 4 * 1024;

/// The type of version 2's facts on TLS, and the bit of it that says that there is any.
const TYPE_SSL: u8 = 0x20;
const CLIENT_SSL: u8 = 0x01;

/// The facts that a header tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// `None`: the balancer speaks for itself (a health check).
    pub source: Option<IpAddr>,
    /// Tells whether the client's connection is TLS; `None`: it does not say.
    pub tls: Option<bool>,
}

/// Reads the header at the start of a connection. A connection without a header is refused: anybody
/// could claim to be anybody.
pub async fn read<R: AsyncRead + Unpin>(io: &mut R) -> io::Result<Told> {
    let mut start = [0; 12];
    io.read_exact(&mut start).await?;
    if &start == SIGNATURE_V2 {
        return read_v2(io).await;
    }
    if !start.starts_with(b"PROXY ") {
        return Err(malformed());
    }
    let mut line = start.to_vec();
    while !line.ends_with(b"\r\n") {
        if line.len() >= MAX_LINE {
            return Err(malformed());
        }
        line.push(io.read_u8().await?);
    }
    let source = parse_v1(&line).ok_or_else(malformed)?;
    Ok(Told { source, tls: None })
}

fn parse_v1(line: &[u8]) -> Option<Option<IpAddr>> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix("\r\n")?;
    let mut words = line.split(' ').skip(1);
    let (family, source) = (words.next()?, words.next());
    let destination = words.next();
    match family {
        "TCP4" => {
            destination?.parse::<Ipv4Addr>().ok()?;
            Some(Some(IpAddr::V4(source?.parse().ok()?)))
        }
        "TCP6" => {
            destination?.parse::<Ipv6Addr>().ok()?;
            Some(Some(IpAddr::V6(source?.parse().ok()?).to_canonical()))
        }
        "UNKNOWN" => Some(None),
        _ => None,
    }
}

async fn read_v2<R: AsyncRead + Unpin>(io: &mut R) -> io::Result<Told> {
    let (version_command, family) = (io.read_u8().await?, io.read_u8().await?);
    let length = usize::from(io.read_u16().await?);
    if length > MAX_BLOCK {
        return Err(malformed());
    }
    let mut block = vec![0; length];
    io.read_exact(&mut block).await?;
    // Both addresses and both ports go before what else is told.
    let (source, addresses): (Option<IpAddr>, usize) = match (version_command, family >> 4) {
        (0x20, _) => return Ok(Told::default()),
        (0x21, 1) => (Some(IpAddr::from(octets::<4>(&block)?)), 12),
        (0x21, 2) => (Some(IpAddr::from(octets::<16>(&block)?).to_canonical()), 36),
        (0x21, 3) => (None, 216),
        (0x21, _) => (None, 0),
        _ => return Err(malformed()),
    };
    let rest = block.get(addresses..).unwrap_or_default();
    Ok(Told { source, tls: tells_tls(rest) })
}

fn octets<const N: usize>(block: &[u8]) -> io::Result<[u8; N]> {
    block.first_chunk().copied().ok_or_else(malformed)
}

/// Type, length of two bytes, value, again and again. What is cut short tells nothing.
fn tells_tls(mut rest: &[u8]) -> Option<bool> {
    while let [kind, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (value, next) = after.split_at_checked(length)?;
        if *kind == TYPE_SSL {
            return value.first().map(|client| client & CLIENT_SSL != 0);
        }
        rest = next;
    }
    None
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "no valid PROXY protocol header")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn telling(bytes: &[u8]) -> io::Result<Told> {
        let mut io = bytes;
        read(&mut io).await
    }

    async fn reading(bytes: &[u8]) -> io::Result<Option<IpAddr>> {
        telling(bytes).await.map(|told| told.source)
    }

    #[tokio::test]
    async fn whether_the_client_came_by_tls_is_told_by_version_2() {
        let header = |told: &[u8]| {
            let length = u8::try_from(12 + told.len()).unwrap();
            let mut bytes = SIGNATURE_V2.to_vec();
            bytes.extend([0x21, 0x11, 0, length, 203, 0, 113, 7, 192, 0, 2, 1, 0, 1, 0, 2]);
            bytes.extend(told);
            bytes
        };
        let cases: [(&[u8], Option<bool>); 6] = [
            (b"", None),
            (b"\x20\0\x05\x01\0\0\0\0", Some(true)),
            (b"\x01\0\x02h2\x20\0\x05\x05\0\0\0\0", Some(true)),
            (b"\x20\0\x05\x04\0\0\0\0", Some(false)),
            (b"\x20\0\x09\x01", None),
            (b"\x20\0", None),
        ];
        for (told, expected) in cases {
            let told = telling(&header(told)).await.unwrap();
            assert_eq!((told.source.is_some(), told.tls), (true, expected));
        }
        assert_eq!(telling(b"PROXY UNKNOWN\r\n").await.unwrap(), Told::default());
    }

    #[tokio::test]
    async fn the_address_is_taken_from_either_version() {
        let v1 = reading(b"PROXY TCP4 203.0.113.7 192.0.2.1 5000 443\r\nGET /").await;
        assert_eq!(v1.unwrap(), Some("203.0.113.7".parse().unwrap()));
        let v6 = reading(b"PROXY TCP6 2001:db8::7 2001:db8::1 5000 443\r\n").await;
        assert_eq!(v6.unwrap(), Some("2001:db8::7".parse().unwrap()));
        assert_eq!(reading(b"PROXY UNKNOWN\r\n").await.unwrap(), None);
        let mut v2 = SIGNATURE_V2.to_vec();
        v2.extend([0x21, 0x11, 0, 12, 203, 0, 113, 7, 192, 0, 2, 1, 0, 1, 0, 2]);
        assert_eq!(reading(&v2).await.unwrap(), Some("203.0.113.7".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_connection_without_a_valid_header_is_refused() {
        let mut short = SIGNATURE_V2.to_vec();
        short.extend([0x21, 0x11, 0, 2, 1, 2]);
        let mut huge = SIGNATURE_V2.to_vec();
        huge.extend([0x21, 0x11, 0xff, 0xff]);
        let long = [b"PROXY TCP4 ".to_vec(), vec![b'1'; 200]].concat();
        let cases: [&[u8]; 7] = [
            b"GET / HTTP/1.1\r\n\r\n",
            b"PROXY TCP4 nonsense 192.0.2.1 1 2\r\n",
            b"PROXY TCP4 203.0.113.7\r\n",
            b"PROXY SCTP 1 2 3 4\r\n",
            &short,
            &huge,
            &long,
        ];
        for bytes in cases {
            assert!(reading(bytes).await.is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
