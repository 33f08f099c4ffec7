//! Holds bodies back for the WAF until it has judged them, and passes on what it has seen.

use std::{
    collections::VecDeque,
    future::poll_fn,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header::LOCATION};
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::{context::Exchange, reply, reply::Reply};
use crate::{
    error::Error,
    upstream::client_error,
    waf::{Begun, Facts, Inspection, Judged, Policy},
    wire::{Body, BodyError, RequestHead},
};

/// What the WAF makes of a request.
pub enum Inspected {
    /// It goes on, with its body.
    Pass(Body),
    /// This is the answer.
    Answer(Reply),
}

/// Shows the WAF a request, and holds its body back until it is judged.
///
/// # Errors
/// It is blocked; or its body fails before it is whole.
pub async fn request(
    x: &mut Exchange,
    policy: &Arc<Policy>,
    head: &RequestHead,
    body: Body,
) -> Result<Inspected, Error> {
    let facts = facts(x);
    let inspection = match Inspection::begin(policy, &facts, head) {
        Begun::Inspected(inspection) => x.waf.insert(inspection),
        Begun::Allowed => return Ok(Inspected::Pass(body)),
        Begun::Denied => return Err(Error::Denied),
    };
    let judged = inspection.request_headers().await;
    if judged != Judged::Pass {
        return end(x, judged).map(Inspected::Answer);
    }
    let (judged, body) = match &mut x.waf {
        Some(inspection) if inspection.wants_request_body() && !body.is_empty() => {
            hold_request(inspection, body).await?
        }
        Some(inspection) => (inspection.request_complete().await, body),
        None => (Judged::Pass, body),
    };
    if judged == Judged::Pass {
        return Ok(Inspected::Pass(body));
    }
    end(x, judged).map(Inspected::Answer)
}

fn facts(x: &Exchange) -> Facts<'_> {
    let connection = &x.connection;
    Facts {
        worker: connection.worker.id,
        client: SocketAddr::new(x.client.address, connection.peer.port()),
        server: connection.listener.state.address,
        id: connection.worker.chance_128(),
        framing: x.request.as_ref().map_or(&[], |asked| &asked.framing),
    }
}

/// Reads a body as far as the WAF looks at it, and judges the request.
async fn hold_request(
    inspection: &mut Inspection,
    mut body: Body,
) -> Result<(Judged, Body), Error> {
    let mut held = VecDeque::new();
    let mut whole = true;
    while let Some(frame) = next(&mut body).await {
        let frame = frame.map_err(|error| client_error(&error))?;
        let taken = frame.data_ref().map(|data| inspection.request_body(data));
        held.push_back(frame);
        match taken {
            None | Some(Some(Judged::Pass)) => {}
            Some(Some(judged)) => return Ok((judged, Body::Empty)),
            Some(None) => {
                whole = false;
                break;
            }
        }
    }
    let judged = inspection.request_complete().await;
    let rest = if whole { Body::Empty } else { body };
    Ok((judged, Held::body(held, rest)))
}

/// Shows the WAF a response, and holds its body back where rules look at it.
///
/// # Errors
/// It is blocked.
pub async fn response(x: &mut Exchange, mut reply: Reply) -> Result<Reply, Error> {
    let Some(inspection) = x.waf.as_mut().filter(|inspection| inspection.wants_response()) else {
        return Ok(reply);
    };
    if reply.tunnel.is_some() {
        return Ok(reply);
    }
    let head = &reply.head;
    let mut judged = inspection.response_headers(head.status, head.version, &head.headers).await;
    if judged == Judged::Pass && inspection.wants_response_body() && !reply.body.is_empty() {
        let body = std::mem::take(&mut reply.body);
        (judged, reply.body) = hold_response(inspection, body).await;
    } else if judged == Judged::Pass {
        judged = inspection.response_complete().await;
    }
    if judged == Judged::Pass { Ok(reply) } else { end(x, judged) }
}

/// Reads a body as far as the WAF looks at it. One that breaks off is judged as far as it came, and breaks off for the client
/// too.
async fn hold_response(inspection: &mut Inspection, mut body: Body) -> (Judged, Body) {
    let mut held = VecDeque::new();
    let mut rest = Body::Empty;
    loop {
        match next(&mut body).await {
            None => break,
            Some(Err(error)) => {
                rest = Body::stream(Broken(Some(error)));
                break;
            }
            Some(Ok(frame)) => {
                let taken = frame.data_ref().map(|data| inspection.response_body(data));
                held.push_back(frame);
                match taken {
                    None | Some(Some(Judged::Pass)) => {}
                    Some(Some(judged)) => return (judged, Body::Empty),
                    Some(None) => {
                        rest = body;
                        break;
                    }
                }
            }
        }
    }
    (inspection.response_complete().await, Held::body(held, rest))
}

async fn next(body: &mut Body) -> Option<Result<Frame<Bytes>, BodyError>> {
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}

/// The answer to an exchange that the WAF ends.
fn end(x: &mut Exchange, judged: Judged) -> Result<Reply, Error> {
    let id = x.waf.as_ref().map(|inspection| inspection.id());
    let error = match judged {
        Judged::TooLarge => return Err(Error::BodyTooLarge),
        Judged::Drop => return Err(Error::Dropped),
        Judged::Block(status) | Judged::Redirect(status, _) => Error::Blocked(status),
        Judged::Pass => Error::Blocked(403),
    };
    let mut reply = match judged {
        Judged::Redirect(status, to) => {
            x.note(&error);
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FOUND);
            let to = HeaderValue::from_maybe_shared(to).map_err(|_| Error::Blocked(403))?;
            let mut reply = reply::text(status.as_u16(), "");
            reply.head.headers.insert(LOCATION, to);
            reply
        }
        _ => x.refuse(&error),
    };
    if let Some(id) = id {
        // The client can name it to whoever reads the audit log; of the rule it is told nothing.
        reply.head.headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    Ok(reply)
}

/// A body whose beginning was held back.
struct Held {
    held: VecDeque<Frame<Bytes>>,
    rest: Body,
}

impl Held {
    fn body(held: VecDeque<Frame<Bytes>>, rest: Body) -> Body {
        match (held.len(), &rest) {
            (0, Body::Empty) => Body::Empty,
            _ => Body::stream(Self { held, rest }),
        }
    }
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.held.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let held: u64 =
            self.held.iter().filter_map(Frame::data_ref).map(|data| data.len() as u64).sum();
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + held);
        }
        hint.set_lower(rest.lower() + held);
        hint
    }
}

/// A body that breaks off.
struct Broken(Option<BodyError>);

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(self.0.take().map(Err))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}
