//! Chunked transfer coding (RFC 9112, 7.1), read strictly: no extensions, no bare line feeds, no space around a size.
//!
//! Chunk extensions have no use that anyone knows and a history of being read differently by two parsers, so they are refused.

use bytes::{Buf, BytesMut};

use super::{framing::Decoded, parse, trailers};

/// Reads chunks off a connection's bytes.
#[derive(Debug, Default)]
pub struct ChunkedDecoder {
    state: State,
    /// How much of the trailer section has been looked through.
    checked: usize,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Size,
    Data(u64),
    DataEnd,
    Trailers,
    Done,
}

/// Bytes of a trailer section.
const TRAILER_BYTES_MAX: usize = 8 << 10;
/// Fields of a trailer section.
const TRAILER_FIELDS_MAX: usize = 32;
/// Digits of a chunk size: as many as 64 bits have.
const SIZE_DIGITS_MAX: usize = 16;

impl ChunkedDecoder {
    /// Takes the next step off the front of `buf`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode(&mut self, buf: &mut BytesMut) -> Result<Decoded, &'static str> {
        loop {
            match self.state {
                State::Size => match take_size(buf)? {
                    None => return Ok(Decoded::NeedMore),
                    Some(0) => self.state = State::Trailers,
                    Some(size) => self.state = State::Data(size),
                },
                State::Data(_) if buf.is_empty() => return Ok(Decoded::NeedMore),
                State::Data(left) => {
                    let take = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
                    let left = left - take as u64;
                    self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                    return Ok(Decoded::Data(buf.split_to(take).freeze()));
                }
                State::DataEnd => match buf.get(..2) {
                    Some(b"\r\n") => {
                        buf.advance(2);
                        self.state = State::Size;
                    }
                    None if buf.is_empty() || buf[0] == b'\r' => return Ok(Decoded::NeedMore),
                    _ => return Err("chunk longer than its size"),
                },
                State::Trailers => return self.trailers(buf),
                State::Done => return Ok(Decoded::End),
            }
        }
    }

    fn trailers(&mut self, buf: &mut BytesMut) -> Result<Decoded, &'static str> {
        if buf.starts_with(b"\r\n") {
            buf.advance(2);
            self.state = State::Done;
            return Ok(Decoded::End);
        }
        let from = self.checked.saturating_sub(3);
        let Some(at) = memchr::memmem::find(&buf[from..], b"\r\n\r\n") else {
            self.checked = buf.len();
            check_line_ends(buf)?;
            return if buf.len() > TRAILER_BYTES_MAX {
                Err("trailers too large")
            } else {
                Ok(Decoded::NeedMore)
            };
        };
        let section = buf.split_to(from + at + 4).freeze();
        if section.len() > TRAILER_BYTES_MAX {
            return Err("trailers too large");
        }
        check_line_ends(&section)?;
        self.state = State::Done;
        let mut fields = parse::trailers(section, TRAILER_FIELDS_MAX)?;
        trailers::drop_forbidden(&mut fields);
        Ok(Decoded::Trailers(fields))
    }
}

/// `chunk-size CRLF`.
fn take_size(buf: &mut BytesMut) -> Result<Option<u64>, &'static str> {
    let digits = buf.iter().take(SIZE_DIGITS_MAX + 1).take_while(|b| b.is_ascii_hexdigit()).count();
    if digits > SIZE_DIGITS_MAX {
        return Err("chunk size too large");
    }
    match &buf[digits..] {
        [] | [b'\r'] if digits > 0 || buf.is_empty() => return Ok(None),
        [b'\r', b'\n', ..] if digits > 0 => {}
        [b';', ..] => return Err("chunk extension"),
        _ => return Err("chunk size"),
    }
    let size = buf[..digits].iter().fold(0, |size, &digit| size << 4 | u64::from(hex(digit)));
    buf.advance(digits + 2);
    Ok(Some(size))
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

fn check_line_ends(section: &[u8]) -> Result<(), &'static str> {
    for at in memchr::memchr2_iter(b'\r', b'\n', section) {
        let paired = match section[at] {
            b'\n' => at > 0 && section[at - 1] == b'\r',
            _ => section.get(at + 1).is_none_or(|&next| next == b'\n'),
        };
        if !paired {
            return Err("bare line end in trailers");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use proptest::prelude::*;

    use super::*;

    /// Feeds `input` in pieces of `step` bytes.
    fn read(
        input: &[u8],
        step: usize,
    ) -> Result<(Vec<u8>, Option<HeaderMap>, usize), &'static str> {
        let (mut decoder, mut buf, mut body) =
            (ChunkedDecoder::default(), BytesMut::new(), Vec::new());
        let mut rest = input;
        loop {
            match decoder.decode(&mut buf)? {
                Decoded::Data(data) => body.extend_from_slice(&data),
                Decoded::Trailers(trailers) => {
                    return Ok((body, Some(trailers), buf.len() + rest.len()));
                }
                Decoded::End => return Ok((body, None, buf.len() + rest.len())),
                Decoded::NeedMore if rest.is_empty() => return Err("incomplete"),
                Decoded::NeedMore => {
                    let (piece, tail) = rest.split_at(step.min(rest.len()));
                    buf.extend_from_slice(piece);
                    rest = tail;
                }
            }
        }
    }

    #[test]
    fn chunks_and_trailers_are_read_in_any_pieces() {
        let input = b"3\r\nabc\r\n0A\r\n0123456789\r\n0\r\nx-a: b\r\nHost: evil\r\n\r\nnext";
        for step in 1..input.len() {
            let (body, trailers, left) = read(input, step).unwrap();
            assert_eq!(body, b"abc0123456789");
            let trailers = trailers.unwrap();
            assert_eq!((trailers.len(), trailers["x-a"].as_bytes(), left), (1, &b"b"[..], 4));
        }
    }

    #[test]
    fn lenient_forms_are_refused() {
        for input in [
            "3;a=b\r\nabc\r\n0\r\n\r\n",
            "3 \r\nabc\r\n0\r\n\r\n",
            " 3\r\nabc\r\n0\r\n\r\n",
            "0x3\r\nabc\r\n0\r\n\r\n",
            "+3\r\nabc\r\n0\r\n\r\n",
            "\r\n",
            "3\nabc\n0\n\n",
            "3\r\nabcd\r\n0\r\n\r\n",
            "3\r\nabc0\r\n\r\n",
            "10000000000000000\r\n",
            "0\r\nbad name: x\r\n\r\n",
            "0\r\na: b\nc: d\r\n\r\n",
            "0\r\na: b\rc\r\n\r\n",
        ] {
            let result = read(input.as_bytes(), 1);
            assert!(
                result.as_ref().is_err_and(|error| *error != "incomplete"),
                "{input:?} -> {result:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 0..8), step in 1usize..20) {
            let mut input = Vec::new();
            for part in &parts {
                input.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
                input.extend_from_slice(part);
                input.extend_from_slice(b"\r\n");
            }
            input.extend_from_slice(b"0\r\n\r\n");
            let (body, trailers, left) = read(&input, step).unwrap();
            prop_assert_eq!(body, parts.concat());
            prop_assert!(trailers.is_none() && left == 0);
        }

        #[test]
        fn no_input_panics(input in prop::collection::vec(any::<u8>(), 0..100), step in 1usize..20) {
            let _ = read(&input, step);
        }
    }
}
