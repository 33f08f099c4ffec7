//! A request body that may be sent more than once.
//!
//! What is at hand is cloned. What streams is kept as it passes, up to `retry.body_bytes`; a longer body is sent once. A
//! try gets a [`Body`] that reads what was kept and then goes on with the source; a later try takes the source from it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use parking_lot::Mutex;

use crate::wire::{Body, BodyError};

/// The body of a request, over all its tries.
pub(super) enum Source {
    /// At hand.
    Whole(Bytes),
    /// On its way.
    Stream(Arc<Mutex<Tape>>),
}

/// A body for more than one call: what is read of it can be sent again to another cluster.
pub struct Replay(Source);

impl Replay {
    /// Takes a body; `keep_max` is how much of a stream is kept.
    pub fn new(body: Body, keep_max: u64) -> Self {
        Self(Source::new(body, keep_max))
    }

    /// Whether the whole body can still be sent.
    pub fn is_whole(&self) -> bool {
        self.0.is_replayable()
    }

    /// The body for one more call. Ends those given out before.
    pub fn read(&self) -> Body {
        self.0.read()
    }
}

/// A streamed body and what of it is kept.
pub(super) struct Tape {
    source: Body,
    kept: Vec<Bytes>,
    kept_len: u64,
    keep_max: u64,
    trailers: Option<HeaderMap>,
    ended: bool,
    /// Some of what has passed is gone.
    lost: bool,
    /// Something has passed.
    started: bool,
    /// The client's side failed; no try can mend that.
    failed: bool,
    /// Number of the try that may read.
    reader: u32,
}

/// One try's view of the body.
struct Reader {
    tape: Arc<Mutex<Tape>>,
    number: u32,
    at: usize,
    trailers_sent: bool,
    left: Option<u64>,
}

impl Source {
    /// Takes a body; `keep_max` is how much of a stream is kept for another try.
    pub(super) fn new(body: Body, keep_max: u64) -> Self {
        match body {
            Body::Empty => Self::Whole(Bytes::new()),
            Body::Full(bytes) => Self::Whole(bytes),
            source @ Body::Stream(_) => Self::Stream(Arc::new(Mutex::new(Tape {
                source,
                kept: Vec::new(),
                kept_len: 0,
                keep_max,
                trailers: None,
                ended: false,
                lost: false,
                started: false,
                failed: false,
                reader: 0,
            }))),
        }
    }

    /// Whether the whole body can still be sent.
    pub(super) fn is_replayable(&self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Stream(tape) => {
                let tape = tape.lock();
                !tape.lost && !tape.failed
            }
        }
    }

    /// The body for one more try. Ends the readers of earlier tries.
    pub(super) fn read(&self) -> Body {
        let tape = match self {
            Self::Whole(bytes) => return Body::from(bytes.clone()),
            Self::Stream(tape) => tape,
        };
        let mut state = tape.lock();
        state.reader += 1;
        // The source's hint counts what is still in it; a body that has started is exact only if nothing is missing.
        let left = state.source.exact_len().map(|left| left + state.kept_len);
        let number = state.reader;
        drop(state);
        Body::stream(Reader { tape: tape.clone(), number, at: 0, trailers_sent: false, left })
    }
}

