//! What the targets of the WAF engine share: how bytes become an exchange, and what an engine says of one.

pub mod sink;
pub mod written;

/// Where the printer of the parser's tests looks for what it prints.
mod seclang {
    pub use foxtrot_waf::seclang::ast;
}

use std::{cell::RefCell, sync::Arc};

use foxtrot_waf::{
    Beginning, Interruption, Match, Mode, Policy, RuleSet, Sanitise, Store, Transaction, Verdict,
    Worker, seclang::Memory,
};

/// Bytes from the fuzzer, taken from the front.
#[derive(Clone, Copy)]
pub struct Input<'d>(pub &'d [u8]);

impl<'d> Input<'d> {
    /// The next byte; 0 behind the last.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// What stands before the next byte of this value, which is left out; all that is left where there is none.
    pub fn until(&mut self, end: u8) -> &'d [u8] {
        let at = self.0.iter().position(|byte| *byte == end).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(at);
        self.0 = rest.get(1..).unwrap_or_default();
        taken
    }
}

/// A request and its response.
#[derive(Clone, Debug, Default)]
pub struct Exchange<'d> {
    pub method: &'d [u8],
    pub target: &'d [u8],
    pub fields: Vec<(&'d [u8], &'d [u8])>,
    pub body: &'d [u8],
    pub status: u16,
    pub response_fields: Vec<(&'d [u8], &'d [u8])>,
    pub response_body: &'d [u8],
    /// Seconds since the epoch.
    pub now: i64,
}

/// What has become of an exchange.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub verdicts: Vec<Verdict>,
    pub matches: Vec<Match>,
    pub interruption: Option<Interruption>,
    pub would_interrupt: Option<Interruption>,
    pub limits_reached: u32,
    pub audited: bool,
    pub sanitised: Vec<(Sanitise, Vec<u8>)>,
    pub score: i64,
}

/// The rules of a text that must load.
pub fn policy(rules: &[u8]) -> Arc<Policy> {
    try_policy(rules).unwrap_or_else(|report| panic!("{report}"))
}

/// The rules of a text.
pub fn try_policy(rules: &[u8]) -> Result<Arc<Policy>, foxtrot_waf::error::Report> {
    let files: Memory = [("fuzz.conf", rules)].into_iter().collect();
    RuleSet::load(&files, &["fuzz.conf"]).map(|rules| Arc::new(Policy::new(rules).mode(Mode::On)))
}

/// Runs an exchange to its end; bodies come in pieces of `step` bytes.
pub fn run(
    policy: &Arc<Policy>,
    store: &Arc<Store>,
    worker: &mut Worker,
    exchange: &Exchange<'_>,
    step: usize,
) -> Outcome {
    let step = step.max(1);
    let beginning = Beginning { id: b"fuzz", now: exchange.now, budget: u64::MAX };
    let mut tx = Transaction::new(policy, store, &beginning, worker);
    tx.connection(([192, 0, 2, 1], 1).into(), ([127, 0, 0, 1], 80).into());
    tx.request_line(exchange.method, exchange.target, b"HTTP/1.1");
    for (name, value) in &exchange.fields {
        tx.request_header(name, value);
    }
    let mut verdicts = Vec::new();
    let first = tx.request_headers(worker);
    answered(&mut tx, worker, first, &mut verdicts);
    for piece in exchange.body.chunks(step) {
        tx.request_body(piece);
    }
    let second = tx.request_complete(worker);
    answered(&mut tx, worker, second, &mut verdicts);
    tx.response_line(exchange.status, b"HTTP/1.1");
    for (name, value) in &exchange.response_fields {
        tx.response_header(name, value);
    }
    let third = tx.response_headers(worker);
    answered(&mut tx, worker, third, &mut verdicts);
    if tx.wants_response_body() {
        for piece in exchange.response_body.chunks(step) {
            tx.response_body(piece);
        }
    }
    let fourth = tx.response_complete(worker);
    answered(&mut tx, worker, fourth, &mut verdicts);
    let finished = tx.finish(worker);
    let report = finished.report();
    let outcome = Outcome {
        verdicts,
        matches: report.matches.clone(),
        interruption: report.interruption.clone(),
        would_interrupt: report.would_interrupt.clone(),
        limits_reached: report.limits_reached,
        audited: finished.is_audited(worker, exchange.status),
        sanitised: finished.sanitised().to_vec(),
        score: finished.tx_number("anomaly_score"),
    };
    finished.give_back(worker);
    outcome
}

/// A verdict once no question is left in it: names that begin with an even byte lead somewhere.
fn answered(
    tx: &mut Transaction,
    worker: &mut Worker,
    first: Verdict,
    verdicts: &mut Vec<Verdict>,
) {
    let mut verdict = first;
    while let Verdict::Lookup(name) = verdict {
        let known = name.first().is_some_and(|byte| byte % 2 == 0);
        tx.answer(name, known.then(|| [127, 0, 0, 2].into()));
        verdict = tx.resume(worker);
    }
    verdicts.push(verdict);
}

thread_local! {
    /// One worker for all runs, so that what an earlier input has left in it would show.
    static WORKER: RefCell<Worker> = RefCell::new(Worker::new(1 << 20));
}

/// Does something with the worker of all runs.
pub fn with_worker<T>(act: impl FnOnce(&mut Worker) -> T) -> T {
    WORKER.with_borrow_mut(act)
}

/// Asserts that a body cut into pieces gives what it gives in one.
pub fn whole_as_cut(policy: &Arc<Policy>, content_type: &[u8], body: &[u8], step: u8) -> Outcome {
    let exchange = Exchange {
        method: b"POST",
        target: b"/",
        fields: vec![(b"Content-Type", content_type)],
        body,
        status: 200,
        ..Exchange::default()
    };
    let store = Arc::new(Store::new(4));
    with_worker(|worker| {
        let whole = run(policy, &store, worker, &exchange, body.len());
        let cut = run(policy, &store, worker, &exchange, usize::from(step));
        assert_eq!(whole, cut);
        whole
    })
}

/// Rules that tell what a body has brought.
pub const TELLING: &[u8] = b"SecRequestBodyAccess On\n\
    SecAction \"id:1,phase:2,pass,log,msg:'%{REQBODY_PROCESSOR} %{REQBODY_ERROR} %{REQBODY_ERROR_MSG}',\
    logdata:'%{ARGS_COMBINED_SIZE} %{FILES_COMBINED_SIZE} %{REQUEST_BODY_LENGTH} %{MULTIPART_STRICT_ERROR}'\"\n\
    SecRule &ARGS_POST \"@gt 0\" \"id:2,phase:2,pass,log,msg:'%{MATCHED_VAR}'\"\n\
    SecRule ARGS_POST|ARGS_POST_NAMES|FILES|FILES_NAMES|FILES_SIZES|MULTIPART_PART_HEADERS|XML:/*|XML://@*|REQUEST_BODY \
    \"@rx (?s)^.{1,20}\" \"id:3,phase:2,pass,log,capture,t:none,t:urlDecodeUni,msg:'%{TX.0}',logdata:'%{MATCHED_VARS_NAMES}'\"\n\
    SecRule REQBODY_ERROR \"!@eq 0\" \"id:4,phase:2,deny,status:400,log,msg:'%{REQBODY_ERROR_MSG}'\"\n";
