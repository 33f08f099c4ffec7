//! The command: what it prints, and how it ends.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::origin::{Origin, deaf};

fn surge(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_surge")).args(arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn scenario(folder: &TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("scenario.toml");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_url_is_loaded_and_reported_as_text_json_and_page() {
    let (origin, folder) = (Origin::plain(), tempfile::tempdir().unwrap());
    let url = format!("http://{}/path", origin.address);
    let page = folder.path().join("report.html");
    let rate = ["run", &url, "--rate", "200/s", "--for", "500ms", "--assert", "no_5xx"];
    let output = surge(&rate);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
    assert!(text.contains("ok     no_5xx, found 0") && text.contains("200.0/s"), "{text}");
    let output = surge(&[&rate[..], &["--json", "--report", page.to_str().unwrap()]].concat());
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["total"]["statuses"]["200"], 100);
    assert_eq!((&json["passed"], &json["phases"][0]["asked"]), (&true.into(), &100.into()));
    assert!(fs::read_to_string(page).unwrap().contains("<svg"));
}

#[test]
fn an_assertion_that_fails_is_exit_1() {
    let origin = Origin::plain();
    let url = format!("http://{}/busy", origin.address);
    let output =
        surge(&["run", &url, "--connections", "2", "--for", "200ms", "--assert", "no_5xx"]);
    assert_eq!(code(&output), 1);
    assert!(String::from_utf8(output.stdout).unwrap().contains("FAILED no_5xx"));
}

#[test]
fn addresses_that_are_not_ours_are_refused() {
    let output = surge(&["run", "http://192.0.2.1/", "--for", "1s"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("192.0.2.1 is neither a loopback address nor in --allow"));
}

#[test]
fn a_command_line_that_cannot_be_used_is_exit_2() {
    for arguments in [
        &["run"][..],
        &["run", "http://127.0.0.1", "--rate", "1000"],
        &["run", "http://127.0.0.1", "--for", "10"],
        &["run", "http://127.0.0.1", "--assert", "p99 < 5"],
        &["run", "http://127.0.0.1", "--rate", "1/s", "--connections", "1"],
        &["run", "http://127.0.0.1", "--config", "x.toml"],
        &["run", "--config", "x.toml", "--h2"],
        &["run", "--config", "/no/such.toml"],
        &["run", "127.0.0.1"],
        &["run", "http://127.0.0.1", "--header", "nonsense"],
        &["run", "http://127.0.0.1", "--sources", "5"],
        &["check", "/no/such.toml"],
    ] {
        let output = surge(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn a_target_that_takes_no_connection_is_exit_3_or_a_mistake_of_the_scenario() {
    let (gone, _taken) = deaf();
    let output = surge(&["run", &format!("http://{gone}"), "--for", "1s"]);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "schema = 1\ntarget = \"http://{gone}\"\n[[phase]]\nfor = \"1s\"\nrate = \"1/s\"\n[client.a]\n"
    );
    let path = scenario(&folder, &text);
    let output = surge(&["run", "--config", path.to_str().unwrap()]);
    assert_eq!(code(&output), 2);
    let shown = stderr(&output);
    assert!(shown.contains("scenario.toml:2:10") && shown.contains("cannot be reached"), "{shown}");
    // A check sends nothing.
    assert_eq!(code(&surge(&["check", path.to_str().unwrap()])), 0);
}

#[test]
fn a_wrong_unit_is_shown_where_it_stands_and_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let text = "schema = 1\ntarget = \"http://127.0.0.1:1\"\n[[phase]]\nfor = \"10sec\"\nrate = \"5\"\n[client.a]\n";
    let path = scenario(&folder, text);
    for command in [&["check"][..], &["run", "--config"]] {
        let output = surge(&[command, &[path.to_str().unwrap()]].concat());
        let shown = stderr(&output);
        assert_eq!(code(&output), 2);
        assert!(
            shown.contains("scenario.toml:4:7") && shown.contains("scenario.toml:5:8"),
            "{shown}"
        );
    }
    let output = surge(&["check", path.to_str().unwrap(), "--json"]);
    let problems: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((code(&output), &problems[1]["line"]), (2, &5.into()));
}
