//! What a client may cost: sizes, counts and deadlines of a listener.

use e2e::*;

async fn limited(keys: &str) -> (Origin, Proxy) {
    let origin = Origin::echo().await;
    let proxy = Proxy::with(Config::to(&origin).listener(keys)).await;
    (origin, proxy)
}

#[tokio::test]
async fn too_many_fields_are_431() {
    let (origin, proxy) = limited("limits = { headers = 10 }").await;
    let send = async |count: usize| {
        let fields: String = (1..count).map(|n| format!("x-{n}: 1\r\n")).collect();
        let mut raw = Raw::connect(proxy.http()).await;
        raw.send(format!("GET / HTTP/1.1\r\nHost: app.test\r\n{fields}\r\n")).await;
        raw.reply().await.status
    };
    assert_eq!((send(10).await, send(11).await), (200, 431));
    assert_eq!(origin.count(), 1);
}

#[tokio::test]
async fn too_many_fields_are_431_over_h2() {
    let (origin, proxy) = limited("limits = { headers = 10 }").await;
    let mut client = proxy.h2c().await;
    for (count, status) in [(9, 200), (10, 431)] {
        let call = client.request("GET", "/");
        let names = (0..count).map(|n| format!("x-{n}"));
        let reply = names.fold(call, |call, name| call.header(&name, "1")).send().await;
        assert_eq!(reply.status, status, "{count} fields beside the authority");
    }
    let crumbs = (0..20).fold(client.request("GET", "/"), |call, _| call.header("cookie", "a=b"));
    assert_eq!(crumbs.send().await.status, 200, "crumbs of a cookie are one field");
    assert_eq!(origin.count(), 2);
}

#[tokio::test]
async fn a_large_head_is_431() {
    let (origin, proxy) = limited("limits = { header_bytes = \"4KiB\" }").await;
    let mut raw = Raw::connect(proxy.http()).await;
    let large = "a".repeat(5000);
    raw.send(format!("GET / HTTP/1.1\r\nHost: app.test\r\nx-large: {large}\r\n\r\n")).await;
    raw.expect_status(431).await;
    raw.expect_closed().await;
    assert_eq!(origin.count(), 0);
}

#[tokio::test]
async fn a_large_head_is_refused_over_h2() {
    let (origin, proxy) = limited("limits = { header_bytes = \"4KiB\" }").await;
    let mut client = proxy.h2c().await;
    let large = client.request("GET", "/").header("x-large", &"a".repeat(8000)).try_send().await;
    assert!(large.is_err() || large.is_ok_and(|reply| reply.status == 431));
    assert_eq!(origin.count(), 0);
}

#[tokio::test]
async fn a_long_target_is_414() {
    let (origin, proxy) = limited("limits = { header_bytes = \"4KiB\" }").await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send(format!("GET /{} HTTP/1.1\r\nHost: app.test\r\n\r\n", "a".repeat(5000))).await;
    raw.expect_status(414).await;
    assert_eq!(origin.count(), 0);
}

#[tokio::test]
async fn a_large_body_is_413_before_it_is_sent() {
    let (origin, proxy) = limited("limits = { body_bytes = \"1KiB\" }").await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1025\r\n\r\n").await;
    raw.expect_status(413).await;
    assert_eq!(origin.count(), 0);
    assert_eq!(proxy.client().await.post("/", vec![b'x'; 1024]).await.status, 200);
}

#[tokio::test]
async fn a_large_chunked_body_is_413() {
    let (origin, proxy) = limited("limits = { body_bytes = \"1KiB\" }").await;
    for mut client in [proxy.client().await, proxy.h2c().await] {
        let reply = client.request("POST", "/").body(body::sized(1 << 20)).try_send().await;
        assert!(reply.as_ref().is_ok_and(|reply| reply.status == 413), "{reply:?}");
    }
    assert!(origin.requests().iter().all(|seen| !seen.complete));
}

#[tokio::test]
async fn a_route_has_a_body_limit_of_its_own() {
    let origin = Origin::echo().await;
    let config = Config::to(&origin).listener("limits = { body_bytes = \"1KiB\" }");
    let proxy = Proxy::with(config.route("max_body = \"2KiB\"")).await;
    let mut client = proxy.client().await;
    assert_eq!(client.post("/", vec![b'x'; 2048]).await.status, 200);
    assert_eq!(proxy.client().await.post("/", vec![b'x'; 2049]).await.status, 413);
}

