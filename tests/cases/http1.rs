//! HTTP/1.1 and HTTP/1.0 towards the client and the origin (RFC 9110, RFC 9112).

use e2e::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const GET: &str = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

#[tokio::test]
async fn one_connection_serves_many_requests_over_one_upstream_connection() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::to(&origin).await;
    let mut client = proxy.client().await;
    for _ in 0..10 {
        assert_eq!(client.get("/").await.text(), "ok");
    }
    assert_eq!((origin.count(), origin.connections()), (10, 1));
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    let request = |n: usize| format!("GET /{n} HTTP/1.1\r\nHost: app.test\r\n\r\n");
    raw.send((0..20).map(request).collect::<String>()).await;
    for n in 0..20 {
        let reply = raw.expect_status(200).await;
        assert!(reply.text().contains(&format!("\"target\":\"/{n}\"")), "{}", reply.text());
    }
}

#[tokio::test]
async fn a_body_is_not_read_as_the_next_request() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    let head =
        format!("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: {}\r\n\r\n", GET.len());
    raw.send(format!("{head}{GET}{GET}")).await;
    raw.expect_status(200).await;
    raw.expect_status(200).await;
    let methods: Vec<_> = origin.requests().iter().map(|seen| seen.method.to_string()).collect();
    assert_eq!(methods, ["POST", "GET"]);
}

#[tokio::test]
async fn a_head_that_drips_in_byte_by_byte_is_read() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send_in(&GET.as_bytes().chunks(1).collect::<Vec<_>>()).await;
    raw.expect_status(200).await;
}

#[tokio::test]
async fn head_keeps_the_length_and_sends_no_body() {
    let origin = RawOrigin::new(|mut conn| async move {
        conn.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").await;
        while conn.answer(origin::raw::OK).await {}
    })
    .await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send(format!("HEAD / HTTP/1.1\r\nHost: app.test\r\n\r\n{GET}")).await;
    assert_eq!(raw.head_reply().await.header("content-length"), "5");
    assert_eq!(raw.expect_status(200).await.body, b"ok");
}

#[tokio::test]
async fn answers_without_content_keep_the_connection() {
    for status in [204, 304] {
        let origin = Origin::status(status).await;
        let proxy = Proxy::to(&origin).await;
        let mut raw = Raw::connect(proxy.http()).await;
        raw.send(GET.repeat(2)).await;
        raw.expect_status(status).await;
        raw.expect_status(status).await;
    }
}

#[tokio::test]
async fn connection_close_is_honoured() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n").await;
    assert_eq!(raw.expect_status(200).await.header("connection"), "close");
    raw.expect_closed().await;
}

#[tokio::test]
async fn http_1_0_closes_after_its_answer() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("GET / HTTP/1.0\r\nHost: app.test\r\n\r\n").await;
    assert_eq!(raw.expect_status(200).await.body, b"ok");
    raw.expect_closed().await;
}

#[tokio::test]
async fn http_1_0_is_kept_alive_on_demand() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    for _ in 0..2 {
        raw.send("GET / HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\n\r\n").await;
        let reply = raw.expect_status(200).await;
        assert_eq!(reply.header("connection").to_ascii_lowercase(), "keep-alive");
    }
}

#[tokio::test]
async fn http_1_0_clients_never_see_chunks() {
    let origin = Origin::new(|_| async { Response::new(body::chunks(&["one ", "two"])) }).await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("GET / HTTP/1.0\r\nHost: app.test\r\nConnection: keep-alive\r\n\r\n").await;
    let reply = raw.expect_status(200).await;
    assert_eq!((reply.has("transfer-encoding"), reply.body.as_slice()), (false, &b"one two"[..]));
}

#[tokio::test]
async fn http_1_0_origins_may_end_a_body_by_closing() {
    let answer = "HTTP/1.0 200 OK\r\n\r\nup to the end";
    let origin = RawOrigin::sending(answer, origin::raw::Then::Close).await;
    let proxy = Proxy::to(&origin).await;
    assert_eq!(proxy.client().await.get("/").await.text(), "up to the end");
}

#[tokio::test]
async fn chunked_requests_arrive_whole() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    let head = "POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n";
    raw.send_in(&[head.as_bytes(), b"3\r\nab", b"c\r", b"\n0A\r\n0123456789\r\n", b"0\r\n\r\n"])
        .await;
    raw.expect_status(200).await;
    assert_eq!(origin.request(0).await.body, b"abc0123456789");
}

#[tokio::test]
async fn chunked_answers_arrive_chunked() {
    let origin = Origin::new(|_| async { Response::new(body::chunks(&["one ", "two"])) }).await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send(GET.repeat(2)).await;
    for _ in 0..2 {
        let reply = raw.expect_status(200).await;
        assert_eq!(reply.header("transfer-encoding"), "chunked");
        assert_eq!((reply.body.as_slice(), reply.complete), (&b"one two"[..], true));
    }
}

