//! PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt), from sources that may send it.

use e2e::*;

const GET: &str = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
const FROM_US: &str = "proxy_protocol = { from = [\"127.0.0.0/8\"] }";
const FROM_OTHERS: &str = "proxy_protocol = { from = [\"192.0.2.0/24\"] }";
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// What the origin sees as client after these bytes; none where the connection is closed without an answer.
async fn client_after(listener: &str, prefix: &[u8]) -> Option<String> {
    let origin = Origin::echo().await;
    let proxy = Proxy::with(Config::to(&origin).listener(listener)).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send([prefix, GET.as_bytes()].concat()).await;
    let reply = raw.reply().await;
    let served = reply.status == 200;
    assert_eq!(origin.count(), usize::from(served), "{}", reply.text());
    served.then(|| origin.requests()[0].header("x-forwarded-for"))
}

/// A version 2 header: `command` 0x21 is PROXY and 0x20 LOCAL, `family` 0x11 is TCP over IPv4 and 0x21 over IPv6.
fn v2(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
    let length = u16::try_from(addresses.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[command, family], &length, addresses].concat()
}

#[tokio::test]
async fn version_1_tells_the_client() {
    let v4 = client_after(FROM_US, b"PROXY TCP4 203.0.113.9 198.51.100.1 5000 443\r\n").await;
    assert_eq!(v4.as_deref(), Some("203.0.113.9"));
    let v6 = client_after(FROM_US, b"PROXY TCP6 2001:db8::9 2001:db8::1 5000 443\r\n").await;
    assert_eq!(v6.as_deref(), Some("2001:db8::9"));
}

#[tokio::test]
async fn version_1_unknown_is_the_peer() {
    let client = client_after(FROM_US, b"PROXY UNKNOWN\r\n").await;
    assert_eq!(client.as_deref(), Some("127.0.0.1"));
}

#[tokio::test]
async fn version_2_tells_the_client() {
    let v4 = v2(0x21, 0x11, &[203, 0, 113, 9, 198, 51, 100, 1, 0x13, 0x88, 1, 0xbb]);
    assert_eq!(client_after(FROM_US, &v4).await.as_deref(), Some("203.0.113.9"));
    let mut addresses = [0; 36];
    addresses[..4].copy_from_slice(&[0x20, 1, 0x0d, 0xb8]);
    addresses[15] = 9;
    let v6 = v2(0x21, 0x21, &addresses);
    assert_eq!(client_after(FROM_US, &v6).await.as_deref(), Some("2001:db8::9"));
}

#[tokio::test]
async fn version_2_extensions_are_skipped() {
    let mut addresses = vec![203, 0, 113, 9, 198, 51, 100, 1, 0x13, 0x88, 1, 0xbb];
    // PP2_TYPE_AUTHORITY, 3 bytes.
    addresses.extend([2, 0, 3, b'a', b'.', b'b']);
    let client = client_after(FROM_US, &v2(0x21, 0x11, &addresses)).await;
    assert_eq!(client.as_deref(), Some("203.0.113.9"));
}

#[tokio::test]
async fn version_2_local_is_the_peer() {
    let client = client_after(FROM_US, &v2(0x20, 0, &[])).await;
    assert_eq!(client.as_deref(), Some("127.0.0.1"));
}

#[tokio::test]
async fn a_source_that_must_send_it_and_does_not_is_closed() {
    assert_eq!(client_after(FROM_US, b"").await, None);
}

