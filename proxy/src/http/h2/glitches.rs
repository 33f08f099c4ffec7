//! What a client does on an HTTP/2 connection that costs us and buys nobody anything, and how much of it is borne.
//!
//! One budget for all of it, a bucket of tokens: each such frame, a glitch, takes its [`Glitch::weight`], and time and service
//! that is rendered fill it again. Honest clients reset, ping and open windows too, but as a companion of answers: gRPC pings
//! once per DATA frame at most to measure its bandwidth, every client opens two windows for what it has read, some reset what
//! they have read to its end. So each frame of an answer gives back more than those take, and what is left to count is what no
//! answer explains. Envoy bounds PRIORITY and WINDOW_UPDATE by a ratio for the same reason (`protocol_constraints.cc`: ten
//! WINDOW_UPDATE per DATA frame that it sent), and counts resets only of streams younger than a second; nghttp2 has a bucket
//! of 10,000 tokens, 330 per second, without any such return (`nghttp2_option_set_glitch_rate_limit`), and HAProxy a plain
//! count (`tune.h2.fe.glitches-threshold`).
//!
//! Pure: frames and time come in, a verdict goes out.

use std::time::Duration;

use crate::{
    clock::Instant,
    wire::h2_frames::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, HEADERS, PING, RST_STREAM, SETTINGS,
        WINDOW_UPDATE,
    },
};

/// What a client did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glitch {
    /// Took a stream back soon after it had opened it (rapid reset, CVE-2023-44487).
    Reset,
    /// Had us reset a stream, by breaking the protocol on it (MadeYouReset, CVE-2025-8671).
    Provoked,
    /// PING, of either sort: we hardly ever ask for an answer (CVE-2019-9512).
    Ping,
    /// SETTINGS, of either sort (CVE-2019-9515).
    Settings,
    /// DATA without data that does not end its stream (CVE-2019-9518).
    EmptyData,
    /// WINDOW_UPDATE (CVE-2019-9511).
    WindowUpdate,
    /// A field block in small pieces, or pieces without anything (CVE-2024-27316).
    Continuation,
    /// PRIORITY (CVE-2019-9513), or a type that we do not know.
    Other,
    /// What the codec has caps of its own for: field blocks that are too large, streams that nobody has asked for yet.
    Codec,
}

impl Glitch {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Reset,
        Self::Provoked,
        Self::Ping,
        Self::Settings,
        Self::EmptyData,
        Self::WindowUpdate,
        Self::Continuation,
        Self::Other,
        Self::Codec,
    ];

    /// The word in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Provoked => "provoked_reset",
            Self::Ping => "ping",
            Self::Settings => "settings",
            Self::EmptyData => "empty_data",
            Self::WindowUpdate => "window_update",
            Self::Continuation => "continuation",
            Self::Other => "other",
            Self::Codec => "codec",
        }
    }

    /// Tokens that it takes, about as its work compares to that of a PING. Honest clients have no cause for those of 20.
    fn weight(self) -> u32 {
        match self {
            Self::Ping | Self::WindowUpdate | Self::Other => 1,
            Self::Reset | Self::EmptyData => 5,
            Self::Settings => 10,
            Self::Provoked | Self::Continuation => 20,
            Self::Codec => 0,
        }
    }
}

/// The budget of a connection.
#[derive(Debug)]
pub struct Budget {
    burst: u64,
    per_second: u64,
    /// In thousandths of a token, as time comes in milliseconds.
    left: u64,
    filled: Instant,
    streams: Streams,
}

/// Which streams are young, without a list of them: their numbers only go up.
#[derive(Debug)]
struct Streams {
    /// The highest number so far, and what it was at the last two turns of a clock of [`YOUNG`].
    last: u32,
    turns: [u32; 2],
    turned: Instant,
}

/// A stream that is younger is reset soon; up to twice as old, it may count as young. Envoy's
/// `overload.premature_reset_min_stream_lifetime_seconds` is one second too.
const YOUNG: Duration = Duration::from_secs(1);

