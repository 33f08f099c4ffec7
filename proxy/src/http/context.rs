//! An exchange: one request and its answer, and what is known of it so far.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Method, StatusCode, Version,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};

use super::{body::Received, connection::Connection, reply};
use crate::{
    clock::{self, Instant},
    config::Colour,
    error::Error,
    filter::client_ip::Client,
    limit::Admitted,
    mirror,
    observe::{Record, metrics::CodeClass},
    overload::Places,
    rollout::{
        Learned,
        outcomes::{Class, Outcome},
    },
    snapshot::Action,
    upstream,
    waf::{Inspection, Subject},
    wire::{BodyError, RequestHead},
    worker::Held,
};

/// One request and its answer. Dropping it writes the access log line and the metrics, however it ended.
#[derive(Debug)]
pub struct Exchange {
    /// The connection that it came on.
    pub connection: Arc<Connection>,
    /// The configuration that holds for it, from its first byte to its last.
    pub snapshot: Arc<Held>,
    /// When its head was complete.
    pub started: Instant,
    /// What was asked for; `None` if that could not be read.
    pub request: Option<Asked>,
    /// Who asks, behind trusted proxies the address that they report.
    pub client: Client,
    /// Number of the tenant among the snapshot's.
    pub tenant: Option<usize>,
    /// Position of the route among the snapshot's.
    pub route: Option<usize>,
    /// Name of the cluster that it was sent to.
    pub cluster: Option<Arc<str>>,
    /// Colour that the split chose.
    pub colour: Option<Colour>,
    /// Colour among whose requests under way it is counted.
    occupies: Option<Colour>,
    /// Whether it has become a tunnel that is counted.
    tunnels: bool,
    /// Colour that failed it before another answered.
    pub rescued_from: Option<Colour>,
    /// Whether a copy went to a shadow.
    pub mirrored: bool,
    /// Where a comparison waits for the answer of the upstream, if one does.
    pub expected: Option<mirror::keep::Expected>,
    /// How it went upstream.
    pub upstream: upstream::Report,
    /// Identifies it across hops.
    pub request_id: Option<HeaderValue>,
    /// The trace it belongs to.
    pub trace_id: Option<u128>,
    /// How far the request body has come, where there is one.
    pub received: Option<Arc<Received>>,
    /// Body bytes sent.
    pub bytes_out: u64,
    /// Status that the client was sent; 0 if none was.
    pub status: u16,
    /// Why it ended as it did, where that was not the upstream's own answer.
    pub flag: Option<&'static str>,
    /// Name of the limit that refused it, or that would have.
    pub limit: Option<Arc<str>>,
    /// What it has of its limits. Requests count as under way until this goes.
    pub admitted: Admitted,
    /// Its places among the requests that we take on at once; they are given back when this goes.
    pub places: Places,
    /// What the WAF sees of it, where it looks.
    pub waf: Option<Box<Inspection>>,
    /// The client gets no answer: a rule has said so.
    pub dropped: bool,
    /// Whether the answer was sent whole.
    complete: bool,
}

/// What was asked for, kept for the log.
#[derive(Debug)]
pub struct Asked {
    /// Method.
    pub method: Method,
    /// Host as the client wrote it.
    pub authority: Bytes,
    /// Target as the client wrote it; the log leaves the query out.
    pub target: Bytes,
    /// Version that the client spoke.
    pub version: Version,
    /// Whether this is gRPC, which is told of errors in its own terms.
    pub grpc: bool,
    /// `Content-Length` and `Transfer-Encoding`, which do not stay among the fields, for the WAF where there is one.
    pub framing: Vec<(&'static str, HeaderValue)>,
}

impl Exchange {
    /// An exchange whose request head is read.
    pub fn begin(connection: Arc<Connection>, head: &RequestHead) -> Self {
        let grpc = head
            .headers
            .get(http::header::CONTENT_TYPE)
            .is_some_and(|kind| is_grpc(kind.as_bytes()));
        let mut exchange = Self::unread(connection);
        let asked = Asked {
            method: head.method.clone(),
            authority: head.authority.clone(),
            target: head.target.raw().clone(),
            version: head.version,
            grpc,
            framing: if exchange.snapshot.waf.rules().is_some() {
                framing(head)
            } else {
                Vec::new()
            },
        };
        exchange.request = Some(asked);
        exchange
    }

