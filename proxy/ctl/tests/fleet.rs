//! `foxctl fleet`, its shell wrappers, `foxctl gate` and `foxctl evidence` against doubles of proxies, over the wire.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

/// A proxy, as far as its admin server shows it.
#[derive(Debug, Clone)]
struct Double {
    state: Arc<Mutex<State>>,
    url: String,
}

#[derive(Debug)]
struct State {
    green: f64,
    hash: &'static str,
    ready: bool,
    endpoint: &'static str,
    /// What it says to a promotion: it moves, refuses, or says yes and stays.
    promotes: Promotes,
    /// Requests that failed, and all, as of the last scrape; each scrape adds to them.
    failing: u32,
    scrapes: u32,
    /// Changes that it was told.
    told: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
enum Promotes {
    Moves,
    Refuses,
    Stays,
}

impl Double {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = State {
            green: 0.0,
            hash: "c0ffee",
            ready: true,
            endpoint: "healthy",
            promotes: Promotes::Moves,
            failing: 0,
            scrapes: 0,
            told: Vec::new(),
        };
        let double = Self { state: Arc::new(Mutex::new(state)), url };
        let server = double.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let server = server.clone();
                thread::spawn(move || server.serve(stream.unwrap()));
            }
        });
        double
    }

    fn with(self, change: impl FnOnce(&mut State)) -> Self {
        change(&mut self.state.lock().unwrap());
        self
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let Some(Ok(request)) = lines.next() else { return };
        while lines.next().is_some_and(|line| !line.unwrap_or_default().is_empty()) {}
        let (status, body) = self.answer(&request);
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(format!("{head}{body}").as_bytes());
    }

    fn answer(&self, request: &str) -> (&'static str, String) {
        let mut state = self.state.lock().unwrap();
        let path = request.split(' ').nth(1).unwrap();
        let blue = 100.0 - state.green;
        let ok = |body: Value| ("200 OK", body.to_string());
        match path {
            "/status" => ok(json!({
                "version": "0.1.0", "pid": 1, "started_at": 0, "uptime_s": 1, "generation": 1, "config_hash": state.hash,
                "last_reload": { "result": "applied", "cause": "start", "at": 0, "errors": [] },
                "ready": state.ready, "draining": false, "workers": 1, "listeners": [],
            })),
            "/rollouts" => ok(json!([{
                "name": "gateway", "blue": "gateway-blue", "green": "gateway-green",
                "weights": { "blue": blue, "green": state.green },
            }])),
            "/clusters" => ok(json!([
                cluster("gateway-blue", "healthy"),
                cluster("gateway-green", state.endpoint)
            ])),
            "/metrics" => ("200 OK", state.metrics()),
            path if path.starts_with("/rollouts/gateway/") => state.change(path),
            _ => ("404 Not Found", json!({ "error": "nothing here" }).to_string()),
        }
    }

    fn told(&self) -> Vec<String> {
        self.state.lock().unwrap().told.clone()
    }

    fn green(&self) -> f64 {
        self.state.lock().unwrap().green
    }
}

impl State {
    fn change(&mut self, path: &str) -> (&'static str, String) {
        let word = path.rsplit('/').next().unwrap().to_owned();
        self.told.push(word.clone());
        match (word.as_str(), self.promotes) {
            ("rollback", _) => self.green = 0.0,
            (_, Promotes::Moves) => self.green = 100.0,
            (_, Promotes::Stays) => {}
            (_, Promotes::Refuses) => {
                return ("409 Conflict", json!({ "error": "the guard is against it" }).to_string());
            }
        }
        ("200 OK", json!({}).to_string())
    }

    /// A hundred requests more each time, of which some fail.
    fn metrics(&mut self) -> String {
        self.scrapes += 1;
        let (green, scrapes, failing) = (self.green, self.scrapes, self.failing);
        let blue = 100.0 - green;
        format!(
            "foxtrot_rollout_weight{{rollout=\"gateway\",colour=\"green\"}} {green}\n\
             foxtrot_rollout_weight{{rollout=\"gateway\",colour=\"blue\"}} {blue}\n\
             requests{{cluster=\"gateway-green\",code_class=\"2xx\"}} {}\n\
             requests{{cluster=\"gateway-green\",code_class=\"5xx\"}} {}\n",
            (100 - failing) * scrapes,
            failing * scrapes,
        )
    }
}

