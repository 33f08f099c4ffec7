//! Conditions against facts. A value that is not there is not good: it is unknown, and that does not pass.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use foxtrot_api::Event;
use futures_util::future::join_all;
use serde::Serialize;

use super::{
    path::plain,
    sources::{Facts, Log},
    table::{Condition, Events, Metric, Must, Of, Part},
};
use crate::{client::Admin, clock, samples::Samples};

/// What a gate comes to.
#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    pub(super) gate: String,
    /// Whether all that must hold holds, and nothing calls for going back.
    pub(super) pass: bool,
    /// Whether something calls for going back.
    pub(super) rollback: bool,
    /// Whether a proxy could not be reached.
    pub(super) unreachable: bool,
    /// Conditions that hold as they should, do not, and cannot be told.
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) unknown: usize,
    pub(super) conditions: Vec<Judged>,
}

/// A condition, of one proxy or of the event log.
#[derive(Debug, Serialize)]
pub(super) struct Judged {
    pub(super) part: Part,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server: Option<String>,
    pub(super) state: State,
    pub(super) why: String,
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Yes,
    No,
    Unknown,
}

/// What was found, or why there is nothing.
type Found = Result<Vec<String>, String>;

/// Judges the conditions of a gate on every proxy.
pub(super) async fn judge(
    gate: &str,
    conditions: &[Condition],
    fleet: &[Admin],
    events: &[PathBuf],
) -> Verdict {
    let (of_log, of_proxies): (Vec<_>, Vec<_>) = conditions
        .iter()
        .cloned()
        .partition(|it| matches!(it.of, Of::EventCount { .. } | Of::EventAge(_)));
    let facts = join_all(fleet.iter().map(|admin| Facts::ask(admin, &of_proxies))).await;
    let mut judged = Vec::new();
    for (admin, facts) in fleet.iter().zip(&facts) {
        let server = (fleet.len() > 1).then(|| admin.address().to_string());
        let of_this = of_proxies.iter().map(|it| of(it, server.clone(), found(it, facts)));
        judged.extend(of_this);
    }
    if !of_log.is_empty() {
        let log = Log::read(events);
        let now = clock::since_epoch_ms();
        judged.extend(of_log.iter().map(|it| of(it, None, logged(it, &log, now))));
    }
    verdict(gate, judged, facts.iter().any(Facts::unreachable))
}

fn verdict(gate: &str, conditions: Vec<Judged>, unreachable: bool) -> Verdict {
    let good = |it: &&Judged| match it.part {
        Part::Rollback => it.state == State::No,
        _ => it.state == State::Yes,
    };
    let passed = conditions.iter().filter(good).count();
    let unknown = conditions.iter().filter(|it| it.state == State::Unknown).count();
    let calls = |it: &Judged| it.part == Part::Rollback && it.state == State::Yes;
    Verdict {
        gate: gate.to_owned(),
        pass: passed == conditions.len(),
        rollback: conditions.iter().any(calls),
        unreachable,
        passed,
        failed: conditions.len() - passed - unknown,
        unknown,
        conditions,
    }
}

