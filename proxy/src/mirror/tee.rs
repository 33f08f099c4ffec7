//! A body read once and sent twice.
//!
//! The primary's side pulls; each piece it gets is handed to the copy by reference count. The copy never holds the primary up:
//! where it is behind, pieces wait in a queue, and the queue is bounded by the budget that all copies of a mirror share.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use parking_lot::Mutex;

use super::{MirrorState, Reason};
use crate::wire::{Body, BodyError};

/// The primary's side: passes everything on and shares it.
struct Tee {
    inner: Body,
    queue: Arc<Queue>,
}

/// The copy's side.
#[derive(Debug)]
pub struct Copy {
    queue: Arc<Queue>,
}

/// Tells, after the fact, why a copy was cut off.
#[derive(Debug)]
pub struct Cut(Arc<Queue>);

#[derive(Debug)]
struct Queue {
    waiting: Mutex<Waiting>,
    state: Arc<MirrorState>,
    budget: u64,
}

#[derive(Debug)]
struct Waiting {
    pieces: VecDeque<Bytes>,
    bytes: u64,
    bytes_left: u64,
    length: Option<u64>,
    trailers: Option<HeaderMap>,
    end: Option<End>,
    waker: Option<Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    Cut(Reason),
    /// Nobody reads the copy any more.
    Unread,
}

/// Splits `body` in two. The copy ends with an error where it would be longer than `bytes_max`, or where the mirror's
/// copies together would hold more than `budget` bytes.
pub fn split(body: Body, bytes_max: u64, state: Arc<MirrorState>, budget: u64) -> (Body, Copy) {
    let waiting = Waiting {
        pieces: VecDeque::new(),
        bytes: 0,
        bytes_left: bytes_max,
        length: body.exact_len(),
        trailers: None,
        end: body.is_empty().then_some(End::Whole),
        waker: None,
    };
    let queue = Arc::new(Queue { waiting: Mutex::new(waiting), state, budget });
    let copy = Copy { queue: Arc::clone(&queue) };
    if body.is_empty() {
        return (body, copy);
    }
    (Body::stream(Tee { inner: body, queue }), copy)
}

impl Copy {
    /// A handle that outlives the copy.
    pub fn cut(&self) -> Cut {
        Cut(Arc::clone(&self.queue))
    }
}

impl Cut {
    /// Why the copy was cut off, if it was.
    pub fn reason(&self) -> Option<Reason> {
        match self.0.waiting.lock().end {
            Some(End::Cut(reason)) => Some(reason),
            _ => None,
        }
    }
}

impl Queue {
    fn push(&self, data: &Bytes) {
        let mut waiting = self.waiting.lock();
        if waiting.end.is_some() {
            return;
        }
        let len = data.len() as u64;
        if len > waiting.bytes_left {
            return self.finish(&mut waiting, End::Cut(Reason::Size));
        }
        let held = self.state.take(len);
        waiting.bytes += len;
        if held > self.budget {
            return self.finish(&mut waiting, End::Cut(Reason::Budget));
        }
        waiting.bytes_left -= len;
        waiting.pieces.push_back(data.clone());
        waiting.wake();
    }

    fn end(&self, end: End, trailers: Option<HeaderMap>) {
        let mut waiting = self.waiting.lock();
        if waiting.end.is_none() {
            waiting.trailers = trailers;
            self.finish(&mut waiting, end);
        }
    }

    fn finish(&self, waiting: &mut Waiting, end: End) {
        waiting.end = Some(end);
        if end != End::Whole {
            waiting.pieces.clear();
            self.release(waiting);
        }
        waiting.wake();
    }

    /// Gives back what the pieces in the queue have taken of the budget.
    fn release(&self, waiting: &mut Waiting) {
        self.state.give_back(std::mem::take(&mut waiting.bytes));
    }
}

impl Waiting {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl HttpBody for Tee {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            None => self.queue.end(End::Whole, None),
            Some(Err(_)) => self.queue.end(End::Cut(Reason::Primary), None),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.queue.push(data);
                }
                if frame.is_trailers() || self.inner.is_end_stream() {
                    self.queue.end(End::Whole, frame.trailers_ref().cloned());
                }
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        // Whoever read the primary's body has given up on it.
        self.queue.end(End::Cut(Reason::Primary), None);
    }
}

