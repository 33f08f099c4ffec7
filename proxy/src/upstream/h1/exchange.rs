//! One request and the head of its answer.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use http::{
    Method, StatusCode, Version,
    header::{CONNECTION, EXPECT},
};
use tokio::{io::AsyncReadExt, time::Sleep};

use super::{
    Connection,
    upload::{Begin, Upload, UploadError},
};
use crate::{
    clock,
    error::{Error, with_causes},
    upstream::{
        Informational,
        exchange::{self, Ask, Failure, INTERIMS_MAX, client_error},
    },
    wire::{
        Body, RequestHead, ResponseHead,
        framing::{self, BodyLength},
        parse::{self, HeadLimits},
    },
};

/// An answer whose body has not been read.
pub(in crate::upstream) struct Answer {
    pub(in crate::upstream) head: ResponseHead,
    pub(super) length: BodyLength,
    pub(super) connection: Box<Connection>,
    pub(super) upload: Upload,
    /// Whether the endpoint will take another request behind this one.
    pub(in crate::upstream) persistent: bool,
}

/// State of an exchange before its head.
struct Pending<'a> {
    connection: Box<Connection>,
    upload: Upload,
    informational: Option<&'a dyn Informational>,
    wants_upgrade: bool,
    interims: u32,
    read_any: bool,
    /// When to stop waiting for 100 (Continue).
    hold: Option<Pin<Box<Sleep>>>,
    broken: Option<String>,
}

/// Sends a request and waits for the head of its answer. What is left of the request body goes out while the answer's
/// body is read.
///
/// # Errors
/// There is no answer; the connection is closed.
pub(in crate::upstream) async fn exchange(
    connection: Box<Connection>,
    ask: Ask<'_>,
) -> Result<Answer, Failure> {
    let Ask { head, body, deadline, informational } = ask;
    let method = &head.method;
    let mut pending = Pending::new(connection, head, body, informational);
    pending.connection.alarm.set(deadline.at(None).0);
    let result = std::future::poll_fn(|cx| {
        if let Poll::Ready(result) = pending.poll_head(cx) {
            return Poll::Ready(result);
        }
        while pending.connection.alarm.poll(cx).is_ready() {
            let (at, error) = deadline.at(pending.upload.progress);
            if clock::now() >= at {
                return Poll::Ready(Err(error));
            }
            pending.connection.alarm.set(at);
        }
        Poll::Pending
    })
    .await;
    match result.and_then(|head| pending.frame(method, head)) {
        Ok((head, length)) => Ok(pending.into_answer(head, length)),
        Err(error) => Err(pending.into_failure(error)),
    }
}

impl<'a> Pending<'a> {
    fn new(
        mut connection: Box<Connection>,
        head: &RequestHead,
        body: Body,
        informational: Option<&'a dyn Informational>,
    ) -> Self {
        let expects = head.headers.get(EXPECT).is_some_and(|value| {
            value.as_bytes().eq_ignore_ascii_case(b"100-continue") && !body.is_empty()
        });
        let hold = expects.then(|| Box::pin(tokio::time::sleep(CONTINUE_WAIT)));
        let outbox = std::mem::take(&mut connection.outbox);
        let last = connection.slot.load().is_winding_down() && head.upgrade.is_none();
        Self {
            connection,
            upload: Upload::new(head, body, Begin { held: expects, last }, outbox),
            informational,
            wants_upgrade: head.upgrade.is_some(),
            interims: 0,
            read_any: false,
            hold,
            broken: None,
        }
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<ResponseHead, Error>> {
        loop {
            // RFC 9110, 10.1.1: a client that waits for 100 must not wait for ever.
            if self.hold.as_mut().is_some_and(|hold| hold.as_mut().poll(cx).is_ready()) {
                self.release();
            }
            self.poll_upload(cx)?;
            match self.next_head()? {
                Some(head) => {
                    if let Some(head) = self.take_interim(head)? {
                        return Poll::Ready(Ok(head));
                    }
                }
                None => match self.poll_read(cx) {
                    Poll::Ready(result) => result?,
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }

    fn poll_upload(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        match self.upload.poll(cx, &mut self.connection.stream) {
            Poll::Pending | Poll::Ready(Ok(())) => Ok(()),
            Poll::Ready(Err(UploadError::Body(error))) => Err(client_error(&error)),
            // An endpoint that has answered already, 413 for instance, may have closed its reading side.
            Poll::Ready(Err(UploadError::Io(error))) => {
                self.broken = Some(with_causes(&error));
                Ok(())
            }
        }
    }

    fn next_head(&mut self) -> Result<Option<ResponseHead>, Error> {
        if self.connection.inbox.is_empty() {
            return Ok(None);
        }
        parse::response(&mut self.connection.inbox, LIMITS).map_err(Error::UpstreamMalformed)
    }

    /// Deals with an interim response; gives back a final one.
    fn take_interim(&mut self, head: ResponseHead) -> Result<Option<ResponseHead>, Error> {
        match head.status {
            StatusCode::SWITCHING_PROTOCOLS if !self.wants_upgrade => {
                Err(Error::UpstreamMalformed("101 without an upgrade"))
            }
            StatusCode::SWITCHING_PROTOCOLS => Ok(Some(head)),
            status if !status.is_informational() => Ok(Some(head)),
            _ if self.interims == INTERIMS_MAX => {
                Err(Error::UpstreamMalformed("too many interim responses"))
            }
            status => {
                self.interims += 1;
                if status == StatusCode::CONTINUE {
                    self.release();
                } else if let Some(to) = self.informational {
                    exchange::relay(to, head);
                }
                Ok(None)
            }
        }
    }

    fn release(&mut self) {
        self.hold = None;
        self.upload.release();
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Connection { stream, inbox, .. } = &mut *self.connection;
        inbox.reserve(READ_BYTES);
        let read = pin!(stream.read_buf(inbox));
        let problem = match std::task::ready!(read.poll(cx)) {
            Ok(0) => "closed before the response head".into(),
            Ok(_) => {
                self.read_any = true;
                return Poll::Ready(Ok(()));
            }
            Err(error) => with_causes(&error),
        };
        let problem = self.broken.take().unwrap_or(problem);
        Poll::Ready(Err(Error::Reset(problem)))
    }

    fn frame(
        &self,
        method: &Method,
        head: ResponseHead,
    ) -> Result<(ResponseHead, BodyLength), Error> {
        let length = framing::response_body(method, &head).map_err(Error::UpstreamMalformed)?;
        Ok((head, length))
    }

    fn into_answer(self, head: ResponseHead, length: BodyLength) -> Answer {
        let persistent = is_persistent(&head) && length != BodyLength::UntilClose;
        Answer { head, length, connection: self.connection, upload: self.upload, persistent }
    }

    fn into_failure(self, error: Error) -> Failure {
        let silent = !self.read_any && matches!(error, Error::Reset(_));
        Failure { error, unsent: self.upload.written == 0, silent }
    }
}

/// RFC 9112, 9.3.
fn is_persistent(head: &ResponseHead) -> bool {
    if parse::list_has(&head.headers, CONNECTION, "close") {
        return false;
    }
    head.version == Version::HTTP_11 || parse::list_has(&head.headers, CONNECTION, "keep-alive")
}

/// Heads of responses are not limited by configuration: no endpoint sends more on purpose.
const LIMITS: HeadLimits = HeadLimits { bytes: 64 << 10, fields: 200 };
/// How long a body waits for 100 (Continue).
const CONTINUE_WAIT: Duration = Duration::from_secs(1);
/// Room for one read.
pub(super) const READ_BYTES: usize = 8 << 10;
