//! An answer onto a stream, as fast as the client's windows allow.

use std::{future::poll_fn, pin::Pin, task::Poll, time::Duration};

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderValue, Method, Response, Version, header::CONTENT_LENGTH};
use http_body::Body as _;
use tokio::time::sleep_until;

use super::Respond;
use crate::{
    clock,
    error::Error,
    http::{context::Exchange, handle, reply::Reply, upgrade},
    wire::{Body, BodyError, ResponseHead},
};

/// Sends an answer to its end. `incoming` is the client's half of the tunnel that it asked for.
pub(super) async fn send(
    mut exchange: Exchange,
    mut reply: Reply,
    incoming: Option<RecvStream>,
    respond: &Respond,
) {
    if incoming.is_some() && reply.tunnel.is_none() && reply.head.status.is_success() {
        // To extended CONNECT, 2xx means that the tunnel is open (RFC 9110, 9.3.6), and there is none.
        reply = exchange.refuse(&Error::UpstreamMalformed("success without the upgrade"));
    }
    if let Some(tunnel) = reply.tunnel.take() {
        let Some(incoming) = incoming else {
            return respond.0.lock().send_reset(Reason::INTERNAL_ERROR);
        };
        return upgrade::run_h2(exchange, *tunnel, reply, incoming, &respond.0).await;
    }
    exchange.status = reply.head.status.as_u16();
    let is_head = exchange.request.as_ref().is_some_and(|request| request.method == Method::HEAD);
    let body = if is_head { Body::Empty } else { reply.body };
    let length = if is_head { reply.announced_length } else { known_length(&body, &reply.head) };
    let response = response(reply.head, length);
    let sent = respond.0.lock().send_response(response, body.is_end_stream());
    let Ok(stream) = sent else {
        return exchange.client_left();
    };
    if body.is_end_stream() {
        return exchange.complete();
    }
    pump(exchange, body, stream).await;
}

/// Sends a body as fast as the client's windows allow.
async fn pump(mut exchange: Exchange, mut body: Body, mut stream: SendStream<Bytes>) {
    let patience = exchange.connection.listener.config.timeouts.write.0;
    let deadline = exchange.started + handle::exchange_timeout(&exchange);
    let sent = tokio::select! {
        biased;
        sent = pump_frames(&mut exchange.bytes_out, &mut body, &mut stream, patience) => sent,
        () = sleep_until(deadline) => Err(Stopped::TooLate),
    };
    match sent {
        Ok(()) => return exchange.complete(),
        Err(Stopped::Client) => return exchange.client_left(),
        Err(Stopped::TooSlow) => exchange.flag = Some("client_slow"),
        Err(Stopped::TooLate) => exchange.flag = Some("exchange_timeout"),
        Err(Stopped::Body(error)) => exchange.broke_off(&error),
    }
    // Anything but an END_STREAM tells the client that this is not the whole.
    stream.send_reset(Reason::INTERNAL_ERROR);
}

/// Why a response was not sent whole.
enum Stopped {
    Client,
    TooSlow,
    TooLate,
    Body(BodyError),
}

async fn pump_frames(
    bytes_out: &mut u64,
    body: &mut Body,
    stream: &mut SendStream<Bytes>,
    patience: Duration,
) -> Result<(), Stopped> {
    loop {
        let frame = poll_fn(|cx| match stream.poll_reset(cx) {
            Poll::Ready(_) => Poll::Ready(Err(Stopped::Client)),
            Poll::Pending => Pin::new(&mut *body).poll_frame(cx).map(Ok),
        });
        match frame.await? {
            None => return stream.send_data(Bytes::new(), true).map_err(|_| Stopped::Client),
            Some(Err(error)) => return Err(Stopped::Body(error)),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    *bytes_out += data.len() as u64;
                    let end = body.is_end_stream();
                    send_data(stream, data, end, patience).await?;
                    if end {
                        return Ok(());
                    }
                }
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    return stream.send_trailers(trailers).map_err(|_| Stopped::Client);
                }
            },
        }
    }
}

/// Sends one piece, waiting for window as long as the client keeps taking some.
async fn send_data(
    stream: &mut SendStream<Bytes>,
    mut data: Bytes,
    end: bool,
    patience: Duration,
) -> Result<(), Stopped> {
    if data.is_empty() {
        return if end {
            stream.send_data(data, true).map_err(|_| Stopped::Client)
        } else {
            Ok(())
        };
    }
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let window = if stream.capacity() > 0 {
            stream.capacity()
        } else {
            wait_for_window(stream, patience).await?
        };
        let piece = data.split_to(window.min(data.len()));
        let last = end && data.is_empty();
        stream.send_data(piece, last).map_err(|_| Stopped::Client)?;
    }
    Ok(())
}

async fn wait_for_window(
    stream: &mut SendStream<Bytes>,
    patience: Duration,
) -> Result<usize, Stopped> {
    let window = poll_fn(|cx| match stream.poll_reset(cx) {
        Poll::Ready(_) => Poll::Ready(None),
        Poll::Pending => stream.poll_capacity(cx).map(|window| window.and_then(Result::ok)),
    });
    match tokio::time::timeout_at(clock::now() + patience, window).await {
        Ok(Some(window)) => Ok(window),
        Ok(None) => Err(Stopped::Client),
        Err(_) => Err(Stopped::TooSlow),
    }
}

pub(super) fn response(head: ResponseHead, length: Option<HeaderValue>) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = head.status;
    *response.version_mut() = Version::HTTP_2;
    *response.headers_mut() = head.headers;
    if let Some(length) = length {
        response.headers_mut().insert(CONTENT_LENGTH, length);
    }
    response
}

fn known_length(body: &Body, head: &ResponseHead) -> Option<HeaderValue> {
    let says_none =
        head.status == 204 || head.status == 304 || head.headers.contains_key("grpc-status");
    body.exact_len().filter(|_| !says_none).map(HeaderValue::from)
}
