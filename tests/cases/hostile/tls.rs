//! What comes to a TLS port and is no good handshake.

use e2e::*;

use super::{Findings, Listed, ensure, in_time};

struct Row {
    id: &'static str,
    input: &'static str,
    send: Send,
}

enum Send {
    /// These bytes, to a listener that asks for no certificate.
    Bytes(Vec<u8>),
    /// A TLS 1.2 handshake with this certificate, to a listener that demands one of its own authority.
    Certificate(Shown),
}

enum Shown {
    None,
    OtherAuthority,
    ServerOnly,
}

const OUTCOME: &str = "alert or connection closed";

pub fn listed() -> Vec<Listed> {
    let listed =
        |row: Row| Listed { id: row.id, class: "tls", input: row.input, outcome: OUTCOME.into() };
    rows().into_iter().map(listed).collect()
}

fn rows() -> Vec<Row> {
    let bytes = |id, input, send: Vec<u8>| Row { id, input, send: Send::Bytes(send) };
    let shown = |id, input, shown| Row { id, input, send: Send::Certificate(shown) };
    vec![
        bytes(
            "tls-plaintext",
            "HTTP/1.1 in cleartext",
            b"GET / HTTP/1.1\r\nHost: app.test\r\n\r\n".to_vec(),
        ),
        bytes(
            "tls-plaintext-h2",
            "HTTP/2 preface in cleartext",
            client::h2_frames::PREFACE.to_vec(),
        ),
        bytes("tls-garbage", "bytes that are no TLS", vec![0xff; 1000]),
        bytes("tls-garbage-hello", "ClientHello of garbage", record(0x0301, &[0xff; 300])),
        bytes("tls-empty-records", "empty handshake records", record(0x0301, &[]).repeat(1000)),
        bytes(
            "tls-huge-record",
            "record longer than 2^14 + 256",
            [&[22, 3, 1, 0xff, 0xff][..], &[0; 0xffff]].concat(),
        ),
        bytes(
            "tls-huge-hello",
            "ClientHello that announces 16 MiB",
            record(0x0301, &[1, 0xff, 0xff, 0xff, 3, 3]),
        ),
        bytes("tls-1.0", "TLS 1.0 at most", hello(0x0301)),
        bytes("tls-1.1", "TLS 1.1 at most", hello(0x0302)),
        bytes("tls-ssl3", "SSL 3.0 at most", hello(0x0300)),
        bytes(
            "tls-ssl2",
            "SSL 2.0 hello",
            [&[0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10][..], &[7; 37]].concat(),
        ),
        bytes("tls-no-common-suite", "TLS 1.2 with RC4 alone", hello(0x0303)),
        bytes(
            "tls-application-data",
            "application data before a handshake",
            [&[23, 3, 3, 0, 5][..], b"hello"].concat(),
        ),
        bytes("tls-alert-first", "alert before a handshake", vec![21, 3, 3, 0, 2, 2, 40]),
        bytes("tls-silent", "nothing, up to the handshake deadline", Vec::new()),
        bytes("tls-half-hello", "half a ClientHello, then nothing", hello(0x0303)[..20].to_vec()),
        shown("tls-no-client-cert", "no client certificate where one is demanded", Shown::None),
        shown(
            "tls-untrusted-client-cert",
            "client certificate of another authority",
            Shown::OtherAuthority,
        ),
        shown(
            "tls-server-cert-as-client",
            "server certificate shown by a client",
            Shown::ServerOnly,
        ),
    ]
}

#[tokio::test]
async fn hostile_handshakes_are_refused() {
    let (origin, ca, clients) = (Origin::named("ok").await, Ca::new(), Ca::new());
    let site = ca.server(&["app.test"]);
    let strict = format!(
        "[listeners.strict]\nlisten = \"127.0.0.1:0\"\ntls = {{ client_ca = {:?}, certs = [{}] }}",
        clients.path(),
        site.toml()
    );
    let short = "timeouts = { handshake = \"500ms\" }";
    let proxy =
        Proxy::with(Config::to(&origin).tls("", &[&site]).listener(short).more(strict)).await;
    let mut findings = Findings::default();
    for row in rows() {
        let result = match &row.send {
            Send::Bytes(bytes) => in_time(refused(&proxy, bytes)).await,
            Send::Certificate(shown) => {
                let tls = Tls::trust(&ca).only_1_2();
                let tls = match shown {
                    Shown::None => tls,
                    Shown::OtherAuthority => tls.identity(&ca.client("mallory")),
                    Shown::ServerOnly => tls.identity(&clients.server(&["server.test"])),
                };
                let handshake = tls.handshake(proxy.addr("strict")).await;
                ensure(handshake.is_err(), || "the handshake was completed".into())
            }
        };
        findings.add(row.id, row.input, result);
    }
    findings.none();
    assert_eq!(origin.count(), 0);
    assert_eq!(Tls::trust(&ca).connect(proxy.http()).await.get("/").await.status, 200);
}

/// The connection ends, and nothing but alerts came before.
async fn refused(proxy: &Proxy, bytes: &[u8]) -> Result<(), String> {
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send(bytes).await;
    let answer = raw.read_to_end().await;
    ensure(answer.is_empty() || answer[0] == 21, || format!("answered {answer:?}"))
}

/// A handshake record.
fn record(version: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[22][..], &version.to_be_bytes(), &length, payload].concat()
}

/// A ClientHello without extensions, of this version at most (RFC 5246, 7.4.1.2); for TLS 1.2 it offers RC4 alone.
fn hello(version: u16) -> Vec<u8> {
    let suites: &[u8] = if version == 0x0303 { &[0, 5] } else { &[0, 0x2f] };
    let mut body = version.to_be_bytes().to_vec();
    body.extend([7; 32]);
    body.extend([0, 0, 2]);
    body.extend(suites);
    body.extend([1, 0]);
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    record(0x0301, &[&[1], &length[1..], &body].concat())
}
