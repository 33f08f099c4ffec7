//! What a run does: who sends what to whom, when, and what must hold afterwards.
//!
//! [`load`] reads it from TOML; the command line and other programs build it by hand. Nothing here sends anything.

pub mod load;
pub mod places;
pub mod problem;
pub mod staged;
pub mod suggest;
mod table;
pub mod target;
pub mod units;

use std::{net::IpAddr, path::PathBuf, time::Duration};

pub use target::Target;

use crate::{assertion::Assertion, client::request::Prepared, schedule::Plan};

/// A run.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name, for the report.
    pub name: String,
    /// Threads that send; `None` leaves it to [`Scenario::threads`].
    pub threads: Option<usize>,
    /// Seed of everything that is left to chance.
    pub seed: u64,
    /// Who sends.
    pub classes: Vec<Class>,
    /// What happens, one after the other.
    pub phases: Vec<Phase>,
    /// What must hold over all classes of requests.
    pub assertions: Vec<Assertion>,
    /// Whom to trust.
    pub trust: Trust,
    /// Servers of surge's own.
    pub origins: Vec<staged::Origin>,
    /// What is tested, as far as surge starts or watches it.
    pub stack: staged::Stack,
    /// What happens once.
    pub events: Vec<staged::Event>,
}

/// Which certificates a TLS target may show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Trust {
    /// Those of the system's authorities.
    #[default]
    System,
    /// Those of the authorities in a PEM file.
    File(PathBuf),
    /// Any: the connection is encrypted, but to whom is unknown.
    Anyone,
}

/// Clients of one kind.
#[derive(Debug, Clone)]
pub struct Class {
    /// Its name, in reports.
    pub name: String,
    /// Where they send to.
    pub target: Target,
    /// Over what.
    pub protocol: Protocol,
    /// Whether a connection is used for a second request.
    pub keepalive: bool,
    /// Connections at most, over all threads; arrivals beyond that wait, and are late.
    pub connections_max: usize,
    /// Streams at a time on an HTTP/2 connection.
    pub streams_max: usize,
    /// From the moment of sending (or connecting) to the last byte of the answer.
    pub timeout: Duration,
    /// Where they come from; empty leaves it to the system.
    pub sources: Vec<IpAddr>,
    /// What they do.
    pub conduct: Conduct,
    /// Whether what becomes of each of their requests matters for itself: those of lists.
    pub judged: bool,
    /// What must hold for them.
    pub assertions: Vec<Assertion>,
}

/// What clients of a class do.
#[derive(Debug, Clone)]
pub enum Conduct {
    /// They send requests and read answers, with this share of a phase's arrivals.
    Requests {
        /// Share in the arrivals, beside the weights of the other classes.
        weight: f64,
        /// Requests and their weights; at least one.
        requests: Vec<(Prepared, f64)>,
    },
    /// They hold connections open with as little as they can.
    Slow(Box<Slow>),
    /// They make work for the server with as little of their own as they can.
    Flood(Box<Flood>),
}

impl Conduct {
    /// Whether requests that are due are theirs to send.
    pub fn sends_requests(&self) -> bool {
        matches!(self, Self::Requests { .. })
    }
}

/// A client that floods.
#[derive(Debug, Clone)]
pub struct Flood {
    /// With what.
    pub kind: FloodKind,
    /// Units per second, over all connections.
    pub rate: f64,
    /// Connections at a time, over all threads.
    pub connections: usize,
    /// The request that is flooded with, where there is one.
    pub request: Prepared,
}

/// What a client floods with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloodKind {
    /// Requests that are taken back at once (CVE-2023-44487).
    RapidReset,
    /// Requests that the server has to reset, as what follows them is wrong (CVE-2025-8671).
    MadeYouReset,
    /// A field block that does not end (CVE-2024-27316 and its kin).
    Continuation,
    /// SETTINGS, each of which is to be acknowledged (CVE-2019-9515).
    Settings,
    /// PINGs, each of which is to be answered (CVE-2019-9512).
    Ping,
    /// DATA without data (CVE-2019-9518).
    EmptyData,
    /// Small field blocks that stand for large ones (CVE-2016-6581).
    HpackBomb,
    /// Connections that are closed again.
    Connect,
    /// Connections that are closed after a TLS handshake.
    Handshake,
}

impl FloodKind {
    /// Whether a connection is the unit, and not a frame.
    pub fn is_of_connections(self) -> bool {
        matches!(self, Self::Connect | Self::Handshake)
    }
}

