//! Sets of bytes.

/// A set of bytes, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// No byte.
    pub const EMPTY: Self = Self([0; 4]);
    /// Every byte.
    pub const FULL: Self = Self([u64::MAX; 4]);

    /// These bytes.
    pub const fn of(bytes: &[u8]) -> Self {
        let mut set = Self::EMPTY;
        let mut at = 0;
        while at < bytes.len() {
            set = set.or(Self::range(bytes[at], bytes[at]));
            at += 1;
        }
        set
    }

    /// The bytes from `low` to `high`, both included; none where `low` is the greater.
    pub const fn range(low: u8, high: u8) -> Self {
        let mut set = Self::EMPTY;
        let mut byte = low as usize;
        while byte <= high as usize {
            set.0[byte / 64] |= 1 << (byte % 64);
            byte += 1;
        }
        set
    }

    /// The bytes of either.
    pub const fn or(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        Self([a[0] | b[0], a[1] | b[1], a[2] | b[2], a[3] | b[3]])
    }

    /// The bytes that are not in it.
    pub const fn complement(self) -> Self {
        let [a, b, c, d] = self.0;
        Self([!a, !b, !c, !d])
    }

    /// With the other case of every ASCII letter.
    pub const fn folded(self) -> Self {
        const UPPER: u64 = 0x07FF_FFFE;
        const LOWER: u64 = UPPER << 32;
        let [a, letters, c, d] = self.0;
        Self([a, letters | (letters & UPPER) << 32 | (letters & LOWER) >> 32, c, d])
    }

    /// Whether the byte is in it.
    pub const fn contains(&self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] >> (byte & 63) & 1 == 1
    }

    /// Whether no byte is in both.
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).all(|(a, b)| a & b == 0)
    }

    /// Its bytes in order.
    pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=u8::MAX).filter(|byte| self.contains(*byte))
    }

    /// Its bytes as ranges, first and last of each.
    pub fn ranges(&self) -> Vec<(u8, u8)> {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for byte in self.iter() {
            match ranges.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(byte) => *last = byte,
                _ => ranges.push((byte, byte)),
            }
        }
        ranges
    }
}

/// `\d`.
pub const DIGIT: ByteSet = ByteSet::range(b'0', b'9');
/// `[:lower:]`.
pub const LOWER: ByteSet = ByteSet::range(b'a', b'z');
/// `[:upper:]`.
pub const UPPER: ByteSet = ByteSet::range(b'A', b'Z');
/// `[:alpha:]`.
pub const ALPHA: ByteSet = LOWER.or(UPPER);
/// `[:alnum:]`.
pub const ALNUM: ByteSet = ALPHA.or(DIGIT);
/// `\w`.
pub const WORD: ByteSet = ALNUM.or(ByteSet::of(b"_"));
/// `\s`, the vertical tab included.
pub const SPACE: ByteSet = ByteSet::of(b"\t\n\x0B\x0C\r ");
/// `\h`: the no-break space of Latin-1 is one.
pub const HORIZONTAL: ByteSet = ByteSet::of(b"\t \xA0");
/// `\v`: the next line of Latin-1 is one.
pub const VERTICAL: ByteSet = ByteSet::of(b"\n\x0B\x0C\r\x85");
/// What `.` does not match where it does not match all.
pub const NEWLINE: ByteSet = ByteSet::of(b"\n");

/// The set of a name between `[:` and `:]`.
pub fn posix(name: &[u8]) -> Option<ByteSet> {
    const GRAPH: ByteSet = ByteSet::range(b'!', b'~');
    Some(match name {
        b"alnum" => ALNUM,
        b"alpha" => ALPHA,
        b"ascii" => ByteSet::range(0, 127),
        b"blank" => ByteSet::of(b"\t "),
        b"cntrl" => ByteSet::range(0, 31).or(ByteSet::of(b"\x7F")),
        b"digit" => DIGIT,
        b"graph" => GRAPH,
        b"lower" => LOWER,
        b"print" => GRAPH.or(ByteSet::of(b" ")),
        b"punct" => ByteSet::of(br##"!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"##),
        b"space" => SPACE,
        b"upper" => UPPER,
        b"word" => WORD,
        b"xdigit" => DIGIT.or(ByteSet::of(b"abcdefABCDEF")),
        _ => return None,
    })
}