#[tokio::test]
async fn connections_of_one_address_are_bounded() {
    let (_origin, proxy) = limited("limits = { connections_per_ip = 2 }").await;
    let (mut one, mut two) = (proxy.client().await, proxy.client().await);
    assert_eq!(
        (one.get("/").await.status.as_u16(), two.get("/").await.status.as_u16()),
        (200, 200)
    );
    Raw::connect(proxy.http()).await.expect_closed().await;
    let mut other = Client::h1_from("127.0.0.2", proxy.http()).await;
    assert_eq!(other.get("/").await.status, 200);
    drop(one);
    eventually("room for another", async || answers(&proxy).await).await;
}

#[tokio::test]
async fn connections_of_a_listener_are_bounded() {
    let (_origin, proxy) = limited("limits = { connections = 2 }").await;
    let (mut one, mut two) = (proxy.client().await, proxy.client().await);
    assert_eq!(
        (one.get("/").await.status.as_u16(), two.get("/").await.status.as_u16()),
        (200, 200)
    );
    Raw::connect_from("127.0.0.2", proxy.http()).await.expect_closed().await;
    drop(one);
    eventually("room for another", async || answers(&proxy).await).await;
}

async fn answers(proxy: &Proxy) -> bool {
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n").await;
    raw.reply().await.status == 200
}

#[tokio::test]
async fn accepting_goes_on_once_there_are_descriptors_again() {
    const WAITING: usize = 20;
    // Answers that take no descriptor: what is tested is accepting alone.
    let proxy = Proxy::with(Config::default().target("respond:200")).await;
    let mut open = proxy.client().await;
    let mut admin = Client::h1(proxy.admin_addr()).await;
    admin.host = proxy.admin_addr().to_string();
    assert_eq!(open.get("/").await.status, 200);
    assert_eq!(admin.get("/metrics").await.status, 200);
    proxy.limit_descriptors(proxy.descriptors());
    let mut waiting = Vec::new();
    for _ in 0..WAITING {
        let mut raw = Raw::connect(proxy.http()).await;
        raw.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n").await;
        waiting.push(raw);
    }
    let failed = async |admin: &mut Client| {
        let text = admin.get("/metrics").await.text();
        Metrics::parse(&text).value("foxtrot_accept_errors_total", &[("listener", "http")])
    };
    eventually("accepting to fail", async || failed(&mut admin).await >= 1.0).await;
    // What is open is served, and nobody spins.
    let before = failed(&mut admin).await;
    wait::throughout("service", Duration::from_secs(1), async || open.get("/").await.status == 200)
        .await;
    let failures = failed(&mut admin).await - before;
    assert!(failures < 100.0, "{failures} failures within a second");
    proxy.limit_descriptors(1_000);
    for mut raw in waiting {
        raw.expect_status(200).await;
    }
    let lines = proxy.log().matches("cannot accept").count();
    assert!((1..=20).contains(&lines), "{lines} lines");
}

#[tokio::test]
async fn requests_of_one_connection_are_bounded() {
    let (_origin, proxy) = limited("limits = { requests = 3 }").await;
    let mut client = proxy.client().await;
    for _ in 0..2 {
        assert_eq!(client.get("/").await.header("connection"), "");
    }
    assert_eq!(client.get("/").await.header("connection"), "close");
    client.closed().await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let (_origin, proxy) = limited("timeouts = { first_byte = \"200ms\" }").await;
    Raw::connect(proxy.http()).await.expect_closed().await;
}

#[tokio::test]
async fn a_slow_head_is_408() {
    let (_origin, proxy) = limited("timeouts = { header = \"300ms\" }").await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("GET / HTTP/1.1\r\nHost: ").await;
    raw.expect_status(408).await;
    raw.expect_closed().await;
}

