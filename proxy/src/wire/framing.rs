//! Where a body ends (RFC 9112, 6.3), without a doubt or not at all.

use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap, Method, StatusCode, Version,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};

use super::{
    chunked::ChunkedDecoder,
    message::{RequestHead, ResponseHead},
};

/// How the length of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLength {
    /// There is none.
    None,
    /// So many bytes.
    Known(u64),
    /// Chunked transfer coding.
    Chunked,
    /// Up to the end of the connection; responses only.
    UntilClose,
}

/// One step of a body.
#[derive(Debug)]
pub enum Decoded {
    /// Some of its bytes; never none.
    Data(Bytes),
    /// Its trailers, which end it.
    Trailers(HeaderMap),
    /// More input is needed.
    NeedMore,
    /// It has ended.
    End,
}

/// Cuts a body out of a connection's bytes.
#[derive(Debug)]
pub struct BodyDecoder {
    state: State,
}

#[derive(Debug)]
enum State {
    Done,
    Known(u64),
    Chunked(ChunkedDecoder),
    UntilClose,
}

/// The length of a request's body. Whatever two parsers could disagree on is refused: Content-Length beside
/// Transfer-Encoding, more than one of either, any coding but one `chunked`, a coding in HTTP/1.0.
///
/// # Errors
/// What is wrong with it.
pub fn request_body(head: &RequestHead) -> Result<BodyLength, &'static str> {
    match (single(&head.headers, TRANSFER_ENCODING)?, single(&head.headers, CONTENT_LENGTH)?) {
        (Some(_), Some(_)) => Err("content-length beside transfer-encoding"),
        (Some(_), None) if head.version != Version::HTTP_11 => Err("transfer-encoding in http/1.0"),
        (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Ok(BodyLength::Chunked),
        (Some(_), None) => Err("transfer-encoding other than chunked"),
        (None, Some(length)) => match decimal(length)? {
            0 => Ok(BodyLength::None),
            length => Ok(BodyLength::Known(length)),
        },
        (None, None) => Ok(BodyLength::None),
    }
}

/// The length of a response's body. Equal Content-Length fields count as one (RFC 9112, 6.3); other doubt is an error.
///
/// # Errors
/// What is wrong with it.
pub fn response_body(method: &Method, head: &ResponseHead) -> Result<BodyLength, &'static str> {
    let bodiless = matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || head.status.is_informational();
    if method == Method::HEAD || bodiless {
        return Ok(BodyLength::None);
    }
    let coding = single(&head.headers, TRANSFER_ENCODING)?;
    match (coding, agreed_length(&head.headers)?) {
        (Some(_), Some(_)) => Err("content-length beside transfer-encoding"),
        (Some(_), None) if head.version != Version::HTTP_11 => Err("transfer-encoding in http/1.0"),
        (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Ok(BodyLength::Chunked),
        (Some(_), None) => Err("transfer-encoding other than chunked"),
        (None, Some(0)) => Ok(BodyLength::None),
        (None, Some(length)) => Ok(BodyLength::Known(length)),
        (None, None) => Ok(BodyLength::UntilClose),
    }
}

impl BodyDecoder {
    /// A decoder of a body of this length.
    pub fn new(length: BodyLength) -> Self {
        let state = match length {
            BodyLength::None | BodyLength::Known(0) => State::Done,
            BodyLength::Known(length) => State::Known(length),
            BodyLength::Chunked => State::Chunked(ChunkedDecoder::default()),
            BodyLength::UntilClose => State::UntilClose,
        };
        Self { state }
    }

