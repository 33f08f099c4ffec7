//! The audit log: one JSON object for each exchange in which a rule that logs has matched.

use std::{borrow::Cow, net::SocketAddr, sync::Arc};

use foxtrot_waf::{Finished, Match, Mode, RuleSet, SEVERITIES, Sanitise};

use super::redact::{MARK, Redaction, cards};
use crate::{
    config,
    key_error::KeyError,
    observe::{access_log::AccessLog, json::Object, metrics::Metrics},
};

/// An open audit log.
#[derive(Debug)]
pub(super) struct Audit {
    pub(super) log: Arc<AccessLog>,
    pub(super) written: config::WafAudit,
    redaction: Redaction,
}

/// The exchange that a record is about.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// When it began, since the epoch.
    pub since_epoch: std::time::Duration,
    /// Listener.
    pub listener: Cow<'a, str>,
    /// Tenant; empty if nobody's.
    pub tenant: Cow<'a, str>,
    /// Route.
    pub route: Cow<'a, str>,
    /// Method.
    pub method: Cow<'a, str>,
    /// Host as the client wrote it.
    pub host: Cow<'a, [u8]>,
    /// Target as the client wrote it.
    pub target: Cow<'a, [u8]>,
    /// Status that the client got; 0 if none.
    pub status: u16,
    /// `X-Request-Id`, if there is one.
    pub request_id: Cow<'a, [u8]>,
}

impl Subject<'_> {
    /// The same, without the exchange.
    pub(super) fn kept(&self) -> Subject<'static> {
        fn owned<T: ToOwned + ?Sized>(part: &T) -> Cow<'static, T> {
            Cow::Owned(part.to_owned())
        }
        Subject {
            since_epoch: self.since_epoch,
            listener: owned(&self.listener),
            tenant: owned(&self.tenant),
            route: owned(&self.route),
            method: owned(&self.method),
            host: owned(&self.host),
            target: owned(&self.target),
            status: self.status,
            request_id: owned(&self.request_id),
        }
    }
}

/// What the rules said.
pub(super) struct Outcome<'a> {
    pub id: &'a [u8; 32],
    pub client: SocketAddr,
    pub verdict: &'static str,
    pub mode: Mode,
    pub finished: &'a Finished,
    pub rules: &'a RuleSet,
}

/// Bytes of a text that a record keeps.
const TEXT_BYTES_MAX: usize = 1024;
/// Rules that a record keeps.
const RULES_MAX: usize = 200;

impl Audit {
    /// Opens the log; the one before it, where it is written to the same place.
    pub(super) fn open(
        written: &config::WafAudit,
        before: Option<&Self>,
        metrics: &Metrics,
    ) -> Result<Self, KeyError> {
        let redaction = Redaction::parse(&written.redact)?;
        let same = |before: &&Self| {
            before.written.path == written.path && before.written.queue == written.queue
        };
        let log = match before.filter(same) {
            Some(before) => Arc::clone(&before.log),
            None => {
                let log = AccessLog::open_audit(&written.path, written.queue, metrics);
                Arc::new(log.map_err(|error| {
                    KeyError::new("audit.path", format!("cannot open: {error}"))
                })?)
            }
        };
        Ok(Self { log, written: written.clone(), redaction })
    }

    /// Writes a record, or drops it.
    pub(super) fn write(&self, worker: usize, subject: &Subject<'_>, outcome: &Outcome<'_>) {
        self.log.write_with(worker, |out| self.record(subject, outcome, out));
    }

    fn record(&self, subject: &Subject<'_>, outcome: &Outcome<'_>, out: &mut Vec<u8>) {
        let report = outcome.finished.report();
        let mut object = Object::new(out);
        object.time("time", subject.since_epoch);
        object.foreign("id", outcome.id, 32);
        object.foreign("request_id", &subject.request_id, 128);
        object.plain("client", format_args!("{}", outcome.client.ip()));
        object.text("listener", &subject.listener);
        if !subject.tenant.is_empty() {
            object.text("tenant", &subject.tenant);
        }
        object.text("route", &subject.route);
        object.text("method", &subject.method);
        object.foreign("host", &subject.host, TEXT_BYTES_MAX);
        object.foreign("target", &self.redaction.target(&subject.target), TEXT_BYTES_MAX);
        object.number("status", u64::from(subject.status));
        object.text("mode", mode(outcome.mode));
        object.text("verdict", outcome.verdict);
        if let Some(one) = report.interruption.as_ref().or(report.would_interrupt.as_ref()) {
            object.number("rule", one.rule);
        }
        let inbound = outcome.finished.tx_number("blocking_inbound_anomaly_score");
        let outbound = outcome.finished.tx_number("blocking_outbound_anomaly_score");
        object.number("inbound_score", u64::try_from(inbound).unwrap_or(0));
        object.number("outbound_score", u64::try_from(outbound).unwrap_or(0));
        let logged = report.matches.iter().filter(|one| one.log);
        let left_out = logged.clone().count().saturating_sub(RULES_MAX);
        object.objects("rules", logged.take(RULES_MAX), |object, one| {
            self.rule(one, outcome, object);
        });
        if left_out > 0 {
            object.number("rules_left_out", left_out as u64);
        }
        object.end();
    }

    fn rule(&self, one: &Match, outcome: &Outcome<'_>, object: &mut Object<'_>) {
        let meta = outcome.rules.meta(one.rule);
        object.number("id", meta.id);
        object.number("phase", u64::from(one.phase));
        object.foreign("msg", &cards(&one.message), TEXT_BYTES_MAX);
        let secret = self.redaction.variable(&one.variable) || self.is_sanitised(one, outcome);
        let data = if secret && !one.data.is_empty() { MARK.to_vec() } else { cards(&one.data) };
        object.foreign("data", &data, TEXT_BYTES_MAX);
        object.foreign("variable", &one.variable, 256);
        let severity = meta.severity.and_then(|severity| SEVERITIES.get(usize::from(severity)));
        object.text("severity", severity.copied().unwrap_or_default());
        let tags: Vec<&str> = meta.tags.iter().map(|tag| &**tag).collect();
        object.texts("tags", &tags);
        object.number("score", u64::try_from(one.score).unwrap_or(0));
    }

    /// Whether a rule has said that this value is to be left out.
    fn is_sanitised(&self, one: &Match, outcome: &Outcome<'_>) -> bool {
        let colon = memchr::memchr(b':', &one.variable).unwrap_or(one.variable.len());
        let (collection, name) = one.variable.split_at(colon);
        let name = name.get(1..).unwrap_or_default();
        outcome.finished.sanitised().iter().any(|(what, sanitised)| {
            let right = match what {
                Sanitise::RequestHeader => collection == b"REQUEST_HEADERS",
                Sanitise::ResponseHeader => collection == b"RESPONSE_HEADERS",
                Sanitise::Argument => collection.starts_with(b"ARGS"),
            };
            right && sanitised.eq_ignore_ascii_case(name)
        })
    }
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "off",
        Mode::DetectionOnly => "detect",
        Mode::On => "enforce",
    }
}