#[tokio::test]
async fn dripping_does_not_extend_the_head_deadline() {
    let (_origin, proxy) = limited("timeouts = { header = \"300ms\" }").await;
    let mut raw = Raw::connect(proxy.http()).await;
    let begun = Instant::now();
    raw.send("GET / HTTP/1.1\r\n").await;
    while raw.is_quiet() && begun.elapsed() < Duration::from_secs(5) {
        raw.send("a: b\r\n").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_slow_body_is_408() {
    let (_origin, proxy) =
        limited("timeouts = { body = { grace = \"300ms\", min_rate = \"1kB/s\" } }").await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 100\r\n\r\nabc").await;
    let reply = raw.reply().await;
    // RFC 9110, 15.5.9: it says that the connection ends.
    assert_eq!((reply.status, reply.header("connection")), (408, "close"));
    raw.expect_closed().await;
}

#[tokio::test]
async fn a_body_that_keeps_its_rate_has_all_the_time() {
    let (origin, proxy) =
        limited("timeouts = { body = { grace = \"500ms\", min_rate = \"100B/s\" } }").await;
    let (sender, body) = body::channel();
    let feed = async {
        for _ in 0..10 {
            sender.send(vec![b'x'; 100]).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        drop(sender);
    };
    let mut client = proxy.client().await;
    let (reply, ()) = tokio::join!(client.request("POST", "/").body(body).send(), feed);
    assert_eq!((reply.status.as_u16(), origin.request(0).await.body_bytes), (200, 1000));
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let (_origin, proxy) = limited("timeouts = { idle = \"300ms\" }").await;
    let mut h1 = proxy.client().await;
    assert_eq!(h1.get("/").await.status, 200);
    h1.closed().await;
    let mut h2 = proxy.h2c().await;
    assert_eq!(h2.get("/").await.status, 200);
    h2.closed().await;
}

#[tokio::test]
async fn a_connection_in_use_is_not_idle() {
    let origin = Origin::slow(Duration::from_millis(900)).await;
    let proxy = Proxy::with(Config::to(&origin).listener("timeouts = { idle = \"300ms\" }")).await;
    assert_eq!(proxy.client().await.get("/").await.status, 200);
    assert_eq!(proxy.h2c().await.get("/").await.status, 200);
}

#[tokio::test]
async fn an_exchange_has_a_deadline() {
    let origin = Origin::endless().await;
    let proxy =
        Proxy::with(Config::to(&origin).listener("timeouts = { request = \"500ms\" }")).await;
    for mut client in [proxy.client().await, proxy.h2c().await] {
        assert!(client.request("GET", "/").try_send().await.is_err());
    }
    eventually("the origin to be left", async || origin.abandoned() == 2).await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut() {
    let origin = Origin::sized(256 << 20).await;
    let proxy = Proxy::with(Config::to(&origin).listener("timeouts = { write = \"500ms\" }")).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n").await;
    eventually("the origin to be left", async || origin.abandoned() == 1).await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_costs_little_memory() {
    let origin = Origin::sized(256 << 20).await;
    let proxy = Proxy::to(&origin).await;
    let before = proxy.rss_bytes();
    let mut readers = Vec::new();
    for _ in 0..8 {
        let mut raw = Raw::connect(proxy.http()).await;
        raw.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n").await;
        readers.push(raw);
    }
    origin.reached(8).await;
    wait::throughout("little memory", Duration::from_millis(500), async || {
        proxy.rss_bytes().saturating_sub(before) < 32 << 20
    })
    .await;
}

#[tokio::test]
async fn a_silent_tunnel_is_closed() {
    let origin = Origin::tunnel().await;
    let proxy =
        Proxy::with(Config::to(&origin).listener("timeouts = { tunnel_idle = \"300ms\" }")).await;
    let (_, mut tunnel) = proxy.client().await.request("GET", "/").upgrade().await;
    let mut byte = [0];
    let end = tokio::io::AsyncReadExt::read(&mut tunnel, &mut byte);
    assert_eq!(within("the end of the tunnel", end).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn asking_for_an_upgrade_lifts_no_limit() {
    let (origin, proxy) = limited("limits = { body_bytes = \"1KiB\" }").await;
    let mut client = proxy.client().await;
    let call = client.request("POST", "/").header("connection", "upgrade").header("upgrade", "x");
    assert_eq!(call.body(body::full(vec![b'x'; 2000])).send().await.status, 413);
    assert_eq!(origin.count(), 0);
}

#[tokio::test]
async fn a_route_has_an_exchange_deadline_of_its_own() {
    let origin = Origin::silent().await;
    let proxy = Proxy::with(Config::to(&origin).route("timeouts = { request = \"300ms\" }")).await;
    for mut client in [proxy.client().await, proxy.h2c().await] {
        assert_eq!(client.get("/").await.status, 504);
    }
}

#[tokio::test]
async fn a_client_that_stalls_its_upload_is_to_blame() {
    let origin = Origin::echo().await;
    let proxy =
        Proxy::with(Config::to(&origin).listener("timeouts = { request = \"500ms\" }")).await;
    for mut client in [proxy.client().await, proxy.h2c().await] {
        let (sender, upload) = body::channel();
        let reply = client.request("POST", "/").body(upload).send();
        assert_eq!(reply.await.status, 408);
        drop(sender);
    }
}
