//! HTTP/2 by hand (RFC 9113): arbitrary frames out, and what became of a stream.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::connect;
use crate::wait::{DEADLINE, within};

/// A connection that writes whatever frames a test wants.
pub struct H2 {
    stream: TcpStream,
}

/// A frame (RFC 9113, 4.1).
#[derive(Debug, Clone)]
pub struct Frame {
    /// Type: 0 DATA, 1 HEADERS, 3 RST_STREAM, 4 SETTINGS, 6 PING, 7 GOAWAY, 8 WINDOW_UPDATE, 9 CONTINUATION.
    pub kind: u8,
    /// Flags.
    pub flags: u8,
    /// Stream; 0 is the connection.
    pub stream: u32,
    /// Payload.
    pub payload: Vec<u8>,
}

/// What became of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A response of this status.
    Status(u16),
    /// RST_STREAM with this code.
    Reset(u32),
    /// GOAWAY with this code other than NO_ERROR.
    GoAway(u32),
    /// The connection ended without a word.
    Closed,
}

impl H2 {
    /// Connects, sends the preface and empty SETTINGS, and acknowledges the server's.
    pub async fn connect(addr: SocketAddr) -> Self {
        let mut h2 = Self::bare(addr).await;
        h2.bytes(PREFACE).await;
        h2.frame(SETTINGS, 0, 0, &[]).await;
        h2.frame(SETTINGS, ACK, 0, &[]).await;
        h2
    }

    /// Connects and sends nothing.
    pub async fn bare(addr: SocketAddr) -> Self {
        Self { stream: connect(addr).await }
    }

    /// Sends bytes. An error is not one: the other side may have hung up already.
    pub async fn bytes(&mut self, bytes: &[u8]) {
        // Half a second without progress is a peer that has stopped to read: what it sent tells the rest.
        let _ = tokio::time::timeout(DEADLINE / 20, self.stream.write_all(bytes)).await;
    }

    /// Sends a frame.
    pub async fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.bytes(&frame(kind, flags, stream, payload)).await;
    }

    /// Sends a HEADERS frame with a whole block of literal fields, in this order.
    pub async fn headers(&mut self, stream: u32, fields: &[(&str, &str)], end_stream: bool) {
        let flags = END_HEADERS | if end_stream { END_STREAM } else { 0 };
        self.frame(HEADERS, flags, stream, &block(fields)).await;
    }

    /// Sends a DATA frame.
    pub async fn data(&mut self, stream: u32, data: &[u8], end_stream: bool) {
        self.frame(DATA, if end_stream { END_STREAM } else { 0 }, stream, data).await;
    }

    /// The next frame; none at the end of the connection.
    pub async fn next(&mut self) -> Option<Frame> {
        within("a frame", async {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).await.ok()?;
            let [a, b, c, kind, flags, stream @ ..] = head;
            let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            self.stream.read_exact(&mut payload).await.ok()?;
            Some(Frame { kind, flags, stream: u32::from_be_bytes(stream) & !(1 << 31), payload })
        })
        .await
    }

    /// Everything up to the end of the connection, frames or not.
    pub async fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A reset ends the connection as a close does.
        let _ = within("the end of the connection", self.stream.read_to_end(&mut bytes)).await;
        bytes
    }

    /// Reads until it is clear what became of a stream.
    pub async fn outcome(&mut self, stream: u32) -> Outcome {
        while let Some(frame) = self.next().await {
            match frame.kind {
                HEADERS if frame.stream == stream => {
                    return Outcome::Status(status(&frame.payload).unwrap_or(0));
                }
                RST_STREAM if frame.stream == stream => return Outcome::Reset(code(&frame, 0)),
                GOAWAY if code(&frame, 4) != 0 => return Outcome::GoAway(code(&frame, 4)),
                _ => {}
            }
        }
        Outcome::Closed
    }

    /// Reads until a PING is answered; false where the connection ends before.
    pub async fn answers_ping(&mut self) -> bool {
        while let Some(frame) = self.next().await {
            match frame.kind {
                PING if frame.flags & ACK != 0 => return true,
                GOAWAY => return false,
                _ => {}
            }
        }
        false
    }

    /// Reads until the connection fails: GOAWAY with an error, or the end.
    pub async fn connection_outcome(&mut self) -> Outcome {
        // No frame is of this stream, so only the end of the connection ends the loop.
        self.outcome(u32::MAX).await
    }
}

/// A frame in bytes.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A header block of literal fields without indexing and without Huffman coding (RFC 7541, 6.2.2).
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        string(&mut bytes, name.as_bytes());
        string(&mut bytes, value.as_bytes());
    }
    bytes
}

