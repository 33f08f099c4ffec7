//! The real binary against a double of the admin server: what it asks, what it prints, how it exits.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    iter,
    net::TcpListener,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
};

const STATUS: &str = r#"{"version":"0.1.0","pid":7,"started_at":0,"uptime_s":61,"generation":3,"config_hash":"c0ffee",
    "last_reload":{"result":"applied","cause":"file","at":0,"errors":[]},"ready":true,"draining":false,"workers":2,
    "listeners":[{"name":"https","address":"127.0.0.1:8443","connections":5,
    "tls":{"certs":[{"names":["a.test","*.a.test"],"not_after":1795457789}]}},
    {"name":"plain","address":"127.0.0.1:8080","connections":0}],
    "access_log":{"written":10,"dropped":1},"a_field_of_tomorrow":1}"#;

/// A process that has limits, and too much to do.
const BUSY: &str = r#"{"version":"0.1.0","pid":7,"started_at":0,"uptime_s":61,"generation":3,"config_hash":"c0ffee",
    "last_reload":{"result":"applied","cause":"file","at":0,"errors":[]},"ready":true,"draining":false,"workers":2,
    "listeners":[],"limits":[{"name":"per_client","keys":3,"keys_max":100,"memory_bytes":1,"dry_run":false,"passed":20,
    "refused":4,"would_refuse":0,"skipped":0,"shared":1,"store":{"state":"degraded","error":"refused"}}],
    "overload":{"pressure":[{"resource":"memory","used":91.25,"watermark":85.0,"shed":["mirror","bulk"]},
    {"resource":"cpu","used":7.0,"watermark":90.0,"shed":[]}],
    "limiters":[{"name":"process","limit":120,"max":2048,"in_flight":118,"waiting":4,
    "shed":[{"class":"bulk","reason":"memory","requests":9}]},
    {"name":"cluster:app","limit":8,"max":8,"in_flight":2,"waiting":0,"shed":[]}]}}"#;

const REFUSED: &str = r#"{"result":"refused","generation":3,"errors":[{"file":"foxtrot.toml","line":3,"column":1,
    "path":"listeners.web.lisen","message":"unknown key `lisen`","help":"did you mean `listen`?"}]}"#;

const CLUSTER: &str = r#"[{"name":"blue","endpoints":[{"address":"127.0.0.1:8081","origin":"http://127.0.0.1:8081",
    "state":"STATE","active":1,"connections":2,"idle":1,"learned_idle_ms":null,"requests":10,"failures":0,
    "server_errors":4,"ejections":0}],"in_flight":1,"requests_max":4096,"connections":2,"connections_max":1024,
    "pending":0,"pending_max":1024,"retries":0}]"#;

/// What a run of the binary came to.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    /// The head of the request, if one was made.
    asked: Option<String>,
}

fn foxctl(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_foxctl"));
    command.args(args).stdin(Stdio::null()).env_remove("FOXTROT_ADMIN_TOKEN");
    command.env_remove("FOXTROT_ADMIN");
    command
}

fn finish(mut command: Command) -> Run {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
        asked: None,
    }
}

/// Runs the binary against a server that gives one answer, and an empty list to what is asked further.
fn against(status: &str, body: &str, args: &[&str]) -> Run {
    against_with(status, body, foxctl(args))
}

