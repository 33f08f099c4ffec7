//! HTTP/2 towards client and origin (RFC 9113), its pairs with HTTP/1.1, and gRPC.

use e2e::{client::h2_frames, *};
use futures_util::future::join_all;
use http_body_util::BodyExt;

#[tokio::test]
async fn prior_knowledge_is_understood() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::to(&origin).await;
    let reply = proxy.h2c().await.get("/").await;
    assert_eq!((reply.version, reply.text().as_str()), (Version::HTTP_2, "ok"));
}

#[tokio::test]
async fn alpn_chooses_the_protocol() {
    let (origin, ca) = (Origin::named("ok").await, Ca::new());
    let proxy = Proxy::with(Config::to(&origin).tls("", &[&ca.server(&["app.test"])])).await;
    for (offer, version) in [
        (&["h2", "http/1.1"][..], Version::HTTP_2),
        (&["http/1.1"], Version::HTTP_11),
        (&[], Version::HTTP_11),
    ] {
        let mut client = Tls::trust(&ca).alpn(offer).connect(proxy.http()).await;
        assert_eq!(client.get("/").await.version, version, "{offer:?}");
    }
}

#[tokio::test]
async fn every_pair_of_protocols_carries_bodies_and_trailers() {
    const LENGTH: usize = 1 << 20;
    for upstream in ["http/1.1", "h2"] {
        let origin = Origin::new(sum).await;
        let proxy =
            Proxy::with(Config::to(&origin).cluster(format!("protocol = {upstream:?}"))).await;
        for mut client in [proxy.client().await, proxy.h2c().await] {
            let call =
                client.request("POST", "/").header("te", "trailers").body(body::sized(LENGTH));
            let reply = call.send().await;
            let whole = body::hash(&body::sized_bytes(LENGTH));
            assert_eq!(reply.text(), whole, "{:?} -> {upstream}", reply.version);
            assert_eq!(reply.trailer("x-sum"), whole, "{:?} -> {upstream}", reply.version);
        }
        let version = if upstream == "h2" { Version::HTTP_2 } else { Version::HTTP_11 };
        assert!(origin.requests().iter().all(|seen| seen.version == version));
    }
}

#[tokio::test]
async fn trailers_pass_behind_a_body_of_announced_length() {
    let origin = Origin::new(|request| async move {
        origin::read_to_end(request).await;
        let mut response = Response::new(body::with_trailers("abc", &[("x-sum", "3")]));
        response.headers_mut().insert("content-length", 3.into());
        response
    })
    .await;
    let proxy = Proxy::with(Config::to(&origin).cluster("protocol = \"h2\"")).await;
    let mut client = proxy.h2c().await;
    let call = client.request("POST", "/").header("te", "trailers").header("content-length", "3");
    let reply = call.body(body::with_trailers("abc", &[("x-sum", "6")])).send().await;
    assert_eq!((reply.text().as_str(), reply.header("content-length")), ("abc", "3"));
    assert_eq!(reply.trailer("x-sum"), "3");
    let seen = origin.request(0).await;
    assert_eq!((seen.header("content-length").as_str(), seen.body.as_slice()), ("3", &b"abc"[..]));
    eventually("the trailers", async || origin.requests()[0].trailers.contains_key("x-sum")).await;
    // HTTP/1.1 has no place for trailers there; the body is whole without.
    let reply = proxy.client().await.get("/").await;
    assert_eq!((reply.text().as_str(), reply.header("content-length")), ("abc", "3"));
}

#[tokio::test]
async fn request_trailers_pass_every_pair() {
    for upstream in ["http/1.1", "h2"] {
        let origin = Origin::echo().await;
        let proxy =
            Proxy::with(Config::to(&origin).cluster(format!("protocol = {upstream:?}"))).await;
        for mut client in [proxy.client().await, proxy.h2c().await] {
            let body = body::with_trailers("abc", &[("x-sum", "6")]);
            client.request("POST", "/").header("trailer", "x-sum").body(body).send().await;
            let seen = origin.requests().pop().unwrap();
            assert_eq!(seen.trailers.get("x-sum").unwrap(), "6", "-> {upstream}");
        }
    }
}

