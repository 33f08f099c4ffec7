//! Bodies of answers, kept for the comparison while they pass.
//!
//! What is kept are references to bytes that are there anyway, within `max_body` for one and the mirror's `memory_budget` for
//! all. The primary's answer is on its way to a client: nothing here waits, and nothing here can fail it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{
    MirrorState,
    compare::verdict::{Answer, Kept},
};
use crate::{
    upstream::Response,
    wire::{Body, BodyError, ResponseHead},
};

/// Gathers a body within bounds.
#[derive(Debug)]
pub struct Keeper {
    pieces: Vec<Bytes>,
    held: Held,
    bytes_max: u64,
    budget: u64,
    over: Option<Over>,
}

#[derive(Debug, Clone, Copy)]
enum Over {
    Long,
    Budget,
}

/// Bytes of the budget, given back when dropped.
#[derive(Debug)]
pub struct Held {
    state: Arc<MirrorState>,
    bytes: u64,
}

/// An answer, and what it holds of the budget.
pub type Whole = (Answer, Held);

impl Keeper {
    /// Keeps at most `bytes_max`, as long as all bodies of the mirror together hold no more than `budget`.
    pub fn new(state: &Arc<MirrorState>, bytes_max: u64, budget: u64) -> Self {
        let held = Held { state: Arc::clone(state), bytes: 0 };
        Self { pieces: Vec::new(), held, bytes_max, budget, over: None }
    }

    /// Keeps a piece, or nothing from now on.
    pub fn push(&mut self, piece: &Bytes) {
        let len = piece.len() as u64;
        if self.over.is_some() || len == 0 {
            return;
        }
        if self.held.bytes + len > self.bytes_max {
            return self.give_up(Over::Long);
        }
        self.held.bytes += len;
        if self.held.state.take(len) > self.budget {
            return self.give_up(Over::Budget);
        }
        self.pieces.push(piece.clone());
    }

    fn give_up(&mut self, over: Over) {
        self.over = Some(over);
        self.pieces = Vec::new();
        self.held.give_back();
    }

    /// What was kept of a body of this length, where that is known.
    pub fn finish(self, length: Option<u64>) -> (Kept, Held) {
        let kept = match self.over {
            Some(Over::Long) => Kept::Long(length),
            Some(Over::Budget) => Kept::OverBudget,
            None => Kept::Whole(joined(self.pieces)),
        };
        (kept, self.held)
    }
}

fn joined(mut pieces: Vec<Bytes>) -> Bytes {
    match pieces.pop() {
        None => Bytes::new(),
        Some(only) if pieces.is_empty() => only,
        Some(last) => {
            let mut all = BytesMut::new();
            pieces.iter().chain([&last]).for_each(|piece| all.extend_from_slice(piece));
            all.freeze()
        }
    }
}