fn against_with(status: &str, body: &str, mut command: Command) -> Run {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = |status: &str, body: &str| {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
    };
    let (first, further) = (answer(status, body), answer("200 OK", "[]"));
    let (sender, asked) = mpsc::channel();
    thread::spawn(move || {
        for (answer, stream) in
            iter::once(first).chain(iter::repeat(further)).zip(listener.incoming())
        {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            // Once the run is over, nobody is told.
            let _ = sender.send(head.join("\n"));
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    command.env("FOXTROT_ADMIN", url);
    let run = finish(command);
    Run { asked: asked.recv().ok(), ..run }
}

fn asked(run: &Run) -> &str {
    run.asked.as_deref().and_then(|head| head.lines().next()).unwrap_or_default()
}

#[test]
fn status_is_a_page_for_people() {
    let run = against("200 OK", STATUS, &["status"]);
    assert_eq!((run.code, asked(&run)), (Some(0), "GET /status HTTP/1.1"), "{run:?}");
    let expected = "\
foxtrot 0.1.0, process 7, up 1m 1s
state          ready, 2 workers
configuration  generation 3, c0ffee
last reload    applied at 1970-01-01 00:00:00Z, cause: file
access log     10 lines written, 1 dropped

LISTENER  ADDRESS         CONNECTIONS  TLS
https     127.0.0.1:8443  5            a.test,*.a.test until 2026-11-23
plain     127.0.0.1:8080  0            none
";
    assert_eq!(run.stdout, expected);
}

#[test]
fn status_shows_limits_and_overload() {
    let run = against("200 OK", BUSY, &["status"]);
    let expected = "\
LIMIT       KEYS      PASSED  REFUSED  WOULD REFUSE  SHARED  STORE
per_client  3 of 100  20      4        0             1       degraded: refused

CONCURRENCY  IN FLIGHT  LIMIT        WAITING  SHED
process      118        120 of 2048  4        9 bulk memory
cluster:app  2          8            0        0

RESOURCE  USED    WATERMARK  SHEDS
memory    91.2 %  85 %       mirror, bulk
cpu       7.0 %   90 %       nobody
";
    let (_, tables) = run.stdout.split_at(run.stdout.find("LIMIT ").unwrap());
    assert_eq!(tables, expected);
}

#[test]
fn status_is_a_finding_when_something_is_not_well() {
    for (well, ill) in [("\"ready\":true", "\"ready\":false"), ("\"applied\"", "\"refused\"")] {
        let run = against("200 OK", &STATUS.replace(well, ill), &["status"]);
        assert_eq!(run.code, Some(1), "{ill}");
    }
}

#[test]
fn json_is_what_the_server_said() {
    let run = against("200 OK", STATUS, &["--json", "status"]);
    assert_eq!((run.code, run.stdout), (Some(0), format!("{STATUS}\n")));
    let run = against("422 Unprocessable Entity", REFUSED, &["config", "reload", "--json"]);
    assert_eq!((run.code, run.stdout), (Some(1), format!("{REFUSED}\n")));
}

#[test]
fn config_is_shown_listed_and_compared() {
    let text = r#"{"generation":3,"hash":"c0ffee","text":"schema = 1\n"}"#;
    let run = against("200 OK", text, &["config", "show"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "schema = 1\n"));
    assert_eq!(asked(&run), "GET /config HTTP/1.1");

    let history = r#"[{"generation":2,"loaded_at":0,"cause":"start","hash":"aa"},
        {"generation":10,"loaded_at":1795457789000,"cause":"rollback","hash":"bb"}]"#;
    let run = against("200 OK", history, &["config", "history"]);
    let expected = "\
GENERATION  LOADED                CAUSE     HASH
2           1970-01-01 00:00:00Z  start     aa
10          2026-11-23 18:16:29Z  rollback  bb
";
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), expected));

    let diff = r#"{"from":2,"to":3,"diff":"-a\n+b\n"}"#;
    let run = against("200 OK", diff, &["config", "diff", "2", "3"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "-a\n+b\n"));
    assert_eq!(asked(&run), "GET /config/diff?from=2&to=3 HTTP/1.1");
}

#[test]
fn lists_are_changed_and_shown() {
    let entry = r#"{"list":"deny","block":"203.0.113.0/24","since":0,"until":1795457789000,"reason":"bots"}"#;
    let add = ["list", "add", "203.0.113.0/24", "--for", "10m", "--reason", "bots"];
    let run = against("200 OK", entry, &add);
    let expected = "203.0.113.0/24 is on deny until 2026-11-23 18:16:29Z\n";
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), expected));
    assert_eq!(asked(&run), "POST /lists HTTP/1.1");
    let run = against("200 OK", entry, &["list", "remove", "203.0.113.0/24"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "203.0.113.0/24 is off deny\n"));
    assert_eq!(asked(&run), "DELETE /lists?list=deny&block=203.0.113.0/24 HTTP/1.1");
    let run = against("200 OK", &format!("[{entry}]"), &["list", "show"]);
    let expected = "\
LIST  BLOCK           UNTIL                 REASON
deny  203.0.113.0/24  2026-11-23 18:16:29Z  bots
";
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), expected));
    let absent = r#"{"error":"203.0.113.0/24 is not on deny"}"#;
    let run = against("404 Not Found", absent, &["list", "remove", "203.0.113.0/24"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("is not on deny"), "{}", run.stderr);
    for wrong in [&["list", "add", "203.0.113.0/24"][..], &["list", "remove", "nobody"]] {
        assert_eq!(finish(foxctl(wrong)).code, Some(2), "{wrong:?}");
    }
}

