//! Version 2: binary, with extensions (TLVs).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Error, LEN_MAX, Parsed, canonical};

/// What every header begins with: no method of HTTP, and no record of TLS.
pub(super) const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Bytes before the addresses: signature, version and command, family, length.
const FIXED: usize = 16;

/// Type of the extension that carries a checksum (proxy-protocol.txt, 2.2.3).
const TYPE_CRC32C: u8 = 0x03;

type Addresses = (Option<SocketAddr>, Option<SocketAddr>);

/// What the family byte says the addresses are.
enum Family {
    /// Unknown to the sender.
    Unspecified,
    /// Known and of `len` bytes, but not those of a TCP client.
    Other {
        len: usize,
    },
    Tcp4,
    Tcp6,
}

/// Reads a header at the start of `bytes`, which begin like one.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, Error> {
    let Some(fixed) = bytes.first_chunk::<FIXED>() else {
        // Fifteen bytes make the shortest line of version 1, and an empty buffer could yet be one.
        let least = if bytes.is_empty() { FIXED - 1 } else { FIXED };
        return Ok(Parsed::Partial { need: least - bytes.len() });
    };
    let &[.., version_and_command, family, high, low] = fixed;
    let local = command(version_and_command)?;
    let len = FIXED + usize::from(u16::from_be_bytes([high, low]));
    if len > LEN_MAX {
        return Err(Error::TooLong(len));
    }
    let Some(header) = bytes.get(..len) else {
        return Ok(Parsed::Partial { need: len - bytes.len() });
    };
    // A sender that speaks for itself may write anything into the rest.
    let (source, destination) = if local { (None, None) } else { addresses(header, family)? };
    Ok(Parsed::Complete { source, destination, len })
}

/// Whether the sender speaks for itself.
fn command(byte: u8) -> Result<bool, Error> {
    match (byte >> 4, byte & 0x0f) {
        (2, 0) => Ok(true),
        (2, 1) => Ok(false),
        (2, _) => Err(Error::Binary("its command is neither LOCAL nor PROXY")),
        _ => Err(Error::Binary("its version is not 2")),
    }
}

fn addresses(header: &[u8], family: u8) -> Result<Addresses, Error> {
    let family = Family::of(family)?;
    let len = match family {
        // There is no telling where extensions would begin.
        Family::Unspecified => return Ok((None, None)),
        Family::Other { len } => len,
        Family::Tcp4 => 12,
        Family::Tcp6 => 36,
    };
    let (addresses, extensions) = header
        .get(FIXED..)
        .and_then(|rest| rest.split_at_checked(len))
        .ok_or(Error::Binary("it is shorter than its addresses"))?;
    check_extensions(header, extensions)?;
    match family {
        Family::Tcp4 => pair::<4>(addresses, |octets| Ipv4Addr::from(octets).into()),
        Family::Tcp6 => pair::<16>(addresses, |octets| Ipv6Addr::from(octets).into()),
        Family::Unspecified | Family::Other { .. } => Ok((None, None)),
    }
}

impl Family {
    fn of(byte: u8) -> Result<Self, Error> {
        match (byte >> 4, byte & 0x0f) {
            (4.., _) => Err(Error::Binary("its address family is unknown")),
            (_, 3..) => Err(Error::Binary("its transport is unknown")),
            (0, _) | (_, 0) => Ok(Self::Unspecified),
            (1, 1) => Ok(Self::Tcp4),
            (2, 1) => Ok(Self::Tcp6),
            (1, _) => Ok(Self::Other { len: 12 }),
            (2, _) => Ok(Self::Other { len: 36 }),
            _ => Ok(Self::Other { len: 216 }),
        }
    }
}

fn pair<const N: usize>(bytes: &[u8], ip: fn([u8; N]) -> IpAddr) -> Result<Addresses, Error> {
    let split = || {
        let (source, rest) = bytes.split_first_chunk::<N>()?;
        let (destination, rest) = rest.split_first_chunk::<N>()?;
        let (source_port, rest) = rest.split_first_chunk::<2>()?;
        let (destination_port, _) = rest.split_first_chunk::<2>()?;
        let socket = |octets: &[u8; N], port: &[u8; 2]| {
            canonical(SocketAddr::new(ip(*octets), u16::from_be_bytes(*port)))
        };
        Some((Some(socket(source, source_port)), Some(socket(destination, destination_port))))
    };
    split().ok_or(Error::Binary("it is shorter than its addresses"))
}

/// Walks the extensions, so that none reaches past the header, and verifies a checksum among them.
fn check_extensions(header: &[u8], mut extensions: &[u8]) -> Result<(), Error> {
    let mut seen = false;
    while let Some((kind, value, rest)) = extension(extensions)? {
        if kind == TYPE_CRC32C {
            let sent = <[u8; 4]>::try_from(value).ok().filter(|_| !seen);
            let sent = sent.ok_or(Error::Binary("its checksum is malformed or there are two"))?;
            let at = header.len() - rest.len() - sent.len();
            if u32::from_be_bytes(sent) != crc32c_without(header, at) {
                return Err(Error::Checksum);
            }
            seen = true;
        }
        extensions = rest;
    }
    Ok(())
}

type Extension<'a> = (u8, &'a [u8], &'a [u8]);

fn extension(bytes: &[u8]) -> Result<Option<Extension<'_>>, Error> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let split = || {
        let (&[kind, high, low], rest) = bytes.split_first_chunk()?;
        let len = usize::from(u16::from_be_bytes([high, low]));
        let (value, rest) = rest.split_at_checked(len)?;
        Some((kind, value, rest))
    };
    split().map(Some).ok_or(Error::Binary("an extension reaches past its end"))
}

/// CRC-32C (RFC 9260, appendix A) of a header, with zeros for the four bytes at `at`, where it carries the checksum itself.
fn crc32c_without(header: &[u8], at: usize) -> u32 {
    let mut crc = u32::MAX;
    for (index, &byte) in header.iter().enumerate() {
        let byte = if (at..at + 4).contains(&index) { 0 } else { byte };
        crc ^= u32::from(byte);
        for _ in 0..8 {
            let polynomial = if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
            crc = (crc >> 1) ^ polynomial;
        }
    }
    !crc
}