#[tokio::test]
async fn streams_run_beside_each_other() {
    let origin = Origin::slow(Duration::from_millis(300)).await;
    let proxy = Proxy::to(&origin).await;
    let client = proxy.h2c().await;
    let begun = Instant::now();
    let one = async |mut client: Client| client.get("/").await.status;
    let statuses = join_all((0..50).map(|_| one(client.another()))).await;
    assert!(statuses.iter().all(|status| *status == 200));
    assert!(begun.elapsed() < Duration::from_secs(5), "one after the other: {:?}", begun.elapsed());
}

#[tokio::test]
async fn requests_share_one_h2_connection_upstream() {
    let origin = Origin::slow(Duration::from_millis(100)).await;
    let config = Config::to(&origin).top("workers = 1").cluster("protocol = \"h2\"");
    let proxy = Proxy::with(config).await;
    let client = proxy.h2c().await;
    client.another().get("/").await;
    let one = async |mut client: Client| client.get("/").await.status;
    join_all((0..20).map(|_| one(client.another()))).await;
    assert_eq!((origin.count(), origin.connections()), (21, 1));
}

#[tokio::test]
async fn both_directions_of_a_stream_flow_at_once() {
    let origin = Origin::new(|request: origin::Incomer| async {
        Response::new(request.into_body().map_err(Into::into).boxed_unsync())
    })
    .await;
    let proxy = Proxy::with(Config::to(&origin).cluster("protocol = \"h2\"")).await;
    let (sender, body) = body::channel();
    let mut client = proxy.h2c().await;
    assert!(sender.send("one").await);
    let mut answer = client.request("POST", "/").body(body).open().await.unwrap().into_body();
    for word in ["one", "two", "three"] {
        let frame = within("a frame back", answer.frame()).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), word);
        sender.send(if word == "one" { "two" } else { "three" }).await;
    }
}

#[tokio::test]
async fn a_reset_stream_cancels_the_upstream_request() {
    let origin = Origin::silent().await;
    let proxy = Proxy::to(&origin).await;
    let mut h2 = H2::connect(proxy.http()).await;
    h2.headers(1, &h2_frames::GET, true).await;
    origin.request(0).await;
    h2.frame(h2_frames::RST_STREAM, 0, 1, &8_u32.to_be_bytes()).await;
    eventually("the origin to be left", async || origin.abandoned() == 1).await;
}

#[tokio::test]
async fn bodiless_answers_end_their_stream() {
    let origin = Origin::new(|request: origin::Incomer| async move {
        origin::answer(request.uri().path()[1..].parse().unwrap(), "")
    })
    .await;
    let proxy = Proxy::to(&origin).await;
    let mut client = proxy.h2c().await;
    for status in [204_u16, 304, 200] {
        let reply = client.request("GET", &format!("/{status}")).send().await;
        assert_eq!((reply.status.as_u16(), reply.body.len()), (status, 0));
    }
    assert_eq!(client.request("HEAD", "/200").send().await.status, 200);
}

#[tokio::test]
async fn cookie_crumbs_are_joined_for_http_1() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    let mut client = proxy.h2c().await;
    let call = client.request("GET", "/").header("cookie", "a=1").header("cookie", "b=2");
    assert_eq!(call.send().await.echoed("cookie"), "a=1; b=2");
}

#[tokio::test]
async fn authority_becomes_host() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    assert_eq!(proxy.h2c().await.get("/").await.echoed("host"), "app.test");
}

#[tokio::test]
async fn no_connection_specific_field_crosses_into_h2() {
    let answer = "HTTP/1.1 200 OK\r\nConnection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n";
    let origin = RawOrigin::sending(answer, origin::raw::Then::Hold).await;
    let proxy = Proxy::to(&origin).await;
    let reply = proxy.h2c().await.get("/").await;
    for gone in ["connection", "x-hop", "keep-alive", "transfer-encoding"] {
        assert!(!reply.headers.contains_key(gone), "{gone}");
    }
}

#[tokio::test]
async fn the_stream_limit_is_announced() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::with(Config::to(&origin).listener("limits = { streams = 7 }")).await;
    let mut h2 = H2::connect(proxy.http()).await;
    let settings = h2.next().await.unwrap();
    // SETTINGS_MAX_CONCURRENT_STREAMS is 3 (RFC 9113, 6.5.2).
    assert!(
        settings.payload.chunks(6).any(|setting| setting == [0, 3, 0, 0, 0, 7]),
        "{settings:?}"
    );
}