#[test]
fn a_reload_says_what_became_of_it() {
    let applied = r#"{"result":"applied","generation":4}"#;
    let run = against("200 OK", applied, &["config", "reload"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "applied: generation 4 is in force\n"));
    assert_eq!(asked(&run), "POST /reload HTTP/1.1");
    let run = against("200 OK", applied, &["config", "rollback", "2"]);
    assert_eq!(asked(&run), "POST /config/rollback?generation=2 HTTP/1.1");
    assert_eq!(run.code, Some(0));
}

#[test]
fn a_refused_reload_is_printed_as_a_compiler_would() {
    let run = against("422 Unprocessable Entity", REFUSED, &["config", "reload"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    let expected = "\
error: unknown key `lisen`
  --> foxtrot.toml:3:1 (listeners.web.lisen)
  = help: did you mean `listen`?

refused, 1 error: generation 3 stays in force
";
    assert_eq!(run.stderr, expected);
}

#[test]
fn clusters_are_listed_and_one_without_endpoints_is_a_finding() {
    let run = against("200 OK", &CLUSTER.replace("STATE", "healthy"), &["clusters"]);
    assert_eq!((run.code, asked(&run)), (Some(0), "GET /clusters HTTP/1.1"));
    let expected = "\
CLUSTER  HEALTHY  REQUESTS  CONNECTIONS  WAITING
blue     1/1      1/4096    2/1024       0/1024

CLUSTER  ENDPOINT        STATE    ACTIVE  CONNECTIONS  REQUESTS  FAILURES  5XX  EJECTIONS
blue     127.0.0.1:8081  healthy  1       2            10        0         4    0
";
    assert_eq!(run.stdout, expected);
    let run = against("200 OK", &CLUSTER.replace("STATE", "ejected"), &["clusters"]);
    assert_eq!(run.code, Some(1));
}

#[test]
fn the_token_comes_from_a_file_or_the_environment() {
    let dir = std::env::temp_dir().join(format!("foxctl-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let file = dir.join("token");
    fs::write(&file, "from-file\n").unwrap();
    let mut command = foxctl(&["status", "--token-file", file.to_str().unwrap()]);
    command.env("FOXTROT_ADMIN_TOKEN", "from-environment");
    let run = against_with("200 OK", STATUS, command);
    assert!(run.asked.unwrap().contains("authorization: Bearer from-file"));
    fs::remove_dir_all(&dir).unwrap();
    let mut command = foxctl(&["status"]);
    command.env("FOXTROT_ADMIN_TOKEN", "from-environment");
    let run = against_with("200 OK", STATUS, command);
    assert!(run.asked.unwrap().contains("authorization: Bearer from-environment"));
    assert!(!against("200 OK", STATUS, &["status"]).asked.unwrap().contains("authorization"));
}

#[test]
fn refusals_of_the_server_are_failures_with_its_reason() {
    for (status, body, said) in [
        ("401 Unauthorized", r#"{"error":"needs a token"}"#, "--token-file"),
        ("404 Not Found", r#"{"error":"that generation is not kept"}"#, "is not kept"),
        ("429 Too Many Requests", r#"{"error":"too many calls"}"#, "too many calls"),
        ("502 Bad Gateway", "<html>", "is it foxtrot's"),
        ("200 OK", "[]", "otherwise than foxtrot"),
    ] {
        let run = against(status, body, &["status"]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{status}");
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}

#[test]
fn nobody_there_is_unreachable() {
    // A port that was free a moment ago and that nobody was told of.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}");
    let run = finish(foxctl(&["--admin", &url, "status"]));
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""));
    assert!(run.stderr.contains(&url), "{}", run.stderr);
}

#[test]
fn a_server_that_hangs_up_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || drop(listener.accept()));
    assert_eq!(finish(foxctl(&["--admin", &url, "status"])).code, Some(3));
}

#[test]
fn misuse_is_told_from_failure() {
    for args in [
        &[][..],
        &["stats"],
        &["config", "rollback"],
        &["config", "rollback", "two"],
        &["--admin", "ftp://x", "status"],
        &["--token-file", "/nonexistent/token", "status"],
    ] {
        assert_eq!(finish(foxctl(args)).code, Some(2), "{args:?}");
    }
    assert_eq!(finish(foxctl(&["--help"])).code, Some(0));
    assert_eq!(finish(foxctl(&["--version"])).code, Some(0));
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let text = format!(r#"{{"generation":3,"hash":"aa","text":"{}"}}"#, "#\\n".repeat(1 << 20));
    let mut command = foxctl(&["config", "show"]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    command.env("FOXTROT_ADMIN", format!("http://{}", listener.local_addr().unwrap()));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let (mut stream, _) = listener.accept().unwrap();
    let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", text.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
