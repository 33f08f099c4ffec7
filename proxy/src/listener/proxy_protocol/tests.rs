use std::time::Duration;

use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

const SIGNATURE: &[u8] = v2::SIGNATURE;

fn complete(bytes: &[u8]) -> (Option<String>, Option<String>, usize) {
    match parse(bytes) {
        Ok(Parsed::Complete { source, destination, len }) => {
            (source.map(|a| a.to_string()), destination.map(|a| a.to_string()), len)
        }
        other => panic!("{other:?}"),
    }
}

fn binary(command: u8, family: u8, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[command, family], &len, payload].concat()
}

const TCP4: &[u8] = &[192, 0, 2, 1, 198, 51, 100, 1, 0xc0, 0x00, 0x01, 0xbb];

fn tcp4_with(extensions: &[u8]) -> Vec<u8> {
    binary(0x21, 0x11, &[TCP4, extensions].concat())
}

#[test]
fn lines_of_version_1() {
    for (line, source) in [
        ("PROXY TCP4 192.0.2.1 198.51.100.1 49152 443\r\n", Some("192.0.2.1:49152")),
        ("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n", Some("[2001:db8::1]:1")),
        ("PROXY TCP6 ::ffff:192.0.2.1 ::1 0 443\r\n", Some("192.0.2.1:0")),
        ("PROXY UNKNOWN\r\n", None),
        ("PROXY UNKNOWN ffff:f whatever 1\r\n", None),
    ] {
        let bytes = format!("{line}GET / HTTP/1.1\r\n");
        let (found, _, len) = complete(bytes.as_bytes());
        assert_eq!((found.as_deref(), len), (source, line.len()), "{line}");
    }
}

#[test]
fn malformed_lines_of_version_1() {
    for line in [
        "PROXY TCP4 192.0.2.1 198.51.100.1 49152 443\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 49152\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 49152 443 1\r\n",
        "PROXY TCP4  192.0.2.1 198.51.100.1 49152 443\r\n",
        "PROXY TCP4 192.0.2.01 198.51.100.1 49152 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 049152 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 +1 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
        "PROXY TCP6 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY tcp4 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY \r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 1 \u{e9}\r\n",
    ] {
        assert!(matches!(parse(line.as_bytes()), Err(Error::Line(_))), "{line:?}");
    }
    let endless = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 93]].concat();
    assert_eq!(endless.len(), 107);
    assert!(matches!(parse(&endless[..106]), Ok(Parsed::Partial { need: 1 })));
    assert!(matches!(parse(&endless), Err(Error::Line(_))));
}

#[test]
fn what_is_no_header_is_an_error_at_its_first_wrong_byte() {
    for bytes in [&b"G"[..], b"\x16\x03\x01", b"PROXZ", b"\r\n\r\n\0\r\nQUIT\r", b"PRI * HTTP/2.0"]
    {
        assert_eq!(parse(bytes), Err(Error::Signature));
    }
}

#[test]
fn addresses_of_version_2() {
    let tcp6 = {
        let (a, b) = ("2001:db8::1", "2001:db8::2");
        let octets = |text: &str| text.parse::<std::net::Ipv6Addr>().unwrap().octets();
        [&octets(a)[..], &octets(b), &[0, 80, 1, 187]].concat()
    };
    for (header, source, destination) in [
        (tcp4_with(&[]), Some("192.0.2.1:49152"), Some("198.51.100.1:443")),
        (binary(0x21, 0x21, &tcp6), Some("[2001:db8::1]:80"), Some("[2001:db8::2]:443")),
        // LOCAL: the rest is not looked at.
        (binary(0x20, 0x11, &[1]), None, None),
        (binary(0x20, 0xff, &[]), None, None),
        // Unspecified, datagrams and local sockets: not the addresses of a TCP client.
        (binary(0x21, 0x00, &[9; 7]), None, None),
        (binary(0x21, 0x12, TCP4), None, None),
        (binary(0x21, 0x31, &[0; 216]), None, None),
    ] {
        let bytes = [&header[..], b"GET / HTTP/1.1\r\n"].concat();
        let (found, to, len) = complete(&bytes);
        assert_eq!((found.as_deref(), to.as_deref()), (source, destination));
        assert_eq!(len, header.len());
    }
}

#[test]
fn malformed_headers_of_version_2() {
    for header in [
        binary(0x11, 0x11, TCP4),
        binary(0x22, 0x11, TCP4),
        binary(0x21, 0x41, TCP4),
        binary(0x21, 0x13, TCP4),
        binary(0x21, 0x11, &TCP4[..11]),
        binary(0x21, 0x21, TCP4),
        binary(0x21, 0x31, TCP4),
        tcp4_with(&[4, 0]),
        tcp4_with(&[4, 0, 2, 0]),
        tcp4_with(&[3, 0, 3, 0, 0, 0]),
    ] {
        assert!(matches!(parse(&header), Err(Error::Binary(_))), "{header:?}");
    }
    assert_eq!(parse(&binary(0x21, 0x11, &[0; 5000])), Err(Error::TooLong(5016)));
}

