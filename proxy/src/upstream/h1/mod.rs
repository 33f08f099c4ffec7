//! HTTP/1.1 to an endpoint.
//!
//! A connection is a stream and a buffer that the exchange owns: it is polled in the request's own task, with no task,
//! channel or lock of its own. Request body and response are pumped in the same poll, so that an endpoint that answers
//! while it still reads is no special case.

mod body;
mod exchange;
mod upload;

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::BytesMut;
use tokio::io::{AsyncRead, ReadBuf};

pub(super) use exchange::{Answer, exchange};

use super::breaker::Slot;
use crate::{
    alarm::Alarm,
    clock::{self, Instant},
    wire::Stream,
};

/// A connection between two exchanges. It is passed from hand to hand in a box, which is moved more cheaply.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: Stream,
    /// Bytes read and not used; empty while the connection is idle.
    pub(super) inbox: BytesMut,
    /// Room for the next request's head.
    outbox: BytesMut,
    /// Its place under the breaker's cap.
    pub(super) slot: Slot,
    /// Watches the exchange in hand; kept, because most exchanges end long before it goes off.
    alarm: Alarm,
    /// When it was opened.
    pub(super) born: Instant,
    /// When its last exchange ended.
    pub(super) idle_since: Instant,
    /// When it was last found open.
    pub(super) seen_open: Instant,
    /// Whether it has had an exchange.
    pub(super) used: bool,
}

impl Connection {
    /// A connection just opened.
    pub(super) fn new(stream: Stream, slot: Slot) -> Self {
        let now = clock::now();
        Self {
            stream,
            inbox: BytesMut::new(),
            outbox: BytesMut::new(),
            slot,
            alarm: Alarm::new(now),
            born: now,
            idle_since: now,
            seen_open: now,
            used: false,
        }
    }

    /// Whether the endpoint has kept it open and has said nothing on it. Costs no system call unless something happened:
    /// the reactor knows.
    pub(super) fn is_clean(&mut self) -> bool {
        let mut byte = [0u8; 1];
        let mut buffer = ReadBuf::new(&mut byte);
        let mut cx = Context::from_waker(Waker::noop());
        let polled = Pin::new(&mut self.stream).poll_read(&mut cx, &mut buffer);
        matches!(polled, Poll::Pending)
    }
}
