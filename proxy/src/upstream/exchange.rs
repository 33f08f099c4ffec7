//! What both protocols are asked for and how they fail.

use http::header::{CONTENT_LENGTH, TRAILER};

use super::{Informational, deadline::Deadline};
use crate::{
    error::Error,
    filter::hop_by_hop,
    wire::{Body, BodyError, RequestHead, ResponseHead},
};

/// What to send and how long to wait.
pub(super) struct Ask<'a> {
    pub(super) head: &'a RequestHead,
    pub(super) body: Body,
    pub(super) deadline: Deadline,
    pub(super) informational: Option<&'a dyn Informational>,
}

/// An exchange without an answer.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    /// The endpoint cannot have acted on the request: no byte of it went out, or it was refused unread.
    pub(super) unsent: bool,
    /// The connection ended before the first byte of an answer: what a keep-alive race looks like.
    pub(super) silent: bool,
}

impl Failure {
    /// A failure before there was a connection.
    pub(super) fn before_sending(error: Error) -> Self {
        Self { error, unsent: true, silent: false }
    }
}

/// What a failure of the request body is called.
pub fn client_error(error: &BodyError) -> Error {
    match error {
        BodyError::Malformed(what) => Error::Malformed(what),
        BodyError::TooSlow => Error::RequestTimeout("body"),
        BodyError::TooLarge => Error::BodyTooLarge,
        _ => Error::ClientGone,
    }
}

/// Relays an interim response without what is one connection's, or frames a body that it cannot have (RFC 9110, 15.2).
pub(super) fn relay(to: &dyn Informational, mut head: ResponseHead) {
    hop_by_hop::strip_response(&mut head.headers);
    head.headers.remove(CONTENT_LENGTH);
    head.headers.remove(TRAILER);
    to.send(head);
}

/// More interim responses than this before one answer are an endpoint gone mad.
pub(super) const INTERIMS_MAX: u32 = 16;
