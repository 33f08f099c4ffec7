//! One request and the head of its answer over HTTP/2.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use ::h2::{Reason, RecvStream, client::ResponseFuture};
use http::{Response, StatusCode, Version, uri::Scheme};
use tokio::time::timeout_at;

use super::{Lease, extended_connect::Wish, target, upload::Upload};
use crate::{
    clock,
    error::{Error, with_causes},
    upstream::{
        Informational,
        exchange::{self, Ask, Failure, INTERIMS_MAX, client_error},
    },
    wire::ResponseHead,
};

/// An answer whose body has not been read.
pub(in crate::upstream) struct Answer {
    pub(in crate::upstream) head: ResponseHead,
    pub(super) stream: RecvStream,
    pub(super) upload: Upload,
    pub(super) lease: Lease,
    /// What was granted, if the request was for a tunnel.
    pub(super) is_tunnel: bool,
}

struct Pending<'a> {
    response: ResponseFuture,
    upload: Upload,
    informational: Option<&'a dyn Informational>,
    interims: u32,
}

/// Sends a request and waits for the head of its answer.
///
/// # Errors
/// There is no answer; the stream is reset.
pub(in crate::upstream) async fn exchange(
    mut lease: Lease,
    ask: Ask<'_>,
    scheme: Scheme,
) -> Result<Answer, Failure> {
    let Ask { head, body, deadline, informational } = ask;
    let wish = Wish::of(head, &body).map_err(Failure::before_sending)?;
    let mut request =
        target::request(head, scheme, body.exact_len()).map_err(Failure::before_sending)?;
    if let Some(wish) = &wish {
        let (at, late) = deadline.at(None);
        match timeout_at(at, lease.takes_extended_connect()).await {
            Ok(true) => wish.write(&mut request).map_err(Failure::before_sending)?,
            Ok(false) if lease.is_open() => return Err(Failure::before_sending(Error::NoTunnel)),
            Ok(false) => return Err(gone()),
            Err(_) => return Err(Failure::before_sending(late)),
        }
    }
    if let Err(error) = std::future::poll_fn(|cx| lease.sender.poll_ready(cx)).await {
        return Err(not_sent(&lease, &error));
    }
    let (response, stream) =
        match lease.sender.send_request(request, body.is_empty() && wish.is_none()) {
            Ok(sent) => sent,
            Err(error) => return Err(not_sent(&lease, &error)),
        };
    let upload = Upload::new(stream, body);
    let mut pending = Pending { response, upload, informational, interims: 0 };
    let mut timer = pin!(tokio::time::sleep_until(deadline.at(None).0));
    let response = std::future::poll_fn(|cx| {
        if let Poll::Ready(result) = pending.poll_head(cx) {
            return Poll::Ready(result);
        }
        while timer.as_mut().poll(cx).is_ready() {
            let (at, error) = deadline.at(pending.upload.progress);
            if clock::now() >= at {
                return Poll::Ready(Err(Ended::Here(error)));
            }
            timer.as_mut().reset(at);
        }
        Poll::Pending
    })
    .await;
    match response {
        Ok(response) => {
            let (parts, stream) = response.into_parts();
            let mut head = ResponseHead {
                status: parts.status,
                version: Version::HTTP_2,
                headers: parts.headers,
            };
            let mut upload = pending.upload;
            let asked = wish.is_some();
            let is_tunnel = wish.is_some_and(|wish| wish.grant(&mut head));
            if asked && !is_tunnel {
                upload.close();
            }
            Ok(Answer { head, stream, upload, lease, is_tunnel })
        }
        Err(Ended::Here(error)) => {
            if matches!(error, Error::TryTimeout | Error::TotalTimeout) {
                lease.doubt();
            }
            Err(Failure { error, unsent: false, silent: false })
        }
        Err(Ended::There(error)) => Err(failed(&lease, &error)),
    }
}

/// Who ended an exchange.
enum Ended {
    Here(Error),
    There(::h2::Error),
}

impl Pending<'_> {
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<RecvStream>, Ended>> {
        if let Poll::Ready(Err(error)) = self.upload.poll(cx) {
            return Poll::Ready(Err(Ended::Here(client_error(&error))));
        }
        // What goes wrong here, the response itself will say.
        while let Poll::Ready(Some(Ok(interim))) = self.response.poll_informational(cx) {
            if self.interims == INTERIMS_MAX {
                let error = Error::UpstreamMalformed("too many interim responses");
                return Poll::Ready(Err(Ended::Here(error)));
            }
            if interim.status() == StatusCode::SWITCHING_PROTOCOLS {
                let error = Error::UpstreamMalformed("101 over http/2");
                return Poll::Ready(Err(Ended::Here(error)));
            }
            self.interims += 1;
            self.relay(interim);
        }
        Pin::new(&mut self.response).poll(cx).map_err(Ended::There)
    }

    fn relay(&self, interim: Response<()>) {
        let (parts, ()) = interim.into_parts();
        if let Some(to) = self.informational
            && parts.status != StatusCode::CONTINUE
        {
            let (status, headers) = (parts.status, parts.headers);
            exchange::relay(to, ResponseHead { status, version: Version::HTTP_2, headers });
        }
    }
}

/// The connection ended while the request waited to be sent.
fn gone() -> Failure {
    let error = Error::Reset("http/2 connection ended before its settings".into());
    Failure { error, unsent: true, silent: true }
}

/// The connection took no request.
fn not_sent(lease: &Lease, error: &::h2::Error) -> Failure {
    lease.close();
    Failure { error: Error::Reset(with_causes(error)), unsent: true, silent: true }
}

/// The stream or its connection ended before the head.
fn failed(lease: &Lease, error: &::h2::Error) -> Failure {
    let left_unread = error.is_remote() && error.is_go_away()
        || error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    let connection_ended = error.is_io() || error.is_go_away();
    if connection_ended {
        lease.close();
    }
    let malformed = error.is_library() && error.reason() == Some(Reason::PROTOCOL_ERROR);
    let error = if malformed {
        Error::UpstreamMalformed("http/2 protocol error")
    } else {
        Error::Reset(with_causes(error))
    };
    // RFC 9113, 8.7: streams above a GOAWAY's last and refused streams were not processed.
    Failure { error, unsent: left_unread, silent: connection_ended }
}