impl HttpBody for Copy {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut waiting = self.queue.waiting.lock();
        if let Some(piece) = waiting.pieces.pop_front() {
            let len = piece.len() as u64;
            waiting.bytes -= len;
            self.queue.state.give_back(len);
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match waiting.end {
            Some(End::Whole) => {
                Poll::Ready(waiting.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
            }
            Some(_) => Poll::Ready(Some(Err(BodyError::Abandoned))),
            None => {
                waiting.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let waiting = self.queue.waiting.lock();
        waiting.end == Some(End::Whole) && waiting.pieces.is_empty() && waiting.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let waiting = self.queue.waiting.lock();
        match (waiting.length, waiting.end) {
            (Some(length), _) => SizeHint::with_exact(length),
            (None, Some(End::Whole)) if waiting.trailers.is_none() => {
                SizeHint::with_exact(waiting.bytes)
            }
            _ => SizeHint::default(),
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let mut waiting = self.queue.waiting.lock();
        if waiting.end.is_none() {
            waiting.end = Some(End::Unread);
        }
        waiting.pieces.clear();
        self.queue.release(&mut waiting);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;
    use crate::observe::metrics::Metrics;

    fn state() -> Arc<MirrorState> {
        MirrorState::new(&Arc::new(Metrics::new(1)))
    }

    /// A body of these pieces.
    struct Pieces(VecDeque<&'static str>);

    impl HttpBody for Pieces {
        type Data = Bytes;
        type Error = BodyError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
            Poll::Ready(
                self.0
                    .pop_front()
                    .map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes())))),
            )
        }
    }

    async fn read(
        body: &mut (impl HttpBody<Data = Bytes, Error = BodyError> + Unpin),
    ) -> Result<Vec<u8>, BodyError> {
        let mut all = Vec::new();
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
            all.extend_from_slice(&frame?.into_data().unwrap_or_default());
        }
        Ok(all)
    }

    fn pieces() -> Body {
        Body::stream(Pieces(VecDeque::from(["abc", "def", "ghi"])))
    }

    #[tokio::test]
    async fn both_sides_read_the_same() {
        let state = state();
        let (mut primary, mut copy) = split(pieces(), 100, Arc::clone(&state), 100);
        assert_eq!(read(&mut primary).await.unwrap(), b"abcdefghi");
        assert_eq!(state.bytes(), 9);
        assert_eq!(read(&mut copy).await.unwrap(), b"abcdefghi");
        assert_eq!(state.bytes(), 0);
    }

    #[tokio::test]
    async fn a_copy_over_budget_is_cut_and_the_primary_is_not() {
        for (bytes_max, budget, reason) in [(100, 5, Reason::Budget), (5, 100, Reason::Size)] {
            let state = state();
            let (mut primary, mut copy) = split(pieces(), bytes_max, Arc::clone(&state), budget);
            let cut = copy.cut();
            assert_eq!(read(&mut primary).await.unwrap(), b"abcdefghi");
            assert!(read(&mut copy).await.is_err());
            assert_eq!(cut.reason(), Some(reason));
            assert_eq!(state.bytes(), 0);
        }
    }

    #[tokio::test]
    async fn a_copy_that_nobody_reads_holds_nothing() {
        let state = state();
        let (mut primary, copy) = split(pieces(), 100, Arc::clone(&state), 100);
        poll_fn(|cx| Pin::new(&mut primary).poll_frame(cx)).await;
        drop(copy);
        assert_eq!(read(&mut primary).await.unwrap(), b"defghi");
        assert_eq!(state.bytes(), 0);
    }

    #[tokio::test]
    async fn a_primary_that_is_given_up_cuts_its_copy() {
        let (primary, mut copy) = split(pieces(), 100, state(), 100);
        let cut = copy.cut();
        drop(primary);
        assert!(read(&mut copy).await.is_err());
        assert_eq!(cut.reason(), Some(Reason::Primary));
    }
}
