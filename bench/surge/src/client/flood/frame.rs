//! HTTP/2 frames by hand, as no well-behaved library sends them: RFC 9113, section 4, and as much of HPACK (RFC 7541) as needs no
//! table. Writes anything, reads only what a server's frames are called.

/// Types of frames (RFC 9113, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Data = 0,
    Headers = 1,
    Reset = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    WindowUpdate = 8,
    Continuation = 9,
}

/// What a client says first (RFC 9113, 3.4); SETTINGS follow.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Flag of DATA and HEADERS.
pub(super) const END_STREAM: u8 = 0x1;
/// Flag of HEADERS and CONTINUATION.
pub(super) const END_HEADERS: u8 = 0x4;
/// Flag of SETTINGS and PING.
pub(super) const ACK: u8 = 0x1;
/// Reason of RST_STREAM: no longer needed.
pub(super) const CANCEL: u32 = 0x8;
/// The largest payload that every server takes.
pub(super) const PAYLOAD_MAX: usize = 16_384;

/// Appends a frame.
pub(super) fn push(into: &mut Vec<u8>, kind: Kind, flags: u8, stream: u32, payload: &[u8]) {
    // Payloads are ours, and at most `PAYLOAD_MAX`.
    let [_, length @ ..] = (payload.len() as u32).to_be_bytes();
    into.extend_from_slice(&length);
    into.extend_from_slice(&[kind as u8, flags]);
    into.extend_from_slice(&(stream & 0x7FFF_FFFF).to_be_bytes());
    into.extend_from_slice(payload);
}

/// The field block of a request: its pseudo-fields and its fields, as literals that no table remembers.
pub(super) fn field_block(head: &http::Request<()>) -> Vec<u8> {
    let uri = head.uri();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut block = Vec::new();
    literal(&mut block, b":method", head.method().as_str().as_bytes());
    literal(&mut block, b":scheme", uri.scheme_str().unwrap_or("http").as_bytes());
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    literal(&mut block, b":authority", authority.as_bytes());
    literal(&mut block, b":path", path.as_bytes());
    for (name, value) in head.headers() {
        literal(&mut block, name.as_str().as_bytes(), value.as_bytes());
    }
    block
}

/// A field that is not to be remembered (RFC 7541, 6.2.2), without Huffman codes.
pub(super) fn literal(block: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    block.push(0x00);
    string(block, name);
    string(block, value);
}

/// A field that is to be remembered (RFC 7541, 6.2.1): it becomes the first entry of the dynamic table.
pub(super) fn remembered(block: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    block.push(0x40);
    string(block, name);
    string(block, value);
}

/// The first entry of the dynamic table, behind the 61 of the static one (RFC 7541, 2.3.3).
pub(super) const FIRST_REMEMBERED: u8 = 0x80 | 62;

fn string(block: &mut Vec<u8>, text: &[u8]) {
    integer(block, text.len());
    block.extend_from_slice(text);
}

/// RFC 7541, 5.1, with a prefix of seven bits and the first bit clear.
fn integer(block: &mut Vec<u8>, mut value: usize) {
    const PREFIX: usize = 0x7F;
    if value < PREFIX {
        return block.push(value as u8);
    }
    block.push(PREFIX as u8);
    value -= PREFIX;
    while value >= 0x80 {
        block.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    block.push(value as u8);
}

/// What a server's frame is, as far as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// An answer begins, or its trailers come.
    Headers,
    /// A stream is reset, with this reason.
    Reset(u32),
    /// The connection ends, with this reason.
    GoAway(u32),
    /// SETTINGS that are not an acknowledgement, and must be acknowledged.
    Settings,
    Other,
}

/// Finds frames in what a server sends.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Head and first eight bytes of the payload of the frame that is being read.
    start: Vec<u8>,
    /// Bytes of the payload that are left to be passed over.
    left: usize,
}

impl Reader {
    /// Takes bytes and calls `seen` for each frame whose start they complete.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut seen: impl FnMut(Seen)) {
        while !bytes.is_empty() {
            let passed = self.left.min(bytes.len());
            self.left -= passed;
            bytes = bytes.get(passed..).unwrap_or_default();
            let wanted = self.wanted();
            let taken = wanted.saturating_sub(self.start.len()).min(bytes.len());
            self.start.extend_from_slice(bytes.get(..taken).unwrap_or_default());
            bytes = bytes.get(taken..).unwrap_or_default();
            if self.left == 0 && self.start.len() >= HEAD && self.start.len() == self.wanted() {
                self.left = self.length() - (self.start.len() - HEAD);
                seen(self.frame());
                self.start.clear();
            }
        }
    }

    /// Bytes of the frame's start: its head, and of its payload what tells a reason.
    fn wanted(&self) -> usize {
        if self.start.len() < HEAD { HEAD } else { HEAD + self.length().min(8) }
    }

    fn length(&self) -> usize {
        match self.start.as_slice() {
            [a, b, c, ..] => usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c),
            _ => 0,
        }
    }

    fn frame(&self) -> Seen {
        let payload = self.start.get(HEAD..).unwrap_or_default();
        let number = |bytes: Option<&[u8]>| {
            let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
            bytes.map_or(0, u32::from_be_bytes)
        };
        let is = |kind: Kind| self.start.get(3) == Some(&(kind as u8));
        let acknowledges = self.start.get(4).is_some_and(|flags| flags & ACK != 0);
        match () {
            () if is(Kind::Headers) => Seen::Headers,
            () if is(Kind::Reset) => Seen::Reset(number(payload.get(..4))),
            () if is(Kind::Settings) && !acknowledges => Seen::Settings,
            () if is(Kind::GoAway) => Seen::GoAway(number(payload.get(4..8))),
            () => Seen::Other,
        }
    }
}

const HEAD: usize = 9;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream() -> Vec<u8> {
        let mut bytes = Vec::new();
        push(&mut bytes, Kind::Settings, 0, 0, &[0, 3, 0, 0, 0, 100]);
        push(&mut bytes, Kind::Settings, ACK, 0, &[]);
        push(&mut bytes, Kind::Headers, END_HEADERS, 1, &[0x88]);
        push(&mut bytes, Kind::Data, END_STREAM, 1, &[7; 1_000]);
        push(&mut bytes, Kind::Reset, 0, 3, &CANCEL.to_be_bytes());
        push(&mut bytes, Kind::GoAway, 0, 0, &[0, 0, 0, 3, 0, 0, 0, 11, b'x']);
        bytes
    }

    const FRAMES: [Seen; 6] =
        [Seen::Settings, Seen::Other, Seen::Headers, Seen::Other, Seen::Reset(8), Seen::GoAway(11)];

    #[test]
    fn integers_are_those_of_the_rfc() {
        // RFC 7541, C.1.2 with its prefix of five bits, here with seven.
        for (value, bytes) in [(10, &[10][..]), (127, &[0x7F, 0]), (1337, &[0x7F, 0xBA, 0x09])] {
            let mut block = Vec::new();
            integer(&mut block, value);
            assert_eq!(block, bytes, "{value}");
        }
    }

    proptest! {
        #[test]
        fn frames_are_found_in_any_pieces(cuts in proptest::collection::vec(0_usize..1_100, 0..8)) {
            let (bytes, mut reader, mut seen) = (stream(), Reader::default(), Vec::new());
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < bytes.len()).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            for ends in cuts.windows(2) {
                reader.feed(&bytes[ends[0]..ends[1]], |frame| seen.push(frame));
            }
            prop_assert_eq!(seen, FRAMES);
        }

        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            Reader::default().feed(&bytes, |_| {});
        }
    }
}
