//! One try: a connection to one endpoint, the exchange on it, and the replacement of a connection that had died idle.

use std::sync::Arc;

use http::{StatusCode, uri::Scheme};
use tokio::time::timeout_at;

use super::{
    Cluster, Informational, Report, Response,
    breaker::{Admission, Slot, Traffic},
    cluster::RETRY_AFTER,
    connect::{self, Purpose},
    deadline::Deadline,
    endpoint::{Agreed, Endpoint, Held},
    exchange::{Ask, Failure},
    h1, h2,
    outlier::Seen,
    replay::Source,
    retry,
};
use crate::{
    clock::{self, Instant},
    config::UpstreamProtocol,
    error::Error,
    wire::RequestHead,
};

/// One try.
pub(super) struct Try<'a> {
    pub(super) cluster: &'a Arc<Cluster>,
    pub(super) endpoint: &'a Arc<Endpoint>,
    pub(super) worker: usize,
    pub(super) traffic: Traffic,
    pub(super) head: &'a RequestHead,
    pub(super) source: &'a Source,
    pub(super) deadline: Deadline,
    pub(super) informational: Option<&'a dyn Informational>,
}

/// A way to send one request.
enum Line {
    Http1(Box<h1::Connection>),
    Http2(h2::Lease),
}

/// An answer whose body is still to come.
pub(super) enum Answer {
    Http1(h1::Answer),
    Http2(h2::Answer),
}

/// Which connections will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Any,
    /// One that has not been used.
    Fresh,
}

/// Room for a connection, or one that became free while waiting for it.
enum Room {
    Slot(Slot),
    Line(Line),
}

