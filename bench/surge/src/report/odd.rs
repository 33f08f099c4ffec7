//! Which texts were refused, and which attacks passed: answers of a class that are unlike those of most.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    client::request::Prepared,
    record::Tally,
    scenario::{Class, Conduct},
};

/// Answers to one request that are unlike those of most of its class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Odd {
    /// Their status.
    pub status: u16,
    /// How many there were.
    pub count: u64,
    /// The request: its first line, and the start of its body.
    pub request: String,
}

/// Those of a class, the most frequent first.
pub(super) fn odd(class: &Class, tally: &Tally) -> Vec<Odd> {
    let Conduct::Requests { requests, .. } = &class.conduct else { return Vec::new() };
    let mut by_status: BTreeMap<u16, u64> = BTreeMap::new();
    for ((_, status), count) in &tally.by_request {
        *by_status.entry(*status).or_default() += count;
    }
    let usual = by_status.iter().max_by_key(|(_, count)| **count).map(|(status, _)| *status);
    let mut odd: Vec<Odd> = tally
        .by_request
        .iter()
        .filter(|((_, status), _)| Some(*status) != usual)
        .filter_map(|((which, status), count)| {
            let request = shown(&requests.get(*which)?.0);
            Some(Odd { status: *status, count: *count, request })
        })
        .collect();
    odd.sort_by_key(|odd| std::cmp::Reverse(odd.count));
    odd.truncate(ODD_MAX);
    odd
}

fn shown(request: &Prepared) -> String {
    let line = request.bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let body = request.body();
    let text = format!("{} {}", line.trim_end_matches(" HTTP/1.1"), String::from_utf8_lossy(&body));
    let printable = |c: char| if c.is_control() { '?' } else { c };
    text.trim_end().chars().map(printable).take(LENGTH_MAX).collect()
}

/// More than this nobody reads.
const ODD_MAX: usize = 20;
const LENGTH_MAX: usize = 160;
