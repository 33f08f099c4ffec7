//! What hostile requests cost: nanoseconds per byte at three sizes, each four times the one before. Where the cost per byte
//! stays, time is linear in the input.
//!
//! `cargo bench -p foxtrot-waf --bench hostile -- FILE...` takes the rule files of a rule set, its setup file first, by their
//! absolute paths. Limits of the engine's own are lifted as far as they would end the work early.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a bench")]

use std::{
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use foxtrot_waf::{Beginning, Mode, Policy, RuleSet, Store, Transaction, Worker, seclang::Disk};

/// Bytes of the part of a request that is hostile.
const SIZES: [usize; 3] = [8 << 10, 32 << 10, 128 << 10];
/// Time for which a request is repeated; the best run counts.
const REPEAT_FOR: Duration = Duration::from_millis(300);

/// Where the hostile bytes are.
#[derive(Clone, Copy)]
enum At {
    /// One argument of the query.
    Query,
    /// The path.
    Path,
    /// One field.
    Field,
    /// The field `Cookie`.
    Cookie,
    /// A body of this type.
    Body(&'static str),
}

struct Case {
    name: &'static str,
    at: At,
    /// Makes about so many bytes.
    make: fn(usize) -> Vec<u8>,
}

const FORM: At = At::Body("application/x-www-form-urlencoded");
const JSON: At = At::Body("application/json");
const XML: At = At::Body("text/xml");
const MULTIPART: At = At::Body("multipart/form-data; boundary=b");

/// A text again and again.
macro_rules! again {
    ($text:literal) => {
        |size| $text.iter().copied().cycle().take(size).collect()
    };
}

/// The same as an argument of a form.
macro_rules! argument {
    ($text:literal) => {
        |size| b"q=".iter().chain($text.iter().cycle().take(size)).copied().collect()
    };
}

const CASES: &[Case] = &[
    Case { name: "letters, one argument", at: FORM, make: argument!(b"a") },
    Case {
        name: "prose, one argument",
        at: FORM,
        make: argument!(b"the+garden+shed+needs+a+new+roof.+"),
    },
    Case {
        name: "prose, one argument of the query",
        at: At::Query,
        make: again!(b"the+garden+shed+needs+a+new+roof.+"),
    },
    Case { name: "quotes", at: FORM, make: argument!(b"'") },
    Case { name: "parentheses", at: FORM, make: argument!(b"(") },
    Case { name: "brackets that open", at: FORM, make: argument!(b"[{(<") },
    Case { name: "backslashes", at: FORM, make: argument!(b"\\") },
    Case { name: "spaces", at: FORM, make: argument!(b"+") },
    Case { name: "percent signs, encoded twice", at: FORM, make: argument!(b"%2525") },
    Case { name: "bytes of zero", at: FORM, make: argument!(b"%00") },
    Case { name: "comments of SQL that open", at: FORM, make: argument!(b"/*") },
    Case { name: "words of SQL", at: FORM, make: argument!(b"select+union+from+where+or+1=1+--+") },
    Case { name: "unions cut short", at: FORM, make: argument!(b"union+selec+") },
    Case { name: "numbers of SQL", at: FORM, make: argument!(b"1+and+1=") },
    Case { name: "tags", at: FORM, make: argument!(b"<script+") },
    Case { name: "attributes", at: FORM, make: argument!(b"<a+onclick=x+") },
    Case { name: "character references", at: FORM, make: argument!(b"%26%23x3c;") },
    Case { name: "escapes of JavaScript", at: FORM, make: argument!(b"\\u003c") },
    Case { name: "steps up", at: FORM, make: argument!(b"../") },
    Case { name: "steps up in the path", at: At::Path, make: again!(b"a/../") },
    Case { name: "commands", at: FORM, make: argument!(b";cat+/etc/passwd|") },
    Case { name: "variables of a shell", at: FORM, make: argument!(b"${x}$(") },
    Case { name: "look-ups of Log4j, nested", at: FORM, make: argument!(b"${${lower:j}") },
    Case { name: "templates", at: FORM, make: argument!(b"{{7*7}}{%25+") },
    Case { name: "Base64", at: FORM, make: argument!(b"PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg") },
    Case { name: "half of UTF-8", at: FORM, make: argument!(b"%c3%28%e2%82") },
    Case { name: "arguments without value", at: FORM, make: again!(b"a&") },
    Case { name: "arguments", at: FORM, make: numbered },
    Case { name: "cookies", at: At::Cookie, make: again!(b"a=b; ") },
    Case { name: "one long field", at: At::Field, make: again!(b"text/html;q=0.9, ") },
    Case { name: "arrays in arrays of JSON", at: JSON, make: again!(b"[") },
    Case { name: "objects in objects of JSON", at: JSON, make: again!(b"{\"a\":") },
    Case {
        name: "numbers of JSON",
        at: JSON,
        make: |size| [b"[1", again_of(b",1", size).as_slice(), b"]"].concat(),
    },
    Case {
        name: "strings of JSON",
        at: JSON,
        make: |size| {
            [b"[\"x\"", again_of(b",\"select 'a' from b\"", size).as_slice(), b"]"].concat()
        },
    },
    Case {
        name: "one string of JSON, escaped",
        at: JSON,
        make: |size| [b"{\"a\":\"", again_of(b"\\u0027", size).as_slice(), b"\"}"].concat(),
    },
    Case { name: "elements in elements of XML", at: XML, make: again!(b"<a>") },
    Case {
        name: "attributes of XML",
        at: XML,
        make: |size| [b"<a ", again_of(b"b='c' ", size).as_slice(), b"/>"].concat(),
    },
    Case {
        name: "text of XML",
        at: XML,
        make: |size| [b"<a>", again_of(b"&lt;x ", size).as_slice(), b"</a>"].concat(),
    },
    Case {
        name: "parts",
        at: MULTIPART,
        make: again!(b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n"),
    },
    Case {
        name: "one part",
        at: MULTIPART,
        make: |size| {
            [
                b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n",
                again_of(b"-b\r\n-", size).as_slice(),
                b"\r\n--b--\r\n",
            ]
            .concat()
        },
    },
    Case {
        name: "headers of a part",
        at: MULTIPART,
        make: |size| {
            [
                b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n",
                again_of(b"X: y\r\n", size).as_slice(),
                b"\r\nx\r\n--b--\r\n",
            ]
            .concat()
        },
    },
];

fn again_of(text: &[u8], size: usize) -> Vec<u8> {
    text.repeat(size / text.len())
}

/// Arguments of different names.
fn numbered(size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for number in 0.. {
        if out.len() >= size {
            break;
        }
        write!(out, "a{number}=b{number}&").unwrap();
    }
    out
}

struct Bench {
    policy: Arc<Policy>,
    store: Arc<Store>,
    worker: Worker,
}

impl Bench {
    fn run(&mut self, at: At, hostile: &[u8]) -> Option<u64> {
        let worker = &mut self.worker;
        let beginning = Beginning { id: b"0123456789abcdef", now: 1_800_000_000, budget: u64::MAX };
        let mut tx = Transaction::new(&self.policy, &self.store, &beginning, worker);
        tx.connection("192.0.2.7:4711".parse().unwrap(), "127.0.0.1:8080".parse().unwrap());
        let (method, target) = match at {
            At::Query => ("GET", [b"/search?q=", hostile].concat()),
            At::Path => ("GET", [b"/", hostile].concat()),
            At::Field | At::Cookie => ("GET", b"/".to_vec()),
            At::Body(_) => ("POST", b"/form".to_vec()),
        };
        tx.request_line(method.as_bytes(), &target, b"HTTP/1.1");
        tx.request_header(b"Host", b"shop.example.com");
        tx.request_header(b"User-Agent", b"Mozilla/5.0");
        match at {
            At::Field => tx.request_header(b"Accept", hostile),
            At::Cookie => tx.request_header(b"Cookie", hostile),
            At::Body(kind) => {
                tx.request_header(b"Content-Type", kind.as_bytes());
                tx.request_header(b"Content-Length", hostile.len().to_string().as_bytes());
            }
            At::Query | At::Path => {}
        }
        tx.request_headers(worker);
        if matches!(at, At::Body(_)) {
            tx.request_body(hostile);
        }
        tx.request_complete(worker);
        let finished = tx.finish(worker);
        let rule = finished.report().would_interrupt.as_ref().map(|would| would.rule);
        finished.give_back(worker);
        rule
    }

    /// Nanoseconds per byte of the best run.
    fn cost(&mut self, at: At, hostile: &[u8]) -> f64 {
        let mut best = Duration::MAX;
        let begun = Instant::now();
        while begun.elapsed() < REPEAT_FOR {
            let one = Instant::now();
            self.run(at, hostile);
            best = best.min(one.elapsed());
        }
        best.as_nanos() as f64 / hostile.len() as f64
    }
}

fn main() {
    let paths: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let rules = match RuleSet::load(&Disk, &paths) {
        Ok(rules) => rules,
        Err(report) => {
            println!("{report}");
            std::process::exit(1);
        }
    };
    // In detection, so that no rule ends the work early.
    let policy = Arc::new(Policy::new(rules).mode(Mode::DetectionOnly));
    let store = Arc::new(Store::new(1000));
    let mut bench = Bench { policy, store, worker: Worker::new(64 << 20) };
    println!(
        "| hostile | {} | dearer, last to first | would block |",
        SIZES.map(|size| format!("ns/byte at {} KiB", size >> 10)).join(" | ")
    );
    println!("|---|{}---|---|", "---|".repeat(SIZES.len()));
    for case in CASES {
        let costs = SIZES.map(|size| bench.cost(case.at, &(case.make)(size)));
        let rule = bench.run(case.at, &(case.make)(SIZES[0]));
        let shown = costs.map(|cost| format!("{cost:.1}")).join(" | ");
        let rule = rule.map_or("no".to_owned(), |rule| rule.to_string());
        println!("| {} | {shown} | {:.2} | {rule} |", case.name, costs[2] / costs[0]);
    }
}