/// A CONTINUATION frame that neither fills this much nor ends its block splits where no honest encoder does: those fill frames.
const CONTINUATION_BYTES_MIN: u32 = 1024;

/// What frames of an answer give back.
const HEADERS_RETURN: u32 = 2;
const DATA_RETURN: u32 = 4;
const END_RETURN: u32 = 5;

/// Codes of RST_STREAM that are no fault of the client's: NO_ERROR, INTERNAL_ERROR, CANCEL (RFC 9113, 7).
const OUR_CODES: [u32; 3] = [0, 2, 8];

impl Budget {
    /// A full budget.
    pub fn new(burst: u32, per_second: u32, now: Instant) -> Self {
        let burst = u64::from(burst) * 1000;
        let streams = Streams { last: 0, turns: [0; 2], turned: now };
        Self { burst, per_second: per_second.into(), left: burst, filled: now, streams }
    }

    /// Reckons with a frame from the client.
    ///
    /// # Errors
    /// The budget is spent, last by this glitch.
    pub fn received(&mut self, frame: &Frame, now: Instant) -> Result<(), Glitch> {
        if frame.kind == HEADERS {
            self.streams.opened(frame.stream, now);
        }
        match self.glitch(frame, now) {
            Some(glitch) => self.spend(glitch, now),
            None => Ok(()),
        }
    }

    /// Reckons with a frame of ours.
    ///
    /// # Errors
    /// The budget is spent, last by this glitch.
    pub fn sent(&mut self, frame: &Frame, now: Instant) -> Result<(), Glitch> {
        match frame.kind {
            RST_STREAM if !OUR_CODES.contains(&frame.number()) => {
                return self.spend(Glitch::Provoked, now);
            }
            HEADERS => self.give(HEADERS_RETURN),
            DATA if frame.data_bytes() > 0 => self.give(DATA_RETURN),
            _ => {}
        }
        if matches!(frame.kind, HEADERS | DATA) && frame.has(END_STREAM) {
            self.give(END_RETURN);
        }
        Ok(())
    }

    fn glitch(&mut self, frame: &Frame, now: Instant) -> Option<Glitch> {
        match frame.kind {
            HEADERS => None,
            DATA => {
                (frame.data_bytes() == 0 && !frame.has(END_STREAM)).then_some(Glitch::EmptyData)
            }
            RST_STREAM => self.streams.is_young(frame.stream, now).then_some(Glitch::Reset),
            SETTINGS => Some(Glitch::Settings),
            PING => Some(Glitch::Ping),
            WINDOW_UPDATE => Some(Glitch::WindowUpdate),
            CONTINUATION => {
                let small = frame.length < CONTINUATION_BYTES_MIN && !frame.has(END_HEADERS);
                (small || frame.length == 0).then_some(Glitch::Continuation)
            }
            _ => Some(Glitch::Other),
        }
    }

    fn spend(&mut self, glitch: Glitch, now: Instant) -> Result<(), Glitch> {
        self.fill(now);
        let cost = u64::from(glitch.weight()) * 1000;
        match self.left.checked_sub(cost) {
            Some(left) => self.left = left,
            None => return Err(glitch),
        }
        Ok(())
    }

    fn give(&mut self, tokens: u32) {
        self.left = (self.left + u64::from(tokens) * 1000).min(self.burst);
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled);
        let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        if millis > 0 {
            let grown = self.per_second.saturating_mul(millis);
            self.left = self.left.saturating_add(grown).min(self.burst);
            self.filled = now;
        }
    }
}

impl Streams {
    fn opened(&mut self, stream: u32, now: Instant) {
        self.turn(now);
        self.last = self.last.max(stream);
    }

    fn is_young(&mut self, stream: u32, now: Instant) -> bool {
        self.turn(now);
        stream > self.turns[1]
    }

    fn turn(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.turned);
        if passed < YOUNG {
            return;
        }
        let before = if passed < 2 * YOUNG { self.turns[0] } else { self.last };
        self.turns = [self.last, before];
        self.turned = now;
    }
}

#[cfg(test)]
mod tests;