impl Held {
    fn give_back(&mut self) {
        self.state.give_back(std::mem::take(&mut self.bytes));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// The primary's side of a pair: whoever compares waits for what comes in here.
#[derive(Debug)]
pub struct Expected {
    sender: oneshot::Sender<Whole>,
    keeper: Keeper,
}

impl Expected {
    /// Both ends.
    pub fn new(keeper: Keeper) -> (Self, oneshot::Receiver<Whole>) {
        let (sender, receiver) = oneshot::channel();
        (Self { sender, keeper }, receiver)
    }

    /// Looks at an answer on its way to the client. The answer stays as it is.
    pub fn watch(mut self, response: Response, first_byte: Duration) -> Response {
        let Response { head, body, tunnel } = response;
        if tunnel.is_some() {
            return Response { head, body, tunnel };
        }
        let body = match body {
            Body::Stream(_) if !body.is_empty() => {
                let length = body.exact_len();
                let head = head.clone();
                let watch = Watch { expected: self, head, first_byte, length };
                Body::stream(Watched { inner: body, watch: Some(watch) })
            }
            body => {
                if let Body::Full(bytes) = &body {
                    self.keeper.push(bytes);
                }
                self.tell(&head, first_byte, body.exact_len());
                body
            }
        };
        Response { head, body, tunnel }
    }

    fn tell(self, head: &ResponseHead, first_byte: Duration, length: Option<u64>) {
        // Nobody listens any more where the copy's time is over.
        let _ = self.sender.send(whole(head, self.keeper, first_byte, length));
    }
}

/// An answer of which all has come that is kept.
pub(super) fn whole(
    head: &ResponseHead,
    keeper: Keeper,
    first_byte: Duration,
    length: Option<u64>,
) -> Whole {
    let (body, held) = keeper.finish(length);
    (Answer { status: head.status, headers: head.headers.clone(), body, first_byte }, held)
}

struct Watch {
    expected: Expected,
    head: ResponseHead,
    first_byte: Duration,
    length: Option<u64>,
}

/// A body that is kept while it passes. Dropped before its end it tells nothing.
struct Watched {
    inner: Body,
    watch: Option<Watch>,
}

impl Watched {
    fn saw(&mut self, frame: Option<&Frame<Bytes>>) {
        let Some(watch) = &mut self.watch else { return };
        if let Some(data) = frame.and_then(Frame::data_ref) {
            watch.expected.keeper.push(data);
        }
        let ended = frame.is_none_or(Frame::is_trailers) || self.inner.is_end_stream();
        if (ended || watch.expected.keeper.over.is_some())
            && let Some(Watch { expected, head, first_byte, length }) = self.watch.take()
        {
            expected.tell(&head, first_byte, length);
        }
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            Some(Err(_)) => self.watch = None,
            Some(Ok(frame)) => self.saw(Some(frame)),
            None => self.saw(None),
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

/// A copy's body on its way to the shadow, kept for a sample.
pub(super) struct Recorded {
    inner: Body,
    keeper: Arc<Mutex<Option<Keeper>>>,
}

impl Recorded {
    pub(super) fn new(inner: Body, keeper: Arc<Mutex<Option<Keeper>>>) -> Self {
        Self { inner, keeper }
    }
}

impl HttpBody for Recorded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
            && let Some(keeper) = self.keeper.lock().as_mut()
        {
            keeper.push(data);
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

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, future::poll_fn};

    use http::{HeaderMap, StatusCode, Version};

    use super::*;
    use crate::observe::metrics::Metrics;

    struct Pieces(VecDeque<&'static str>);

    impl HttpBody for Pieces {
        type Data = Bytes;
        type Error = BodyError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
            let piece = self.0.pop_front();
            Poll::Ready(piece.map(|piece| match piece {
                "!" => Err(BodyError::Abandoned),
                piece => Ok(Frame::data(Bytes::from_static(piece.as_bytes()))),
            }))
        }
    }

    fn response(body: Body) -> Response {
        let (status, headers) = (StatusCode::OK, HeaderMap::new());
        Response {
            head: ResponseHead { status, version: Version::HTTP_11, headers },
            body,
            tunnel: None,
        }
    }

    /// What the client reads, and what the comparison gets.
    async fn watched(body: Body, bytes_max: u64, budget: u64) -> (String, Option<Kept>, u64) {
        let state = MirrorState::new(&Arc::new(Metrics::new(1)));
        let (expected, receiver) = Expected::new(Keeper::new(&state, bytes_max, budget));
        let mut body = expected.watch(response(body), Duration::ZERO).body;
        let mut read = Vec::new();
        while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            read.extend_from_slice(frame.data_ref().unwrap());
        }
        drop(body);
        let whole = receiver.await.ok();
        let held = state.bytes();
        let kept = whole.map(|(answer, _)| answer.body);
        assert_eq!(state.bytes(), 0);
        (String::from_utf8(read).unwrap(), kept, held)
    }

    fn pieces(pieces: &[&'static str]) -> Body {
        Body::stream(Pieces(pieces.iter().copied().collect()))
    }

    #[tokio::test]
    async fn a_body_is_kept_while_it_passes() {
        for body in [pieces(&["abc", "", "def"]), pieces(&["abcdef"]), Body::from("abcdef")] {
            let (read, kept, held) = watched(body, 6, 6).await;
            assert!(matches!(kept, Some(Kept::Whole(bytes)) if bytes == "abcdef"));
            assert_eq!((read.as_str(), held), ("abcdef", 6));
        }
        let (_, kept, _) = watched(Body::Empty, 6, 6).await;
        assert!(matches!(kept, Some(Kept::Whole(bytes)) if bytes.is_empty()));
    }

    #[tokio::test]
    async fn bodies_over_a_bound_pass_and_are_not_kept() {
        let (read, kept, held) = watched(pieces(&["abc", "def", "ghi"]), 5, 100).await;
        assert!(matches!(kept, Some(Kept::Long(None))));
        assert_eq!((read.as_str(), held), ("abcdefghi", 0));
        let (read, kept, held) = watched(pieces(&["abc", "def", "ghi"]), 100, 5).await;
        assert!(matches!(kept, Some(Kept::OverBudget)));
        assert_eq!((read.as_str(), held), ("abcdefghi", 0));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_not_told() {
        let (read, kept, _) = watched(pieces(&["abc", "!"]), 100, 100).await;
        assert_eq!((read.as_str(), kept.is_none()), ("abc", true));
    }
}
