//! The event log: one JSON object per line, each bound to the one before by its hash.
//!
//! A line is `{"seq":N,"at":"...","kind":"...",...,"prev":"<hash>","hash":"<hash>"}`. `hash` is the SHA-256 of the line's
//! own bytes up to, and without, `,"hash":`; `prev` is the hash of the line before, [`Hash::ZERO`] for the first ever. So
//! whoever changes, removes, adds or moves a line must rewrite all that follow, up to a head that somebody wrote down
//! elsewhere. A tail that is cut off can only be seen against such a head: [`Chain::head`].
//!
//! Here are the words and the arithmetic. Files, rotation and what to do about a break are the writer's and the reader's.

use std::{fmt, str::FromStr};

use aws_lc_rs::digest::{self, SHA256};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use crate::Stamp;

/// An event before it is bound to the one before it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Record {
    /// Counts the events of a log from 1, without gaps, over rotations and restarts.
    pub seq: u64,
    /// When it happened.
    pub at: Stamp,
    /// What happened.
    pub kind: EventKind,
    /// The rollout that it is about; absent where it is about none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<String>,
    /// What is to be said about this kind of event; never `prev` or `hash`.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// An event as it stands in the log.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Event {
    /// What it says.
    #[serde(flatten)]
    pub record: Record,
    /// Hash of the line before.
    pub prev: Hash,
    /// Hash of this line.
    pub hash: Hash,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The process began to serve.
    Start,
    /// It ended in order.
    Stop,
    /// A configuration was applied or refused.
    Reload,
    /// The share of a colour changed.
    Weights,
    /// A rollout entered a phase.
    Phase,
    /// The guard came to a verdict.
    Guard,
    /// An allow or deny list changed.
    List,
    /// A kind that this version does not know.
    #[serde(untagged)]
    Other(String),
}

/// A SHA-256, written as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

/// The text is no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAHash;

/// The end of a log, as far as it has been written or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    next: Option<Next>,
}

/// What the line after must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Next {
    seq: u64,
    prev: Hash,
}

/// Why a line does not follow the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainBreak {
    /// It is not of the form of a line.
    Malformed,
    /// Its hash is not that of its bytes: it was changed.
    Changed {
        /// What its bytes come to.
        actual: Hash,
    },
    /// Its number is not the next: lines are missing, added, or in another order.
    Number {
        /// The next.
        expected: u64,
        /// What it says.
        found: u64,
    },
    /// It names another line before it than the one that is: that one was changed, or this is another log.
    Unlinked {
        /// Hash of the line that is before it.
        expected: Hash,
        /// Hash that it names.
        found: Hash,
    },
}

impl Hash {
    /// What the first line ever names as the one before it.
    pub const ZERO: Self = Self([0; 32]);

    fn of(bytes: &[u8]) -> Self {
        let mut hash = Self::ZERO;
        // A SHA-256 has as many bytes; `zip` needs no proof of it.
        hash.0
            .iter_mut()
            .zip(digest::digest(&SHA256, bytes).as_ref())
            .for_each(|(to, of)| *to = *of);
        hash
    }

    fn read(digits: &[u8]) -> Option<Self> {
        let mut hash = Self::ZERO;
        if digits.len() != 2 * hash.0.len() {
            return None;
        }
        for (byte, pair) in hash.0.iter_mut().zip(digits.chunks_exact(2)) {
            let (&[high, low], _) = pair.split_first_chunk()?;
            *byte = nibble(high)? << 4 | nibble(low)?;
        }
        Some(hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        Self::read(text.as_bytes()).ok_or(NotAHash)
    }
}

impl fmt::Display for NotAHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a SHA-256 as 64 lower-case hexadecimal digits")
    }
}

