//! A response as it came over the wire, and reading one to its end: no more of HTTP than that needs.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time,
};

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Head and body, as they came.
    pub(crate) bytes: Vec<u8>,
    fields: Vec<(String, String)>,
    /// Whether the connection can take another request.
    pub(crate) reusable: bool,
}

/// Bytes of a response that are read; the rest is left where it is.
const BYTES_MAX: usize = 16 << 20;

/// Header fields of a response.
const FIELDS_MAX: usize = 256;

/// From a response's end to the end of a connection that its server said it would close.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(1);

/// How a body ends.
#[derive(Debug)]
enum Body {
    After(usize),
    Chunked(Chunks),
    WithTheConnection,
}

/// Where in a chunked body the next byte stands.
#[derive(Debug, Default)]
enum Chunks {
    /// In a line that gives a size, of which this much is known.
    #[default]
    Size,
    SizeKnown(usize),
    Extension(usize),
    Data(usize),
    DataEnd,
    /// In the trailer, on a line of this many bytes.
    Trailer(usize),
    Done,
}

struct Head {
    status: u16,
    fields: Vec<(String, String)>,
    bytes: usize,
    minor: u8,
}

impl Response {
    /// The first value of a header field, whose name is given in lower case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields(name).next()
    }

    /// The values of a header field, whose name is given in lower case.
    pub(crate) fn fields(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a response to its end, and the connection to its end where the server closes it: then it is done with the request,
/// and with what it logs of it.
pub(crate) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    method: &[u8],
) -> Result<Response, String> {
    let mut bytes = Vec::with_capacity(4096);
    let head = read_head(stream, &mut bytes).await?;
    let mut body = head.body(method);
    let mut seen = head.bytes;
    while !body.is_over(&bytes, &mut seen) && bytes.len() < BYTES_MAX {
        match stream.read_buf(&mut bytes).await {
            Ok(0) if matches!(body, Body::WithTheConnection) => break,
            Ok(0) => return Err("the connection ended before the response did".to_owned()),
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    let reusable = head.keeps_alive() && !matches!(body, Body::WithTheConnection);
    if !reusable {
        let _ = time::timeout(CLOSE_TIME_MAX, drain(stream)).await;
    }
    Ok(Response { status: head.status, bytes, fields: head.fields, reusable })
}

/// Reads on until a head is complete; interim ones are passed over.
async fn read_head(
    stream: &mut (impl AsyncRead + Unpin),
    bytes: &mut Vec<u8>,
) -> Result<Head, String> {
    loop {
        match Head::parse(bytes)? {
            Some(head) if (100..200).contains(&head.status) && head.status != 101 => {
                bytes.drain(..head.bytes);
            }
            Some(head) => return Ok(head),
            None if bytes.len() > BYTES_MAX => {
                return Err("the response's head has no end".to_owned());
            }
            None => match stream.read_buf(bytes).await {
                Ok(0) if bytes.is_empty() => {
                    return Err("the connection ended without a response".to_owned());
                }
                Ok(0) => return Err("the connection ended in the response's head".to_owned()),
                Ok(_) => {}
                Err(error) => return Err(error.to_string()),
            },
        }
    }
}

async fn drain(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Option<Self>, String> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut response = httparse::Response::new(&mut fields);
        let length = match response.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(error) => return Err(format!("the response is no HTTP/1: {error}")),
        };
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let fields = response.headers.iter();
        Ok(Some(Self {
            status: response.code.unwrap_or_default(),
            fields: fields.map(|it| (it.name.to_ascii_lowercase(), text(it.value))).collect(),
            bytes: length,
            minor: response.version.unwrap_or_default(),
        }))
    }

    /// How the body ends (RFC 9112, section 6.3).
    fn body(&self, method: &[u8]) -> Body {
        let bodiless = method == b"HEAD" || matches!(self.status, 100..200 | 204 | 304);
        if bodiless {
            return Body::After(0);
        }
        if self.names("transfer-encoding", "chunked") {
            return Body::Chunked(Chunks::default());
        }
        let length = self.fields.iter().find(|(name, _)| name == "content-length");
        match length.and_then(|(_, value)| value.trim().parse().ok()) {
            Some(length) => Body::After(length),
            None => Body::WithTheConnection,
        }
    }

    fn keeps_alive(&self) -> bool {
        match self.minor {
            0 => self.names("connection", "keep-alive"),
            _ => !self.names("connection", "close"),
        }
    }

    /// Whether a field that is a list has an item.
    fn names(&self, field: &str, item: &str) -> bool {
        let values = self.fields.iter().filter(|(name, _)| name == field);
        let mut items = values.flat_map(|(_, value)| value.split(','));
        items.any(|it| it.trim().eq_ignore_ascii_case(item))
    }
}

impl Body {
    /// Whether the body is complete; `seen` is how much of the response was looked at.
    fn is_over(&mut self, bytes: &[u8], seen: &mut usize) -> bool {
        let new = bytes.get(*seen..).unwrap_or_default();
        *seen = bytes.len();
        match self {
            Self::After(left) => {
                *left = left.saturating_sub(new.len());
                *left == 0
            }
            Self::Chunked(chunks) => chunks.take(new),
            Self::WithTheConnection => false,
        }
    }
}

impl Chunks {
    /// Whether the body ends within these bytes.
    fn take(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((&byte, rest)) = bytes.split_first() {
            let mut next = rest;
            *self = match (&*self, byte) {
                (Self::Size, _) if hex(byte).is_some() => Self::SizeKnown(hex(byte).unwrap_or(0)),
                (Self::SizeKnown(0), b'\n') | (Self::Extension(0), b'\n') => Self::Trailer(0),
                (Self::SizeKnown(size) | Self::Extension(size), b'\n') => Self::Data(*size),
                (Self::SizeKnown(size), _) => match hex(byte) {
                    Some(digit) => Self::SizeKnown(size.saturating_mul(16).saturating_add(digit)),
                    None => Self::Extension(*size),
                },
                (Self::Extension(size), _) => Self::Extension(*size),
                (Self::Data(left), _) => {
                    let taken = (*left).min(bytes.len());
                    next = bytes.get(taken..).unwrap_or_default();
                    if taken < *left { Self::Data(left - taken) } else { Self::DataEnd }
                }
                (Self::DataEnd, b'\n') => Self::Size,
                (Self::DataEnd, _) => Self::DataEnd,
                (Self::Trailer(0), b'\n') => Self::Done,
                (Self::Trailer(_), b'\n') => Self::Trailer(0),
                (Self::Trailer(length), b'\r') => Self::Trailer(*length),
                (Self::Trailer(length), _) => Self::Trailer(length + 1),
                (Self::Size, _) => Self::Size,
                (Self::Done, _) => Self::Done,
            };
            bytes = next;
        }
        matches!(self, Self::Done)
    }
}

fn hex(byte: u8) -> Option<usize> {
    char::from(byte).to_digit(16).and_then(|digit| usize::try_from(digit).ok())
}

#[cfg(test)]
mod tests;