impl Verdict {
    pub(super) fn json(&self) -> String {
        // Strings, numbers and booleans can be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// All of the values must be as demanded; of what calls for going back, one will do.
fn of(condition: &Condition, server: Option<String>, found: Found) -> Judged {
    let Condition { part, name, must, .. } = condition;
    let (state, why) = match found {
        Err(why) => (State::Unknown, why),
        Ok(values) => {
            let mut holding = values.iter().map(|value| must.allows(value));
            let holds = match part {
                Part::Rollback => holding.any(|holds| holds),
                _ => holding.all(|holds| holds),
            };
            let state = if holds { State::Yes } else { State::No };
            (state, format!("found {}, asked for {}", summary(&values), must.words()))
        }
    };
    Judged { part: *part, name: name.clone(), server, state, why }
}

fn found(condition: &Condition, facts: &Facts) -> Found {
    match &condition.of {
        Of::Json { path, place } => {
            let document = facts.documents.get(path).ok_or("was not asked")?;
            let document = document.as_ref().map_err(ToString::to_string)?;
            let values: Vec<_> = place.find(document).into_iter().map(plain).collect();
            if values.is_empty() { Err(format!("{path} has no such value")) } else { Ok(values) }
        }
        Of::Metric(metric) => {
            let scrape = |after: Duration| {
                let scrape = facts.scrapes.get(&after).ok_or("was not asked")?;
                scrape.as_ref().map_err(ToString::to_string)
            };
            let before = scrape(Duration::ZERO)?;
            let after = metric.over.map(scrape).transpose()?;
            measured(metric, before, after)
        }
        Of::EventCount { .. } | Of::EventAge(_) => Err("is about the event log".to_owned()),
    }
}

/// The values of a metric, or its increase, share or quantile.
fn measured(metric: &Metric, before: &Samples, after: Option<&Samples>) -> Found {
    let last = after.unwrap_or(before);
    let nothing = |what: &str| Err(format!("{}: {what}", metric.name));
    if let Some(quantile) = metric.quantile {
        let bucket = format!("{}_bucket", metric.name);
        let value = quantile_of(quantile, &buckets(&bucket, metric, after.map(|_| before), last));
        return value.map_or_else(|| nothing("no observations"), |value| Ok(vec![text(value)]));
    }
    if !last.has(&metric.name) {
        return nothing("no such metric");
    }
    let sum = |labels: &BTreeMap<String, String>| {
        let total = |samples: &Samples| -> f64 {
            samples.of(&metric.name, labels).map(|sample| sample.value).sum()
        };
        // A counter that is lower than before began anew.
        let lost = after.map_or(0.0, |_| total(before));
        if total(last) >= lost { total(last) - lost } else { total(last) }
    };
    match (&metric.of, after) {
        (Some(whole), _) => match sum(whole) {
            whole if whole > 0.0 => Ok(vec![text(100.0 * sum(&metric.labels) / whole)]),
            _ => nothing("nothing was counted"),
        },
        (None, Some(_)) => Ok(vec![text(sum(&metric.labels))]),
        (None, None) => {
            let series = last.of(&metric.name, &metric.labels);
            let values: Vec<_> = series.map(|sample| text(sample.value)).collect();
            if values.is_empty() { nothing("no such series") } else { Ok(values) }
        }
    }
}

/// Upper bounds and what was counted up to each, over all series.
fn buckets(
    name: &str,
    metric: &Metric,
    before: Option<&Samples>,
    last: &Samples,
) -> Vec<(f64, f64)> {
    let mut counts: Vec<(f64, f64)> = Vec::new();
    let mut add = |samples: &Samples, sign: f64| {
        for sample in samples.of(name, &metric.labels) {
            let bound = sample.labels.get("le").and_then(|bound| bound.parse().ok());
            let Some(bound): Option<f64> = bound else { continue };
            match counts.iter_mut().find(|(known, _)| *known == bound) {
                Some((_, count)) => *count += sign * sample.value,
                None => counts.push((bound, sign * sample.value)),
            }
        }
    };
    add(last, 1.0);
    before.into_iter().for_each(|before| add(before, -1.0));
    counts.sort_by(|a, b| a.0.total_cmp(&b.0));
    counts
}

/// The value below which a share of the observations lies, by straight lines within buckets; nothing without observations.
fn quantile_of(quantile: f64, buckets: &[(f64, f64)]) -> Option<f64> {
    let (_, total) = *buckets.last()?;
    if total <= 0.0 {
        return None;
    }
    let rank = quantile * total;
    let (mut from, mut below) = (0.0, 0.0);
    for &(bound, count) in buckets {
        if count >= rank && count > below {
            // The last bucket has no end to draw a line to.
            let part = if bound.is_finite() {
                (bound - from) * (rank - below) / (count - below)
            } else {
                0.0
            };
            return Some(from + part);
        }
        (from, below) = (bound, count);
    }
    None
}

fn logged(condition: &Condition, log: &Result<Log, String>, now: u64) -> Found {
    let log = log.as_ref().map_err(Clone::clone)?;
    match &condition.of {
        Of::EventCount { what, within } => {
            let since = within.map_or(0, |within| now.saturating_sub(millis(within)));
            // A log that begins later cannot say that there was nothing before.
            let covers = log.from_the_first
                || log.events.first().is_some_and(|first| first.record.at.0 <= since);
            if !covers {
                return Err("the event log does not go back that far".to_owned());
            }
            let recent = log.events.iter().filter(|event| event.record.at.0 >= since);
            Ok(vec![recent.filter(|event| what.is(event)).count().to_string()])
        }
        Of::EventAge(what) => {
            let last = log.events.iter().rev().find(|event| what.is(event));
            let last = last.ok_or_else(|| format!("no event of kind {} in the log", what.kind))?;
            let at = last.record.at.0;
            // An event of the future is a wrong clock, and proves no age.
            let age = now.checked_sub(at).ok_or("the last such event is of the future")?;
            Ok(vec![text(Duration::from_millis(age).as_secs_f64())])
        }
        Of::Json { .. } | Of::Metric(_) => Err("is not about the event log".to_owned()),
    }
}

impl Events {
    fn is(&self, event: &Event) -> bool {
        let record = &event.record;
        let has = |(key, value): (&String, &String)| {
            record.fields.get(key).is_some_and(|found| plain(found) == *value)
        };
        record.kind.to_string() == self.kind
            && self.rollout.as_ref().is_none_or(|name| record.rollout.as_ref() == Some(name))
            && self.fields.iter().all(has)
    }
}

impl Must {
    fn allows(&self, value: &str) -> bool {
        let number = value.parse::<f64>().ok();
        let is = self.is.as_ref().is_none_or(|is| {
            is == value || number.is_some_and(|number| is.parse::<f64>() == Ok(number))
        });
        let low = self.at_least.is_none_or(|least| number.is_some_and(|number| number >= least));
        let high = self.at_most.is_none_or(|most| number.is_some_and(|number| number <= most));
        is && low && high
    }

    fn words(&self) -> String {
        let words = [
            self.is.clone(),
            self.at_least.map(|least| format!("at least {least}")),
            self.at_most.map(|most| format!("at most {most}")),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }
}

/// Values that people can take in.
fn summary(values: &[String]) -> String {
    let shown: Vec<_> = values.iter().take(5).map(String::as_str).collect();
    let more = if values.len() > shown.len() { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

fn text(value: f64) -> String {
    value.to_string()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
