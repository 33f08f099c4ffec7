//! One exchange under the rules: what the engine is shown, and what its verdict means for the exchange.

use std::{cell::RefCell, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use foxtrot_waf::{
    Action, Beginning, Mode, Taken, Transaction, Verdict as Judgement, Worker as Engine,
};
use http::{HeaderMap, HeaderValue, StatusCode, Version};

use super::{
    Policy, Verdict,
    aside::{self, Aside, Step},
    audit::{Outcome, Subject},
    block_list,
    lists::Listed,
};
use crate::{
    clock,
    config::{Colour, OverBudget, OverLimit},
    route::split,
    wire::RequestHead,
};

/// Bytes that the caches of one thread's patterns may take.
const CACHE_BYTES_MAX: usize = 64 << 20;

thread_local! {
    /// The engine's part of this thread.
    static ENGINE: RefCell<Engine> = RefCell::new(engine());
}

/// An engine with a meter.
pub(super) fn engine() -> Engine {
    let begun = clock::now();
    let meter = move || {
        let spent = clock::now().saturating_duration_since(begun);
        u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX)
    };
    Engine::new(CACHE_BYTES_MAX).meter(Box::new(meter))
}

/// An exchange under the rules.
#[derive(Debug)]
pub struct Inspection {
    about: About,
    /// `None` once it is finished, and while it is away.
    tx: Option<Transaction>,
    /// Where it is when it is away.
    aside: Option<Aside>,
    /// Bytes of the body at hand that it was shown.
    shown: usize,
    verdict: Verdict,
}

/// What stays the same of an exchange.
#[derive(Debug, Clone)]
struct About {
    policy: Arc<Policy>,
    worker: usize,
    id: [u8; 32],
    client: SocketAddr,
}

/// What is known of the connection and the exchange.
#[derive(Debug)]
pub struct Facts<'f> {
    /// Number of the worker.
    pub worker: usize,
    /// The client, behind trusted proxies.
    pub client: SocketAddr,
    /// Where it connected to.
    pub server: SocketAddr,
    /// Names the exchange.
    pub id: u128,
    /// `Content-Length` and `Transfer-Encoding` as the client wrote them, which are no longer among the fields.
    pub framing: &'f [(&'static str, HeaderValue)],
}

/// What the lists say, and how the exchange is looked at.
#[derive(Debug)]
pub enum Begun {
    /// The rules look at it.
    Inspected(Box<Inspection>),
    /// Nobody looks at it.
    Allowed,
    /// Its client is turned away.
    Denied,
}

/// What is to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// The exchange goes on.
    Pass,
    /// It ends with this status.
    Block(u16),
    /// It ends without an answer, and its connection with it.
    Drop,
    /// It ends, and the client is sent elsewhere.
    Redirect(u16, Bytes),
    /// Its body is too large for the rules to look at.
    TooLarge,
}

impl Inspection {
    /// Begins to look at an exchange, unless a list decides.
    pub fn begin(policy: &Arc<Policy>, facts: &Facts<'_>, head: &RequestHead) -> Begun {
        let shared = &policy.shared;
        match shared.lists.find(facts.client.ip()) {
            Listed::No => {}
            Listed::Allowed => {
                shared.counters.verdict(facts.worker, Verdict::Allowed);
                return Begun::Allowed;
            }
            Listed::Denied => {
                shared.counters.verdict(facts.worker, Verdict::Denied);
                return Begun::Denied;
            }
        }
        let mut id = [0; 32];
        for (digit, place) in id.iter_mut().zip((0..32).rev()) {
            *digit = b"0123456789abcdef"[(facts.id >> (place * 4)) as usize & 15];
        }
        let now = i64::try_from(clock::since_epoch().as_secs()).unwrap_or(i64::MAX);
        let beginning = Beginning { id: &id, now, budget: shared.budget };
        let tx = ENGINE.with_borrow_mut(|engine| {
            let mut tx = Transaction::new(&policy.engine, &shared.store, &beginning, engine);
            tx.set_mode(policy.settings.mode_for(policy.enforces(facts.client)));
            tx.limit_request_body(shared.request_body_max);
            tx.connection(facts.client, facts.server);
            tx
        });
        let about =
            About { policy: Arc::clone(policy), worker: facts.worker, id, client: facts.client };
        let (aside, verdict) = (None, Verdict::Pass);
        let mut inspection = Self { about, tx: Some(tx), aside, shown: 0, verdict };
        inspection.show_request(facts, head);
        Begun::Inspected(Box::new(inspection))
    }

