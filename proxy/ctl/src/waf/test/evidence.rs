//! What lines of a WAF's log say: which rules they name, and the text that a test's patterns are held against.

use std::{collections::BTreeSet, fmt::Write as _, sync::LazyLock};

use clap::ValueEnum;
use memchr::memmem;
use regex::bytes::Regex;
use serde::Deserialize;
use serde_json::Value;

/// How a log says which rules matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// The audit log of foxtrot: a JSON object per request, with its matched rules.
    Foxtrot,
    /// The error log of ModSecurity in any server, and of Coraza: a line per matched rule.
    Modsecurity,
}

/// What the log says about a stage.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// Rules that it names.
    pub(crate) ids: BTreeSet<u64>,
    lines: Vec<Vec<u8>>,
}

/// What of an audit record is of use here.
#[derive(Debug, Deserialize)]
struct Record {
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    id: u64,
    msg: Option<String>,
    data: Option<String>,
    severity: Option<Value>,
    #[serde(default)]
    tags: Vec<String>,
}

impl LogFormat {
    /// What a line is written in: an object that names its rules, or text.
    pub(crate) fn of(line: &[u8]) -> Self {
        match record(line) {
            Some(record) if !record.rules.is_empty() => Self::Foxtrot,
            _ => Self::Modsecurity,
        }
    }

    /// Whether a line is the trace that a marker leaves.
    pub(crate) fn marks(self, line: &[u8], marker: &str) -> bool {
        let has = |text: &[u8]| memmem::find(text, marker.as_bytes()).is_some();
        match self {
            // Another field may hold the marker too, of a request that the marker rule never saw.
            Self::Foxtrot if has(line) => record(line).is_some_and(|record| {
                record
                    .rules
                    .iter()
                    .filter_map(|rule| rule.msg.as_ref())
                    .any(|msg| has(msg.as_bytes()))
            }),
            Self::Foxtrot => false,
            Self::Modsecurity => has(line),
        }
    }
}

impl Evidence {
    /// What lines say.
    pub(crate) fn read(format: LogFormat, lines: Vec<Vec<u8>>) -> Self {
        let mut evidence = Self { ids: BTreeSet::new(), lines };
        match format {
            LogFormat::Foxtrot => evidence.read_records(),
            LogFormat::Modsecurity => {
                let found = evidence.lines.iter().flat_map(|line| ids(line));
                evidence.ids = found.collect();
            }
        }
        evidence
    }

    /// Whether a pattern matches a line.
    pub(crate) fn matches(&self, pattern: &Regex) -> bool {
        self.lines.iter().any(|line| pattern.is_match(line))
    }

    /// A record's rules are written out as ModSecurity does, since that is what patterns in suites are made for.
    fn read_records(&mut self) {
        let records: Vec<Record> = self.lines.iter().filter_map(|line| record(line)).collect();
        for rule in records.iter().flat_map(|record| &record.rules) {
            self.ids.insert(rule.id);
            self.lines.push(rule.line().into_bytes());
        }
    }
}

impl Rule {
    fn line(&self) -> String {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let severity = match &self.severity {
            Some(Value::String(severity)) => severity.clone(),
            Some(severity) => severity.to_string(),
            None => String::new(),
        };
        let (id, msg, data) = (self.id, text(&self.msg), text(&self.data));
        let mut line =
            format!(r#"[id "{id}"] [msg "{msg}"] [data "{data}"] [severity "{severity}"]"#);
        for tag in &self.tags {
            // Writing to a string cannot fail.
            let _ = write!(line, r#" [tag "{tag}"]"#);
        }
        line
    }
}

fn record(line: &[u8]) -> Option<Record> {
    serde_json::from_slice(line).ok()
}

/// Rules that a line of text names, in any of the ways that go-ftw knows.
fn ids(line: &[u8]) -> impl Iterator<Item = u64> {
    #[allow(clippy::unwrap_used, reason = "the pattern is a constant")]
    static ID: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"\[id \\?"([0-9]+)\\?"\]|"id":\s*"?([0-9]+)"?"#).unwrap());
    ID.captures_iter(line).filter_map(|found| {
        let id = found.get(1).or_else(|| found.get(2))?;
        std::str::from_utf8(id.as_bytes()).ok()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: LogFormat, line: &str) -> Evidence {
        Evidence::read(format, vec![line.as_bytes().to_vec()])
    }

    #[test]
    fn text_names_rules_in_the_ways_of_all_servers() {
        for (line, ids) in [
            (r#"ModSecurity: Warning. [id "942100"] [msg "id 7"]"#, vec![942_100]),
            (r#"a [id \"1\"] b [id "2"] [id "2"]"#, vec![1, 2]),
            (r#"{"data":{"id": 920100}},{"id":"3"}"#, vec![3, 920_100]),
            (r#"[id "x"] [line "9"] [id "99999999999999999999999"]"#, vec![]),
        ] {
            let found = read(LogFormat::Modsecurity, line).ids;
            assert_eq!(found, ids.into_iter().collect(), "{line}");
        }
    }

    #[test]
    fn a_record_names_its_rules_and_nothing_else_does() {
        let line = r#"{"id":1,"path":"/?[id \"2\"]","rules":[{"id":942100,"phase":2,"msg":"SQL","data":"in ARGS:q",
            "severity":"CRITICAL","tags":["a","b"],"score":5},{"id":949110,"severity":2}]}"#;
        let evidence = read(LogFormat::Foxtrot, line);
        assert_eq!(evidence.ids, BTreeSet::from([942_100, 949_110]));
        for pattern in [
            r#"^\[id "942100"\] \[msg "SQL"\] \[data "in ARGS:q"\] \[severity "CRITICAL"\] \[tag "a"\] \[tag "b"\]$"#,
            r#"^\[id "949110"\] \[msg ""\] \[data ""\] \[severity "2"\]$"#,
            r#""score":5"#,
        ] {
            assert!(evidence.matches(&Regex::new(pattern).unwrap()), "{pattern}");
        }
    }

    #[test]
    fn a_line_that_is_no_record_names_nothing() {
        assert_eq!(read(LogFormat::Foxtrot, r#"[id "1"]"#).ids, BTreeSet::new());
        assert_eq!(read(LogFormat::Foxtrot, r#"{"status":200}"#).ids, BTreeSet::new());
    }

    #[test]
    fn a_marker_is_where_its_rule_says_it() {
        let text = r#"ModSecurity: [id "999999"] [msg "X-CRS-Test ab-1"]"#;
        let rule = r#"{"rules":[{"id":999999,"msg":"X-CRS-Test ab-1"}]}"#;
        let elsewhere = r#"{"headers":"ab-1","rules":[{"id":1,"msg":"x"}]}"#;
        assert_eq!(LogFormat::of(text.as_bytes()), LogFormat::Modsecurity);
        assert_eq!(LogFormat::of(rule.as_bytes()), LogFormat::Foxtrot);
        assert!(LogFormat::Modsecurity.marks(text.as_bytes(), "ab-1"));
        assert!(!LogFormat::Modsecurity.marks(text.as_bytes(), "ab-2"));
        assert!(LogFormat::Foxtrot.marks(rule.as_bytes(), "ab-1"));
        assert!(!LogFormat::Foxtrot.marks(rule.as_bytes(), "ab-2"));
        assert!(!LogFormat::Foxtrot.marks(elsewhere.as_bytes(), "ab-1"));
    }
}
