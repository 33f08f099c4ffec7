//! Version 1: one line of text.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use super::{Error, Parsed, canonical};

/// What every line begins with.
pub(super) const SIGNATURE: &[u8] = b"PROXY ";

/// Bytes of the longest line, its end included (proxy-protocol.txt, 2.1).
const LINE_MAX: usize = 107;

/// The shortest line there is. Version 2 has no shorter header either.
const SHORTEST: usize = b"PROXY UNKNOWN\r\n".len();

/// Reads a line at the start of `bytes`, which begin like one.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, Error> {
    let window = bytes.get(..LINE_MAX).unwrap_or(bytes);
    let Some(end) = memchr::memchr(b'\n', window) else { return partial(bytes) };
    let line = window.get(..end).and_then(|line| line.strip_suffix(b"\r"));
    let line = line.ok_or(Error::Line("its end is not CR LF"))?;
    let (source, destination) = addresses(line)?;
    Ok(Parsed::Complete { source, destination, len: end + 1 })
}

fn partial(bytes: &[u8]) -> Result<Parsed, Error> {
    if bytes.len() >= LINE_MAX {
        return Err(Error::Line("it is longer than 107 bytes"));
    }
    let end = if bytes.ends_with(b"\r") { 1 } else { 2 };
    let need = SHORTEST.saturating_sub(bytes.len()).max(end).min(LINE_MAX - bytes.len());
    Ok(Parsed::Partial { need })
}

type Addresses = (Option<SocketAddr>, Option<SocketAddr>);

fn addresses(line: &[u8]) -> Result<Addresses, Error> {
    let line = std::str::from_utf8(line).map_err(|_| Error::Line("it is not ASCII"))?;
    let mut words = line.split(' ').skip(1);
    match words.next() {
        Some("TCP4") => pair::<Ipv4Addr>(words),
        Some("TCP6") => pair::<Ipv6Addr>(words),
        // Whatever follows is to be ignored.
        Some("UNKNOWN") => Ok((None, None)),
        _ => Err(Error::Line("its protocol is none of TCP4, TCP6 and UNKNOWN")),
    }
}

fn pair<'a, A: FromStr + Into<IpAddr>>(
    mut words: impl Iterator<Item = &'a str>,
) -> Result<Addresses, Error> {
    let mut word = || words.next().ok_or(Error::Line("it ends too early"));
    let (source, destination) = (address::<A>(word()?)?, address::<A>(word()?)?);
    let (source_port, destination_port) = (port(word()?)?, port(word()?)?);
    if words.next().is_some() {
        return Err(Error::Line("something follows its ports"));
    }
    Ok((
        Some(canonical(SocketAddr::new(source, source_port))),
        Some(canonical(SocketAddr::new(destination, destination_port))),
    ))
}

fn address<A: FromStr + Into<IpAddr>>(word: &str) -> Result<IpAddr, Error> {
    word.parse::<A>().map(Into::into).map_err(|_| Error::Line("an address is malformed"))
}

fn port(word: &str) -> Result<u16, Error> {
    let digits = word.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = word.len() > 1 && word.starts_with('0');
    let port = word.parse().ok().filter(|_| digits && !leading_zero);
    port.ok_or(Error::Line("a port is malformed"))
}