#[tokio::test]
async fn request_trailers_reach_the_origin() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    let head =
        "POST / HTTP/1.1\r\nHost: app.test\r\nTrailer: x-sum\r\nTransfer-Encoding: chunked\r\n\r\n";
    raw.send(format!("{head}3\r\nabc\r\n0\r\nx-sum: 6\r\n\r\n")).await;
    raw.expect_status(200).await;
    assert_eq!(origin.request(0).await.trailers["x-sum"], "6");
}

#[tokio::test]
async fn answer_trailers_reach_the_client() {
    let answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n";
    let origin = RawOrigin::sending(answer, origin::raw::Then::Hold).await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("GET / HTTP/1.1\r\nHost: app.test\r\nTE: trailers\r\nConnection: TE\r\n\r\n").await;
    let reply = raw.expect_status(200).await;
    assert_eq!(reply.trailers.trim().to_ascii_lowercase(), "x-sum: 6");
}

#[tokio::test]
async fn large_bodies_pass_both_ways_unchanged() {
    const LENGTH: usize = 8 << 20;
    let origin = Origin::sized(LENGTH).await;
    let echo = Origin::echo().await;
    let whole = body::hash(&body::sized_bytes(LENGTH));
    let down = Proxy::to(&origin).await.client().await.get("/").await;
    assert_eq!(body::hash(&down.body), whole);
    let proxy = Proxy::to(&echo).await;
    let up = proxy.client().await.request("POST", "/").body(body::sized(LENGTH)).send().await;
    assert_eq!(up.json()["hash"], whole);
}

#[tokio::test]
async fn a_body_is_forwarded_while_it_still_arrives() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 6\r\n\r\nabc").await;
    origin.request(0).await;
    eventually("the first half at the origin", async || {
        origin.requests()[0].body == b"abc" || origin.requests()[0].complete
    })
    .await;
    raw.send("def").await;
    raw.expect_status(200).await;
}

#[tokio::test]
async fn an_answer_is_forwarded_while_it_still_arrives() {
    let origin = Origin::endless().await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send(GET).await;
    let text = String::from_utf8(raw.read(400).await).unwrap();
    assert!(text.contains("more"), "{text}");
}

#[tokio::test]
async fn continue_comes_before_the_body() {
    let origin = RawOrigin::new(|mut conn| async move {
        conn.head().await;
        conn.write(b"HTTP/1.1 100 Continue\r\n\r\n").await;
        conn.read().await;
        conn.write(origin::raw::OK).await;
    })
    .await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send(
        "POST / HTTP/1.1\r\nHost: app.test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    )
    .await;
    assert_eq!(raw.any_reply().await.status, 100);
    raw.send("abc").await;
    raw.expect_status(200).await;
    assert!(origin.received_text().ends_with("abc"));
}

#[tokio::test]
async fn a_final_answer_instead_of_continue_is_relayed() {
    let refusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let origin = RawOrigin::new(move |mut conn| async move {
        conn.head().await;
        conn.write(refusal.as_bytes()).await;
        conn.end(origin::raw::Then::Hold).await;
    })
    .await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send(
        "POST / HTTP/1.1\r\nHost: app.test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    )
    .await;
    raw.expect_status(403).await;
}

#[tokio::test]
async fn early_hints_are_relayed() {
    let answer = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let origin = RawOrigin::sending(answer, origin::raw::Then::Hold).await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send(GET).await;
    let hints = raw.any_reply().await;
    assert_eq!((hints.status, hints.header("link")), (103, "</a.css>"));
    raw.expect_status(200).await;
}

#[tokio::test]
async fn absolute_form_becomes_origin_form_and_its_host_wins() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("GET http://right.test/a?b HTTP/1.1\r\nHost: wrong.test\r\n\r\n").await;
    raw.expect_status(200).await;
    let seen = origin.request(0).await;
    assert_eq!((seen.target.as_str(), seen.header("host").as_str()), ("/a?b", "right.test"));
}

#[tokio::test]
async fn options_of_a_whole_origin_is_an_asterisk_to_the_origin() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    let rows = [("http://b.test", "*"), ("http://b.test/", "/"), ("http://b.test?q", "/?q")];
    for (index, (target, seen)) in rows.into_iter().enumerate() {
        let mut raw = Raw::connect(proxy.http()).await;
        raw.send(format!("OPTIONS {target} HTTP/1.1\r\nHost: app.test\r\n\r\n")).await;
        raw.expect_status(200).await;
        assert_eq!(origin.request(index).await.target, seen, "{target}");
    }
}

#[tokio::test]
async fn options_asterisk_is_forwarded() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    let reply = proxy.client().await.request("OPTIONS", "*").send().await;
    assert_eq!(reply.json()["target"], "*");
}