    /// An exchange whose request head cannot be read.
    pub fn unread(connection: Arc<Connection>) -> Self {
        Self {
            snapshot: connection.snapshot(),
            started: clock::now(),
            request: None,
            client: Client { address: connection.peer.ip(), peer_trusted: false, trusted: false },
            tenant: None,
            route: None,
            cluster: None,
            colour: None,
            occupies: None,
            tunnels: false,
            rescued_from: None,
            mirrored: false,
            expected: None,
            upstream: upstream::Report::default(),
            request_id: None,
            trace_id: None,
            received: None,
            bytes_out: 0,
            status: 0,
            flag: None,
            limit: None,
            admitted: Admitted::default(),
            places: Places::default(),
            waf: None,
            dropped: false,
            complete: false,
            connection,
        }
    }

    /// Turns an error into the answer, and remembers it.
    pub fn refuse(&mut self, error: &Error) -> reply::Reply {
        self.note(error);
        reply::refusal(error, self.request.as_ref().is_some_and(|request| request.grpc))
    }

    /// Remembers why the answer is our own.
    pub fn note(&mut self, error: &Error) {
        self.flag = Some(reply::row(error).flag);
        self.dropped = matches!(error, Error::Dropped);
        self.snapshot.refusals.count(self.connection.worker.id, reply::row(error).flag);
        tracing::debug!(client = %self.client.address, error = %error, "exchange refused");
    }

    /// The client left before its answer was sent.
    pub fn client_left(&mut self) {
        let row = reply::row(&Error::ClientGone);
        self.flag = Some(row.flag);
        self.snapshot.refusals.count(self.connection.worker.id, row.flag);
    }

    /// The answer broke off behind its head.
    pub fn broke_off(&mut self, error: &BodyError) {
        self.flag = Some(match error {
            // A request body that breaks off takes the answer along.
            BodyError::ClientGone | BodyError::Abandoned => "client_gone",
            BodyError::Malformed(_) => "malformed",
            BodyError::TooLarge => "body_too_large",
            BodyError::TooSlow => "request_timeout",
            BodyError::UpstreamIdle => "upstream_idle",
            BodyError::Upstream(_) | BodyError::Io(_) => "upstream_truncated",
        });
        if let BodyError::UpstreamIdle | BodyError::Upstream(_) | BodyError::Io(_) = error
            && let (Some(class), Some(colour)) = (self.class(), self.occupies)
        {
            class.count(self.connection.worker.id, colour, Outcome::Failed);
        }
        tracing::debug!(client = %self.client.address, error = %error, "response broke off");
    }

    /// Counts this among the requests of a colour that are under way, until it ends or moves to another colour.
    pub fn occupy(&mut self, colour: Colour) {
        self.leave();
        if let Some(class) = self.class() {
            class.in_flight(self.connection.worker.id, colour, 1);
            self.occupies = Some(colour);
        }
    }

    /// It becomes a tunnel.
    pub fn begin_tunnel(&mut self) {
        if let (Some(class), Some(colour), false) = (self.class(), self.occupies, self.tunnels) {
            class.tunnels(self.connection.worker.id, colour, 1);
            self.tunnels = true;
        }
    }

    /// The rollout that it is a request of, and its colour.
    pub fn rollout(&self) -> Option<(&Arc<Learned>, Colour)> {
        match &self.snapshot.routes.get(self.route?)?.action {
            Action::Rollout(rollout) => Some((&rollout.learned, self.occupies?)),
            _ => None,
        }
    }

    fn leave(&mut self) {
        let worker = self.connection.worker.id;
        if let (Some(class), Some(colour)) = (self.class(), self.occupies) {
            class.in_flight(worker, colour, -1);
            class.tunnels(worker, colour, -i64::from(self.tunnels));
        }
        (self.occupies, self.tunnels) = (None, false);
    }

    fn class(&self) -> Option<&Class> {
        self.snapshot.routes.get(self.route?)?.class.as_deref()
    }

