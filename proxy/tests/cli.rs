//! The `foxtrot` command as a shell sees it: what it prints, and the status that it ends with.

#![allow(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

fn foxtrot(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_foxtrot")).args(arguments).output().unwrap()
}

fn config(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("foxtrot.toml");
    fs::write(&path, text).unwrap();
    (dir, path)
}

const GOOD: &str = r#"
listeners.http.listen = "127.0.0.1:0"
routes = [{ to = "respond:204" }]
"#;

#[test]
fn a_good_configuration_ends_with_0() {
    let (_dir, path) = config(GOOD);
    let output = foxtrot(&["check", "--config", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_bad_configuration_ends_with_2_and_all_its_errors() {
    let (_dir, path) =
        config(&GOOD.replace("listen =", "lisen =").replace("respond:204", "respond:99"));
    for command in ["check", "run"] {
        let output = foxtrot(&[command, "--config", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("did you mean `listen`?"), "{text}");
        assert!(text.contains("foxtrot.toml:3:"), "{text}");
    }
}

#[test]
fn a_mistake_of_one_kind_hides_none_of_another() {
    let misspelt = "listeners.http.listen = \"127.0.0.1:0\"\nlisteners.http.limit = {}\n";
    let dangling = "[[routes]]\nto = \"cluster:none\"\n";
    let unreadable = "[listeners.tls]\nlisten = \"127.0.0.1:0\"\ntls = { certs = [{ cert = \"gone.crt\", key = \"gone.key\" }] }\n";
    for (text, told) in [
        (
            format!("{misspelt}{unreadable}{dangling}"),
            ["did you mean `limits`", "no cluster `none`"],
        ),
        (format!("{unreadable}{dangling}"), ["gone.crt", "no cluster `none`"]),
    ] {
        let (_dir, path) = config(&text);
        let output = foxtrot(&["check", "--config", path.to_str().unwrap()]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(told.iter().all(|told| text.contains(told)), "{text}");
    }
}

#[test]
fn errors_are_to_be_had_as_json() {
    let (_dir, path) = config(&GOOD.replace("respond:204", "respond:99"));
    let output = foxtrot(&["check", "--json", "--config", path.to_str().unwrap()]);
    let errors: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(errors[0]["path"], "routes[0].to");
    assert_eq!((output.status.code(), errors[0]["line"].as_u64()), (Some(2), Some(3)));
}

#[test]
fn bad_usage_ends_with_2() {
    for arguments in [&["chekc"][..], &["run"], &["check", "--config", "/nonexistent/foxtrot.toml"]]
    {
        assert_eq!(foxtrot(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn the_schema_is_json() {
    let output = foxtrot(&["check", "--schema"]);
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(schema["properties"]["listeners"].is_object());
}
