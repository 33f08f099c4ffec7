//! A parser of HTTP/1.1 responses that keeps of them what a load generator counts: status, length, whether the connection lives.
//!
//! Fed with whatever a read brings; a head that arrives whole, as almost all do, is looked at where it lies. It follows the
//! framing of RFC 9112, section 6.3, and is strict where a sloppy reader would lose its place in the stream. It does not keep
//! fields or bodies.

use memchr::memchr;

/// Why bytes are not a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The first line is none of HTTP/1.
    #[error("no status line of HTTP/1")]
    StatusLine,
    /// A field without a colon.
    #[error("a header line without a colon")]
    Field,
    /// A length that is none, or two that differ.
    #[error("no usable Content-Length")]
    Length,
    /// A chunk without a size, or without its end.
    #[error("broken chunked coding")]
    Chunk,
    /// A head, or a line of it, longer than any server sends.
    #[error("a head of more than 256 KiB")]
    TooLong,
}

/// What is known of a response so far.
#[derive(Debug)]
pub struct Parser {
    expect: Expect,
    /// The beginning of a line that is not complete yet.
    partial: Vec<u8>,
    head: Head,
    /// Whether the request was one whose answer has no body.
    bodiless: bool,
    /// Bytes of lines, against heads and trailers without end.
    line_bytes: usize,
    /// Bytes of the whole response.
    bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Status,
    Field,
    Body(u64),
    UntilClose,
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailer,
    Done,
}

#[derive(Debug, Clone, Copy, Default)]
struct Head {
    status: u16,
    http10: bool,
    length: Option<u64>,
    chunked: bool,
    /// A transfer coding that is not chunked at its end.
    other_coding: bool,
    close: bool,
    keep_alive: bool,
}

impl Default for Parser {
    fn default() -> Self {
        let head = Head::default();
        let partial = Vec::new();
        Self { expect: Expect::Done, partial, head, bodiless: false, line_bytes: 0, bytes: 0 }
    }
}

impl Parser {
    /// Awaits the answer to a request; `bodiless` if that was a HEAD.
    pub fn begin(&mut self, bodiless: bool) {
        self.expect = Expect::Status;
        self.partial.clear();
        self.head = Head::default();
        self.bodiless = bodiless;
        self.line_bytes = 0;
        self.bytes = 0;
    }

    /// Takes the next bytes; how many of them belonged to the response, once it is complete.
    pub fn feed(&mut self, input: &[u8]) -> Result<Option<usize>, Malformed> {
        let mut rest = input;
        while self.expect != Expect::Done {
            rest = match self.expect {
                Expect::Body(left) | Expect::ChunkData(left) => self.skip(left, rest),
                Expect::UntilClose => &[],
                _ => self.line(rest)?,
            };
            // A part without bytes, as the end of a head without a body, is done when it begins.
            if rest.is_empty() && !matches!(self.expect, Expect::Done) {
                self.bytes += input.len() as u64;
                return Ok(None);
            }
        }
        let taken = input.len() - rest.len();
        self.bytes += taken as u64;
        Ok(Some(taken))
    }

    /// Whether the end of the stream completes the response.
    pub fn ends_with_stream(&self) -> bool {
        self.expect == Expect::UntilClose
    }

    /// Whether nothing of the response has come yet.
    pub fn is_untouched(&self) -> bool {
        self.bytes == 0
    }

    /// Its status; 0 before it is known.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// Bytes of the response so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether the connection may carry another request afterwards.
    pub fn keeps_alive(&self) -> bool {
        let head = &self.head;
        self.expect == Expect::Done
            && !head.close
            && head.status != 101
            && (!head.http10 || head.keep_alive)
    }