    /// The answer was sent whole.
    pub fn complete(&mut self) {
        self.complete = true;
    }

    /// Time since the head was complete.
    pub fn elapsed(&self) -> Duration {
        clock::now().saturating_duration_since(self.started)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // Dropped in the middle, with no reason noted: the connection went away below it.
        if !self.complete && self.flag.is_none() {
            self.client_left();
        }
        self.leave();
        let elapsed = self.elapsed();
        let worker = self.connection.worker.id;
        let status = StatusCode::from_u16(self.status).ok();
        self.snapshot
            .request_metrics(
                &self.connection.listener,
                self.route,
                self.cluster.as_deref(),
                self.colour,
            )
            .record(worker, status.map_or(CodeClass::None, CodeClass::of), elapsed);
        if let Some(log) = &self.snapshot.access_log {
            log.write(worker, &self.record(elapsed));
        }
        if let Some(mut inspection) = self.waf.take() {
            inspection.finish(&self.subject(elapsed), elapsed);
        }
    }
}

impl Exchange {
    /// Name of the tenant.
    pub fn tenant(&self) -> Option<&str> {
        self.snapshot.tenants.name(self.tenant?).map(|name| &**name)
    }

    /// The exchange as the audit log names it.
    fn subject(&self, elapsed: Duration) -> Subject<'_> {
        let asked = self.request.as_ref();
        Subject {
            since_epoch: clock::since_epoch().saturating_sub(elapsed),
            listener: self.connection.listener.state.name[..].into(),
            tenant: self.tenant().unwrap_or_default().into(),
            route: self.route.map_or("", |route| &self.snapshot.routes[route].name).into(),
            method: asked.map_or("", |asked| asked.method.as_str()).into(),
            host: asked.map_or(&b""[..], |asked| &asked.authority).into(),
            target: asked.map_or(&b""[..], |asked| &asked.target).into(),
            status: self.status,
            request_id: self.request_id.as_ref().map_or(&b""[..], HeaderValue::as_bytes).into(),
        }
    }

    fn record(&self, elapsed: Duration) -> Record<'_> {
        let asked = self.request.as_ref();
        let bytes_in = self.received.as_ref().map_or(0, |received| received.bytes());
        Record {
            since_epoch: clock::since_epoch().saturating_sub(elapsed),
            listener: &self.connection.listener.state.name,
            client: self.client.address,
            peer: self.connection.peer,
            tls: self.connection.tls,
            protocol: asked.map(|asked| asked.version),
            method: asked.map(|asked| &asked.method),
            host: asked.map_or(&[], |asked| &asked.authority),
            path: asked.map_or(&[], |asked| path(&asked.target)),
            tenant: self.tenant(),
            route: self.route.map(|route| &*self.snapshot.routes[route].name),
            cluster: self.cluster.as_deref(),
            colour: self.colour,
            endpoint: self.upstream.endpoint.as_deref(),
            status: (self.status != 0).then_some(self.status),
            flags: self.flag.as_slice(),
            limit: self.limit.as_deref(),
            bytes_in,
            bytes_out: self.bytes_out,
            duration: elapsed,
            upstream: self.upstream.first_byte,
            tries: self.upstream.tries,
            reused: self.upstream.reused,
            request_id: self.request_id.as_ref().map_or(&[], HeaderValue::as_bytes),
            trace_id: self.trace_id,
            rescued_from: self.rescued_from,
            mirror: self.mirrored.then_some("sent"),
        }
    }
}

fn framing(head: &RequestHead) -> Vec<(&'static str, HeaderValue)> {
    let fields = [("Content-Length", CONTENT_LENGTH), ("Transfer-Encoding", TRANSFER_ENCODING)];
    let value = |(name, field)| Some((name, head.headers.get(field)?.clone()));
    fields.into_iter().filter_map(value).collect()
}

fn path(target: &[u8]) -> &[u8] {
    &target[..memchr::memchr(b'?', target).unwrap_or(target.len())]
}

fn is_grpc(content_type: &[u8]) -> bool {
    content_type
        .strip_prefix(b"application/grpc")
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}
