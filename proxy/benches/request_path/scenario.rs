//! The scenarios: what clients send and what they get.

use bytes::Bytes;

/// One row of the table.
pub struct Scenario {
    /// Name in the table.
    pub name: &'static str,
    /// What clients speak.
    pub protocol: Protocol,
    /// Target, which decides on the origin's answer.
    pub target: &'static str,
    /// Fields beside Host.
    pub fields: &'static [(&'static str, &'static str)],
    /// Bytes of the request body; with some, the method is POST.
    pub body_bytes: usize,
    /// Whether an access log is written.
    pub logged: bool,
}

/// What clients speak.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 in the clear.
    Http1,
    /// HTTP/1.1 over TLS 1.3.
    Http1Tls,
    /// HTTP/2 in the clear, by prior knowledge.
    Http2,
}

/// Host that clients ask for.
pub const HOST: &str = "localhost";

/// Targets, and how long the origin's answers are.
pub const ANSWERS: [(&str, usize); 2] = [("/128", 128), ("/10k", 10 << 10)];

const PLAIN: Scenario = Scenario {
    name: "h1 GET 128 B",
    protocol: Protocol::Http1,
    target: "/128",
    fields: &[],
    body_bytes: 0,
    logged: false,
};

/// All of them.
pub const SCENARIOS: [Scenario; 7] = [
    PLAIN,
    Scenario { name: "h1 GET 128 B, access log", logged: true, ..PLAIN },
    Scenario { name: "h1 GET 128 B, browser headers", fields: &BROWSER, ..PLAIN },
    Scenario { name: "h1 POST 4 KiB", body_bytes: 4 << 10, ..PLAIN },
    Scenario { name: "h1 GET 10 KiB", target: "/10k", ..PLAIN },
    Scenario { name: "h2c GET 128 B", protocol: Protocol::Http2, ..PLAIN },
    Scenario { name: "tls h1 GET 128 B", protocol: Protocol::Http1Tls, ..PLAIN },
];

/// What a browser sends along.
const BROWSER: [(&str, &str); 10] = [
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    (
        "accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    ),
    ("accept-language", "en-GB,en;q=0.9,de;q=0.8"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("referer", "https://www.example.com/products/list?page=2"),
    ("cookie", "session=0f8fad5bd9cb469fa16570867728950e; consent=yes; theme=dark"),
    ("sec-fetch-dest", "document"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-site", "same-origin"),
    ("cache-control", "max-age=0"),
];

impl Scenario {
    /// Method of the request.
    pub fn method(&self) -> &'static str {
        if self.body_bytes > 0 { "POST" } else { "GET" }
    }

    /// The request as HTTP/1.1 writes it.
    pub fn request(&self) -> Bytes {
        let mut text = format!("{} {} HTTP/1.1\r\nhost: {HOST}\r\n", self.method(), self.target);
        for (name, value) in self.fields {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.body_bytes > 0 {
            text.push_str(&format!("content-length: {}\r\n", self.body_bytes));
        }
        text.push_str("\r\n");
        text.extend(std::iter::repeat_n('x', self.body_bytes));
        text.into()
    }
}
