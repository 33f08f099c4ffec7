//! `foxctl waf test` against a double of a WAF: what goes over the wire, what it makes of the log, how it exits.
//!
//! The double answers 200 and logs what a request's path asks for: `/?ids=1,2` logs rules 1 and 2. `hang-up` in it ends the
//! connection without an answer, `status=N` sets the status, and what else is asked for stands beside `Waf`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

/// How the double logs.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Style {
    /// As foxtrot, a record per request.
    Json,
    /// As nginx with ModSecurity, a line per rule.
    Text,
    /// As JSON, but without the client's address.
    Nameless,
    /// Each record only when the next request comes, from whomever.
    Late,
    /// Markers are not logged.
    Unmarked,
}

/// A double of a WAF and its log.
struct Waf {
    address: SocketAddr,
    folder: tempfile::TempDir,
    state: Arc<State>,
}

struct State {
    style: Style,
    log: Mutex<File>,
    held: Mutex<String>,
    /// All requests but markers, as they came.
    requests: Mutex<Vec<Vec<u8>>>,
}

/// What a run of the binary came to.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Waf {
    fn start(style: Style) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        let log = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        let log = Mutex::new(log);
        let held = Mutex::default();
        let state = Arc::new(State { style, log, held, requests: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&shared);
                thread::spawn(move || state.serve(stream.unwrap()));
            }
        });
        Self { address, folder, state }
    }

    /// A file beside the log.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Runs the suite of one file.
    fn test(&self, suite: &str, args: &[&str]) -> Run {
        let log = self.folder.path().join("audit.log");
        let mut all = vec!["--log", log.to_str().unwrap()];
        all.extend(args);
        self.test_without_log(suite, &all)
    }

    fn test_without_log(&self, suite: &str, args: &[&str]) -> Run {
        self.file("suite/900.yaml", suite);
        let url = format!("http://{}", self.address);
        let folder = self.folder.path().join("suite");
        let mut all = vec!["--suite", folder.to_str().unwrap(), "--target", &url];
        all.extend(args);
        run(&all)
    }

    fn requests(&self) -> Vec<String> {
        let requests = self.state.requests.lock().unwrap();
        requests.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }
}

impl State {
    fn serve(&self, mut stream: TcpStream) {
        while let Some(request) = read_request(&mut stream) {
            let text = String::from_utf8_lossy(&request).into_owned();
            let client = stream.peer_addr().unwrap().ip().to_string();
            let marker = text.lines().find_map(|line| line.strip_prefix("X-CRS-Test: "));
            if marker.is_none() {
                self.requests.lock().unwrap().push(request);
            }
            self.log(&text, marker, &client);
            if text.contains("hang-up") {
                return;
            }
            let _ = stream.write_all(answer(&text, marker.is_some()).as_bytes());
            if marker.is_none() {
                return;
            }
        }
    }

    fn log(&self, request: &str, marker: Option<&str>, client: &str) {
        let rules: Vec<(u64, String)> = match marker {
            Some(_) if self.style == Style::Unmarked => Vec::new(),
            Some(marker) => vec![(999_999, format!("X-CRS-Test {marker}"))],
            None => self.ids(request).map(|id| (id, format!("rule {id}"))).collect(),
        };
        let lines = match self.style {
            Style::Text => rules
                .iter()
                .map(|(id, msg)| {
                    format!("[info] 1#1: *9 ModSecurity: Warning. [id \"{id}\"] [msg \"{msg}\"], client: {client}, server: x\n")
                })
                .collect(),
            style => {
                let rules: Vec<Value> =
                    rules.iter().map(|(id, msg)| json!({ "id": id, "msg": msg, "phase": 2 })).collect();
                let mut record = json!({ "path": "/", "rules": rules });
                if style != Style::Nameless {
                    record["client"] = client.into();
                }
                format!("{record}\n")
            }
        };
        let mut held = self.held.lock().unwrap();
        let lines = match self.style {
            Style::Late if marker.is_none() => std::mem::replace(&mut *held, lines),
            Style::Late => lines + &std::mem::take(&mut *held),
            _ => lines,
        };
        self.log.lock().unwrap().write_all(lines.as_bytes()).unwrap();
    }