fn cluster(name: &str, state: &str) -> Value {
    json!({
        "name": name, "in_flight": 0, "requests_max": 1, "connections": 0, "connections_max": 1, "pending": 0,
        "pending_max": 1, "retries": 0,
        "endpoints": [{ "address": "127.0.0.1:1", "origin": "http://127.0.0.1:1", "state": state, "active": 0, "connections": 0,
            "idle": 0, "learned_idle_ms": null, "requests": 0, "failures": 0, "server_errors": 0, "ejections": 0 }],
    })
}

fn foxctl(fleet: &[&Double], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_foxctl"));
    for double in fleet {
        command.args(["--admin", &double.url]);
    }
    command.args(arguments).env_remove("FOXTROT_ADMIN").env_remove("FOXTROT_ADMIN_TOKEN");
    command.output().unwrap()
}

/// Exit code and document.
fn json_of(output: &Output) -> (Option<i32>, Value) {
    let text = String::from_utf8_lossy(&output.stdout);
    let document =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (output.status.code(), document)
}

const CUTOVER: &[&str] = &["--json", "fleet", "cutover", "gateway", "--max-duration", "30"];

#[test]
fn all_move_and_the_time_is_proven() {
    let (a, b, c) = (Double::new(), Double::new(), Double::new());
    let (code, proof) = json_of(&foxctl(&[&a, &b, &c], CUTOVER));
    assert_eq!((code, &proof["outcome"]), (Some(0), &json!("moved")), "{proof}");
    assert_eq!([a.green(), b.green(), c.green()], [100.0; 3]);
    assert!(proof["took_ms"].as_f64().unwrap() < 30_000.0);
    for server in proof["servers"].as_array().unwrap() {
        assert_eq!((&server["before"], &server["after"]), (&json!(0.0), &json!(100.0)));
        assert!(server["moved_ms"].as_f64().unwrap() <= proof["took_ms"].as_f64().unwrap());
    }
    let (code, proof) =
        json_of(&foxctl(&[&a, &b, &c], &["--json", "fleet", "rollback", "gateway"]));
    assert_eq!((code, &proof["max_duration_s"]), (Some(0), &json!(120)), "{proof}");
    assert_eq!([a.green(), b.green(), c.green()], [0.0; 3]);
}

#[test]
fn one_that_is_not_ready_keeps_all() {
    for (spoiled, why) in [
        (Double::new().with(|it| it.ready = false), "is not ready"),
        (
            Double::new().with(|it| it.endpoint = "unhealthy"),
            "gateway-green has no healthy endpoint",
        ),
        (Double::new().with(|it| it.hash = "decaf"), "another configuration"),
        (Double::new().with(|it| it.green = 25.0), "stands at 25 %"),
        (Double::new().with(|it| it.green = 100.0), "everything already"),
    ] {
        let well = Double::new();
        let (code, proof) = json_of(&foxctl(&[&well, &spoiled], CUTOVER));
        assert_eq!((code, &proof["outcome"]), (Some(1), &json!("not_ready")), "{proof}");
        assert!(proof["servers"][1]["problems"].to_string().contains(why), "{why}: {proof}");
        assert!(well.told().is_empty() && spoiled.told().is_empty(), "{why}: one was touched");
    }
}

#[test]
fn one_that_cannot_be_reached_keeps_all() {
    let well = Double::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output =
        foxctl(&[&well], &[&["--admin", &format!("http://{closed}")][..], CUTOVER].concat());
    let (code, proof) = json_of(&output);
    assert_eq!((code, &proof["outcome"]), (Some(3), &json!("unreachable")), "{proof}");
    assert!(well.told().is_empty());
}

#[test]
fn when_one_does_not_move_all_go_back() {
    for promotes in [Promotes::Refuses, Promotes::Stays] {
        let (well, odd) = (Double::new(), Double::new().with(|it| it.promotes = promotes));
        let arguments = ["--json", "fleet", "cutover", "gateway", "--max-duration", "1"];
        let (code, proof) = json_of(&foxctl(&[&well, &odd], &arguments));
        assert_eq!((code, &proof["outcome"]), (Some(1), &json!("reverted")), "{proof}");
        assert_eq!(well.told(), ["promote", "rollback"]);
        assert_eq!(odd.told(), ["promote", "rollback"]);
        assert_eq!((well.green(), odd.green()), (0.0, 0.0));
    }
}

