//! The response: its head, and its body where the rules ask for it.

use super::{Transaction, body::Taken};
use crate::{
    report::Verdict,
    variable::{Scalar, Set},
    worker::Worker,
};

impl Transaction {
    /// Status and protocol, as in `HTTP/1.1`, of the response.
    pub fn response_line(&mut self, status: u16, protocol: &[u8]) {
        let facts = &mut self.parts.facts;
        facts.put_number(Scalar::ResponseStatus, u64::from(status));
        facts.put(Scalar::ResponseProtocol, protocol);
        let line = [protocol, status.to_string().as_bytes()].join(&b' ');
        facts.put(Scalar::StatusLine, &line);
    }

    /// One field of the response's head.
    pub fn response_header(&mut self, name: &[u8], value: &[u8]) {
        let facts = &mut self.parts.facts;
        facts.push(Set::ResponseHeaders, name, value);
        if name.eq_ignore_ascii_case(b"content-type") {
            let kind = value.split(|byte| matches!(byte, b';' | b' ' | b'\t')).next();
            facts.put(Scalar::ResponseContentType, kind.unwrap_or_default());
        } else if name.eq_ignore_ascii_case(b"content-length") {
            facts.put(Scalar::ResponseContentLength, value);
        }
    }

    /// The response's head is whole: runs phase 3.
    pub fn response_headers(&mut self, worker: &mut Worker) -> Verdict {
        self.run(3, worker)
    }

    /// Whether the body is to be given to the rules: where they ask for bodies of its type.
    pub fn wants_response_body(&self) -> bool {
        let kind = self.parts.facts.bytes(Scalar::ResponseContentType).to_ascii_lowercase();
        self.parts.state.control.response_body
            && self.runs(4)
            && self.rules.settings.response_types.contains(&kind)
    }

    /// How many bytes of the response's body are kept.
    pub fn response_body_max(&self) -> usize {
        self.parts.state.control.response_body_max
    }

    /// A piece of the response's body.
    pub fn response_body(&mut self, piece: &[u8]) -> Taken {
        let max = self.parts.state.control.response_body_max;
        let body = &mut self.parts.response_body;
        let room = max.saturating_sub(body.len());
        if piece.len() <= room {
            body.extend_from_slice(piece);
            return Taken::Whole;
        }
        body.extend_from_slice(piece.get(..room).unwrap_or_default());
        self.parts.facts.put_number(Scalar::OutboundDataError, 1);
        if self.rules.settings.response_body_rejects { Taken::TooLarge } else { Taken::Partial }
    }

    /// The response is whole, or as much of it as the rules look at: runs phase 4.
    pub fn response_complete(&mut self, worker: &mut Worker) -> Verdict {
        let body = std::mem::take(&mut self.parts.response_body);
        self.parts.facts.put(Scalar::ResponseBody, &body);
        self.parts.response_body = body;
        self.run(4, worker)
    }
}