    /// Takes the next step off the front of `buf`. Bytes behind the body stay there.
    ///
    /// # Errors
    /// What is wrong with the chunked coding.
    pub fn decode(&mut self, buf: &mut BytesMut) -> Result<Decoded, &'static str> {
        match &mut self.state {
            State::Done => Ok(Decoded::End),
            State::Known(_) | State::UntilClose if buf.is_empty() => Ok(Decoded::NeedMore),
            State::UntilClose => Ok(Decoded::Data(buf.split().freeze())),
            State::Known(left) => {
                let take = usize::try_from(*left).unwrap_or(usize::MAX).min(buf.len());
                *left -= take as u64;
                if *left == 0 {
                    self.state = State::Done;
                }
                Ok(Decoded::Data(buf.split_to(take).freeze()))
            }
            State::Chunked(decoder) => {
                let step = decoder.decode(buf)?;
                if matches!(step, Decoded::Trailers(_) | Decoded::End) {
                    self.state = State::Done;
                }
                Ok(step)
            }
        }
    }

    /// The connection has ended.
    ///
    /// # Errors
    /// The body has not: it is cut short.
    pub fn eof(&mut self) -> Result<(), &'static str> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Done | State::UntilClose => Ok(()),
            State::Known(_) => Err("closed before the announced length"),
            State::Chunked(_) => Err("closed before the last chunk"),
        }
    }

    /// Whether nothing more will come.
    pub fn is_end(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Bytes still to come, where that is known.
    pub fn remaining(&self) -> Option<u64> {
        match self.state {
            State::Done => Some(0),
            State::Known(left) => Some(left),
            State::Chunked(_) | State::UntilClose => None,
        }
    }
}

/// The value of a field that may stand once.
fn single(headers: &HeaderMap, name: http::HeaderName) -> Result<Option<&[u8]>, &'static str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err("framing field stands more than once"),
        (value, None) => Ok(value.map(|value| value.as_bytes())),
    }
}

fn agreed_length(headers: &HeaderMap) -> Result<Option<u64>, &'static str> {
    let mut agreed = None;
    for value in headers.get_all(CONTENT_LENGTH) {
        for item in value.as_bytes().split(|&b| b == b',') {
            let length = decimal(item.trim_ascii())?;
            if agreed.replace(length).is_some_and(|other| other != length) {
                return Err("differing content-length fields");
            }
        }
    }
    Ok(agreed)
}

/// Digits only: no sign, no space, no list.
fn decimal(text: &[u8]) -> Result<u64, &'static str> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let text =
        std::str::from_utf8(text).ok().filter(|_| digits).ok_or("content-length is no number")?;
    text.parse().map_err(|_| "content-length too large")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::parse::{self, HeadLimits, Scan};

    fn length_of(fields: &str) -> Result<BodyLength, &'static str> {
        let mut buf =
            BytesMut::from(format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n").as_bytes());
        let limits = HeadLimits { bytes: 4096, fields: 20 };
        request_body(&parse::request(&mut buf, &mut Scan::default(), limits).unwrap().unwrap())
    }

    #[test]
    fn unambiguous_lengths_are_taken() {
        assert_eq!(length_of(""), Ok(BodyLength::None));
        assert_eq!(length_of("Content-Length: 0\r\n"), Ok(BodyLength::None));
        assert_eq!(length_of("Content-Length: 5\r\n"), Ok(BodyLength::Known(5)));
        assert_eq!(length_of("Transfer-Encoding: Chunked\r\n"), Ok(BodyLength::Chunked));
    }

    #[test]
    fn ambiguous_lengths_are_refused() {
        for fields in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            "Content-Length: 5, 5\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length:\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: \r\n",
        ] {
            assert!(length_of(fields).is_err(), "{fields:?}");
        }
    }

    #[test]
    fn a_known_length_leaves_what_follows() {
        let mut decoder = BodyDecoder::new(BodyLength::Known(3));
        let mut buf = BytesMut::from(&b"abcdef"[..]);
        assert!(matches!(decoder.decode(&mut buf), Ok(Decoded::Data(data)) if data == "abc"));
        assert!(decoder.is_end());
        assert!(matches!(decoder.decode(&mut buf), Ok(Decoded::End)));
        assert_eq!(&buf[..], b"def");
    }

    #[test]
    fn ending_early_is_an_error() {
        assert!(BodyDecoder::new(BodyLength::Known(3)).eof().is_err());
        assert!(BodyDecoder::new(BodyLength::Chunked).eof().is_err());
        assert!(BodyDecoder::new(BodyLength::UntilClose).eof().is_ok());
    }
}
