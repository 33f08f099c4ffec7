//! Cases as data, for all of the configuration's tests: a document, a line `-----`, what is wrong with it, a line `=====`.

use super::Report;
use crate::config::load::parse;

/// Runs each case of a data file. What is wrong is written `line:column path: message (help)`.
pub(in crate::config) fn run_cases(cases: &str, wrong: impl Fn(&str) -> Option<Report>) {
    for case in cases.split("=====\n").filter(|case| !case.trim().is_empty()) {
        let (text, expected) = case.split_once("-----\n").expect("a case has a line of dashes");
        let found = wrong(text).map(|report| lines(&report)).unwrap_or_default();
        assert_eq!(found, expected, "\n{text}");
    }
}

/// One line for each problem of a report.
pub(in crate::config) fn lines(report: &Report) -> String {
    let line = |e: super::Entry| {
        let path = if e.path.is_empty() { String::new() } else { format!(" {}", e.path) };
        let help = e.help.map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{}:{}{path}: {}{help}\n", e.line, e.column, e.message)
    };
    report.entries().into_iter().map(line).collect()
}

#[test]
fn frames_show_the_line_and_the_way_out() {
    let report = parse("edge.toml", "workers = 1\n[clusters.a]\nendpoint = ['é']\n").unwrap_err();
    let frame = "\
error: clusters.a.endpoint: unknown key `endpoint`
 --> edge.toml:3:1
  |
3 | endpoint = ['é']
  | ^^^^^^^^
  |
  = help: did you mean `endpoints`?";
    assert_eq!(report.to_string(), frame);
    assert!(report.coloured().contains("\u{1b}["), "colour was asked for");
    let line = "edge.toml:3:1: clusters.a.endpoint: unknown key `endpoint`";
    assert_eq!(report.summary(), line);
}

#[test]
fn the_summary_counts_and_names_the_first() {
    let report = parse("edge.toml", "a = 1\nb = 2\n").unwrap_err();
    assert_eq!(report.summary(), "2 problems, the first: edge.toml:1:1: a: unknown key `a`");
    assert_eq!((report.len(), report.is_empty()), (2, false));
}

#[test]
fn entries_are_made_for_programs() {
    let report = parse("edge.toml", "workerz = 1\n").unwrap_err();
    let json = serde_json::to_value(report.entries()).unwrap();
    let expected = serde_json::json!([{
        "file": "edge.toml", "line": 1, "column": 1, "path": "workerz",
        "message": "unknown key `workerz`", "help": "did you mean `workers`?",
    }]);
    assert_eq!(json, expected);
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let report = parse("x.toml", "\"a\\u001b[31m\" = 1\n").unwrap_err();
    assert!(!report.to_string().contains('\u{1b}'), "{report}");
    assert!(!report.summary().contains('\u{1b}'), "{}", report.summary());
}
