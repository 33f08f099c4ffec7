//! `foxctl waf backend` over the wire.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

/// A back end that ends with the test.
struct Backend {
    child: Child,
    address: String,
}

impl Backend {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_foxctl"));
        command.args(["waf", "backend", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address }
    }

    /// Sends a request that ends its connection; gives the response without its date.
    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let lines = response.split("\r\n").filter(|line| !line.starts_with("date: "));
        lines.collect::<Vec<_>>().join("\r\n")
    }

    fn post(&self, path: &str, body: &str) -> String {
        let length = body.len();
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_reflects_what_it_is_asked_to() {
    let backend = Backend::start();
    let wish = r#"{"status":418,"headers":{"X-A":"b","Content-Type":"text/x","Bad Name":"c"},"body":"tea"}"#;
    assert_eq!(
        backend.post("/reflect", wish),
        "HTTP/1.1 418 I'm a teapot\r\nx-a: b\r\ncontent-type: text/x\r\nconnection: close\r\ncontent-length: 3\r\n\r\ntea"
            .replace("x-a: b\r\ncontent-type: text/x", "content-type: text/x\r\nx-a: b")
    );
    let response = backend.post("/reflect/", r#"{"encodedBody":"YWI="}"#);
    assert!(
        response.starts_with("HTTP/1.1 200 OK\r\n") && response.ends_with("\r\n\r\nab"),
        "{response}"
    );
    let response = backend.post("/reflect", "no JSON");
    assert!(response.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{response}");
}

#[test]
fn everything_else_is_an_empty_200() {
    let backend = Backend::start();
    for response in [
        backend.post("/post", "a=b"),
        backend.ask("GET /reflect?a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        backend.ask("BREW /status/200 HTTP/1.0\r\n\r\n"),
    ] {
        assert!(
            response.contains(" 200 OK\r\n") && response.ends_with("content-length: 0\r\n\r\n"),
            "{response}"
        );
    }
    let response = backend.ask("GET /capabilities HTTP/1.0\r\n\r\n");
    let body = response.split("\r\n\r\n").nth(1).unwrap();
    let capabilities: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(capabilities["endpoints"][2]["path"], "/reflect");
}

#[test]
fn it_ends_when_it_is_told_to() {
    let mut backend = Backend::start();
    let pid = backend.child.id().to_string();
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    assert_eq!(backend.child.wait().unwrap().code(), Some(0));
}