    /// Skips bytes of a body or a chunk.
    fn skip<'i>(&mut self, left: u64, input: &'i [u8]) -> &'i [u8] {
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let left = left - here as u64;
        self.expect = match (self.expect, left) {
            (Expect::ChunkData(_), 0) => Expect::ChunkEnd,
            (Expect::ChunkData(_), left) => Expect::ChunkData(left),
            (_, 0) => Expect::Done,
            (_, left) => Expect::Body(left),
        };
        input.get(here..).unwrap_or_default()
    }

    /// Takes a line, from what is left of the last read and from this one.
    fn line<'i>(&mut self, input: &'i [u8]) -> Result<&'i [u8], Malformed> {
        let Some(end) = memchr(b'\n', input) else {
            self.count(input.len())?;
            self.partial.extend_from_slice(input);
            return Ok(&[]);
        };
        let (line, rest) = input.split_at(end + 1);
        self.count(line.len())?;
        if self.partial.is_empty() {
            self.take(trim(line))?;
            return Ok(rest);
        }
        let mut whole = std::mem::take(&mut self.partial);
        whole.extend_from_slice(line);
        let taken = self.take(trim(&whole));
        whole.clear();
        self.partial = whole;
        taken.map(|()| rest)
    }

    fn count(&mut self, bytes: usize) -> Result<(), Malformed> {
        // Chunk sizes are lines too, of which a long body may have any number.
        if !matches!(self.expect, Expect::ChunkSize | Expect::ChunkEnd) {
            self.line_bytes += bytes;
        }
        let most = self.line_bytes.max(self.partial.len() + bytes);
        if most > HEAD_BYTES_MAX { Err(Malformed::TooLong) } else { Ok(()) }
    }

    fn take(&mut self, line: &[u8]) -> Result<(), Malformed> {
        match self.expect {
            Expect::Status => self.status_line(line)?,
            Expect::Field if line.is_empty() => self.expect = self.framing(),
            Expect::Field => self.field(line)?,
            Expect::ChunkSize => {
                self.expect = match chunk_size(line)? {
                    0 => Expect::Trailer,
                    size => Expect::ChunkData(size),
                };
            }
            Expect::ChunkEnd if line.is_empty() => self.expect = Expect::ChunkSize,
            Expect::ChunkEnd => return Err(Malformed::Chunk),
            Expect::Trailer if line.is_empty() => self.expect = Expect::Done,
            _ => {}
        }
        Ok(())
    }

    fn status_line(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let rest = line.strip_prefix(b"HTTP/1.").ok_or(Malformed::StatusLine)?;
        let [minor @ b'0'..=b'9', b' ', a, b, c, tail @ ..] = rest else {
            return Err(Malformed::StatusLine);
        };
        let digits = [a, b, c].map(|digit| u16::from(digit.wrapping_sub(b'0')));
        let [hundreds, tens, ones] = digits;
        let number = digits.iter().all(|digit| *digit <= 9) && (1..=9).contains(&hundreds);
        if !number || !matches!(tail, [] | [b' ', ..]) {
            return Err(Malformed::StatusLine);
        }
        self.head = Head { http10: *minor == b'0', ..Head::default() };
        self.head.status = hundreds * 100 + tens * 10 + ones;
        self.expect = Expect::Field;
        Ok(())
    }

    fn field(&mut self, line: &[u8]) -> Result<(), Malformed> {
        // A line that goes on with the last field (obs-fold) says nothing about framing.
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            return Ok(());
        }
        let colon = memchr(b':', line).ok_or(Malformed::Field)?;
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default();
        // The length tells most names apart.
        match name.len() {
            14 if name.eq_ignore_ascii_case(b"content-length") => self.length(value)?,
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                let last = value.rsplit(|b| *b == b',').next().unwrap_or_default().trim_ascii();
                self.head.chunked = last.eq_ignore_ascii_case(b"chunked");
                self.head.other_coding = !self.head.chunked;
            }
            10 if name.eq_ignore_ascii_case(b"connection") => {
                for option in value.split(|b| *b == b',').map(<[u8]>::trim_ascii) {
                    self.head.close |= option.eq_ignore_ascii_case(b"close");
                    self.head.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn length(&mut self, value: &[u8]) -> Result<(), Malformed> {
        for value in value.split(|b| *b == b',').map(<[u8]>::trim_ascii) {
            let length = decimal(value).ok_or(Malformed::Length)?;
            if self.head.length.is_some_and(|known| known != length) {
                return Err(Malformed::Length);
            }
            self.head.length = Some(length);
        }
        Ok(())
    }

    /// What follows a head: RFC 9112, section 6.3.
    fn framing(&self) -> Expect {
        match self.head {
            Head { status: 101, .. } => Expect::Done,
            Head { status: 100..=199, .. } => Expect::Status,
            _ if self.bodiless => Expect::Done,
            Head { status: 204 | 304, .. } => Expect::Done,
            Head { chunked: true, .. } => Expect::ChunkSize,
            Head { other_coding: true, .. } => Expect::UntilClose,
            Head { length: Some(0), .. } => Expect::Done,
            Head { length: Some(length), .. } => Expect::Body(length),
            _ => Expect::UntilClose,
        }
    }
}

fn trim(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let number = |sum: u64, digit: &u8| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    };
    if digits.is_empty() { None } else { digits.iter().try_fold(0, number) }
}

fn chunk_size(line: &[u8]) -> Result<u64, Malformed> {
    let size = line.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
    let digit = |sum: u64, byte: &u8| {
        let digit = char::from(*byte).to_digit(16)?;
        sum.checked_mul(16)?.checked_add(u64::from(digit))
    };
    let size = if size.is_empty() { None } else { size.iter().try_fold(0, digit) };
    size.ok_or(Malformed::Chunk)
}

/// Bytes of status line, fields and trailers together, interim responses included.
const HEAD_BYTES_MAX: usize = 256 * 1024;

#[cfg(test)]
mod tests;