/// A client that dawdles.
#[derive(Debug, Clone)]
pub struct Slow {
    /// With what.
    pub part: SlowPart,
    /// A piece is sent or read this often.
    pub every: Duration,
    /// Bytes of a piece.
    pub bytes: usize,
    /// Connections that are held at a time, over all threads.
    pub connections: usize,
    /// What is sent: the head of a request, slowly or at once.
    pub request: Prepared,
}

/// What a slow client is slow with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlowPart {
    /// It sends a head that does not end.
    Head,
    /// It sends a head at once, and then a body piece by piece.
    Body,
    /// It sends a request at once and reads the answer piece by piece.
    Reader,
}

/// How a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// HTTP/1.1, one request at a time.
    #[default]
    Http1,
    /// HTTP/2: with prior knowledge, or by ALPN over TLS.
    Http2,
}

/// A stretch of a run.
#[derive(Debug, Clone)]
pub struct Phase {
    /// Its name, in reports and for assertions.
    pub name: String,
    /// How long new requests start.
    pub length: Duration,
    /// What starts them.
    pub load: Load,
    /// The classes that take part.
    pub classes: Vec<usize>,
    /// Whether it only warms up: it is not part of totals and assertions.
    pub warmup: bool,
    /// Whether it lasts as long as it says, whatever the run is stretched to.
    pub fixed: bool,
}

/// What starts requests.
#[derive(Debug, Clone)]
pub enum Load {
    /// A schedule, whatever the server does (open loop).
    Open(Plan),
    /// The end of the last request (closed loop).
    Closed {
        /// Connections, over all threads.
        connections: usize,
        /// Pause between an answer and the next request.
        think: Duration,
    },
}

impl Scenario {
    /// How long new requests start.
    pub fn length(&self) -> Duration {
        self.phases.iter().map(|phase| phase.length).sum()
    }

    /// Makes the run last so long: phases that are not fixed are stretched or shortened, each by the same factor.
    pub fn stretch(&mut self, to: Duration) -> Result<(), String> {
        let length =
            |fixed| self.phases.iter().filter(|p| p.fixed == fixed).map(|p| p.length).sum();
        let (fixed, free): (Duration, Duration) = (length(true), length(false));
        let factor = to.saturating_sub(fixed).as_secs_f64() / free.as_secs_f64().max(1e-9);
        if free.is_zero() || free.mul_f64(factor) < SHORTEST {
            let fixed = fixed.as_secs_f64();
            return Err(format!("its phases of fixed length alone take {fixed} s"));
        }
        for phase in self.phases.iter_mut().filter(|phase| !phase.fixed) {
            phase.length = phase.length.mul_f64(factor);
            if let Load::Open(plan) = &mut phase.load {
                plan.profile = plan.profile.stretched(factor);
            }
        }
        Ok(())
    }

    /// The phase that a time from the start lies in; the last one for all that is later.
    pub fn phase_at(&self, at: Duration) -> usize {
        let mut end = Duration::ZERO;
        let ends = self.phases.iter().map(|phase| {
            end += phase.length;
            end
        });
        let past = ends.take_while(|end| *end <= at).count();
        past.min(self.phases.len().saturating_sub(1))
    }

    /// How many threads send: as many as asked for, else one per 20,000 requests per second, or per connection in a closed
    /// loop, and at most `cores`.
    pub fn threads(&self, cores: usize) -> usize {
        const RATE_PER_THREAD: f64 = 20_000.0;
        let wanted = |phase: &Phase| match &phase.load {
            Load::Open(plan) => (plan.peak() / RATE_PER_THREAD).ceil() as usize,
            Load::Closed { connections, .. } => *connections,
        };
        let wanted = self.phases.iter().map(wanted).max().unwrap_or(1);
        self.threads.unwrap_or_else(|| wanted.min(cores)).max(1)
    }

    /// When clients of a slow or flooding class hold connections: from and to, counted from the start; neighbouring phases are one.
    pub fn presence(&self, class: usize) -> Vec<(Duration, Duration)> {
        let mut spans: Vec<(Duration, Duration)> = Vec::new();
        let mut start = Duration::ZERO;
        for phase in &self.phases {
            let end = start + phase.length;
            if phase.classes.contains(&class) {
                match spans.last_mut().filter(|(_, until)| *until == start) {
                    Some((_, until)) => *until = end,
                    None => spans.push((start, end)),
                }
            }
            start = end;
        }
        spans
    }
}

/// Shorter than this nothing is measured.
const SHORTEST: Duration = Duration::from_millis(100);