#[tokio::test]
async fn a_listener_speaks_only_its_protocols() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::with(Config::to(&origin).listener("protocols = [\"http/1.1\"]")).await;
    let mut h2 = H2::bare(proxy.http()).await;
    h2.bytes(h2_frames::PREFACE).await;
    assert_eq!(proxy.client().await.get("/").await.status, 200);
    let proxy = Proxy::with(Config::to(&origin).listener("protocols = [\"h2\"]")).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n").await;
    assert!(!raw.read_to_end().await.starts_with(b"HTTP/1.1 200"));
    assert_eq!(proxy.h2c().await.get("/").await.status, 200);
    assert_eq!(origin.count(), 2);
}

#[tokio::test]
async fn grpc_status_arrives_in_trailers() {
    let origin = Origin::grpc().await;
    let proxy = Proxy::with(Config::to(&origin).cluster("protocol = \"h2\"")).await;
    let reply = grpc(&mut proxy.h2c().await, &[]).await;
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "message"));
    assert_eq!((reply.trailer("grpc-status"), reply.trailer("grpc-message")), ("0", "fine"));
    assert_eq!(origin.request(0).await.header("te"), "trailers");
}

#[tokio::test]
async fn a_grpc_deadline_ends_the_call() {
    let origin = Origin::silent().await;
    let proxy = Proxy::with(Config::to(&origin).cluster("protocol = \"h2\"")).await;
    let begun = Instant::now();
    let reply = grpc(&mut proxy.h2c().await, &[("grpc-timeout", "100m")]).await;
    assert_eq!((reply.status.as_u16(), reply.header("grpc-status")), (200, "4"));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_dead_grpc_upstream_is_unavailable() {
    let proxy = Proxy::to(&origin::raw::refusing().await).await;
    let reply = grpc(&mut proxy.h2c().await, &[]).await;
    assert_eq!((reply.status.as_u16(), reply.header("grpc-status")), (200, "14"));
    assert_eq!(reply.header("content-type"), "application/grpc");
}

#[tokio::test]
async fn an_unknown_grpc_route_is_unimplemented() {
    let origin = Origin::grpc().await;
    let proxy = Proxy::with(Config::to(&origin).route("match = { path = \"/other\" }")).await;
    let reply = grpc(&mut proxy.h2c().await, &[]).await;
    assert_eq!((reply.status.as_u16(), reply.header("grpc-status")), (200, "12"));
}

/// Answers with the hash of the request's body, in the body and in a trailer.
async fn sum(request: origin::Incomer) -> Response<Body> {
    let data = request.into_body().collect().await.unwrap().to_bytes();
    let hash = body::hash(&data);
    let mut response = Response::new(body::with_trailers(hash.clone(), &[("x-sum", &hash)]));
    response.headers_mut().insert("trailer", "x-sum".parse().unwrap());
    response
}

async fn grpc(client: &mut Client, more: &[(&str, &str)]) -> Reply {
    let call = client.request("POST", "/shop.Cart/Add").body(body::full("message"));
    let call = call.header("content-type", "application/grpc").header("te", "trailers");
    more.iter().fold(call, |call, (name, value)| call.header(name, value)).send().await
}

#[tokio::test]
async fn a_client_that_waits_for_continue_gets_it() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    let mut h2 = H2::connect(proxy.http()).await;
    let head = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "app.test"),
        ("expect", "100-continue"),
    ];
    h2.headers(1, &head, false).await;
    assert_eq!(h2.outcome(1).await, Outcome::Status(100));
    h2.data(1, b"abc", true).await;
    assert_eq!(h2.outcome(1).await, Outcome::Status(200));
}

#[tokio::test]
async fn trailers_cannot_say_what_belongs_into_the_head() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    let trailers =
        [("host", "evil.test"), ("authorization", "x"), ("x-forwarded-for", "y"), ("x-a", "b")];
    let upload = body::with_trailers("abc", &trailers);
    assert_eq!(proxy.h2c().await.request("POST", "/").body(upload).send().await.status, 200);
    let seen = origin.request(0).await;
    assert_eq!((seen.trailers.len(), seen.trailers["x-a"].as_bytes()), (1, &b"b"[..]));
}
