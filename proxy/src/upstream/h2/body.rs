//! The body of an answer over HTTP/2.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use ::h2::RecvStream;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::CONTENT_LENGTH;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::{Lease, exchange::Answer, upload::Upload};
use crate::{
    error::with_causes,
    upstream::{
        FarEnd, Response, Tunnel, TunnelGuard, deadline::Silence, endpoint::Held, outlier::Seen,
    },
    wire::{Body, BodyError, H2Stream, trailers},
};

/// A response body that owns its stream.
struct Download {
    exchange: Option<Exchange>,
    silence: Silence,
    data_ended: bool,
    left: Option<u64>,
}

struct Exchange {
    stream: RecvStream,
    upload: Upload,
    lease: Lease,
    held: Held,
}

impl Answer {
    /// The answer as the caller gets it.
    pub(in crate::upstream) fn into_response(self, held: Held) -> Response {
        let Self { head, mut stream, upload, lease, is_tunnel } = self;
        if is_tunnel {
            let far_end = FarEnd::Stream(H2Stream::new(stream, upload.into_stream()));
            let guard = TunnelGuard { _held: held, _slot: None, _lease: Some(lease) };
            let tunnel = Some(Box::new(Tunnel { far_end, guard }));
            return Response { head, body: Body::Empty, tunnel };
        }
        // A stream that was reset says that it is at its end, too; only asking for data tells the two apart.
        if stream.is_end_stream() && matches!(stream.data().now_or_never(), Some(None)) {
            return Response { head, body: Body::Empty, tunnel: None };
        }
        let left =
            head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let silence = Silence::new(held.cluster.settings.timeouts.idle);
        let exchange = Some(Exchange { stream, upload, lease, held });
        let body = Body::stream(Download { exchange, silence, data_ended: false, left });
        Response { head, body, tunnel: None }
    }
}

impl Download {
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(exchange) = &mut self.exchange else { return Poll::Ready(None) };
        if let Poll::Ready(Err(error)) = exchange.upload.poll(cx) {
            return Poll::Ready(Some(Err(error)));
        }
        if !self.data_ended {
            match ready!(exchange.stream.poll_data(cx)) {
                Some(Ok(data)) => return Poll::Ready(Some(exchange.take(data))),
                Some(Err(error)) => return Poll::Ready(Some(Err(broke_off(&error)))),
                None => self.data_ended = true,
            }
        }
        match ready!(exchange.stream.poll_trailers(cx)) {
            Ok(Some(mut fields)) => {
                trailers::drop_forbidden(&mut fields);
                Poll::Ready(Some(Ok(Frame::trailers(fields))))
            }
            Ok(None) => Poll::Ready(None),
            Err(error) => Poll::Ready(Some(Err(broke_off(&error)))),
        }
    }
}

impl Exchange {
    /// Whoever polls has room: the endpoint may send as much again.
    fn take(&mut self, data: Bytes) -> Result<Frame<Bytes>, BodyError> {
        self.stream
            .flow_control()
            .release_capacity(data.len())
            .map_err(|error| broke_off(&error))?;
        Ok(Frame::data(data))
    }
}

impl HttpBody for Download {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let step = match this.poll_step(cx) {
            Poll::Ready(step) => step,
            Poll::Pending => {
                ready!(this.silence.poll(cx));
                Some(Err(BodyError::UpstreamIdle))
            }
        };
        this.silence.broken();
        match &step {
            Some(Ok(frame)) if frame.is_data() => {
                let len = frame.data_ref().map_or(0, |data| data.len() as u64);
                this.left = this.left.map(|left| left.saturating_sub(len));
            }
            Some(Err(error)) => {
                if let Some(exchange) = this.exchange.take()
                    && matches!(error, BodyError::Upstream(_) | BodyError::UpstreamIdle)
                {
                    if matches!(error, BodyError::UpstreamIdle) {
                        exchange.lease.doubt();
                    }
                    exchange.held.see(Seen::Failure);
                }
            }
            _ => this.exchange = None,
        }
        Poll::Ready(step)
    }

    fn is_end_stream(&self) -> bool {
        self.exchange.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

fn broke_off(error: &::h2::Error) -> BodyError {
    BodyError::Upstream(with_causes(error))
}