    /// What a request asks to be logged. `second=N` is logged when the request comes a second time.
    fn ids(&self, request: &str) -> impl Iterator<Item = u64> {
        let value = |key: &str| {
            let after = request.split(key).nth(1).unwrap_or_default();
            let end = after.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(after.len());
            after[..end].to_owned()
        };
        let requests = self.requests.lock().unwrap();
        let times = requests.iter().filter(|it| it.as_slice() == request.as_bytes()).count();
        let second = if times > 1 { value("second=") } else { String::new() };
        let ids = format!("{},{second}", value("ids="));
        let ids: Vec<u64> = ids.split(',').filter_map(|id| id.parse().ok()).collect();
        ids.into_iter()
    }
}

fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        request.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let length =
        head.split("content-length: ").nth(1).and_then(|it| it.lines().next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    request.extend(body);
    Some(request)
}

fn answer(request: &str, keep: bool) -> String {
    let status = request.split("status=").nth(1).map_or("200", |it| &it[..3]);
    let connection = if keep { "keep-alive" } else { "close" };
    let fields = match request.contains("/redirect") {
        true => {
            "Location: http://elsewhere.test:1/next?a=b#c\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\n"
        }
        false => "",
    };
    format!(
        "HTTP/1.1 {status} x\r\n{fields}Connection: {connection}\r\nContent-Length: 5\r\n\r\nhello"
    )
}

