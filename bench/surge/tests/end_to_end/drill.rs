//! Drills: a stack is started, loaded, changed and ended, and the report tells.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

/// A stack that says that it listens where an origin does, so that nothing stands between.
const STACK: &str = r#"
schema = 1
target = "http://{stack.web}"
assert = ["no_5xx", "errors == 0", "rss < 100MiB", "rss <= 3x before + 8MiB in after"]
[stack]
command = ["sh", "-c", "echo '{\"listeners\":{\"web\":\"{origin.blue}\"}}'; echo $$ > PID; exec tail -f /dev/null"]
config = "to = '{origin.blue}', weights = { blue = 100 }, {path}"
[origin.blue]
body_size = "20B"
assert = ["requests >= 50 in before", "requests <= 1.5x before + 5 in after"]
[origin.green]
health = "/healthz"
assert = ["requests == 0"]
[[event]]
name = "flip"
in = "after"
at = "50%"
edit = { file = "{config}", from = "blue = 100", to = "green = 100" }
[[event]]
in = "after"
at = "100ms"
command = ["cp", "{config}", "COPY"]
[[event]]
in = "after"
at = "100%"
command = ["cp", "{config}", "CHANGED"]
[[phase]]
name = "before"
for = "300ms"
rate = "200/s"
[[phase]]
name = "after"
for = "400ms"
rate = "200/s"
fixed = true
[client.a]
"#;

fn surge(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_surge"));
    command.args(arguments).current_dir(folder.path()).output().unwrap()
}