#[test]
fn commands_for_one_server_take_one() {
    let (a, b) = (Double::new(), Double::new());
    let output = foxctl(&[&a, &b], &["clusters"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(foxctl(&[&a], &["clusters"]).status.code(), Some(0));
}

/// The scripts, with a kubectl that knows the pods of a folder: files whose text is the port to forward to.
fn script(name: &str, pods: &[&Double], arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let kubectl = folder.path().join("kubectl");
    fs::create_dir(folder.path().join("pods")).unwrap();
    for (index, pod) in pods.iter().enumerate() {
        // Nothing, where there is no way to the pod.
        let port = pod.url.rsplit(':').next().unwrap().trim_end_matches("lost");
        fs::write(folder.path().join(format!("pods/shop-{index}")), port).unwrap();
    }
    let text = "#!/bin/sh\nset -eu\npods=$(dirname \"$0\")/pods\ncase $1 in\nget) ls \"$pods\" ;;\nport-forward)\n\
        for word in \"$@\"; do case $word in pod/*) pod=${word#pod/} ;; esac; done\n\
        [ -s \"$pods/$pod\" ] || exit 1\n\
        echo \"Forwarding from 127.0.0.1:$(cat \"$pods/$pod\") -> 9901\"\nexec tail -f /dev/null ;;\nesac\n";
    fs::write(&kubectl, text).unwrap();
    Command::new("chmod").arg("+x").arg(&kubectl).status().unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let script = root().join("conf/kubernetes").join(name);
    let mut command = Command::new(script);
    command.args(arguments).env("PATH", path).env("FOXCTL", env!("CARGO_BIN_EXE_foxctl"));
    command.env_remove("FOXTROT_ADMIN").output().unwrap()
}

#[test]
fn scripts_move_the_pods_of_a_selector() {
    let (a, b) = (Double::new(), Double::new());
    let selected = ["--selector", "app=shop", "--namespace", "web", "gateway"];
    let (code, proof) = json_of(&script("cutover.sh", &[&a, &b], &selected));
    assert_eq!(
        (code, &proof["outcome"], a.green(), b.green()),
        (Some(0), &json!("moved"), 100.0, 100.0)
    );
    let timed = [&selected[..], &["--max-duration", "60"]].concat();
    let (code, proof) = json_of(&script("rollback.sh", &[&a, &b], &timed));
    assert_eq!(
        (code, &proof["max_duration_s"], a.green(), b.green()),
        (Some(0), &json!(60), 0.0, 0.0)
    );
}

#[test]
fn a_pod_that_is_lost_keeps_all_from_moving_and_none_from_going_back() {
    let well = Double::new();
    let lost = Double { url: "lost".to_owned(), ..Double::new() };
    let selected = ["--selector", "app=shop", "gateway"];
    let output = script("cutover.sh", &[&well, &lost], &selected);
    assert_eq!((output.status.code(), well.green()), (Some(3), 0.0), "{output:?}");
    assert_eq!(script("cutover.sh", &[&well], &selected).status.code(), Some(0));
    let output = script("rollback.sh", &[&well, &lost], &selected);
    assert_eq!((output.status.code(), well.green()), (Some(1), 0.0), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("no way to the sidecar of shop-1"));
}

#[test]
fn scripts_take_addresses_and_say_what_is_wrong() {
    let (a, b) = (Double::new(), Double::new());
    let named = ["--admin", &a.url, "--admin", &b.url, "gateway"];
    assert_eq!(json_of(&script("cutover.sh", &[], &named)).0, Some(0));
    assert_eq!((a.green(), b.green()), (100.0, 100.0));
    for (arguments, code) in [
        (&["gateway"][..], 2),
        (&["--admin"], 2),
        (&["--admin", &a.url], 2),
        (&["--admin", "ftp://x", "gateway"], 2),
        (&["--selector", "app=none", "gateway"], 3),
        // Green has everything already.
        (&["--admin", &a.url, "gateway"], 1),
    ] {
        let output = script("cutover.sh", &[], arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    }
}

const GATES: &str = r#"schema = 1
[[gates.stage.precondition]]
name = "green is healthy"
source = "clusters"
value = "[name=gateway-green].endpoints[*].state"
is = "healthy"
[[gates.stage.verification]]
name = "green fails at most 1 %"
source = "metrics"
metric = "requests"
labels = { cluster = "gateway-green", code_class = "5xx" }
of = { cluster = "gateway-green" }
over = "50ms"
at_most = 1
[[gates.stage.rollback]]
name = "green fails 5 %"
source = "metrics"
metric = "requests"
labels = { cluster = "gateway-green", code_class = "5xx" }
of = { cluster = "gateway-green" }
over = "50ms"
at_least = 5
[[gates.prod.verification]]
name = "two events"
source = "events"
kind = "weights"
is = 2
"#;

fn gates() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gates.toml");
    fs::write(&file, GATES).unwrap();
    (folder, file)
}

fn check(fleet: &[&Double], gate: &str, more: &[&str]) -> Output {
    let (_folder, file) = gates();
    let fixed = ["--json", "gate", "check", gate, "--file", file.to_str().unwrap()];
    foxctl(fleet, &[&fixed[..], more].concat())
}

#[test]
fn a_gate_passes_or_says_why_not() {
    let (code, verdict) = json_of(&check(&[&Double::new()], "stage", &[]));
    assert_eq!(
        (code, &verdict["pass"], &verdict["passed"]),
        (Some(0), &json!(true), &json!(3)),
        "{verdict}"
    );
    let sick = Double::new().with(|it| it.endpoint = "ejected");
    let (code, verdict) = json_of(&check(&[&sick], "stage", &[]));
    assert_eq!((code, &verdict["failed"]), (Some(1), &json!(1)), "{verdict}");
    assert_eq!(verdict["conditions"][0]["why"], "found ejected, asked for healthy");
    let bad = Double::new().with(|it| it.failing = 7);
    let (code, verdict) = json_of(&check(&[&bad], "stage", &[]));
    assert_eq!((code, &verdict["rollback"]), (Some(1), &json!(true)), "{verdict}");
    let (code, _) = json_of(&check(&[&bad], "stage", &["--part", "precondition"]));
    assert_eq!(code, Some(0));
    // One of two is enough to fail, and is named.
    let (code, verdict) = json_of(&check(&[&Double::new(), &bad], "stage", &[]));
    assert_eq!(code, Some(1));
    assert!(verdict.to_string().contains(&bad.url), "{verdict}");
}

#[test]
fn gates_that_cannot_be_judged_do_not_pass() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = Double { url: format!("http://{closed}"), ..Double::new() };
    assert_eq!(check(&[&gone], "stage", &[]).status.code(), Some(3));
    let output = check(&[&Double::new()], "stag", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("there are prod, stage"),
        "{output:?}"
    );
    let (code, verdict) = json_of(&check(&[&Double::new()], "prod", &[]));
    assert_eq!((code, &verdict["unknown"]), (Some(1), &json!(1)), "no log is no data: {verdict}");
}

#[test]
fn the_gates_of_the_repository_are_read() {
    let file = root().join("conf/gates.toml");
    for gate in ["dev", "stage", "prod"] {
        let output = foxctl(
            &[&Double::new()],
            &["gate", "check", gate, "--file", file.to_str().unwrap(), "--part", "precondition"],
        );
        // The double has no WAF and counts no reloads: no data is no pass.
        assert_eq!(output.status.code(), Some(1), "{gate}: {output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("NO DATA"), "{gate}: {output:?}");
    }
}

/// Ends the server with the test.
struct Serving(Child, String);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(double: &Double, file: &Path) -> Serving {
    let mut command = Command::new(env!("CARGO_BIN_EXE_foxctl"));
    command
        .args(["--admin", &double.url, "gate", "serve", "--listen", "127.0.0.1:0", "--file"])
        .arg(file);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
    Serving(child, address)
}

fn call(serving: &Serving, method: &str, path: &str, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(&serving.1).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: gate\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap())
}

/// What Flagger sends to every hook.
const FLAGGER: &str = r#"{"name":"shop","namespace":"web","phase":"Progressing","checksum":"85d557f47b","metadata":{"gate":"stage"}}"#;

#[test]
fn flagger_is_told_to_go_on_or_to_go_back() {
    let (_folder, file) = gates();
    let double = Double::new();
    let serving = serve(&double, &file);
    let hook = |path: &str| call(&serving, "POST", path, FLAGGER).0;
    assert_eq!((hook("/gates/stage"), hook("/gates/stage/precondition")), (200, 200));
    assert_ne!(hook("/gates/stage/rollback"), 200, "nothing calls for going back");
    double.clone().with(|it| it.failing = 9);
    assert_eq!((hook("/gates/stage"), hook("/gates/stage/precondition")), (409, 200));
    assert_eq!(hook("/gates/stage/rollback"), 200);
    assert_eq!((hook("/gates/none"), hook("/gates/stage/none"), hook("/")), (404, 404, 404));
    assert_eq!(call(&serving, "DELETE", "/gates/stage", "").0, 405);
}

#[test]
fn argo_measures_what_the_gate_says() {
    let (_folder, file) = gates();
    let double = Double::new();
    let serving = serve(&double, &file);
    let (status, measured) = call(&serving, "GET", "/gates/stage", "");
    assert_eq!(
        (status, &measured["pass"], &measured["rollback"]),
        (200, &json!(true), &json!(false))
    );
    double.clone().with(|it| it.failing = 9);
    let (status, measured) = call(&serving, "GET", "/gates/stage", "");
    assert_eq!(
        (status, &measured["pass"], &measured["rollback"]),
        (200, &json!(false), &json!(true))
    );
    // An edit of the table needs no restart, and a mistake in it passes nothing.
    fs::write(&file, "schema = 1\n[gates]\n").unwrap();
    assert_eq!(call(&serving, "GET", "/gates/stage", "").0, 500);
}

/// A log of three events in two files, the older one first.
fn log(folder: &Path) -> (PathBuf, PathBuf, String) {
    let mut chain = foxtrot_api::Chain::new();
    let mut line = |kind| {
        let line =
            chain.append(foxtrot_api::Stamp(1), kind, Some("gateway"), serde_json::Map::new());
        String::from_utf8(line.unwrap()).unwrap()
    };
    let older =
        [line(foxtrot_api::EventKind::Start), line(foxtrot_api::EventKind::Weights)].concat();
    let newer = line(foxtrot_api::EventKind::Weights);
    let (a, b) = (folder.join("events.jsonl.1"), folder.join("events.jsonl"));
    fs::write(&a, older).unwrap();
    fs::write(&b, newer).unwrap();
    (a, b, chain.head().unwrap().to_string())
}

fn verify(files: &[&Path], more: &[&str]) -> (Option<i32>, Value) {
    let files = files.iter().map(|file| file.to_str().unwrap());
    let arguments: Vec<_> = ["--json", "evidence", "verify"]
        .into_iter()
        .chain(files)
        .chain(more.iter().copied())
        .collect();
    json_of(&foxctl(&[], &arguments))
}

#[test]
fn a_log_is_whole_or_it_is_said_where_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (older, newer, head) = log(folder.path());
    // In any order.
    let (code, report) = verify(&[&newer, &older], &["--head", &head]);
    assert_eq!(
        (code, &report["lines"], &report["head"]),
        (Some(0), &json!(3), &json!(head)),
        "{report}"
    );
    // A tail that is cut off leaves a whole log, but for those who kept its head.
    assert_eq!(verify(&[&older], &[]).0, Some(0));
    let (code, report) = verify(&[&older], &["--head", &head]);
    assert_eq!(code, Some(1));
    assert!(report.to_string().contains("a tail is cut off"), "{report}");
    assert_eq!(verify(&[&newer], &[]).1["first"], 3);
    let text = fs::read_to_string(&older).unwrap();
    for (spoiled, what) in [
        (text.replace("weights", "phase"), "line 2: was changed"),
        (text.lines().next().unwrap().to_owned() + "\n", "1 missing"),
        (text.trim_end().to_owned(), "is not finished"),
        (text.replace("{\"seq\":1", "{\"seq\":one"), "is no line of an event log"),
        (String::new(), ""),
    ] {
        fs::write(&older, &spoiled).unwrap();
        let (code, report) = verify(&[&older, &newer], &[]);
        let said = report["breaks"].as_array().unwrap().iter();
        let said: Vec<_> = said
            .map(|it| format!("line {}: {}", it["line"], it["what"].as_str().unwrap()))
            .collect();
        if what.is_empty() {
            assert_eq!(
                (code, &report["first"]),
                (Some(0), &json!(3)),
                "what is there is whole: {report}"
            );
        } else {
            assert_eq!(code, Some(1), "{what}: {report}");
            assert!(said.iter().any(|it| it.contains(what)), "{what}: {said:?}");
        }
    }
}

#[test]
fn a_gate_counts_events_of_a_whole_log_only() {
    let folder = tempfile::tempdir().unwrap();
    let (older, newer, _) = log(folder.path());
    let files = ["--events", older.to_str().unwrap(), "--events", newer.to_str().unwrap()];
    let double = Double::new();
    assert_eq!(check(&[&double], "prod", &files).status.code(), Some(0));
    let text = fs::read_to_string(&older).unwrap();
    fs::write(&older, text.replace("gateway", "gatewax")).unwrap();
    let (code, verdict) = json_of(&check(&[&double], "prod", &files));
    assert_eq!((code, &verdict["unknown"]), (Some(1), &json!(1)), "{verdict}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
