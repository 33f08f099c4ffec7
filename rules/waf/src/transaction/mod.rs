//! One request and its response, as the rules see them: fed piece by piece, judged phase by phase.

mod body;
mod effects;
mod evaluate;
mod expand;
mod request;
mod response;
mod units;

use std::sync::Arc;

use crate::{
    action::{Allow, Mode},
    facts::Facts,
    policy::{Pinned, Policy},
    report::{Report, Verdict},
    ruleset::RuleSet,
    state::{State, store::Store, tx::Value},
    variable::Scalar,
    worker::Worker,
};
pub use body::Taken;
use units::{Item, Units};

/// One request and its response.
#[derive(Debug)]
pub struct Transaction {
    policy: Arc<Policy>,
    /// The policy's rules: once more, so that they can be read while the rest changes.
    rules: Arc<RuleSet>,
    store: Arc<Store>,
    parts: Parts,
    report: Report,
    /// Where evaluation goes on, where a phase waits for an answer.
    position: usize,
    /// The phase that waits.
    waiting: u8,
    /// The name that a rule has to know of.
    question: Option<Vec<u8>>,
    /// What names lead to, as far as has been asked.
    answers: Vec<(Vec<u8>, Option<std::net::IpAddr>)>,
    /// Nanoseconds of the worker's meter that the rules may take.
    budget: u64,
    spent: u64,
    /// The chain at hand has not matched anything yet.
    fresh: bool,
    /// Which of the policy's exclusions hold for this request.
    active_exclusions: Vec<usize>,
}

/// What a transaction is made of and the next one uses again.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    facts: Facts,
    state: State,
    units: Units,
    request_body: Vec<u8>,
    response_body: Vec<u8>,
    scratch: Vec<u8>,
    /// Members of the target at hand.
    items: Vec<Item>,
}

impl Parts {
    /// Forgets everything but keeps memory, up to a bound for each part.
    pub(crate) fn clear(&mut self, bytes_kept_max: usize) {
        self.facts.clear(bytes_kept_max);
        self.units.clear(bytes_kept_max);
        for buffer in [&mut self.request_body, &mut self.response_body, &mut self.scratch] {
            buffer.clear();
            buffer.shrink_to(bytes_kept_max);
        }
    }
}

/// What is known of a transaction before its first byte.
#[derive(Clone, Copy, Debug)]
pub struct Beginning<'b> {
    /// `UNIQUE_ID`
    pub id: &'b [u8],
    /// Seconds since the epoch.
    pub now: i64,
    /// Nanoseconds that the rules may take in all, by the worker's meter.
    pub budget: u64,
}

impl Transaction {
    /// Begins a transaction.
    pub fn new(
        policy: &Arc<Policy>,
        store: &Arc<Store>,
        beginning: &Beginning<'_>,
        worker: &mut Worker,
    ) -> Self {
        worker.turn_to(&policy.rules);
        let mut parts = worker.take_parts();
        let rules = Arc::clone(&policy.rules);
        parts.state.clear(&rules.names, &rules.settings);
        parts.facts.values.begin(rules.number, rules.rules.len());
        parts.state.now = beginning.now;
        if let Some(mode) = policy.mode {
            parts.state.mode = mode;
        }
        for (name, value) in &policy.pinned {
            let value = match value {
                Pinned::Number(number) => Value::Number(*number),
                Pinned::Text(text) => Value::Text(parts.facts.values.add(text)),
            };
            parts.state.tx.pin(*name, value);
        }
        let mut transaction = Self {
            policy: Arc::clone(policy),
            rules,
            store: Arc::clone(store),
            parts,
            report: Report::default(),
            position: 0,
            waiting: 0,
            question: None,
            answers: Vec::new(),
            budget: beginning.budget,
            spent: 0,
            fresh: true,
            active_exclusions: Vec::new(),
        };
        transaction.parts.facts.put(Scalar::UniqueId, beginning.id);
        transaction.put_time();
        transaction
    }

    /// Sets whether rules run and interrupt, for this transaction alone.
    pub fn set_mode(&mut self, mode: Mode) {
        self.parts.state.mode = mode;
    }

    /// Whether rules run, and whether they interrupt, as things stand.
    pub fn mode(&self) -> Mode {
        self.parts.state.mode
    }

    /// Says how long ago the transaction began, in microseconds: `DURATION`.
    pub fn set_elapsed(&mut self, microseconds: u64) {
        self.parts.state.elapsed = microseconds;
    }

    /// Says where a name leads that a verdict has asked for; `None` if nowhere.
    pub fn answer(&mut self, name: Vec<u8>, address: Option<std::net::IpAddr>) {
        self.answers.push((name, address));
    }