#[tokio::test]
async fn targets_arrive_as_they_were_sent() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    let mut client = proxy.client().await;
    for target in ["/", "/a%2Fb", "/a//b", "/a/../b", "/%7euser", "/?", "/a?b=c&d=%20", "/a;b=c"] {
        assert_eq!(client.get(target).await.json()["target"], target);
    }
}

#[tokio::test]
async fn hop_by_hop_fields_of_a_request_end_here() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    let mut client = proxy.client().await;
    let reply = client
        .request("GET", "/")
        .header("connection", "x-hop, keep-alive")
        .header("x-hop", "1")
        .header("keep-alive", "timeout=5")
        .header("proxy-connection", "keep-alive")
        .header("te", "gzip")
        .header("x-end", "2")
        .send()
        .await;
    for gone in ["x-hop", "keep-alive", "proxy-connection", "te"] {
        assert_eq!(reply.echoed(gone), "", "{gone}");
    }
    assert_eq!(reply.echoed("x-end"), "2");
}

#[tokio::test]
async fn hop_by_hop_fields_of_an_answer_end_here() {
    let answer = "HTTP/1.1 200 OK\r\nConnection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n\
                  Proxy-Connection: close\r\nX-End: 2\r\nContent-Length: 0\r\n\r\n";
    let origin = RawOrigin::sending(answer, origin::raw::Then::Hold).await;
    let proxy = Proxy::to(&origin).await;
    let reply = proxy.client().await.get("/").await;
    for gone in ["x-hop", "keep-alive", "proxy-connection"] {
        assert_eq!(reply.header(gone), "", "{gone}");
    }
    assert_eq!(reply.header("x-end"), "2");
}

#[tokio::test]
async fn connection_cannot_name_end_to_end_framing_away() {
    let origin = RawOrigin::good().await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("POST / HTTP/1.1\r\nHost: app.test\r\nConnection: content-length, host\r\nContent-Length: 3\r\n\r\nabc").await;
    raw.expect_status(200).await;
    let received = origin.received_text().to_ascii_lowercase();
    assert!(
        received.contains("\r\ncontent-length: 3\r\n")
            && received.contains("\r\nhost: app.test\r\n")
    );
}

#[tokio::test]
async fn repeated_fields_keep_their_order() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    let mut client = proxy.client().await;
    let call = client.request("GET", "/").header("x-a", "1").header("x-b", "2").header("x-a", "3");
    assert_eq!(call.send().await.echoed("x-a"), "1|3");
}

#[tokio::test]
async fn several_set_cookies_stay_several() {
    let answer =
        "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n";
    let origin = RawOrigin::sending(answer, origin::raw::Then::Hold).await;
    let proxy = Proxy::to(&origin).await;
    let reply = proxy.client().await.get("/").await;
    assert_eq!(reply.headers.get_all("set-cookie").iter().count(), 2);
}

#[tokio::test]
async fn connect_is_refused() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("CONNECT db.test:5432 HTTP/1.1\r\nHost: db.test:5432\r\n\r\n").await;
    raw.expect_status(405).await;
    assert_eq!(origin.count(), 0);
}

#[tokio::test]
async fn an_upgraded_connection_is_a_tunnel() {
    let origin = Origin::tunnel().await;
    let proxy = Proxy::to(&origin).await;
    let (_, mut tunnel) = proxy.client().await.request("GET", "/chat").upgrade().await;
    for word in [&b"ping"[..], b"pong"] {
        tunnel.write_all(word).await.unwrap();
        let mut back = [0; 4];
        within("the echo", tunnel.read_exact(&mut back)).await.unwrap();
        assert_eq!(back, word);
    }
    tunnel.shutdown().await.unwrap();
    assert_eq!(within("the end", tunnel.read(&mut [0])).await.unwrap(), 0);
}

#[tokio::test]
async fn bytes_behind_an_upgrade_are_not_lost() {
    let origin = Origin::tunnel().await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    let head =
        "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    raw.send(format!("{head}early")).await;
    assert_eq!(raw.any_reply().await.status, 101);
    assert_eq!(raw.read(5).await, b"early");
}

#[tokio::test]
async fn a_refused_upgrade_is_an_ordinary_answer() {
    let origin = Origin::named("no").await;
    let proxy = Proxy::to(&origin).await;
    let mut client = proxy.client().await;
    let call =
        client.request("GET", "/").header("connection", "upgrade").header("upgrade", "websocket");
    assert_eq!(call.send().await.text(), "no");
    assert_eq!(client.get("/").await.text(), "no");
}

#[tokio::test]
async fn a_route_without_upgrade_does_not_pass_it_on() {
    let origin = Origin::echo().await;
    let proxy = Proxy::with(Config::to(&origin).route("upgrade = false")).await;
    let mut client = proxy.client().await;
    let call =
        client.request("GET", "/").header("connection", "upgrade").header("upgrade", "websocket");
    let reply = call.send().await;
    assert_eq!((reply.status.as_u16(), reply.echoed("upgrade")), (200, String::new()));
}