fn drill(folder: &TempDir, text: &str, more: &[&str]) -> Output {
    fs::write(folder.path().join("drill.toml"), text).unwrap();
    surge(folder, &[&["drill", "--config", "drill.toml", "--report", "report.json"], more].concat())
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

fn report(folder: &TempDir) -> Value {
    serde_json::from_slice(&fs::read(folder.path().join("report.json")).unwrap()).unwrap()
}

#[test]
fn a_stack_is_started_changed_and_ended() {
    let folder = tempfile::tempdir().unwrap();
    let output = drill(&folder, STACK, &["--for", "900ms", "--report", "report.html"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let report = report(&folder);
    let length = |phase: usize| report["phases"][phase]["length"].as_f64().unwrap();
    assert_eq!((length(0), length(1)), (0.5, 0.4));
    assert_eq!(report["origins"][0]["requests"], report["total"]["answered"]);
    let event = &report["events"][1];
    assert!(event["name"] == "flip" && (0.7..0.8).contains(&event["at"].as_f64().unwrap()));
    assert!(report["memory"].as_array().unwrap().len() >= 4);
    assert!(report["phases"][1]["stack_cpu_seconds"].is_number());
    let read = |file: &str| fs::read_to_string(folder.path().join(file)).unwrap();
    let (copy, changed) = (read("COPY"), read("CHANGED"));
    assert!(copy.starts_with("to = '127.0.0.1:") && copy.ends_with("{path}"), "{copy}");
    assert_eq!(changed, copy.replace("blue = 100", "green = 100"));
    let page = read("report.html");
    assert!(page.contains(">flip</text>") && page.contains("Resident memory of the stack"));
    // The stack is gone, and so is its folder.
    assert!(!Path::new(&format!("/proc/{}", read("PID").trim())).exists());
}

#[test]
fn an_event_that_fails_or_an_origin_that_is_reached_fails_the_drill() {
    let folder = tempfile::tempdir().unwrap();
    let text = STACK.replace("from = \"blue = 100\"", "from = \"blue = 99\"");
    let output = drill(&folder, &text, &[]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("FAILED flip: is carried out"), "{}", said(&output));
    let text = STACK.replace("assert = [\"requests == 0\"]", "assert = [\"requests > 0\"]");
    let output = drill(&folder, &text, &[]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("FAILED green: requests > 0, found 0"), "{}", said(&output));
}

#[test]
fn a_stack_that_does_not_serve_is_exit_3_and_one_that_is_not_there_2() {
    let folder = tempfile::tempdir().unwrap();
    let mute = STACK.replace("echo '{", "echo broken >&2; echo 'no {");
    let output = drill(&folder, &mute, &[]);
    assert_eq!(code(&output), 3);
    let told = said(&output);
    assert!(told.contains("first line is not JSON") && told.contains("broken"), "{told}");
    for arguments in [&["--foxtrot", "/no/such/program"][..], &["--for", "100ms"]] {
        let output = drill(&folder, STACK, arguments);
        assert_eq!(code(&output), 2, "{}", said(&output));
    }
    let elsewhere = STACK.replace("web\\\":\\\"{origin.blue}", "web\\\":\\\"127.0.0.1:1");
    assert_eq!(code(&drill(&folder, &elsewhere, &[])), 3);
    assert!(!folder.path().join("report.json").exists());
}

#[test]
fn a_scenario_that_cannot_be_used_is_exit_2_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    for (from, to, message) in [
        ("{origin.blue}\\\"", "{origin.bleu}\\\"", "did you mean `origin.blue`?"),
        ("in = \"after\"", "in = \"afters\"", "there is no phase \"afters\""),
        ("3x before", "3x befor", "there is no phase \"befor\""),
        ("[stack]\n", "[stack]\npid = 1\n", "`pid` excludes the others"),
        ("at = \"50%\"", "at = \"101%\"", "a share such as"),
        ("requests == 0\"", "p99 < 1s\"", "an origin counts `requests` only"),
    ] {
        let output = drill(&folder, &STACK.replacen(from, to, 1), &[]);
        assert_eq!(code(&output), 2, "{from}");
        assert!(said(&output).contains(message), "{from}: {}", said(&output));
    }
    assert!(!folder.path().join("PID").exists());
    let plain = "schema = 1\ntarget = \"http://127.0.0.1:1\"\n[[phase]]\nfor = \"1s\"\nrate = \"1/s\"\n[client.a]\n";
    assert_eq!(code(&drill(&folder, plain, &["--foxtrot", "foxtrot"])), 2);
}

#[test]
fn the_drill_that_is_built_in_is_a_scenario_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let output = surge(&folder, &["drill", "--print"]);
    fs::write(folder.path().join("printed.toml"), &output.stdout).unwrap();
    let output = surge(&folder, &["check", "printed.toml"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let shown = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conf/surge");
    for file in fs::read_dir(shown).unwrap().map(|entry| entry.unwrap().path()) {
        let output = surge(&folder, &["check", file.to_str().unwrap()]);
        assert_eq!(code(&output), 0, "{}", said(&output));
    }
}

/// Where foxtrot has been built beside surge, it is flipped under a load that a debug build bears; without the bounds on latency
/// and memory that only a release build on a quiet machine keeps.
#[test]
fn foxtrot_loses_nothing_in_a_flip() {
    let Some(foxtrot) = foxtrot() else { return };
    let folder = tempfile::tempdir().unwrap();
    let built_in = String::from_utf8(surge(&folder, &["drill", "--print"]).stdout).unwrap();
    let config = between(&built_in, "config = '''", "'''");
    // How many a client may send is no part of this.
    let limits = between(config, "# Of one client", "[[routes]]");
    let config = config.replace(limits, "\n").replace("limits = [\"per_client\"]\n", "");
    let text = SMALL.replace("CONFIG", &config.replace("# Of one client", ""));
    let output = drill(&folder, &text, &["--foxtrot", foxtrot.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", said(&output));
}

fn foxtrot() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_BIN_EXE_surge")).with_file_name("foxtrot");
    path.is_file().then_some(path)
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).unwrap().0
}

const SMALL: &str = r#"
schema = 1
target = "http://{stack.http}"
assert = ["no_5xx", "errors == 0"]
[stack]
command = ["foxtrot", "run", "--config", "{config}"]
config = '''CONFIG'''
[origin.blue]
health = "/healthz"
assert = ["requests > 0 in before", "requests == 0 in after"]
[origin.green]
health = "/healthz"
assert = ["requests == 0 in before", "requests > 0 in after"]
[[event]]
name = "flip"
in = "flip"
at = "25%"
edit = { file = "{config}", from = "{ blue = 100, green = 0 }", to = "{ blue = 0, green = 100 }" }
[[phase]]
name = "before"
for = "1s"
rate = "30/s"
[[phase]]
name = "flip"
for = "3s"
rate = "60/s"
[[phase]]
name = "after"
for = "1s"
rate = "30/s"
[client.shopper]
weight = 9
assert = ["2xx >= 100%"]
[client.attacker]
weight = 1
attack = ["sqli", "xss"]
assert = ["403 >= 100%"]
[client.slow]
slow = { part = "head", connections = 3, every = "100ms" }
assert = ["max < 10s"]
"#;