impl Try<'_> {
    /// Sends the request and waits for the answer's head. The admission passes on to the answer.
    pub(super) async fn run(
        &self,
        admission: &mut Option<Admission>,
        report: &mut Report,
    ) -> Result<Response, Failure> {
        let mut held = Held::new(self.cluster, self.endpoint, self.worker, self.traffic);
        let result = self.exchange(report).await;
        match &result {
            Ok(answer) if answer.status().is_server_error() => held.see(Seen::ServerError),
            Ok(_) => held.see(Seen::Success),
            Err(failure) if is_endpoints(&failure.error) => held.see(Seen::Failure),
            Err(_) => {}
        }
        let answer = result?;
        held.admission = admission.take();
        Ok(answer.into_response(held))
    }

    async fn exchange(&self, report: &mut Report) -> Result<Answer, Failure> {
        let mut which = Which::Any;
        loop {
            let line = self.line(which).await.map_err(Failure::before_sending)?;
            report.reused = line.is_reused();
            let idle = line.idle();
            let failure = match self.send(line).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            // RFC 9112, 9.3.1: a connection may close at any time, also while our request is on its way. That is nobody's
            // failure, and what cannot have had an effect, or may have it twice, is sent again.
            if which == Which::Fresh || !report.reused || !self.may_replace(&failure) {
                return Err(failure);
            }
            if let (true, Some((seen_open, since))) = (failure.silent, idle) {
                let now = clock::now();
                self.endpoint.vitals.learn_closed(seen_open - since, now - since, now);
            }
            report.replaced += 1;
            which = Which::Fresh;
        }
    }

    async fn send(&self, line: Line) -> Result<Answer, Failure> {
        let ask = Ask {
            head: self.head,
            body: self.source.read(),
            deadline: self.deadline,
            informational: self.informational,
        };
        match line {
            Line::Http1(connection) => h1::exchange(connection, ask).await.map(Answer::Http1),
            Line::Http2(lease) => {
                let https = self.endpoint.transport.tls.is_some();
                let scheme = if https { Scheme::HTTPS } else { Scheme::HTTP };
                h2::exchange(lease, ask, scheme).await.map(Answer::Http2)
            }
        }
    }

    fn may_replace(&self, failure: &Failure) -> bool {
        let safe = failure.unsent || failure.silent && retry::is_idempotent(&self.head.method);
        safe && matches!(failure.error, Error::Reset(_)) && self.source.is_replayable()
    }

    async fn line(&self, which: Which) -> Result<Line, Error> {
        if let Some(line) = self.idle_line(which) {
            return Ok(line);
        }
        let connect_at = clock::now() + self.cluster.settings.timeouts.connect;
        self.connect(which, connect_at.min(self.deadline.at(None).0)).await
    }

    fn idle_line(&self, which: Which) -> Option<Line> {
        if which == Which::Fresh {
            return None;
        }
        let pool = self.cluster.settings.pool;
        if self.may_share()
            && let Some(lease) = self.endpoint.checkout_shared(self.worker, pool, self.traffic)
        {
            return Some(Line::Http2(lease));
        }
        // A request that cannot be repeated keeps well away from the age at which the endpoint hangs up.
        let repeatable = retry::is_idempotent(&self.head.method);
        let limit = self.endpoint.idle_limit(pool);
        let idle_max = if repeatable { limit } else { limit / 2 };
        let mut connection = self.endpoint.checkout(self.worker, pool, idle_max)?;
        if self.traffic == Traffic::Copy {
            connection.slot.lend();
        }
        Some(Line::Http1(connection))
    }

    /// Whether this request may share a connection with others.
    fn may_share(&self) -> bool {
        let transport = &self.endpoint.transport;
        let auto = transport.protocol == UpstreamProtocol::Auto && transport.tls.is_some();
        match transport.protocol {
            UpstreamProtocol::H2 => true,
            _ => auto && self.head.upgrade.is_none() && self.endpoint.agreed() != Agreed::Http1,
        }
    }

    async fn connect(&self, which: Which, until: Instant) -> Result<Line, Error> {
        // One at a time where the first connection may serve all who wait; it need not be ours.
        let _gate = if self.may_share() {
            let gate = self.endpoint.gate(self.worker);
            let permit = timeout_at(until, gate.acquire()).await;
            let permit = permit.map_err(|_| Error::ConnectTimeout)?.ok();
            if let Some(line) = self.idle_line(which) {
                return Ok(line);
            }
            permit
        } else {
            None
        };
        let slot = match self.room(which, until).await? {
            Room::Slot(slot) => slot,
            Room::Line(line) => return Ok(line),
        };
        let opened = timeout_at(until, self.open(slot)).await;
        opened.map_err(|_| Error::ConnectTimeout)?.map_err(Error::Connect)
    }

    async fn open(&self, mut slot: Slot) -> Result<Line, String> {
        let transport = &self.endpoint.transport;
        let upgrade = self.head.upgrade.is_some() && transport.protocol != UpstreamProtocol::H2;
        let purpose = if upgrade { Purpose::Upgrade } else { Purpose::Requests };
        let stream = connect::open(transport, self.endpoint.address, purpose).await?;
        let speaks_h2 = connect::speaks_h2(transport, &stream)?;
        if purpose == Purpose::Requests {
            self.endpoint.agree(if speaks_h2 { Agreed::Http2 } else { Agreed::Http1 });
        }
        if !speaks_h2 {
            return Ok(Line::Http1(Box::new(h1::Connection::new(stream, slot))));
        }
        // Others will share it. Where a copy has opened it and there is no more room, it stays one above the cap.
        slot.take_back(self.cluster.settings.breaker.connections);
        let handle = h2::Handle::start(stream, slot).await?;
        let lease = handle.lease(self.traffic).ok_or("the endpoint allows no streams")?;
        self.endpoint.share(self.worker, handle);
        Ok(Line::Http2(lease))
    }

    /// Room for one more connection under the breaker's cap: idle connections elsewhere are closed for it, then the request
    /// waits until one is free.
    async fn room(&self, which: Which, until: Instant) -> Result<Room, Error> {
        if self.traffic == Traffic::Copy {
            return self.room_for_copy().ok_or(overflow("connections"));
        }
        if let Some(room) = self.room_at_once(which) {
            return Ok(room);
        }
        let pending = self.cluster.settings.breaker.pending;
        let Some(waiting) = self.cluster.load.wait(pending) else {
            return Err(overflow(if pending == 0 { "connections" } else { "pending" }));
        };
        loop {
            let mut freed = std::pin::pin!(waiting.freed());
            freed.as_mut().enable();
            if let Some(room) = self.room_at_once(which) {
                return Ok(room);
            }
            timeout_at(until, freed).await.map_err(|_| overflow("connections"))?;
            if let Some(line) = self.idle_line(which) {
                return Ok(Room::Line(line));
            }
        }
    }

    /// Room that nobody else wants.
    fn room_for_copy(&self) -> Option<Room> {
        let cap = self.cluster.settings.breaker.connections;
        self.cluster.load.connection_for_copy(&self.endpoint.vitals, cap).map(Room::Slot)
    }

    fn room_at_once(&self, which: Which) -> Option<Room> {
        let cap = self.cluster.settings.breaker.connections;
        let slot = || self.cluster.load.connection(&self.endpoint.vitals, cap).map(Room::Slot);
        slot()
            .or_else(|| self.idle_line(which).map(Room::Line))
            .or_else(|| self.cluster.evict(self.cluster.chance(self.worker)).then(slot).flatten())
    }
}

impl Line {
    fn is_reused(&self) -> bool {
        match self {
            Self::Http1(connection) => connection.used,
            Self::Http2(lease) => lease.reused,
        }
    }

    /// When an HTTP/1.1 connection was last found open, and since when it has been idle.
    fn idle(&self) -> Option<(Instant, Instant)> {
        match self {
            Self::Http1(connection) => Some((connection.seen_open, connection.idle_since)),
            Self::Http2(_) => None,
        }
    }
}

impl Answer {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Http1(answer) => answer.head.status,
            Self::Http2(answer) => answer.head.status,
        }
    }

    /// Keeps its connection out of the pools.
    pub(super) fn alone(mut self) -> Self {
        if let Self::Http1(answer) = &mut self {
            answer.persistent = false;
        }
        self
    }

    pub(super) fn into_response(self, held: Held) -> Response {
        match self {
            Self::Http1(answer) => answer.into_response(held),
            Self::Http2(answer) => answer.into_response(held),
        }
    }
}

/// Whether a failure speaks against the endpoint.
fn is_endpoints(error: &Error) -> bool {
    error.retryable() || matches!(error, Error::TotalTimeout | Error::UpstreamMalformed(_))
}

fn overflow(cap: &'static str) -> Error {
    Error::Overflow { cap, retry_after: RETRY_AFTER }
}
