//! A connection and the exchange that runs on it.

use std::{
    future::{Future as _, poll_fn},
    io,
    net::IpAddr,
    pin::Pin,
    task::{self, Poll, ready},
};

use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    time::Sleep,
};

use super::Parser;
use crate::{
    client::{Broken, Context, Crew, Job, connect::Stream, request::Prepared},
    clock::Instant,
    record::{Answer, Failure},
};

/// A connection.
#[derive(Debug)]
pub struct Link {
    stream: Stream,
    parser: Parser,
    /// Set to the deadline of some exchange before this one, and moved on only when it fires: an exchange that ends in time
    /// costs no timer.
    sleep: Pin<Box<Sleep>>,
    /// What a failed write said, if that is why nothing more can be sent.
    write_error: Option<io::Error>,
    /// Whether bytes came that belong to no answer.
    spoke_out_of_turn: bool,
}

/// Carries a job out, on the connection that is there or on a new one; leaves a connection only if it can be used again.
pub(super) async fn serve(
    link: &mut Option<Link>,
    crew: &Crew,
    source: Option<IpAddr>,
    job: &Job,
    now: Instant,
) -> Result<Answer, Broken> {
    let deadline = now + crew.class.timeout;
    let Some(request) = crew.request(job.request) else {
        return Err(Broken::new(Failure::Protocol, "there is no such request"));
    };
    // What the server has closed in the meantime is not used: nothing was sent on it yet.
    if let Some(idle) = link
        && !idle.is_open(&crew.context).await
    {
        *link = None;
    }
    // A connection stays where it is: moving it to and fro would cost more than its parser.
    let open = match link {
        Some(open) => open,
        None => link.insert(Link::open(crew, source, deadline).await?),
    };
    let outcome = open.exchange(&crew.context, request, deadline).await;
    if outcome.is_err() || !crew.class.keepalive || !open.is_reusable() {
        *link = None;
    }
    outcome
}

impl Link {
    async fn open(crew: &Crew, source: Option<IpAddr>, deadline: Instant) -> Result<Self, Broken> {
        let connecting = crew.endpoint.connect(source);
        let connected = tokio::time::timeout_at(deadline.into(), connecting).await;
        let stream = connected.unwrap_or_else(|_| Err(Broken::timeout()))?;
        Ok(Self {
            stream,
            parser: Parser::default(),
            sleep: Box::pin(tokio::time::sleep_until(deadline.into())),
            write_error: None,
            spoke_out_of_turn: false,
        })
    }

    /// Sends a request and reads the answer, both at once: a server may answer, and close, before it has read all.
    pub async fn exchange(
        &mut self,
        context: &Context,
        request: &Prepared,
        deadline: Instant,
    ) -> Result<Answer, Broken> {
        self.parser.begin(request.bodiless_answer);
        let mut unsent: &[u8] = &request.bytes;
        poll_fn(|cx| {
            self.send(cx, &mut unsent);
            loop {
                match self.receive(cx, context) {
                    Poll::Ready(Ok(None)) => {}
                    Poll::Ready(Ok(Some(answer))) => {
                        self.spoke_out_of_turn |= !unsent.is_empty();
                        return Poll::Ready(Ok(answer));
                    }
                    Poll::Ready(Err(broken)) => return Poll::Ready(Err(broken)),
                    Poll::Pending => return self.expire(cx, deadline).map(Err),
                }
            }
        })
        .await
    }

    /// Whether another request may follow.
    fn is_reusable(&self) -> bool {
        self.parser.keeps_alive() && !self.spoke_out_of_turn && self.write_error.is_none()
    }

    async fn is_open(&mut self, context: &Context) -> bool {
        poll_fn(|cx| Poll::Ready(self.poll_gone(cx, context).is_pending())).await
    }

    /// Ready when the server has closed an idle connection, or sends what nobody asked for.
    pub(super) fn poll_gone(&mut self, cx: &mut task::Context<'_>, context: &Context) -> Poll<()> {
        let mut scratch = context.scratch.borrow_mut();
        let mut buffer = ReadBuf::new(&mut scratch);
        Pin::new(&mut self.stream).poll_read(cx, &mut buffer).map(drop)
    }

    /// Sends what it can. After an error nothing more is sent, but there may be an answer that says why.
    fn send(&mut self, cx: &mut task::Context<'_>, unsent: &mut &[u8]) {
        while !unsent.is_empty() && self.write_error.is_none() {
            match Pin::new(&mut self.stream).poll_write(cx, unsent) {
                Poll::Ready(Ok(sent)) => *unsent = unsent.get(sent..).unwrap_or_default(),
                Poll::Ready(Err(error)) => self.write_error = Some(error),
                Poll::Pending => break,
            }
        }
        if matches!(self.stream, Stream::Tls(_))
            && self.write_error.is_none()
            && let Poll::Ready(Err(error)) = Pin::new(&mut self.stream).poll_flush(cx)
        {
            self.write_error = Some(error);
        }
    }

    /// Reads once; the answer, if that completes it.
    fn receive(
        &mut self,
        cx: &mut task::Context<'_>,
        context: &Context,
    ) -> Poll<Result<Option<Answer>, Broken>> {
        let mut scratch = context.scratch.borrow_mut();
        let mut buffer = ReadBuf::new(&mut scratch);
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
        let bytes = match read {
            Ok(()) => buffer.filled(),
            Err(cause) => return Poll::Ready(Err(self.closed(cause))),
        };
        if bytes.is_empty() {
            if self.parser.ends_with_stream() {
                return Poll::Ready(Ok(Some(self.answer())));
            }
            return Poll::Ready(Err(self.closed(io::ErrorKind::UnexpectedEof.into())));
        }
        Poll::Ready(match self.parser.feed(bytes) {
            Ok(Some(taken)) => {
                self.spoke_out_of_turn |= taken < bytes.len();
                Ok(Some(self.answer()))
            }
            Ok(None) => Ok(None),
            Err(malformed) => Err(Broken::new(Failure::Protocol, malformed)),
        })
    }

    fn answer(&self) -> Answer {
        Answer { status: self.parser.status(), bytes: self.parser.bytes() }
    }

    fn closed(&mut self, cause: io::Error) -> Broken {
        let when = if self.parser.is_untouched() { "before an answer" } else { "within an answer" };
        let cause = self.write_error.take().unwrap_or(cause);
        let cause = io::Error::new(cause.kind(), format!("connection closed {when}: {cause}"));
        Broken { failure: Failure::Closed, cause }
    }

    fn expire(&mut self, cx: &mut task::Context<'_>, deadline: Instant) -> Poll<Broken> {
        loop {
            ready!(self.sleep.as_mut().poll(cx));
            if self.sleep.deadline() >= deadline.into() {
                return Poll::Ready(Broken::timeout());
            }
            self.sleep.as_mut().reset(deadline.into());
        }
    }
}