impl std::error::Error for NotAHash {}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Reload => "reload",
            Self::Weights => "weights",
            Self::Phase => "phase",
            Self::Guard => "guard",
            Self::List => "list",
            Self::Other(kind) => kind,
        })
    }
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain {
    /// A log without a line: its first will be number 1.
    pub fn new() -> Self {
        Self { next: Some(Next { seq: 1, prev: Hash::ZERO }) }
    }

    /// A log of which the first lines are not at hand: whichever line comes first is believed about what was before it.
    pub fn from_the_middle() -> Self {
        Self { next: None }
    }

    /// A log that goes on after a line that somebody knows by number and hash.
    pub fn after(seq: u64, hash: Hash) -> Self {
        Self { next: Some(Next { seq: seq.saturating_add(1), prev: hash }) }
    }

    /// Number of the last line, 0 before the first; nothing while that is not known.
    pub fn seq(&self) -> Option<u64> {
        self.next.map(|next| next.seq.saturating_sub(1))
    }

    /// Hash of the last line: what must be kept elsewhere to see later that no tail was cut off.
    pub fn head(&self) -> Option<Hash> {
        self.next.map(|next| next.prev)
    }

    /// Makes the next line, with its line end. Number, time, kind and rollout go before the fields.
    ///
    /// # Errors
    /// Where a field cannot be written as JSON, which those of `serde_json` can; the chain stays as it was.
    pub fn append(
        &mut self,
        at: Stamp,
        kind: EventKind,
        rollout: Option<&str>,
        fields: Map<String, Value>,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let Next { seq, prev } = self.next.unwrap_or(Next { seq: 1, prev: Hash::ZERO });
        let record = Record { seq, at, kind, rollout: rollout.map(str::to_owned), fields };
        let mut line = serde_json::to_vec(&record)?;
        // The object's own brace comes after the hash.
        line.pop();
        line.extend_from_slice(format!("{PREV}{prev}\"").as_bytes());
        let hash = Hash::of(&line);
        line.extend_from_slice(format!("{HASH}{hash}\"}}\n").as_bytes());
        self.next = Some(Next { seq: seq.saturating_add(1), prev: hash });
        Ok(line)
    }

    /// Takes the next line, without its line end.
    ///
    /// # Errors
    /// Where it does not follow. The chain then stands after this line all the same, as far as it says where it stands, so
    /// that a reader can go on and report each break once.
    pub fn follow(&mut self, line: &[u8]) -> Result<(), ChainBreak> {
        let links = Links::read(line).ok_or(ChainBreak::Malformed)?;
        let expected = self.next;
        self.next = Some(Next { seq: links.seq.saturating_add(1), prev: links.hash });
        let actual = Hash::of(links.hashed);
        if actual != links.hash {
            return Err(ChainBreak::Changed { actual });
        }
        let Some(expected) = expected else { return Ok(()) };
        if expected.seq != links.seq {
            return Err(ChainBreak::Number { expected: expected.seq, found: links.seq });
        }
        if expected.prev != links.prev {
            return Err(ChainBreak::Unlinked { expected: expected.prev, found: links.prev });
        }
        Ok(())
    }
}

impl fmt::Display for ChainBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("is no line of an event log"),
            Self::Changed { actual } => write!(f, "was changed: its bytes come to {actual}"),
            Self::Number { expected, found } if found > expected => {
                write!(
                    f,
                    "is number {found}, but {expected} should come: {} missing",
                    found - expected
                )
            }
            Self::Number { expected, found } => {
                write!(f, "is number {found}, but {expected} should come: repeated or moved")
            }
            Self::Unlinked { expected, found } => {
                write!(f, "follows a line with hash {found}, but the one before it has {expected}")
            }
        }
    }
}

impl std::error::Error for ChainBreak {}

/// What a line says about its place. Its ends have fixed lengths: no field can pass for one of them.
struct Links<'a> {
    seq: u64,
    prev: Hash,
    hash: Hash,
    /// What the hash is of.
    hashed: &'a [u8],
}

impl<'a> Links<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let (hashed, hash) = last_hash(line.strip_suffix(b"\"}")?, HASH)?;
        let (_, prev) = last_hash(hashed.strip_suffix(b"\"")?, PREV)?;
        let seq = line.strip_prefix(SEQ)?;
        let digits = seq.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, _) = seq.split_at_checked(digits)?;
        let seq = std::str::from_utf8(digits).ok()?.parse().ok()?;
        Some(Self { seq, prev, hash, hashed })
    }
}

/// What is before a hash under a name at the end, and the hash.
fn last_hash<'a>(text: &'a [u8], name: &str) -> Option<(&'a [u8], Hash)> {
    let (rest, digits) = text.split_at_checked(text.len().checked_sub(64)?)?;
    Some((rest.strip_suffix(name.as_bytes())?, Hash::read(digits)?))
}

/// Lower case only: one hash has one spelling.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// How every line begins.
const SEQ: &[u8] = b"{\"seq\":";

/// Before the hash of the line before.
const PREV: &str = ",\"prev\":\"";

/// Before the hash of the line; what it is of ends here.
const HASH: &str = ",\"hash\":\"";

#[cfg(test)]
mod tests;
