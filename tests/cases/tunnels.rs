//! Upgrades: WebSocket from HTTP/1.1 and HTTP/2 clients to HTTP/1.1 and HTTP/2 endpoints (RFC 6455, RFC 8441).

use e2e::*;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const CONNECT: [(&str, &str); 5] = [
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "app.test"),
];

#[tokio::test]
async fn a_websocket_runs_over_one_stream() {
    let origin = Origin::tunnel().await;
    let proxy = Proxy::to(&origin).await;
    let mut h2 = H2::connect(proxy.http()).await;
    h2.headers(1, &CONNECT, false).await;
    assert_eq!(h2.outcome(1).await, Outcome::Status(200));
    h2.data(1, b"ping", false).await;
    let echo = loop {
        let frame = h2.next().await.expect("the echo");
        if frame.kind == 0 && !frame.payload.is_empty() {
            break frame.payload;
        }
    };
    assert_eq!(echo, b"ping");
    assert!(!origin.request(0).await.header("sec-websocket-key").is_empty());
}

#[tokio::test]
async fn extended_connect_without_a_tunnel_is_no_success() {
    let origin = Origin::named("no tunnel").await;
    let proxy = Proxy::to(&origin).await;
    let mut h2 = H2::connect(proxy.http()).await;
    h2.headers(1, &CONNECT, false).await;
    assert_eq!(h2.outcome(1).await, Outcome::Status(502));
    let proxy = Proxy::with(Config::to(&origin).route("upgrade = false")).await;
    let mut h2 = H2::connect(proxy.http()).await;
    h2.headers(1, &CONNECT, false).await;
    assert_eq!(h2.outcome(1).await, Outcome::Status(405));
}

async fn echoes(tunnel: &mut (impl AsyncRead + AsyncWrite + Unpin), word: &[u8]) {
    tunnel.write_all(word).await.unwrap();
    let mut back = vec![0; word.len()];
    within("the echo", tunnel.read_exact(&mut back)).await.unwrap();
    assert_eq!(back, word);
}

/// A proxy in front of an endpoint that is spoken to in this protocol.
async fn speaking(protocol: &str, origin: &Origin) -> Proxy {
    let config = Config::to(origin).cluster(format!("protocol = {protocol:?}"));
    Proxy::with(config.more("[log]\naccess = { path = \"-\" }")).await
}

#[tokio::test]
async fn every_pair_of_protocols_carries_a_websocket() {
    for upstream in ["http/1.1", "h2"] {
        let origin = Origin::tunnel().await;
        let proxy = speaking(upstream, &origin).await;
        for mut client in [proxy.client().await, proxy.h2c().await] {
            let call = client.request("GET", "/chat?room=1").header("origin", "http://app.test");
            let (_, mut tunnel) = call.header("cookie", "a=b").upgrade().await;
            echoes(&mut tunnel, b"ping").await;
            // More than any window, so that both directions have to wait for each other.
            let long = body::sized_bytes(1 << 20);
            let (mut read, mut write) = tokio::io::split(&mut tunnel);
            let mut back = vec![0; long.len()];
            let (sent, received) = tokio::join!(
                async { write.write_all(&long).await },
                within("the long echo", read.read_exact(&mut back))
            );
            assert!(sent.is_ok() && received.is_ok() && back == long, "{upstream}");
            tunnel.shutdown().await.unwrap();
            assert_eq!(within("the end", tunnel.read(&mut [0])).await.unwrap(), 0, "{upstream}");
        }
        for seen in origin.requests() {
            assert!(seen.target.ends_with("/chat?room=1"), "{}", seen.target);
            let fields =
                ["origin", "cookie", "sec-websocket-version"].map(|name| seen.header(name));
            assert_eq!(fields, ["http://app.test", "a=b", "13"], "{upstream}");
            let (method, key) = (seen.method.as_str(), seen.header("sec-websocket-key").is_empty());
            assert_eq!((method == "CONNECT", key), (upstream == "h2", upstream == "h2"));
        }
    }
}