    fn show_request(&mut self, facts: &Facts<'_>, head: &RequestHead) {
        let Some(tx) = &mut self.tx else { return };
        let written = head.written.as_deref().cloned().unwrap_or_default();
        let target = written.target.as_ref().unwrap_or(head.target.raw());
        let version = written.version.as_deref().unwrap_or(protocol(head.version));
        tx.request_line(head.method.as_str().as_bytes(), target, version);
        if let Some(host) = &written.host {
            tx.request_header(b"Host", host);
        } else if !head.authority.is_empty() {
            tx.request_header(b"Host", &head.authority);
        }
        show(&head.headers, |name, value| tx.request_header(name, value));
        for (name, value) in facts.framing {
            tx.request_header(name.as_bytes(), value.as_bytes());
        }
    }

    /// Judges the request's head.
    pub async fn request_headers(&mut self) -> Judged {
        self.judge(|tx, engine| tx.request_headers(engine)).await
    }

    /// Whether the request's body is to be shown.
    pub fn wants_request_body(&self) -> bool {
        self.tx.as_ref().is_some_and(Transaction::wants_request_body)
    }

    /// Shows a piece of the request's body. `None`: no more of it is looked at.
    pub fn request_body(&mut self, piece: &[u8]) -> Option<Judged> {
        let tx = self.tx.as_mut()?;
        self.shown += piece.len();
        match tx.request_body(piece) {
            Taken::Whole => Some(Judged::Pass),
            Taken::Partial | Taken::TooLarge => {
                let rejects = self.about.policy.settings.over_limit == OverLimit::Reject;
                let enforced = tx.mode() == Mode::On;
                (rejects && enforced).then_some(Judged::TooLarge)
            }
        }
    }

    /// Judges the whole request.
    pub async fn request_complete(&mut self) -> Judged {
        self.judge_body(Transaction::request_complete).await
    }

    /// Whether responses are shown at all.
    pub fn wants_response(&self) -> bool {
        self.about.policy.settings.responses && self.tx.is_some()
    }

    /// Judges the response's head.
    pub async fn response_headers(
        &mut self,
        status: StatusCode,
        version: Version,
        headers: &HeaderMap,
    ) -> Judged {
        self.judge(|tx, engine| {
            tx.response_line(status.as_u16(), protocol(version));
            show(headers, |name, value| tx.response_header(name, value));
            tx.response_headers(engine)
        })
        .await
    }

    /// Whether the response's body is to be shown.
    pub fn wants_response_body(&self) -> bool {
        self.tx.as_ref().is_some_and(Transaction::wants_response_body)
    }

    /// Shows a piece of the response's body. `None`: no more of it is looked at.
    pub fn response_body(&mut self, piece: &[u8]) -> Option<Judged> {
        let tx = self.tx.as_mut()?;
        self.shown += piece.len();
        match tx.response_body(piece) {
            Taken::Whole => Some(Judged::Pass),
            // `SecResponseBodyLimitAction Reject`: what nobody has looked at does not leave, as in ModSecurity 3.
            Taken::TooLarge if tx.mode() == Mode::On => {
                self.verdict = Verdict::Blocked;
                Some(Judged::Block(403))
            }
            Taken::TooLarge | Taken::Partial => None,
        }
    }

    /// Judges the whole response.
    pub async fn response_complete(&mut self) -> Judged {
        self.judge_body(Transaction::response_complete).await
    }