/// The four pseudo fields of a good `GET`.
pub const GET: [(&str, &str); 4] =
    [(":method", "GET"), (":scheme", "http"), (":authority", "app.test"), (":path", "/")];

/// What a client's connection begins with.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Frame type.
pub const DATA: u8 = 0;
/// Frame type.
pub const HEADERS: u8 = 1;
/// Frame type.
pub const RST_STREAM: u8 = 3;
/// Frame type.
pub const SETTINGS: u8 = 4;
/// Frame type.
pub const PING: u8 = 6;
/// Frame type.
pub const GOAWAY: u8 = 7;
/// Frame type.
pub const WINDOW_UPDATE: u8 = 8;
/// Frame type.
pub const CONTINUATION: u8 = 9;
/// Flag of DATA and HEADERS.
pub const END_STREAM: u8 = 1;
/// Flag of SETTINGS and PING.
pub const ACK: u8 = 1;
/// Flag of HEADERS and CONTINUATION.
pub const END_HEADERS: u8 = 4;

fn string(bytes: &mut Vec<u8>, text: &[u8]) {
    integer(bytes, text.len(), 7);
    bytes.extend(text);
}

/// An integer with a prefix of `bits` bits, the others zero (RFC 7541, 5.1).
fn integer(bytes: &mut Vec<u8>, value: usize, bits: u8) {
    let most = (1 << bits) - 1;
    if value < most {
        bytes.push(value as u8);
        return;
    }
    bytes.push(most as u8);
    let mut rest = value - most;
    while rest >= 128 {
        bytes.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    bytes.push(rest as u8);
}

/// The `:status` of a response block: its first field, for it is the only pseudo field of a response.
fn status(block: &[u8]) -> Option<u16> {
    let block = skip_size_updates(block);
    // Static table, entries 8 to 14.
    const INDEXED: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
    match *block.first()? {
        first @ 0x88..=0x8e => INDEXED.get(usize::from(first - 0x88)).copied(),
        0x48 | 0x08 | 0x18 => digits(block.get(1..)?),
        _ => None,
    }
}

fn skip_size_updates(mut block: &[u8]) -> &[u8] {
    while let [0x20..=0x3f, rest @ ..] = block {
        let long = block[0] == 0x3f;
        block = rest;
        if long {
            let end =
                block.iter().position(|byte| byte & 128 == 0).map_or(block.len(), |at| at + 1);
            block = &block[end..];
        }
    }
    block
}

/// Three digits, plain or in the Huffman code of RFC 7541, appendix B: `0` to `2` are 00000 to 00010 in five bits, `3` to
/// `9` are 011001 to 011111 in six.
fn digits(text: &[u8]) -> Option<u16> {
    let length = usize::from(text.first()? & 127);
    let bytes = text.get(1..=length)?;
    if text[0] & 128 == 0 {
        return std::str::from_utf8(bytes).ok()?.parse().ok();
    }
    let bits: Vec<u8> =
        bytes.iter().flat_map(|b| (0..8).rev().map(move |at| b >> at & 1)).collect();
    let number = |bits: &[u8]| bits.iter().fold(0, |n, bit| n * 2 + u16::from(*bit));
    let (mut at, mut value) = (0, 0);
    for _ in 0..3 {
        let five = number(bits.get(at..at + 5)?);
        let (digit, width) =
            if five <= 2 { (five, 5) } else { (number(bits.get(at..at + 6)?).checked_sub(22)?, 6) };
        value = value * 10 + digit;
        at += width;
    }
    Some(value)
}

fn code(frame: &Frame, at: usize) -> u32 {
    let bytes = frame.payload.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_read_in_every_coding() {
        assert_eq!(status(&[0x88]), Some(200));
        assert_eq!(status(&[0x8c]), Some(400));
        assert_eq!(status(b"\x48\x03413"), Some(413));
        // RFC 7541, C.6.1: 302 in Huffman code.
        assert_eq!(status(&[0x48, 0x82, 0x64, 0x02]), Some(302));
        assert_eq!(status(&[0x3f, 0xe1, 0x1f, 0x8d]), Some(404));
    }

    #[test]
    fn long_strings_have_long_lengths() {
        let block = block(&[("a", &"x".repeat(300))]);
        // RFC 7541, 5.1: 300 = 127 + 173, and 173 = 45 + 128 * 1.
        assert_eq!(block[..6], [0, 1, b'a', 127, 0xad, 1]);
    }
}
