//! The heads of HTTP/2 frames in a stream of bytes (RFC 9113, 4.1), while the bytes pass by on their way to a real codec.
//!
//! Nothing is judged here and nothing is held back: payloads are skipped by their length, but for the four bytes that say which
//! error a RST_STREAM has, how much a WINDOW_UPDATE gives, and how much of DATA is padding. What is no HTTP/2 is read as frames
//! of some sort, which the codec will refuse.

/// DATA.
pub const DATA: u8 = 0;
/// HEADERS.
pub const HEADERS: u8 = 1;
/// RST_STREAM.
pub const RST_STREAM: u8 = 3;
/// SETTINGS.
pub const SETTINGS: u8 = 4;
/// PING.
pub const PING: u8 = 6;
/// WINDOW_UPDATE.
pub const WINDOW_UPDATE: u8 = 8;
/// CONTINUATION.
pub const CONTINUATION: u8 = 9;

/// Flag of DATA and HEADERS: the last of its stream.
pub const END_STREAM: u8 = 0x1;
/// Flag of HEADERS and CONTINUATION: the last of its field block.
pub const END_HEADERS: u8 = 0x4;
/// Flag of DATA and HEADERS: begins with a byte that says how much padding it ends with.
pub const PADDED: u8 = 0x8;

/// What a frame begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Bytes of payload.
    pub length: u32,
    /// Type.
    pub kind: u8,
    /// Flags.
    pub flags: u8,
    /// Stream; 0 is the connection.
    pub stream: u32,
    /// First bytes of the payload; zeros where it is shorter.
    pub first: [u8; FIRST],
}

impl Frame {
    /// Whether it has this flag.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The first bytes as a number: the code of a RST_STREAM, the increment of a WINDOW_UPDATE.
    pub fn number(&self) -> u32 {
        u32::from_be_bytes(self.first)
    }

    /// Bytes of DATA without their padding.
    pub fn data_bytes(&self) -> u32 {
        let padding = if self.has(PADDED) { 1 + u32::from(self.first[0]) } else { 0 };
        self.length.saturating_sub(padding)
    }
}

/// Finds the frames of one direction of a connection.
#[derive(Debug)]
pub struct Frames {
    /// Bytes to be skipped before the next head.
    skip: u32,
    /// The beginning of a frame, as far as it has come.
    head: [u8; HEAD + FIRST],
    have: usize,
}

const HEAD: usize = 9;
const FIRST: usize = 4;

impl Frames {
    /// Frames behind this many bytes of something else: the preface of a client.
    pub fn behind(bytes: u32) -> Self {
        Self { skip: bytes, head: [0; HEAD + FIRST], have: 0 }
    }

    /// Reads what comes next, and tells of each frame whose beginning is whole. Every byte is looked at once at most.
    pub fn feed(&mut self, mut bytes: &[u8], mut seen: impl FnMut(Frame)) {
        while !bytes.is_empty() {
            let skipped = (self.skip as usize).min(bytes.len());
            // No more than `skip`, which fits.
            self.skip -= skipped as u32;
            bytes = bytes.get(skipped..).unwrap_or_default();
            if let Some(frame) = self.begin(&mut bytes) {
                seen(frame);
            }
        }
    }

    /// Takes of `bytes` what the beginning of a frame still lacks.
    fn begin(&mut self, bytes: &mut &[u8]) -> Option<Frame> {
        while self.have < self.wanted() {
            let (&byte, rest) = bytes.split_first()?;
            self.head[self.have] = byte;
            self.have += 1;
            *bytes = rest;
        }
        let [a, b, c, kind, flags, s0, s1, s2, s3, first @ ..] = self.head;
        let length = u32::from_be_bytes([0, a, b, c]);
        self.skip = length - (self.have - HEAD) as u32;
        self.head = [0; HEAD + FIRST];
        self.have = 0;
        // The highest bit is reserved, and to be ignored.
        let stream = u32::from_be_bytes([s0 & 0x7f, s1, s2, s3]);
        Some(Frame { length, kind, flags, stream, first })
    }

    /// Bytes that make a beginning whole: its head, then up to four of its payload.
    fn wanted(&self) -> usize {
        let [a, b, c, ..] = self.head;
        if self.have < HEAD {
            return HEAD;
        }
        HEAD + FIRST.min(u32::from_be_bytes([0, a, b, c]) as usize)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(frame: &Frame, payload: &[u8]) -> Vec<u8> {
        let mut bytes = frame.length.to_be_bytes()[1..].to_vec();
        bytes.extend([frame.kind, frame.flags]);
        bytes.extend(frame.stream.to_be_bytes());
        bytes.extend(payload);
        bytes
    }

    fn read(frames: &mut Frames, bytes: &[u8]) -> Vec<Frame> {
        let mut found = Vec::new();
        frames.feed(bytes, |frame| found.push(frame));
        found
    }

    #[test]
    fn a_frame_is_told_of_once_its_beginning_is_whole() {
        let mut frames = Frames::behind(3);
        assert_eq!(read(&mut frames, b"PRI\x00\x00\x04\x08\x00\x80\x00\x00\x05\x00\x00\x01"), []);
        let update = Frame {
            length: 4,
            kind: WINDOW_UPDATE,
            flags: 0,
            stream: 5,
            first: 256_u32.to_be_bytes(),
        };
        let ping = Frame { length: 0, kind: PING, flags: 1, stream: 0, first: [0; 4] };
        assert_eq!(read(&mut frames, b"\x00\x00\x00\x00\x06\x01\x00\x00\x00\x00"), [update, ping]);
        assert_eq!(update.number(), 256);
    }

    #[test]
    fn padding_is_no_data() {
        let data = |length, flags, pad| Frame {
            length,
            kind: DATA,
            flags,
            stream: 1,
            first: [pad, 0, 0, 0],
        };
        assert_eq!(data(10, 0, 9).data_bytes(), 10);
        assert_eq!(data(10, PADDED, 9).data_bytes(), 0);
        assert_eq!(data(10, PADDED, 200).data_bytes(), 0);
        assert_eq!(data(10, PADDED, 2).data_bytes(), 7);
    }

    prop_compose! {
        fn any_frame()(
            payload in prop::collection::vec(any::<u8>(), 0..40),
            kind: u8,
            flags: u8,
            stream in 0_u32..1 << 31,
        ) -> (Frame, Vec<u8>) {
            let mut first = [0; FIRST];
            let known = payload.len().min(FIRST);
            first[..known].copy_from_slice(&payload[..known]);
            (Frame { length: payload.len() as u32, kind, flags, stream, first }, payload)
        }
    }

    proptest! {
        #[test]
        fn frames_are_found_however_they_are_cut(
            frames in prop::collection::vec(any_frame(), 0..12),
            cuts in prop::collection::vec(1_usize..30, 1..12),
        ) {
            let mut bytes: Vec<u8> = frames.iter().flat_map(|(frame, payload)| written(frame, payload)).collect();
            bytes.splice(0..0, *b"preface");
            let mut reader = Frames::behind(7);
            let (mut found, mut rest, mut cuts) = (Vec::new(), &bytes[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let (now, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                found.extend(read(&mut reader, now));
                rest = later;
            }
            let expected: Vec<Frame> = frames.into_iter().map(|(frame, _)| frame).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_bytes_are_read(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..16)) {
            let mut reader = Frames::behind(0);
            let total: usize = pieces.iter().map(Vec::len).sum();
            let found: usize = pieces.iter().map(|piece| read(&mut reader, piece).len()).sum();
            prop_assert!(found * HEAD <= total);
        }
    }
}
