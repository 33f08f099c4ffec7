//! One probe through one policy, in process: no connection, no list, no counter, no record, and a store of its own.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use foxtrot_waf::{Beginning, Mode, Policy, Store, Taken, Transaction, Verdict, Worker as Engine};

use crate::config::AttackClass;

/// A request of a class of attacks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe {
    pub class: AttackClass,
    pub method: &'static str,
    /// Behind the path, with its question mark.
    pub query: &'static str,
    /// One that is there besides or in the place of the usual ones.
    pub header: Option<(&'static str, &'static str)>,
    /// Content type and body.
    pub body: Option<(&'static str, &'static str)>,
}

/// What became of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// It was ended.
    Blocked,
    /// It would have been.
    Detected,
    /// Nobody minds.
    Nothing,
}

/// What probes run with: an engine that nothing else uses.
#[derive(Debug)]
pub(super) struct Bench {
    engine: Engine,
    /// Seconds since the epoch.
    pub now: i64,
    /// Probes so far.
    pub count: u64,
}

/// How a policy is probed.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    pub mode: Mode,
    pub body_bytes_max: usize,
    /// Whether a body that is longer ends the request.
    pub rejects: bool,
}

/// Bytes that the caches of patterns may take, for as long as a run lasts.
const CACHE_BYTES_MAX: usize = 16 << 20;
/// Records of each kind that rules may remember of probes.
const RECORDS_MAX: usize = 100;
/// Documentation has these addresses (RFC 5737), nobody else.
const CLIENT: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 254), 40_000);
const SERVER: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 443);

/// What every client sends.
const USUAL: [(&str, &str); 3] =
    [("Host", "probe.invalid"), ("User-Agent", "Mozilla/5.0 (foxtrot posture)"), ("Accept", "*/*")];

impl Bench {
    /// A bench at a time.
    pub fn at(now: i64) -> Self {
        Self { engine: Engine::new(CACHE_BYTES_MAX), now, count: 0 }
    }

    /// Sends a probe to a path, which is written as a request has it.
    pub fn send(&mut self, policy: &Arc<Policy>, how: How, probe: &Probe, path: &str) -> Met {
        self.count += 1;
        // What rules remember of a probe must not let another look like a flood.
        let store = Arc::new(Store::new(RECORDS_MAX));
        let beginning =
            Beginning { id: b"00000000000000000000000000000000", now: self.now, budget: u64::MAX };
        let mut tx = Transaction::new(policy, &store, &beginning, &mut self.engine);
        tx.set_mode(how.mode);
        tx.limit_request_body(how.body_bytes_max);
        tx.connection(SocketAddr::from(CLIENT), SocketAddr::from(SERVER));
        let target = [path, probe.query].concat();
        tx.request_line(probe.method.as_bytes(), target.as_bytes(), b"HTTP/1.1");
        let replaced = |name: &str| probe.header.is_some_and(|(other, _)| other == name);
        let usual = USUAL.into_iter().filter(|(name, _)| !replaced(name));
        for (name, value) in usual.chain(probe.header) {
            tx.request_header(name.as_bytes(), value.as_bytes());
        }
        if let Some((kind, body)) = probe.body {
            tx.request_header(b"Content-Type", kind.as_bytes());
            tx.request_header(b"Content-Length", body.len().to_string().as_bytes());
        }
        let ended = self.judge(&mut tx, how, probe);
        if ended {
            return Met::Blocked;
        }
        if tx.report().would_interrupt.is_some() { Met::Detected } else { Met::Nothing }
    }

    /// Whether the request is ended.
    fn judge(&mut self, tx: &mut Transaction, how: How, probe: &Probe) -> bool {
        let verdict = tx.request_headers(&mut self.engine);
        if self.is_end(tx, verdict) {
            return true;
        }
        if let Some((_, body)) = probe.body
            && tx.wants_request_body()
            && tx.request_body(body.as_bytes()) != Taken::Whole
            && how.rejects
            && tx.mode() == Mode::On
        {
            return true;
        }
        let verdict = tx.request_complete(&mut self.engine);
        self.is_end(tx, verdict)
    }

    fn is_end(&mut self, tx: &mut Transaction, mut verdict: Verdict) -> bool {
        // Probes come from nowhere: no list of the DNS knows them.
        while let Verdict::Lookup(name) = verdict {
            tx.answer(name, None);
            verdict = tx.resume(&mut self.engine);
        }
        matches!(verdict, Verdict::Interrupt(_))
    }
}