impl Tape {
    fn poll_source(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = match ready!(Pin::new(&mut self.source).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => {
                self.failed = true;
                return Poll::Ready(Some(Err(error)));
            }
            None => {
                self.ended = true;
                return Poll::Ready(None);
            }
        };
        self.started = true;
        match frame.data_ref() {
            Some(data) => self.keep(data.clone()),
            None => self.trailers = frame.trailers_ref().cloned(),
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn keep(&mut self, data: Bytes) {
        self.kept_len += data.len() as u64;
        if self.lost || self.kept_len > self.keep_max {
            self.lost = true;
            self.kept = Vec::new();
            return;
        }
        self.kept.push(data);
    }
}

impl HttpBody for Reader {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let mut tape = this.tape.lock();
        if tape.reader != this.number {
            return Poll::Ready(Some(Err(BodyError::Abandoned)));
        }
        if let Some(data) = tape.kept.get(this.at) {
            this.at += 1;
            this.left = this.left.map(|left| left.saturating_sub(data.len() as u64));
            return Poll::Ready(Some(Ok(Frame::data(data.clone()))));
        }
        if tape.ended || tape.trailers.is_some() {
            let trailers = tape.trailers.clone().filter(|_| !this.trailers_sent);
            this.trailers_sent = true;
            return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
        }
        let polled = ready!(tape.poll_source(cx));
        this.at = tape.kept.len();
        if let Some(Ok(frame)) = &polled {
            let len = frame.data_ref().map_or(0, |data| data.len() as u64);
            this.left = this.left.map(|left| left.saturating_sub(len));
            this.trailers_sent |= frame.is_trailers();
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        let tape = self.tape.lock();
        let nothing_kept = tape.reader == self.number && self.at >= tape.kept.len();
        nothing_kept && tape.trailers.is_none() && (tape.ended || tape.source.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, StreamBody};

    use super::*;

    fn stream(chunks: &'static [&'static str]) -> Body {
        let frames =
            chunks.iter().map(|chunk| Ok(Frame::data(Bytes::from_static(chunk.as_bytes()))));
        Body::stream(StreamBody::new(futures_util::stream::iter(frames)))
    }

    async fn next(body: &mut Body) -> Option<Bytes> {
        body.frame().await?.ok()?.into_data().ok()
    }

    async fn text(body: Body) -> Bytes {
        body.collect().await.unwrap().to_bytes()
    }

    #[tokio::test]
    async fn a_short_body_is_read_again_from_its_start() {
        let source = Source::new(stream(&["ab", "cd", "ef"]), 100);
        let mut first = source.read();
        assert_eq!(next(&mut first).await.unwrap(), "ab");
        let second = source.read();
        assert_eq!(text(second).await, "abcdef");
        assert!(source.is_replayable());
        assert_eq!(text(source.read()).await, "abcdef");
    }

    #[tokio::test]
    async fn a_long_body_is_read_once() {
        let source = Source::new(stream(&["ab", "cd", "ef"]), 3);
        assert!(source.is_replayable());
        let mut first = source.read();
        next(&mut first).await;
        assert!(source.is_replayable());
        next(&mut first).await;
        assert!(!source.is_replayable());
        assert_eq!(text(first).await, "ef");
    }

    #[tokio::test]
    async fn a_try_given_up_reads_no_more() {
        let source = Source::new(stream(&["ab", "cd"]), 100);
        let mut first = source.read();
        let _second = source.read();
        assert!(matches!(first.frame().await, Some(Err(BodyError::Abandoned))));
    }

    #[tokio::test]
    async fn the_clients_failure_is_final() {
        let frames = [Ok(Frame::data(Bytes::from("ab"))), Err(BodyError::ClientGone)];
        let body = Body::stream(StreamBody::new(futures_util::stream::iter(frames)));
        let source = Source::new(body, 100);
        assert!(source.read().collect().await.is_err());
        assert!(!source.is_replayable());
    }

    #[tokio::test]
    async fn trailers_are_kept_too() {
        let trailers = HeaderMap::from_iter([(http::header::ETAG, "x".parse().unwrap())]);
        let frames = [Ok(Frame::data(Bytes::from("ab"))), Ok(Frame::trailers(trailers.clone()))];
        let body = Body::stream(StreamBody::new(futures_util::stream::iter(frames)));
        let source = Source::new(body, 100);
        for _ in 0..2 {
            let collected = source.read().collect().await.unwrap();
            assert_eq!(collected.trailers(), Some(&trailers));
            assert_eq!(collected.to_bytes(), "ab");
        }
    }
}
