//! Bodies for origins and clients: whole, in chunks, with trailers, fed by hand, endless.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use tokio::sync::mpsc;

/// What ends a body before its end.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// Any body.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// The feeding end of [`channel`]. Dropping it ends the body well; [`BodySender::fail`] ends it badly.
pub struct BodySender(mpsc::Sender<Result<Frame<Bytes>, BodyError>>);

impl BodySender {
    /// Sends a piece; false once nobody reads any more.
    pub async fn send(&self, data: impl Into<Bytes>) -> bool {
        self.0.send(Ok(Frame::data(data.into()))).await.is_ok()
    }

    /// Breaks the body off.
    pub async fn fail(self) {
        let _ = self.0.send(Err("the test broke this body off".into())).await;
    }
}

/// A whole body of known length.
pub fn full(data: impl Into<Bytes>) -> Body {
    Full::new(data.into()).map_err(infallible).boxed_unsync()
}

/// No body.
pub fn empty() -> Body {
    full("")
}

/// A body that is sent piece by piece, in chunks over HTTP/1.1.
pub fn chunks(pieces: &[&'static str]) -> Body {
    let frames: Vec<_> =
        pieces.iter().map(|p| Ok(Frame::data(Bytes::from_static(p.as_bytes())))).collect();
    StreamBody::new(stream::iter(frames)).boxed_unsync()
}

/// A body that ends with trailer fields.
pub fn with_trailers(data: impl Into<Bytes>, trailers: &[(&str, &str)]) -> Body {
    let frames: Vec<Result<_, BodyError>> =
        vec![Ok(Frame::data(data.into())), Ok(Frame::trailers(fields(trailers)))];
    StreamBody::new(stream::iter(frames)).boxed_unsync()
}

/// A body that the test feeds.
pub fn channel() -> (BodySender, Body) {
    let (sender, receiver) = mpsc::channel(1);
    let frames = stream::unfold(receiver, |mut r| async move { r.recv().await.map(|f| (f, r)) });
    (BodySender(sender), StreamBody::new(frames).boxed_unsync())
}

/// `length` bytes in pieces of 64 KiB, made as they are read.
pub fn sized(length: usize) -> Body {
    let frames = stream::unfold(length, |left| async move {
        let piece = left.min(PIECE.len());
        (piece > 0).then(|| (Ok(Frame::data(Bytes::from_static(&PIECE[..piece]))), left - piece))
    });
    StreamBody::new(frames).boxed_unsync()
}

/// Reads a body to its end, keeping nothing of it.
pub async fn length<B>(mut body: B) -> usize
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Debug,
{
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        length += frame.unwrap().data_ref().map_or(0, Bytes::len);
    }
    length
}

/// A body without end: a piece every `pause`.
pub fn endless(pause: Duration) -> Body {
    let frames = stream::unfold((), move |()| async move {
        tokio::time::sleep(pause).await;
        Some((Ok(Frame::data(Bytes::from_static(b"more\n"))), ()))
    });
    StreamBody::new(frames).boxed_unsync()
}

/// Header fields from pairs.
pub fn fields(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
        })
        .collect()
}

/// FNV-1a of 64 bits, in hex: tells bodies apart without keeping them.
#[derive(Debug, Clone, Copy)]
pub struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    /// Takes more bytes in.
    pub fn update(&mut self, data: &[u8]) {
        for byte in data {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// The hash of what was taken in so far.
    pub fn hex(self) -> String {
        format!("{:016x}", self.0)
    }
}

/// The hash of `data`.
pub fn hash(data: &[u8]) -> String {
    let mut hash = Hash::default();
    hash.update(data);
    hash.hex()
}

/// The bytes of a [`sized`] body.
pub fn sized_bytes(length: usize) -> Vec<u8> {
    PIECE.iter().copied().cycle().take(length).collect()
}

fn infallible(never: Infallible) -> BodyError {
    match never {}
}

static PIECE: [u8; 64 << 10] = {
    let mut piece = [0; 64 << 10];
    let mut at = 0;
    while at < piece.len() {
        piece[at] = b'a' + (at % 23) as u8;
        at += 1;
    }
    piece
};