    /// Goes on with the phase that has asked, once its question is answered.
    pub fn resume(&mut self, worker: &mut Worker) -> Verdict {
        match self.waiting {
            0 => Verdict::Pass,
            phase => self.run(phase, worker),
        }
    }

    /// What has become of it so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Bounds how many bytes of the request's body are kept, in the place of `SecRequestBodyLimit`.
    pub fn limit_request_body(&mut self, bytes_max: usize) {
        self.parts.state.control.request_body_max = bytes_max;
    }

    /// Runs the last phase and ends the transaction.
    pub fn finish(mut self, worker: &mut Worker) -> Finished {
        // Whatever the last phase says, it is too late to act on it; and nobody is there to be asked.
        while let Verdict::Lookup(name) = self.run(5, worker) {
            self.answer(name, None);
        }
        Finished(self)
    }
    /// Whether the rules of a phase run at all.
    fn runs(&self, phase: u8) -> bool {
        let allowed = match self.parts.state.allowed {
            None | Some(Allow::Phase) => false,
            Some(Allow::Request) => phase < 3,
            Some(Allow::All) => phase < 5,
        };
        self.parts.state.mode != Mode::Off
            && !allowed
            && (phase == 5 || self.report.interruption.is_none())
    }

    /// Runs the rules of a phase.
    fn run(&mut self, phase: u8, worker: &mut Worker) -> Verdict {
        if !self.runs(phase) {
            return self.report.interruption.clone().map_or(Verdict::Pass, Verdict::Interrupt);
        }
        if self.report.budget_spent && phase < 5 {
            return Verdict::Budget;
        }
        self.evaluate(phase, worker)
    }

    fn put_time(&mut self) {
        let now = self.parts.state.now;
        let (days, second) = (now.div_euclid(86_400), now.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let facts = &mut self.parts.facts;
        let two = |number: i64| [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let clock = [two(hour), two(minute), two(second)].join(&b':');
        facts.put(Scalar::Time, &clock);
        facts.put_number(Scalar::TimeEpoch, now.max(0) as u64);
        facts.put_number(Scalar::TimeYear, year.max(0) as u64);
        // As in C's `tm`: months from 0, days of the week from Sunday, 0.
        facts.put_number(Scalar::TimeMon, month as u64 - 1);
        facts.put_number(Scalar::TimeDay, day as u64);
        facts.put_number(Scalar::TimeWday, (days + 4).rem_euclid(7) as u64);
        facts.put_number(Scalar::TimeHour, hour as u64);
        facts.put_number(Scalar::TimeMin, minute as u64);
        facts.put_number(Scalar::TimeSec, second as u64);
    }
}

/// A transaction that is over.
#[derive(Debug)]
pub struct Finished(Transaction);

impl Finished {
    /// What has become of it.
    pub fn report(&self) -> &Report {
        &self.0.report
    }

    /// A number that rules have counted in `TX`, and 0 if there is none: the anomaly score, for one.
    pub fn tx_number(&self, name: &str) -> i64 {
        let name = self.0.rules.names.find(name.to_ascii_lowercase().as_bytes());
        let value = name.and_then(|name| self.0.parts.state.tx.get(name));
        value.map_or(0, |value| value.number(&self.0.parts.facts.values))
    }

    /// Whether the transaction is one for the audit log, given the status of its response.
    pub fn is_audited(&self, worker: &mut Worker, status: u16) -> bool {
        use crate::{action::ctl::AuditEngine, pattern::Found};
        match self.0.parts.state.control.audit {
            AuditEngine::On => true,
            AuditEngine::Off => false,
            AuditEngine::RelevantOnly => {
                let by_rule = self.0.report.matches.iter().any(|one| one.audit);
                let pattern = self.0.rules.settings.audit_status.as_ref();
                by_rule
                    || pattern.is_some_and(|pattern| {
                        let status = status.to_string();
                        let found = pattern.is_match(&mut worker.caches, status.as_bytes(), 10_000);
                        found == Found::Yes
                    })
            }
        }
    }

    /// What the audit log leaves out, as rules have said.
    pub fn sanitised(&self) -> &[(crate::action::Sanitise, Vec<u8>)] {
        &self.0.parts.state.sanitised
    }

    /// Gives its memory to the next transaction.
    pub fn give_back(self, worker: &mut Worker) {
        worker.give_back(self.0.parts);
    }
}

/// Year, month and day of a number of days since the epoch, in UTC.
///
/// Counted from March, years of 400 repeat and leap days come last (Howard Hinnant, "chrono-compatible low-level date
/// algorithms", 2013).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let civil_month = if month < 10 { month + 3 } else { month - 9 };
    let civil_year = year + era * 400 + i64::from(civil_month <= 2);
    (civil_year, civil_month, day - (153 * month + 2) / 5 + 1)
}

#[cfg(test)]
mod tests;
