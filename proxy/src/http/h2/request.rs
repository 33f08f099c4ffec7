//! A stream's head and body as the request path takes them.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use h2::{Reason, RecvStream};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Version,
    header::{COOKIE, EXPECT, HOST},
    request::Parts,
};
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::Respond;
use crate::{
    error::Error,
    upstream::Informational as _,
    wire::{Body, BodyError, RequestHead, ResponseHead, Target, parse, trailers},
};

/// Pseudo-header and header fields as one head (RFC 9113, 8.3.1), refused where they contradict each other or are more than
/// `fields_max`. The authority counts as the Host field that it is in HTTP/1.1, and cookies as the one that they become.
pub(super) fn request_head(parts: Parts, fields_max: usize) -> Result<RequestHead, Error> {
    let Parts { method, uri, mut headers, mut extensions, .. } = parts;
    let upgrade = extensions
        .remove::<h2::ext::Protocol>()
        .map(|protocol| Bytes::from(protocol.as_str().to_owned()));
    if method == Method::CONNECT && upgrade.is_none() {
        return Err(Error::MethodNotAllowed);
    }
    let authority = authority(&uri, &mut headers)?;
    let raw = uri.path_and_query().map_or("/", |target| target.as_str());
    let is_star = raw == "*" && method == Method::OPTIONS;
    if !(raw.starts_with('/') || is_star) {
        return Err(Error::Malformed("request target"));
    }
    join_cookies(&mut headers);
    parse::one_content_type(&headers)?;
    if headers.len() + 1 > fields_max {
        return Err(Error::HeadersTooLarge);
    }
    let method = if upgrade.is_some() { Method::GET } else { method };
    let target = Target::new(Bytes::copy_from_slice(raw.as_bytes()));
    Ok(RequestHead {
        method,
        target,
        authority,
        version: Version::HTTP_2,
        headers,
        upgrade,
        written: None,
    })
}

/// RFC 9113, 8.3.1: Host must not differ from `:authority`.
fn authority(uri: &http::Uri, headers: &mut HeaderMap) -> Result<Bytes, Error> {
    let mut hosts = headers.get_all(HOST).iter();
    let (host, second) = (hosts.next().cloned(), hosts.next());
    if second.is_some() {
        return Err(Error::Malformed("more than one host field"));
    }
    let authority = match (uri.authority(), &host) {
        (Some(authority), Some(host))
            if !host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()) =>
        {
            return Err(Error::Malformed("host differs from authority"));
        }
        (Some(authority), _) => Bytes::copy_from_slice(authority.as_str().as_bytes()),
        (None, Some(host)) => Bytes::copy_from_slice(host.as_bytes()),
        (None, None) => return Err(Error::Malformed("no authority")),
    };
    headers.remove(HOST);
    if parse::is_authority(&authority) { Ok(authority) } else { Err(Error::Malformed("authority")) }
}

/// RFC 9113, 8.2.3: cookies that came apart are put together again before they go anywhere else.
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_none() {
        return;
    }
    let crumbs: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_maybe_shared(Bytes::from(crumbs.join(&b"; "[..]))) {
        headers.insert(COOKIE, joined);
    }
}

pub(super) fn request_body(
    mut incoming: RecvStream,
    length: Option<HeaderValue>,
    expects_continue: Option<Arc<Respond>>,
) -> Result<Body, Error> {
    // A stream that was reset says that it is at its end, too; asking for data tells the two apart.
    if incoming.is_end_stream() && incoming.data().now_or_never().is_none_or(|data| data.is_none())
    {
        return Ok(Body::Empty);
    }
    if incoming.is_end_stream() {
        return Err(Error::Malformed("http/2 stream"));
    }
    // The h2 crate holds the stream to what it announces.
    let left = length.and_then(|length| length.to_str().ok()?.parse().ok());
    Ok(Body::stream(Incoming { stream: incoming, left, ended: false, expects_continue }))
}

/// Whom to tell once somebody wants the body of a client that waits for 100 Continue (RFC 9110, 10.1.1).
pub(super) fn expects_continue(head: &RequestHead, respond: &Arc<Respond>) -> Option<Arc<Respond>> {
    let expects = head.headers.get(EXPECT)?.as_bytes().eq_ignore_ascii_case(b"100-continue");
    expects.then(|| Arc::clone(respond))
}

/// A request body; reading it gives the client window for more.
struct Incoming {
    stream: RecvStream,
    left: Option<u64>,
    /// Seen to have ended. The stream itself says so of one that was reset as well, and a body that broke off must never
    /// pass for a whole one.
    ended: bool,
    /// The client waits to be told to send.
    expects_continue: Option<Arc<Respond>>,
}

impl HttpBody for Incoming {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(respond) = self.expects_continue.take() {
            respond.send(interim(StatusCode::CONTINUE));
        }
        match ready!(self.stream.poll_data(cx)) {
            Some(Ok(data)) => {
                // It fails only on a stream that is closed, where no window is needed.
                let _ = self.stream.flow_control().release_capacity(data.len());
                self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(body_error(&error)))),
            None => match ready!(self.stream.poll_trailers(cx)) {
                Ok(Some(mut trailers)) => {
                    trailers::drop_forbidden(&mut trailers);
                    Poll::Ready(Some(Ok(Frame::trailers(trailers))))
                }
                Ok(None) => {
                    self.ended = true;
                    Poll::Ready(None)
                }
                Err(error) => Poll::Ready(Some(Err(body_error(&error)))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

fn interim(status: StatusCode) -> ResponseHead {
    ResponseHead { status, version: Version::HTTP_2, headers: HeaderMap::new() }
}

fn body_error(error: &h2::Error) -> BodyError {
    match error.reason() {
        Some(Reason::PROTOCOL_ERROR) if !error.is_remote() => BodyError::Malformed("http/2 stream"),
        _ => BodyError::ClientGone,
    }
}