    /// Names the exchange, to the client that it was ended for.
    pub fn id(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.about.id).unwrap_or(HeaderValue::from_static("-"))
    }

    /// Judges behind a body: aside where it is large.
    async fn judge_body(&mut self, step: Step) -> Judged {
        if std::mem::take(&mut self.shown) < aside::FROM {
            return self.judge(step).await;
        }
        // Waited for first: whoever goes away meanwhile leaves the transaction here.
        let Some(turn) = aside::turn().await else { return self.judge(step).await };
        let Some(tx) = self.tx.take() else { return Judged::Pass };
        let aside = self.aside.insert(Aside::default()).clone();
        let back = aside.run(turn, tx, step).await;
        self.aside = None;
        match back {
            Some((tx, judgement)) => {
                self.tx = Some(tx);
                self.answered(judgement).await
            }
            // The engine has failed, and nobody knows what the body is.
            None => Judged::Block(403),
        }
    }

    async fn judge(
        &mut self,
        step: impl FnOnce(&mut Transaction, &mut Engine) -> Judgement,
    ) -> Judged {
        let Some(tx) = &mut self.tx else { return Judged::Pass };
        let judgement = ENGINE.with_borrow_mut(|engine| step(tx, engine));
        self.answered(judgement).await
    }

    /// Asks the DNS what rules have to know before they can judge.
    async fn answered(&mut self, mut judgement: Judgement) -> Judged {
        while let Judgement::Lookup(name) = judgement {
            let address = block_list::ask(&name).await;
            let Some(tx) = &mut self.tx else { return Judged::Pass };
            tx.answer(name, address);
            judgement = ENGINE.with_borrow_mut(|engine| tx.resume(engine));
        }
        let mode = self.tx.as_ref().map_or(Mode::Off, Transaction::mode);
        self.judged(judgement, mode)
    }

    /// What a judgement means here.
    fn judged(&mut self, judgement: Judgement, mode: Mode) -> Judged {
        match judgement {
            // All questions are answered.
            Judgement::Pass | Judgement::Lookup(_) => Judged::Pass,
            Judgement::Budget => {
                self.verdict = Verdict::Budget;
                let closed = self.about.policy.settings.over_budget == OverBudget::Closed;
                if closed && mode == Mode::On { Judged::Block(403) } else { Judged::Pass }
            }
            Judgement::Interrupt(interruption) => {
                self.verdict = Verdict::Blocked;
                match interruption.action {
                    Action::Deny(status) => Judged::Block(status),
                    Action::Drop => Judged::Drop,
                    Action::Redirect(status, to) => Judged::Redirect(status, to.into()),
                }
            }
        }
    }

    /// Ends the transaction: runs its last phase, counts, and writes its record.
    pub fn finish(&mut self, subject: &Subject<'_>, elapsed: Duration) {
        let (verdict, aside) = (self.verdict, self.aside.take());
        if let Some(tx) = self.tx.take() {
            ENGINE
                .with_borrow_mut(|engine| self.about.finish(tx, engine, verdict, subject, elapsed));
        } else if let Some(aside) = aside {
            let (about, subject) = (self.about.clone(), subject.kept());
            let end = move |tx: Transaction, engine: &mut Engine| {
                about.finish(tx, engine, verdict, &subject, elapsed);
            };
            ENGINE.with_borrow_mut(|engine| aside.leave(engine, Box::new(end)));
        }
    }
}

impl About {
    fn finish(
        &self,
        mut tx: Transaction,
        engine: &mut Engine,
        mut verdict: Verdict,
        subject: &Subject<'_>,
        elapsed: Duration,
    ) {
        let shared = &self.policy.shared;
        tx.set_elapsed(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX));
        let mode = tx.mode();
        let finished = tx.finish(engine);
        let report = finished.report();
        if verdict == Verdict::Pass {
            verdict = match (&report.interruption, &report.would_interrupt) {
                // Its client has left before it was told.
                (Some(_), _) => Verdict::Blocked,
                (None, Some(_)) => Verdict::Detected,
                (None, None) => Verdict::Pass,
            };
        }
        shared.counters.verdict(self.worker, verdict);
        let blocking = report.interruption.as_ref().map(|one| one.rule);
        for one in report.matches.iter().filter(|one| one.log) {
            let id = shared.rules.meta(one.rule).id;
            shared.counters.hit(self.worker, one.rule, id, blocking == Some(id));
        }
        if let Some(audit) = &shared.audit
            && finished.is_audited(engine, subject.status)
        {
            let outcome = Outcome {
                id: &self.id,
                client: self.client,
                verdict: verdict.word(),
                mode,
                finished: &finished,
                rules: &shared.rules,
            };
            audit.write(self.worker, subject, &outcome);
        }
        finished.give_back(engine);
    }
}

impl Policy {
    /// Whether `enforce` holds for a client: the same ones always, and while the share grows nobody falls out of it.
    fn enforces(&self, client: SocketAddr) -> bool {
        let key = match client.ip() {
            std::net::IpAddr::V4(address) => u128::from(address.to_bits()),
            // One subscriber has a whole /64.
            std::net::IpAddr::V6(address) => address.to_bits() >> 64,
        };
        let seed = split::rollout_id("waf");
        split::colour(seed, &key.to_be_bytes(), self.settings.enforce) == Colour::Green
    }
}

fn show(headers: &HeaderMap, mut take: impl FnMut(&[u8], &[u8])) {
    // Names are kept in lower case; rules and their authors know them as they are commonly written.
    let mut written = Vec::with_capacity(32);
    for (name, value) in headers {
        written.clear();
        let mut begins = true;
        for byte in name.as_str().bytes() {
            written.push(if begins { byte.to_ascii_uppercase() } else { byte });
            begins = byte == b'-';
        }
        take(&written, value.as_bytes());
    }
}

fn protocol(version: Version) -> &'static [u8] {
    match version {
        Version::HTTP_10 => b"HTTP/1.0",
        Version::HTTP_2 => b"HTTP/2.0",
        _ => b"HTTP/1.1",
    }
}
