//! The command: what it prints, and how it ends. A whole run is a step of `.ci/run`.
#![allow(clippy::unwrap_used, reason = "test code fails by panicking")]

use std::process::{Command, Output};

/// Runs it where no proxy is installed.
fn compare(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_compare"));
    command.args(arguments).env("PATH", "").output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn scenarios_are_listed() {
    let output = compare(&["--list"]);
    assert!(output.status.success());
    let list = text(&output.stdout);
    assert!(list.starts_with("waf-get ") && list.contains("\nh1-get "), "{list}");
}

#[test]
fn unknown_names_are_refused() {
    let output = compare(&["--only", "h1-get,h3-get"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("there is no scenario \"h3-get\""));
    let output = compare(&["--foxtrot", "/nonexistent", "--contenders", "nginx"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("there is no contender \"nginx\" here"));
}

#[test]
fn nobody_to_measure_is_an_error() {
    let output = compare(&["--foxtrot", "/nonexistent"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("no contender is installed: foxtrot, "), "{said}");
}

#[test]
fn a_contender_that_does_not_start_is_named_with_what_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path().join("results");
    // Takes part as foxtrot: it has a version, and knows no configuration.
    let stand_in = env!("CARGO_BIN_EXE_compare");
    let arguments =
        ["--foxtrot", stand_in, "--only", "h1-get", "--results", results.to_str().unwrap()];
    let output = compare(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let table = text(&output.stdout);
    assert!(
        table.contains("foxtrot is not in it: **failed**: it has ended, exit status: 2"),
        "{table}"
    );
    assert!(table.contains("error: unrecognized subcommand 'run'"), "{table}");
    let file = std::fs::read_dir(results).unwrap().next().unwrap().unwrap().path();
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(json["scenarios"][0]["absent"][0]["failed"], true);
}