fn run(args: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_foxctl"));
    let output = command.args(["waf", "test"]).args(args).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A suite of tests of one stage each.
fn suite(tests: &[(&str, &str)]) -> String {
    let stage = |(input, output): &(&str, &str)| {
        format!("- stages: [{{ input: {input}, output: {output} }}]\n")
    };
    format!("rule_id: 900\ntests:\n{}", tests.iter().map(stage).collect::<String>())
}

fn last_line(run: &Run) -> &str {
    run.stdout.lines().last().unwrap_or_default().split(", in").next().unwrap_or_default()
}

#[test]
fn tests_pass_and_fail_by_status_and_by_log() {
    for style in [Style::Json, Style::Text] {
        let waf = Waf::start(style);
        let good = suite(&[
            (
                "{ uri: '/?ids=1,2' }",
                "{ status: 200, log: { expect_ids: [1, 2], no_expect_ids: [3] } }",
            ),
            ("{ uri: /x }", "{ log: { no_expect_ids: [1], no_match_regex: '\\[id \"\\d+\"\\]' } }"),
            (
                "{ uri: '/?ids=7' }",
                "{ isolated: true, log: { expect_ids: [7], match_regex: 'id \"7\".*rule 7' } }",
            ),
            (
                "{ uri: '/?status=404' }",
                "{ status: 404, response_contains: '^HTTP/1.1 404(?s:.*)hello$' }",
            ),
        ]);
        let run = waf.test(&good, &[]);
        assert_eq!(
            (run.code, last_line(&run)),
            (Some(0), "4 of 4 tests passed (100.00 %), 0 failed"),
            "{run:?}"
        );
        let bad = suite(&[
            ("{ uri: '/?ids=1' }", "{ log: { expect_ids: [2] } }"),
            ("{ uri: '/?ids=1' }", "{ log: { no_expect_ids: [1] } }"),
            ("{ uri: / }", "{ status: 403 }"),
            ("{ uri: / }", "{ status: 200 }"),
        ]);
        let run = waf.test(&bad, &[]);
        let expected = "\
900-1: expected a log of 2
900-2: expected no log of 1
900-3: expected status 403, got 200

FILE      PASSED  FAILED  OVERRIDDEN  SKIPPED
900.yaml  1       3       0           0
1 files   1       3       0           0

1 of 4 tests passed (25.00 %), 3 failed";
        assert_eq!(run.code, Some(1));
        assert!(run.stdout.starts_with(expected), "{}", run.stdout);
    }
}

#[test]
fn failures_are_shown_with_what_was_sent_and_seen() {
    let waf = Waf::start(Style::Json);
    let bad = suite(&[("{ uri: '/?ids=2,1' }", "{ log: { expect_ids: [3] } }")]);
    let expected = "\
900-1: expected a log of 3
    file      900.yaml
    expected  log of 3
    seen      status 200, log of 1, 2
    | GET /?ids=2,1 HTTP/1.1
    | Connection: close
    |
    |
";
    let run = waf.test(&bad, &["--show-failures"]);
    assert!(run.stdout.starts_with(expected), "{}", run.stdout);
    let run = waf.test(&bad, &["--json"]);
    let mut report: Value = serde_json::from_str(&run.stdout).unwrap();
    report.as_object_mut().unwrap().remove("seconds").unwrap();
    let counts = json!({ "passed": 0, "failed": 1, "overridden": 0, "skipped": 0 });
    let mut file = counts.clone();
    file["file"] = "900.yaml".into();
    let mut expected = counts;
    expected["unused_overrides"] = json!([]);
    expected["files"] = json!([file]);
    expected["failures"] = json!([{
        "test": "900-1", "stage": 0, "file": "900.yaml", "overridden": false, "expected": "log of 3",
        "problems": ["expected a log of 3"], "status": 200, "logged": [1, 2],
        "request": "GET /?ids=2,1 HTTP/1.1\r\nConnection: close\r\n\r\n",
    }]);
    assert_eq!((run.code, report), (Some(1), expected));
}

#[test]
fn requests_go_out_byte_for_byte() {
    let waf = Waf::start(Style::Json);
    let tests = suite(&[
        (
            "{ method: POST, uri: '/a b', data: 'x={{ \"<\" | repeat 3 }}', headers: { b: '1', A: '2' } }",
            "{}",
        ),
        ("{ encoded_request: R0VUIC8gSFRUUC8xLjENCgEJOiD/DQoNCg== }", "{}"),
        ("{ autocomplete_headers: false, uri: '/<>', version: HTTP/1.0 }", "{}"),
    ]);
    assert_eq!(waf.test(&tests, &[]).code, Some(0));
    let expected = [
        "POST /a b HTTP/1.1\r\nA: 2\r\nb: 1\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\
         Content-Length: 11\r\n\r\nx=%3C%3C%3C",
        "GET / HTTP/1.1\r\n\u{1}\t: \u{fffd}\r\n\r\n",
        "GET /<> HTTP/1.0\r\n\r\n",
    ];
    assert_eq!(waf.requests(), expected);
}

#[test]
fn no_answer_may_be_expected() {
    let waf = Waf::start(Style::Json);
    let tests = suite(&[
        ("{ uri: /hang-up }", "{ expect_error: true, log: { expect_ids: [1] } }"),
        ("{ uri: /hang-up }", "{ status: 200 }"),
        ("{ uri: / }", "{ expect_error: true }"),
    ]);
    let run = waf.test(&tests, &[]);
    let expected = "\
900-2: no answer: the connection ended without a response
900-3: expected no answer, got status 200
";
    assert!(run.code == Some(1) && run.stdout.starts_with(expected), "{run:?}");
}

#[test]
fn overrides_are_the_measure_where_there_are_any() {
    let waf = Waf::start(Style::Json);
    let tests = suite(&[
        ("{ uri: '/?ids=1' }", "{ log: { no_expect_ids: [1] } }"),
        ("{ uri: '/?ids=1' }", "{ log: { no_expect_ids: [1] } }"),
        ("{ uri: '/?ids=1' }", "{ log: { expect_ids: [1] } }"),
    ]);
    let first = waf.file(
        "first.yaml",
        "test_overrides:\n- { rule_id: 900, test_ids: [1, 2, 8], output: { log: { expect_ids: [1] } } }",
    );
    let last = waf.file(
        "last.yaml",
        "test_overrides:\n- { rule_id: 900, test_ids: [2], output: { status: 1 } }",
    );
    let (first, last) = (first.to_str().unwrap(), last.to_str().unwrap());
    let run = waf.test(&tests, &["--overrides", first, "--overrides", last, "--exclude", "-3$"]);
    let expected = "\
900-2: expected status 1, got 200

FILE      PASSED  FAILED  OVERRIDDEN  SKIPPED
900.yaml  1       1       2           1
1 files   1       1       2           1

overrides of no test here: 900-8
1 of 2 tests passed (50.00 %), 1 failed";
    assert!(run.code == Some(1) && run.stdout.starts_with(expected), "{run:?}");
}

#[test]
fn what_is_logged_late_is_not_of_the_next_test() {
    let waf = Waf::start(Style::Late);
    let tests = suite(&[
        ("{ uri: '/?ids=1' }", "{ log: { no_expect_ids: [1] } }"),
        ("{ uri: '/?ids=2' }", "{ log: { no_expect_ids: [1, 2] } }"),
        ("{ uri: /x }", "{ log: { no_expect_ids: [1, 2] } }"),
    ]);
    assert_eq!(waf.test(&tests, &[]).code, Some(0));
    // By addresses it is of the test that it is of, however late it is.
    let tests = suite(&[
        ("{ uri: '/?ids=1' }", "{ log: { expect_ids: [1], no_expect_ids: [2] } }"),
        ("{ uri: '/?ids=2' }", "{ log: { expect_ids: [2], no_expect_ids: [1] } }"),
        ("{ uri: /x }", "{ log: { no_expect_ids: [1, 2] } }"),
    ]);
    let run = waf.test(&tests, &["--jobs", "2"]);
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[test]
fn many_tests_at_a_time_are_told_apart() {
    let ids = 1_000..1_200;
    let inputs: Vec<_> = ids.clone().map(|id| format!("{{ uri: '/?ids={id}' }}")).collect();
    let outputs: Vec<_> = ids
        .clone()
        .map(|id| {
            let (less, more) = (id - 1, id + 1);
            format!("{{ isolated: true, log: {{ expect_ids: [{id}], no_expect_ids: [{less}, {more}] }} }}")
        })
        .collect();
    let tests: Vec<_> =
        inputs.iter().map(String::as_str).zip(outputs.iter().map(String::as_str)).collect();
    for style in [Style::Json, Style::Text] {
        let waf = Waf::start(style);
        let run = waf.test(&suite(&tests), &["--jobs", "16"]);
        let expected = "200 of 200 tests passed (100.00 %), 0 failed";
        assert_eq!((run.code, last_line(&run)), (Some(0), expected), "{style:?} {run:?}");
    }
    let waf = Waf::start(Style::Nameless);
    let run = waf.test(&suite(&tests), &["--jobs", "16"]);
    assert!(run.code == Some(2) && run.stderr.contains("names clients' addresses"), "{run:?}");
    assert_eq!(waf.test(&suite(&tests), &[]).code, Some(0));
}

#[test]
fn a_failure_is_tried_again_where_a_test_says_so() {
    for jobs in ["1", "2"] {
        let waf = Waf::start(Style::Json);
        let tests = suite(&[
            ("{ uri: '/a?second=1' }", "{ retry_once: true, log: { expect_ids: [1] } }"),
            ("{ uri: '/b?second=1' }", "{ log: { expect_ids: [1] } }"),
            ("{ uri: '/c?ids=1' }", "{ retry_once: true, log: { no_expect_ids: [1] } }"),
            ("{ uri: '/d?ids=1' }", "{ retry_once: true, log: { expect_ids: [1] } }"),
        ]);
        let run = waf.test(&tests, &["--jobs", jobs]);
        let expected = "900-2: expected a log of 1\n900-3: expected no log of 1\n";
        assert!(run.code == Some(1) && run.stdout.starts_with(expected), "{run:?}");
        let played = |path: &str| waf.requests().iter().filter(|it| it.contains(path)).count();
        assert_eq!(["/a", "/b", "/c", "/d"].map(played), [2, 1, 2, 1]);
    }
}

#[test]
fn stages_follow_redirects_and_keep_cookies() {
    let waf = Waf::start(Style::Json);
    let tests = "rule_id: 900\ntests:\n- stages:\n  \
        - { input: { uri: '/redirect?status=302', save_cookie: true }, output: { status: 302 } }\n  \
        - { input: { uri: /x, follow_redirect: true, headers: { Host: h, Cookie: own=0 } }, output: { log: { expect_ids: [] } } }\n\
        - stages: [{ input: { uri: /x }, output: {} }, { input: { follow_redirect: true }, output: {} }]\n";
    let run = waf.test(tests, &[]);
    assert!(
        run.code == Some(1)
            && run.stdout.starts_with(
                "900-2 stage 1: no answer: the stage before this one did not redirect"
            ),
        "{run:?}"
    );
    let expected = [
        "GET /redirect?status=302 HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /next?a=b HTTP/1.1\r\nHost: elsewhere.test:1\r\nCookie: own=0; a=1; b=2\r\nConnection: close\r\n\r\n",
        "GET /x HTTP/1.1\r\nConnection: close\r\n\r\n",
    ];
    assert_eq!(waf.requests(), expected);
}

#[test]
fn without_a_log_statuses_tell() {
    let waf = Waf::start(Style::Unmarked);
    let tests = suite(&[
        ("{ uri: '/?status=403' }", "{ log: { expect_ids: [1] } }"),
        ("{ uri: / }", "{ log: { no_expect_ids: [1] } }"),
        ("{ uri: / }", "{ log: { expect_ids: [1] } }"),
    ]);
    let run = waf.test_without_log(&tests, &["--jobs", "3"]);
    assert!(
        run.code == Some(1) && run.stdout.starts_with("900-3: expected status 403, got 200\n"),
        "{run:?}"
    );
}

#[test]
fn a_waf_that_is_not_there_is_told_from_one_that_fails() {
    let tests = suite(&[("{ uri: / }", "{}")]);
    let waf = Waf::start(Style::Unmarked);
    let run = waf.test(&tests, &[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""), "{run:?}");
    assert!(run.stderr.contains("a marker does not show in the log"), "{}", run.stderr);
    assert_eq!(waf.requests(), Vec::<String>::new());

    // A port that was free a moment ago and that nobody was told of.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let waf = Waf { address, ..waf };
    for run in [waf.test(&tests, &[]), waf.test_without_log(&tests, &[])] {
        assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""), "{run:?}");
    }
}

