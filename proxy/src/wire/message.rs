//! Message heads, the same for every protocol version.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Version};

/// The head of a request.
#[derive(Debug, Clone)]
pub struct RequestHead {
    /// Method, case kept.
    pub method: Method,
    /// Path and query as the client wrote them.
    pub target: Target,
    /// Host and port from the Host field, `:authority` or an absolute-form target; empty if the client may leave it out.
    pub authority: Bytes,
    /// Version that the client spoke. What we speak upstream is the cluster's affair.
    pub version: Version,
    /// Header fields.
    pub headers: HeaderMap,
    /// Protocol that the client wants the connection upgraded to: the Upgrade field of HTTP/1.1, `:protocol` of extended
    /// CONNECT (RFC 8441).
    pub upgrade: Option<Bytes>,
    /// What the client wrote where the rest says it otherwise: rare, and so behind a box.
    pub written: Option<Box<Written>>,
}

impl RequestHead {
    /// Whether the client speaks a version of HTTP that is not ours.
    pub fn is_of_unknown_version(&self) -> bool {
        self.written.as_ref().is_some_and(|written| written.version.is_some())
    }
}

/// What a client wrote, for those who look at requests as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// A target in absolute form.
    pub target: Option<Bytes>,
    /// A Host field that is empty, or that the authority of the target goes before.
    pub host: Option<Bytes>,
    /// A version of HTTP that is not ours, and that the rest was read as HTTP/1.1 for: it is to be refused.
    pub version: Option<Bytes>,
}

/// The head of a response.
#[derive(Debug, Clone)]
pub struct ResponseHead {
    /// Status, never 1xx but for 101.
    pub status: StatusCode,
    /// Version that the upstream spoke.
    pub version: Version,
    /// Header fields.
    pub headers: HeaderMap,
}

/// Path and query of a request, in the bytes that the client sent: `/a/b?c=d`, or `*` for OPTIONS.
///
/// Kept raw, because what a rule engine inspects and what an upstream receives must be the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    raw: Bytes,
    path_len: usize,
}

impl Target {
    /// Takes origin-form or `*`; the caller has checked that it is one of them.
    pub fn new(raw: Bytes) -> Self {
        let path_len = memchr::memchr(b'?', &raw).unwrap_or(raw.len());
        Self { raw, path_len }
    }

    /// Everything: path, `?` and query.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The path, percent signs undecoded.
    pub fn path(&self) -> &[u8] {
        &self.raw[..self.path_len]
    }

    /// What stands behind the first `?`.
    pub fn query(&self) -> Option<&[u8]> {
        self.raw.get(self.path_len + 1..)
    }

    /// The same query behind another path.
    pub fn with_path(&self, path: &[u8]) -> Self {
        let tail = &self.raw[self.path_len..];
        let mut raw = Vec::with_capacity(path.len() + tail.len());
        raw.extend_from_slice(path);
        raw.extend_from_slice(tail);
        Self { raw: raw.into(), path_len: path.len() }
    }
}