#[tokio::test]
async fn malformed_headers_are_closed() {
    for malformed in [
        &b"PROXY TCP4 203.0.113.9 198.51.100.1 5000\r\n"[..],
        b"PROXY TCP4 203.0.113.999 198.51.100.1 5000 443\r\n",
        b"PROXY TCP4 2001:db8::9 2001:db8::1 5000 443\r\n",
        b"PROXY TCP4 203.0.113.9 198.51.100.1 5000 99999\r\n",
        b"proxy TCP4 203.0.113.9 198.51.100.1 5000 443\r\n",
        &v2(0x11, 0x11, &[203, 0, 113, 9, 198, 51, 100, 1, 0x13, 0x88, 1, 0xbb]),
        &v2(0x21, 0x11, &[203, 0, 113]),
        &[b"PROXY TCP4 ", &b"1".repeat(200)[..], b"\r\n"].concat(),
    ] {
        let client = client_after(FROM_US, malformed).await;
        assert_eq!(client, None, "{}", String::from_utf8_lossy(malformed));
    }
}

#[tokio::test]
async fn strangers_are_taken_as_they_are() {
    assert_eq!(client_after(FROM_OTHERS, b"").await.as_deref(), Some("127.0.0.1"));
    let forged = client_after(FROM_OTHERS, b"PROXY TCP4 6.6.6.6 198.51.100.1 5000 443\r\n").await;
    assert_eq!(forged, None, "the header of a stranger must not be read as one");
}

#[tokio::test]
async fn without_the_key_the_header_is_garbage() {
    assert_eq!(client_after("", b"PROXY TCP4 6.6.6.6 198.51.100.1 5000 443\r\n").await, None);
    assert_eq!(client_after("", &v2(0x20, 0, &[])).await, None);
}

#[tokio::test]
async fn it_comes_before_tls() {
    let (origin, ca) = (Origin::echo().await, Ca::new());
    let config = Config::to(&origin).tls("", &[&ca.server(&["app.test"])]).listener(FROM_US);
    let proxy = Proxy::with(config).await;
    assert!(Tls::trust(&ca).handshake(proxy.http()).await.is_err());
    let header = b"PROXY TCP4 203.0.113.9 198.51.100.1 5000 443\r\n";
    let mut client = Tls::trust(&ca).connect_behind(proxy.http(), header).await;
    assert_eq!(client.get("/").await.echoed("x-forwarded-for"), "203.0.113.9");
}

#[tokio::test]
async fn a_silent_sender_is_closed() {
    let origin = Origin::named("ok").await;
    let listener = format!("{FROM_US}\ntimeouts = {{ handshake = \"200ms\" }}");
    let proxy = Proxy::with(Config::to(&origin).listener(listener)).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("PROXY TCP4").await;
    raw.expect_closed().await;
}

#[tokio::test]
async fn a_header_in_pieces_is_read() {
    let origin = Origin::echo().await;
    let proxy = Proxy::with(Config::to(&origin).listener(FROM_US)).await;
    let mut raw = Raw::connect(proxy.http()).await;
    let header = b"PROXY TCP4 203.0.113.9 198.51.100.1 5000 443\r\n";
    raw.send_in(&header.chunks(5).collect::<Vec<_>>()).await;
    raw.send(GET).await;
    assert!(raw.expect_status(200).await.text().contains("203.0.113.9"));
}

#[tokio::test]
async fn connections_are_counted_for_the_client_that_is_told() {
    let origin = Origin::echo().await;
    let listener = format!("{FROM_US}\nlimits = {{ connections_per_ip = 1 }}");
    let proxy = Proxy::with(Config::to(&origin).listener(listener)).await;
    let open = async |client: &str| {
        let mut raw = Raw::connect(proxy.http()).await;
        raw.send(format!("PROXY TCP4 {client} 198.51.100.1 5000 443\r\n{GET}")).await;
        let status = raw.reply().await.status;
        (raw, status)
    };
    let (first, status) = open("203.0.113.9").await;
    assert_eq!(status, 200);
    let (_other, status) = open("203.0.113.10").await;
    assert_eq!(status, 200);
    assert_eq!(open("203.0.113.9").await.1, 0);
    let labels = [("listener", "http"), ("reason", "connections_per_ip")];
    proxy.metric_reaches("foxtrot_connections_refused_total", &labels, 1.0).await;
    drop(first);
    eventually("room for another", async || open("203.0.113.9").await.1 == 200).await;
}