#[test]
fn misuse_is_told_before_anything_is_sent() {
    let waf = Waf::start(Style::Json);
    let tests = suite(&[("{ uri: / }", "{}")]);
    for args in [
        &["--include", "x"][..],
        &["--include", "("],
        &["--jobs", "0"],
        &["--log-format", "csv"],
        &["--overrides", "/nonexistent/overrides.yaml"],
        &["--target", "127.0.0.1:80"],
    ] {
        let run = waf.test(&tests, args);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{args:?}: {run:?}");
    }
    let run = waf.test("rule_id: 900\ntests: [{ stages: [{ input: { urii: / } }] }]", &[]);
    assert!(
        run.code == Some(2) && run.stderr.contains("900.yaml: ") && run.stderr.contains("`urii`"),
        "{run:?}"
    );
    assert_eq!(waf.test_without_log(&tests, &["--log", "/nonexistent/audit.log"]).code, Some(2));
    assert_eq!(waf.test_without_log(&tests, &["--log-format", "foxtrot"]).code, Some(2));
    assert_eq!(waf.requests(), Vec::<String>::new());
}

#[test]
fn a_log_in_another_format_than_said_shows_no_marker() {
    let waf = Waf::start(Style::Text);
    let tests = suite(&[("{ uri: '/?ids=1' }", "{ log: { expect_ids: [1] } }")]);
    assert_eq!(waf.test(&tests, &["--log-format", "foxtrot"]).code, Some(3));
    assert_eq!(waf.test(&tests, &["--log-format", "modsecurity"]).code, Some(0));
}
