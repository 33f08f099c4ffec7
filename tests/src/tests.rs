//! The language speaks for itself: clients and origins without a proxy between them.

use crate::{client::h2_frames::GET, *};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn h1_and_h2c_echo_bodies_and_headers() {
    let origin = Origin::echo().await;
    for mut client in [Client::h1(origin.addr()).await, Client::h2c(origin.addr()).await] {
        let body = body::sized(1 << 20);
        let reply = client.request("POST", "/a?b").header("x-c", "d").body(body).send().await;
        assert_eq!(reply.json()["hash"], body::hash(&body::sized_bytes(1 << 20)));
        assert_eq!(reply.echoed("x-c"), "d");
    }
    assert_eq!((origin.count(), origin.connections(), origin.count_of("/a")), (2, 2, 1));
    assert!(origin.request(1).await.complete);
    assert_eq!(origin.abandoned(), 0);
}

#[tokio::test]
async fn tls_origins_choose_by_alpn() {
    let ca = Ca::new();
    let origin = Origin::echo_tls(&ca.server(&["localhost"]), &["h2", "http/1.1"]).await;
    let tls = Tls::trust(&ca).name("localhost");
    assert_eq!(tls.connect(origin.addr()).await.get("/").await.version, Version::HTTP_2);
    let mut h1 = tls.alpn(&["http/1.1"]).connect(origin.addr()).await;
    assert_eq!(h1.get("/").await.version, Version::HTTP_11);
    assert!(Tls::trust(&Ca::new()).name("localhost").handshake(origin.addr()).await.is_err());
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    let origin = Origin::endless().await;
    let mut client = Client::h1(origin.addr()).await;
    let response = client.request("GET", "/").open().await.unwrap();
    drop((response, client));
    eventually("the origin notices", async || origin.abandoned() == 1).await;
    assert_eq!(origin.open_connections(), 0);
}

#[tokio::test]
async fn empty_answers_are_not_abandoned() {
    let origin = Origin::status(204).await;
    assert_eq!(Client::h1(origin.addr()).await.get("/").await.status, 204);
    assert_eq!(Client::h2c(origin.addr()).await.get("/").await.status, 204);
    assert_eq!(origin.abandoned(), 0);
}

#[tokio::test]
async fn tunnels_echo() {
    let origin = Origin::tunnel().await;
    let mut client = Client::h1(origin.addr()).await;
    let (_, mut tunnel) = client.request("GET", "/").upgrade().await;
    tunnel.write_all(b"ping").await.unwrap();
    let mut pong = [0; 4];
    within("the echo", tunnel.read_exact(&mut pong)).await.unwrap();
    assert_eq!(&pong, b"ping");
}

#[tokio::test]
async fn grpc_trailers_arrive() {
    let origin = Origin::grpc().await;
    let reply = Client::h2c(origin.addr()).await.post("/s/m", "message").await;
    assert_eq!((reply.text().as_str(), reply.trailer("grpc-status")), ("message", "0"));
}

#[tokio::test]
async fn raw_clients_read_responses_where_they_end() {
    let origin = RawOrigin::new(|mut conn| async move {
        conn.answer(b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            .await;
        let chunks =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: y\r\n\r\n";
        conn.answer(chunks).await;
    })
    .await;
    let mut raw = Raw::connect(origin.addr()).await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    raw.send(request.repeat(2)).await;
    assert_eq!(raw.expect_status(200).await.body, b"ok");
    let second = raw.reply().await;
    assert_eq!((second.body.as_slice(), second.trailers.trim()), (&b"abc"[..], "x: y"));
    raw.expect_closed().await;
    assert_eq!(origin.received(), request.repeat(2).as_bytes());
}

#[tokio::test]
async fn raw_h2_tells_outcomes() {
    let origin = Origin::named("ok").await;
    let mut h2 = H2::connect(origin.addr()).await;
    h2.headers(1, &GET, true).await;
    assert_eq!(h2.outcome(1).await, Outcome::Status(200));
    h2.headers(3, &[(":method", "GET"), ("X", "y")], true).await;
    assert!(matches!(h2.outcome(3).await, Outcome::Reset(1) | Outcome::GoAway(1)));
    let mut h2 = H2::connect(origin.addr()).await;
    h2.frame(client::h2_frames::WINDOW_UPDATE, 0, 0, &[0; 4]).await;
    assert_eq!(h2.connection_outcome().await, Outcome::GoAway(1));
}

#[tokio::test]
async fn bodies_can_be_fed_and_broken_off() {
    let origin = Origin::echo().await;
    let mut client = Client::h1(origin.addr()).await;
    let (sender, body) = body::channel();
    let feed = async {
        assert!(sender.send("one").await);
        sender.fail().await;
    };
    let (result, ()) = tokio::join!(client.request("POST", "/").body(body).try_send(), feed);
    assert!(result.is_err());
    assert!(!origin.request(0).await.complete);
}