#[test]
fn a_checksum_is_verified() {
    let good = tcp4_with(&[0x01, 0, 1, b'h', 3, 0, 4, 0, 0, 0, 0, 0x04, 0, 0]);
    let at = good.len() - 7;
    let crc = reference_crc32c(&good).to_be_bytes();
    let mut good = good;
    good[at..at + 4].copy_from_slice(&crc);
    assert_eq!(complete(&good).0.as_deref(), Some("192.0.2.1:49152"));
    let mut bad = good.clone();
    bad[16] ^= 1;
    assert_eq!(parse(&bad), Err(Error::Checksum));
    let twice = tcp4_with(&[&good[32..39], &good[32..39]].concat());
    assert!(parse(&twice).is_err());
}

/// Over the whole input, by division of polynomials bit by bit, most significant bit first.
fn reference_crc32c(bytes: &[u8]) -> u32 {
    let bits = bytes.iter().flat_map(|byte| (0..8).map(move |n| u32::from(byte >> n) & 1));
    let mut register = u32::MAX;
    for bit in bits {
        let out = (register >> 31) ^ bit;
        register = (register << 1) ^ if out == 1 { 0x1edc_6f41 } else { 0 };
    }
    !register.reverse_bits()
}

#[test]
fn the_reference_checksum_is_crc32c() {
    // The check value of the catalogue of parametrised CRC algorithms.
    assert_eq!(reference_crc32c(b"123456789"), 0xe306_9283);
}

proptest! {
    #[test]
    fn any_bytes_are_handled(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check_invariants(&bytes)?;
    }

    #[test]
    fn any_header_of_version_2_is_handled(
        command in prop_oneof![Just(0x20u8), Just(0x21), any::<u8>()],
        family in prop_oneof![Just(0x11u8), Just(0x21), Just(0x31), any::<u8>()],
        payload in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        check_invariants(&binary(command, family, &payload))?;
    }

    #[test]
    fn any_line_is_handled(rest in "(TCP4|TCP6|UNKNOWN)?[ 0-9a-f.:]{0,120}(\r\n|\n|)") {
        check_invariants(format!("PROXY {rest}").as_bytes())?;
    }

    #[test]
    fn addresses_survive_the_line(source: std::net::SocketAddrV4, destination: std::net::SocketAddrV4) {
        let line = format!(
            "PROXY TCP4 {} {} {} {}\r\n",
            source.ip(), destination.ip(), source.port(), destination.port()
        );
        prop_assert_eq!(parse(line.as_bytes()), Ok(Parsed::Complete {
            source: Some(source.into()), destination: Some(destination.into()), len: line.len(),
        }));
    }
}

/// Every prefix of a header is the beginning of one, asks for no more than is left, and no less than one byte.
fn check_invariants(bytes: &[u8]) -> Result<(), TestCaseError> {
    let whole = parse(bytes);
    for end in 0..bytes.len() {
        match (parse(&bytes[..end]), whole) {
            (Ok(Parsed::Partial { need }), Ok(Parsed::Complete { len, .. })) => {
                prop_assert!(need >= 1 && end + need <= len);
            }
            (Ok(Parsed::Partial { need }), _) => prop_assert!(need >= 1 && end + need <= LEN_MAX),
            (early, whole) => prop_assert_eq!(early, whole),
        }
    }
    Ok(())
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    client.set_nodelay(true).unwrap();
    (client, listener.accept().await.unwrap().0)
}

fn soon() -> crate::clock::Instant {
    crate::clock::now() + Duration::from_secs(10)
}

#[tokio::test]
async fn what_follows_the_header_stays_in_the_socket() {
    let line = b"PROXY TCP4 192.0.2.1 198.51.100.1 49152 443\r\n".to_vec();
    for header in [line, b"PROXY UNKNOWN\r\n".to_vec(), tcp4_with(&[4, 0, 3, 1, 2, 3])] {
        let (mut client, mut server) = pair().await;
        client.write_all(&[&header[..], b"\x16rest"].concat()).await.unwrap();
        let (expected, _, _) = complete(&header);
        let source = read(&server, soon()).await.unwrap();
        assert_eq!(source.map(|address| address.to_string()), expected);
        let mut rest = [0; 5];
        server.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"\x16rest");
    }
}

#[tokio::test]
async fn a_header_may_come_byte_by_byte() {
    let (mut client, server) = pair().await;
    let reader = tokio::spawn(async move { read(&server, soon()).await });
    for byte in tcp4_with(&[]) {
        client.write_all(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(reader.await.unwrap().unwrap(), Some("192.0.2.1:49152".parse().unwrap()));
}

#[tokio::test]
async fn a_header_that_does_not_end_times_out() {
    let (mut client, server) = pair().await;
    client.write_all(b"PROXY TCP4 ").await.unwrap();
    let error = read(&server, crate::clock::now()).await.unwrap_err();
    assert!(matches!(error, ReadError::Timeout), "{error}");
}

#[tokio::test]
async fn a_peer_that_leaves_or_speaks_otherwise_is_told_apart() {
    let (client, server) = pair().await;
    drop(client);
    assert!(matches!(read(&server, soon()).await, Err(ReadError::Closed)));
    let (mut client, server) = pair().await;
    client.write_all(b"GET").await.unwrap();
    let error = read(&server, soon()).await.unwrap_err();
    assert!(matches!(error, ReadError::Invalid(Error::Signature)), "{error}");
}