#[tokio::test]
async fn an_http1_handshake_is_completed_for_an_h2_endpoint() {
    let origin = Origin::tunnel().await;
    let proxy = speaking("h2", &origin).await;
    let (head, _tunnel) = proxy.client().await.request("GET", "/").upgrade().await;
    let field = |name: &str| head.headers()[name].to_str().unwrap().to_ascii_lowercase();
    assert_eq!((field("connection").as_str(), field("upgrade").as_str()), ("upgrade", "websocket"));
    // The answer that RFC 6455, 1.3 has to this key.
    assert_eq!(head.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send(
        "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    )
    .await;
    raw.expect_status(400).await;
}

#[tokio::test]
async fn bytes_right_behind_an_upgrade_reach_an_h2_endpoint() {
    let origin = Origin::tunnel().await;
    let proxy = speaking("h2", &origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    let head = "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    raw.send(format!("{head}early")).await;
    assert_eq!(raw.any_reply().await.status, 101);
    assert_eq!(raw.read(5).await, b"early");
}

#[tokio::test]
async fn an_h2_endpoint_without_extended_connect_is_no_tunnel() {
    let origin = Origin::echo().await;
    let mut proxy = speaking("h2", &origin).await;
    for mut client in [proxy.client().await, proxy.h2c().await] {
        assert_eq!(client.request("GET", "/").handshake().send().await.status, 502);
        assert_eq!(proxy.access_line().await["flags"][0], "upstream_no_tunnel");
    }
    assert_eq!(origin.count(), 0);
    // An offer that the endpoint cannot be made is not made (RFC 9110, 7.8), and no reason to refuse.
    let mut client = proxy.client().await;
    let call =
        client.request("GET", "/").header("connection", "upgrade").header("upgrade", "TLS/1.2");
    assert_eq!(call.send().await.status, 200);
}

#[tokio::test]
async fn what_an_h2_endpoint_says_instead_of_a_tunnel_is_passed_on() {
    let origin = Origin::taking_connect(|_| async { origin::answer(403, "members only") }).await;
    let proxy = speaking("h2", &origin).await;
    for mut client in [proxy.client().await, proxy.h2c().await] {
        let reply = client.request("GET", "/").handshake().send().await;
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (403, "members only"));
    }
}

#[tokio::test]
async fn a_silent_tunnel_is_closed_whatever_it_runs_over() {
    for upstream in ["http/1.1", "h2"] {
        let origin = Origin::tunnel().await;
        let idle = Config::to(&origin).listener("timeouts = { tunnel_idle = \"300ms\" }");
        let idle = idle.cluster(format!("protocol = {upstream:?}"));
        let mut proxy = Proxy::with(idle.more("[log]\naccess = { path = \"-\" }")).await;
        for mut client in [proxy.client().await, proxy.h2c().await] {
            let (_, mut tunnel) = client.request("GET", "/").upgrade().await;
            echoes(&mut tunnel, b"ping").await;
            // A reset ends it as a close does.
            let end = within("the end of the tunnel", tunnel.read(&mut [0])).await;
            assert_eq!(end.unwrap_or(0), 0);
            assert_eq!(proxy.access_line().await["flags"][0], "tunnel_idle");
        }
    }
}

#[tokio::test]
async fn many_tunnels_share_a_connection_and_free_their_streams() {
    let origin = Origin::tunnel().await;
    let proxy = speaking("h2", &origin).await;
    for _ in 0..3 {
        let mut tunnels = Vec::new();
        for _ in 0..50 {
            let (_, mut tunnel) = proxy.client().await.request("GET", "/").upgrade().await;
            echoes(&mut tunnel, b"ping").await;
            tunnels.push(tunnel);
        }
        drop(tunnels);
        eventually("all tunnels to end", async || {
            proxy.admin_get("/clusters").await[0]["in_flight"] == 0
        })
        .await;
    }
    let workers = std::thread::available_parallelism().unwrap().get();
    assert!(origin.connections() <= workers, "{}", origin.connections());
}
