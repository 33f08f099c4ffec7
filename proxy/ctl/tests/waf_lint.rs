//! `foxctl waf lint` over files: what it prints and how it exits.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::{fs, process::Command};

/// Exit code, standard output and standard error of a run over these rules.
fn lint(rules: &str, options: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.conf"), rules).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_foxctl"));
    command.current_dir(folder.path()).args(["waf", "lint"]).args(options).arg("*.conf");
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn findings_are_shown_with_their_line() {
    let rules = "SecRule ARGS \"@rx Union\" \"id:1,pass,t:lowercase\"\n";
    let expected = "\
warning[never-matches]: this rule never matches: it asks for `U`, and none is left by t:lowercase
 --> a.conf:1:19
  |
1 | SecRule ARGS \"@rx Union\" \"id:1,pass,t:lowercase\"
  |                   ^^^^^

1 warning, 0 notes
";
    assert_eq!(lint(rules, &[]), (Some(1), expected.to_owned(), String::new()));
}

#[test]
fn notes_are_no_failure_and_nothing_is_none() {
    let (code, out, _) = lint("SecRule ARGS \"@rx union(?=x)\" \"id:1,pass\"\n", &[]);
    assert_eq!((code, out.lines().last()), (Some(0), Some("0 warnings, 1 note")));
    let (code, out, _) = lint("SecRule ARGS \"@rx union\" \"id:1,pass\"\n", &[]);
    assert_eq!((code, &*out), (Some(0), "0 warnings, 0 notes\n"));
}

#[test]
fn rules_that_do_not_load_are_errors() {
    let (code, out, err) = lint("SecRul ARGS \"@rx union\"\n", &[]);
    assert_eq!((code, &*out), (Some(1), ""));
    assert!(err.starts_with("error: unknown directive `SecRul`\n --> a.conf:1:1\n"), "{err}");
    assert!(err.ends_with("\nrefused, 1 error\n"), "{err}");
}

#[test]
fn programs_are_told_the_same() {
    let (code, out, _) = lint("SecRuleRemoveById 7\n", &["--json"]);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    let expected = serde_json::json!({"errors": [], "findings": [{
        "code": "no-such-rule", "severity": "warning", "file": "a.conf", "line": 1, "column": 1,
        "message": "there is no rule 7", "help": null,
    }]});
    assert_eq!((code, told), (Some(1), expected));
    let (code, out, _) = lint("SecRul\n", &["--json"]);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["errors"][0]["help"]), (Some(1), &"did you mean `SecRule`?".into()));
}

#[test]
fn without_a_file_the_proxy_is_asked() {
    let arguments = ["--admin", "http://127.0.0.1:1", "waf", "lint"];
    let output = Command::new(env!("CARGO_BIN_EXE_foxctl")).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
}
