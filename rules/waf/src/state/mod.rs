//! What rules know and change while they run.

pub mod store;
pub mod tx;

use crate::{
    action::{
        Allow, Mode, Processor, Sanitise,
        ctl::{AuditEngine, XmlIntoArgs},
    },
    bits::Bits,
    facts::ValueId,
    settings::Settings,
    variable::Persistent,
};
use tx::{Names, Tx};

/// A value that matched, and where it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matched {
    /// The variable.
    pub variable: &'static str,
    /// Of a collection, the name of the member.
    pub key: Option<ValueId>,
    /// The value that the operator saw.
    pub value: ValueId,
}

/// The part of a transaction that rules change.
#[derive(Debug, Default)]
pub struct State {
    /// `TX`
    pub tx: Tx,
    /// `MATCHED_VAR`
    pub matched: Option<Matched>,
    /// `MATCHED_VARS`
    pub all_matched: Vec<Matched>,
    /// Whether rules run, and whether they interrupt.
    pub mode: Mode,
    /// Rules that `ctl` or an exclusion has taken away.
    pub removed: Bits,
    /// Sets of rules, by number, with what they do not look at, by number.
    pub removed_targets: Vec<(usize, usize)>,
    /// `ENV`, where rules have set it.
    pub env: Vec<(Vec<u8>, Vec<u8>)>,
    /// Keys of the persistent collections that are open.
    pub open: [Option<Box<[u8]>>; Persistent::COUNT],
    /// The severest of the rules that matched.
    pub highest_severity: Option<u8>,
    /// What `allow` has said.
    pub allowed: Option<Allow>,
    /// How the body is read, where a rule or the client's Content-Type says so.
    pub processor: Option<Processor>,
    /// Settings that `ctl` can change for one transaction.
    pub control: Control,
    /// What the audit log leaves out.
    pub sanitised: Vec<(Sanitise, Vec<u8>)>,
    /// The score that the rule at hand has added.
    pub score: i64,
    /// Microseconds since the transaction began.
    pub elapsed: u64,
    /// Seconds since the epoch when it began.
    pub now: i64,
}

/// Settings that `ctl` can change for one transaction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Control {
    /// Whether the request's body is inspected.
    pub request_body: bool,
    /// How many bytes of it.
    pub request_body_max: usize,
    /// Whether it is a variable even where it was parsed.
    pub force_request_body: bool,
    /// Whether the response's body is inspected.
    pub response_body: bool,
    /// How many bytes of it.
    pub response_body_max: usize,
    /// Whether the transaction is audited.
    pub audit: AuditEngine,
    /// Whether texts of XML are arguments.
    pub xml_into_args: XmlIntoArgs,
}

impl State {
    /// Begins a new transaction, keeping memory.
    pub fn clear(&mut self, names: &Names, settings: &Settings) {
        self.tx.clear(names);
        self.matched = None;
        self.all_matched.clear();
        self.mode = settings.mode;
        self.removed.clear();
        self.removed_targets.clear();
        self.env.clear();
        self.open = Default::default();
        self.highest_severity = None;
        self.allowed = None;
        self.processor = None;
        self.sanitised.clear();
        self.score = 0;
        self.elapsed = 0;
        self.control = Control {
            request_body: settings.request_body_access,
            request_body_max: settings.request_body_max,
            force_request_body: false,
            response_body: settings.response_body_access,
            response_body_max: settings.response_body_max,
            audit: settings.audit,
            xml_into_args: settings.xml_into_args,
        };
    }
}
