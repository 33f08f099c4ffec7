//! The way to the origin: retries, ejection, probes, reuse, deadlines, caps, and what happens when either side leaves.

use e2e::{
    origin::raw::{OK, Then, refusing},
    *,
};
use http_body_util::BodyExt;

const NO_RETRY: &str = "retry = { on = [], max = 0 }";

#[tokio::test]
async fn a_refused_connection_is_502() {
    let proxy = Proxy::to(&refusing().await).await;
    let reply = proxy.client().await.get("/").await;
    assert_eq!(reply.status, 502);
    assert!(!reply.text().contains("127.0.0.1"), "an address leaked: {}", reply.text());
}

#[tokio::test]
async fn a_dead_endpoint_is_passed_over() {
    let (dead, alive) = (refusing().await, Origin::named("alive").await);
    let proxy = Proxy::with(Config::to_all(&[&dead, &alive])).await;
    let mut client = proxy.client().await;
    for _ in 0..20 {
        assert_eq!(client.get("/").await.text(), "alive");
    }
}

#[tokio::test]
async fn endpoints_take_turns() {
    let (one, two) = (Origin::named("one").await, Origin::named("two").await);
    let proxy = Proxy::with(Config::to_all(&[&one, &two]).top("workers = 1")).await;
    let mut client = proxy.client().await;
    for _ in 0..20 {
        client.get("/").await;
    }
    assert_eq!((one.count(), two.count()), (10, 10));
}

#[tokio::test]
async fn origins_of_one_address_have_a_series_each() {
    let origin = Origin::echo().await;
    let port = origin.addr().port();
    let (name, address) = (format!("http://localhost:{port}"), format!("127.0.0.1:{port}"));
    let proxy = Proxy::with(Config::to_all(&[&origin, &name])).await;
    let metrics = proxy.metrics().await;
    let healthy = [("cluster", "app"), ("state", "healthy")];
    let series = metrics.find("foxtrot_upstream_endpoint_state", &healthy);
    let mut endpoints: Vec<_> = series.map(|sample| sample.labels["endpoint"].clone()).collect();
    endpoints.sort();
    assert_eq!(endpoints, [format!("http://{address} {address}"), format!("{name} {address}")]);
}

#[tokio::test]
async fn least_request_avoids_the_busy_endpoint() {
    let (busy, free) = (Origin::silent().await, Origin::named("free").await);
    let config =
        Config::to_all(&[&busy, &free]).top("workers = 1").cluster("balance = \"least_request\"");
    let proxy = Proxy::with(config).await;
    let client = proxy.h2c().await;
    let mut stuck = Vec::new();
    while busy.count() == 0 {
        let mut client = client.another();
        let call = async move { client.request("GET", "/").try_send().await };
        stuck.push(tokio::spawn(call));
        eventually("an arrival", async || busy.count() + free.count() >= stuck.len()).await;
    }
    let before = busy.count();
    for _ in 0..20 {
        assert_eq!(client.another().get("/").await.text(), "free");
    }
    assert_eq!(busy.count(), before);
}

#[tokio::test]
async fn a_hash_keeps_a_key_on_its_endpoint() {
    let (one, two) = (Origin::named("one").await, Origin::named("two").await);
    let config = Config::to_all(&[&one, &two]).cluster("balance = { hash = \"header:x-user\" }");
    let proxy = Proxy::with(config).await;
    for user in 0..20 {
        let mut client = proxy.client().await;
        let first = client.request("GET", "/").header("x-user", &user.to_string()).send().await;
        let again = client.request("GET", "/").header("x-user", &user.to_string()).send().await;
        assert_eq!(first.text(), again.text());
    }
    assert!(one.count() > 0 && two.count() > 0);
}

#[tokio::test]
async fn a_status_is_tried_again_where_configured() {
    let origin = Origin::failing_first(2, 503).await;
    let retry = "retry = { on = [\"503\"], max = 2 }";
    let proxy = Proxy::with(Config::to(&origin).cluster(retry)).await;
    assert_eq!(proxy.client().await.get("/").await.text(), "ok");
    assert_eq!(origin.count(), 3);
}

#[tokio::test]
async fn retries_are_counted_by_cluster() {
    let origin = Origin::failing_first(2, 503).await;
    let retry = "retry = { on = [\"503\"], max = 2 }";
    let proxy = Proxy::with(Config::to(&origin).cluster(retry)).await;
    let retries = async || proxy.metric("foxtrot_retries_total", &[("cluster", "app")]).await;
    assert_eq!(retries().await, 0.0);
    let mut client = proxy.client().await;
    assert_eq!(client.get("/").await.status, 200);
    assert_eq!(client.get("/").await.status, 200);
    assert_eq!(retries().await, 2.0);
}

#[tokio::test]
async fn a_status_is_passed_on_where_not() {
    let origin = Origin::failing_first(1, 503).await;
    let proxy = Proxy::to(&origin).await;
    assert_eq!(proxy.client().await.get("/").await.status, 503);
    assert_eq!(origin.count(), 1);
}

#[tokio::test]
async fn post_is_not_tried_again_once_it_has_left() {
    let origin = RawOrigin::new(|mut conn| async move { drop(conn.request().await) }).await;
    let proxy = Proxy::to(&origin).await;
    assert_eq!(proxy.client().await.post("/", "once").await.status, 502);
    assert_eq!(origin.requests(), 1);
}

#[tokio::test]
async fn an_idempotent_body_is_sent_again_whole() {
    let origin = RawOrigin::new(|mut conn| async move {
        conn.request().await;
        if conn.number > 0 {
            conn.write(OK).await;
        }
    })
    .await;
    let proxy = Proxy::to(&origin).await;
    let mut client = proxy.client().await;
    assert_eq!(client.request("PUT", "/").body(body::full("again")).send().await.status, 200);
    assert_eq!(origin.received_text().matches("again").count(), 2);
}

#[tokio::test]
async fn a_long_body_is_sent_once() {
    let origin = RawOrigin::new(|mut conn| async move { drop(conn.request().await) }).await;
    let retry = "retry = { on = [\"reset\"], max = 2, body_bytes = \"1KiB\" }";
    let proxy = Proxy::with(Config::to(&origin).cluster(retry)).await;
    let body = body::full(vec![b'x'; 100_000]);
    let reply = proxy.client().await.request("PUT", "/").body(body).send().await;
    assert_eq!((reply.status.as_u16(), origin.requests()), (502, 1));
}

#[tokio::test]
async fn tries_are_bounded() {
    let origin = RawOrigin::new(|mut conn| async move { drop(conn.request().await) }).await;
    let proxy = Proxy::with(Config::to(&origin).cluster("retry = { max = 2 }")).await;
    assert_eq!(proxy.client().await.get("/").await.status, 502);
    assert_eq!(origin.requests(), 3);
}

#[tokio::test]
async fn the_retry_budget_holds() {
    let origin = RawOrigin::new(|mut conn| async move { drop(conn.request().await) }).await;
    let config = Config::to(&origin)
        .cluster("retry = { max = 3, budget = 0 }\noutlier = { consecutive_failures = 0 }");
    let proxy = Proxy::with(config).await;
    let client = proxy.h2c().await;
    let one = async |mut client: Client| client.get("/").await.status;
    let replies = futures_util::future::join_all((0..50).map(|_| one(client.another()))).await;
    assert!(replies.iter().all(|status| *status == 502));
    // Three retries are always allowed at once; all fifty with three each would be 200 requests.
    assert!(origin.requests() < 150, "{} requests arrived", origin.requests());
}

#[tokio::test]
async fn a_reused_connection_that_dies_is_replaced_unnoticed() {
    let origin = RawOrigin::closing_at_second_request().await;
    let proxy = Proxy::to(&origin).await;
    let mut client = proxy.client().await;
    for _ in 0..10 {
        assert_eq!(client.get("/").await.status, 200);
    }
}

#[tokio::test]
async fn a_post_on_a_reused_connection_that_died_idle_is_sent_again() {
    let origin = RawOrigin::new(|mut conn| async move {
        conn.answer(OK).await;
    })
    .await;
    let proxy = Proxy::to(&origin).await;
    let mut client = proxy.client().await;
    for n in 0..10 {
        assert_eq!(client.post("/", "x").await.status, 200, "request {n}");
        // The close of an idle connection is an event inside the proxy only: give it time to see it.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(origin.connections(), 10);
}

#[tokio::test]
async fn a_keep_alive_hint_is_heeded() {
    let origin = RawOrigin::with_keep_alive_timeout(Duration::from_secs(1)).await;
    let proxy = Proxy::with(Config::to(&origin).cluster(NO_RETRY)).await;
    let mut client = proxy.client().await;
    for _ in 0..3 {
        assert_eq!(client.get("/").await.status, 200);
        tokio::time::sleep(Duration::from_millis(1050)).await;
    }
}

#[tokio::test]
async fn consecutive_errors_eject_an_endpoint() {
    let (bad, good) = (Origin::status(500).await, Origin::named("good").await);
    let config = Config::to_all(&[&bad, &good])
        .cluster("outlier = { consecutive_5xx = 3, eject = \"60s\" }");
    let proxy = Proxy::with(config).await;
    let mut client = proxy.client().await;
    let mut good_in_a_row = 0;
    eventually("the bad endpoint to be ejected", async || {
        good_in_a_row = if client.get("/").await.status == 200 { good_in_a_row + 1 } else { 0 };
        good_in_a_row == 10
    })
    .await;
    assert!(bad.count() >= 3 && bad.count() < 10, "{}", bad.count());
    let labels = [("cluster", "app"), ("state", "ejected")];
    proxy.metric_reaches("foxtrot_upstream_endpoint_state", &labels, 1.0).await;
}

#[tokio::test]
async fn the_last_endpoint_is_never_ejected() {
    let bad = Origin::status(500).await;
    let proxy = Proxy::with(Config::to(&bad).cluster("outlier = { consecutive_5xx = 2 }")).await;
    let mut client = proxy.client().await;
    for _ in 0..10 {
        assert_eq!(client.get("/").await.status, 500);
    }
    assert_eq!(bad.count(), 10);
}

#[tokio::test]
async fn an_ejected_endpoint_comes_back() {
    let (flaky, good) = (Origin::failing_first(2, 500).await, Origin::named("good").await);
    let config = Config::to_all(&[&flaky, &good])
        .cluster("outlier = { consecutive_5xx = 2, eject = \"300ms\" }");
    let proxy = Proxy::with(config).await;
    let mut client = proxy.client().await;
    eventually("the flaky endpoint to serve again", async || client.get("/").await.text() == "ok")
        .await;
}

#[tokio::test]
async fn probes_take_an_endpoint_out_and_back() {
    let healthy = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let switch = healthy.clone();
    let sick = Origin::new(move |_| {
        let status = if switch.load(std::sync::atomic::Ordering::Relaxed) { 200 } else { 503 };
        async move { origin::answer(status, "sick") }
    })
    .await;
    let good = Origin::named("good").await;
    let config = Config::to_all(&[&sick, &good]).cluster(
        "health = { path = \"/healthz\", every = \"50ms\", timeout = \"50ms\" }\noutlier = { consecutive_5xx = 0 }",
    );
    let proxy = Proxy::with(config).await;
    eventually("probes", async || sick.count_of("/healthz") > 0).await;
    healthy.store(false, std::sync::atomic::Ordering::Relaxed);
    let labels = [("cluster", "app"), ("state", "unhealthy")];
    proxy.metric_reaches("foxtrot_upstream_endpoint_state", &labels, 1.0).await;
    let mut client = proxy.client().await;
    for _ in 0..10 {
        assert_eq!(client.get("/").await.text(), "good");
    }
    healthy.store(true, std::sync::atomic::Ordering::Relaxed);
    eventually("its return", async || client.get("/").await.text() == "sick").await;
}

#[tokio::test]
async fn with_no_healthy_endpoint_all_are_tried() {
    let origin = Origin::new(|request: origin::Incomer| async move {
        origin::answer(if request.uri().path() == "/healthz" { 503 } else { 200 }, "ok")
    })
    .await;
    let config = Config::to(&origin)
        .cluster("health = { path = \"/healthz\", every = \"50ms\", timeout = \"50ms\" }");
    let proxy = Proxy::with(config).await;
    eventually("probes", async || origin.count_of("/healthz") > 3).await;
    assert_eq!(proxy.client().await.get("/").await.text(), "ok");
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_is_504() {
    let origin = Origin::silent().await;
    let timeouts = format!("{NO_RETRY}\ntimeouts = {{ try = \"200ms\" }}");
    let proxy = Proxy::with(Config::to(&origin).cluster(timeouts)).await;
    let begun = Instant::now();
    assert_eq!(proxy.client().await.get("/").await.status, 504);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    eventually("the try to be cancelled", async || origin.abandoned() == 1).await;
}

#[tokio::test]
async fn all_tries_together_have_a_deadline() {
    let origin = Origin::silent().await;
    let keys = "timeouts = { try = \"300ms\", total = \"500ms\" }\nretry = { on = [\"timeout\"], max = 9 }";
    let proxy = Proxy::with(Config::to(&origin).cluster(keys)).await;
    assert_eq!(proxy.client().await.get("/").await.status, 504);
    assert!(origin.count() <= 2, "{} tries in 500 ms of 300 ms each", origin.count());
}

#[tokio::test]
async fn a_route_has_deadlines_of_its_own() {
    let origin = Origin::silent().await;
    let route = "timeouts = { try = \"100ms\", total = \"200ms\" }";
    let proxy = Proxy::with(Config::to(&origin).route(route)).await;
    let begun = Instant::now();
    assert_eq!(proxy.client().await.get("/").await.status, 504);
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_body_that_falls_silent_is_broken_off() {
    let origin =
        RawOrigin::sending("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", Then::Hold).await;
    let proxy = Proxy::with(Config::to(&origin).cluster("timeouts = { idle = \"200ms\" }")).await;
    assert!(proxy.client().await.request("GET", "/").try_send().await.is_err());
}

#[tokio::test]
async fn an_upstream_that_dies_in_mid_body_resets_the_client() {
    for head in
        ["Content-Length: 100\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"]
    {
        let origin = RawOrigin::sending(format!("HTTP/1.1 200 OK\r\n{head}"), Then::Close).await;
        let proxy = Proxy::to(&origin).await;
        assert!(proxy.client().await.request("GET", "/").try_send().await.is_err(), "h1: {head}");
        assert!(proxy.h2c().await.request("GET", "/").try_send().await.is_err(), "h2: {head}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_cancels_the_request() {
    let origin = Origin::silent().await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n").await;
    origin.request(0).await;
    drop(raw);
    eventually("the origin to be left", async || origin.abandoned() == 1).await;
}

#[tokio::test]
async fn a_client_that_leaves_in_mid_answer_cancels_it() {
    let origin = Origin::endless().await;
    let proxy = Proxy::to(&origin).await;
    let mut client = proxy.client().await;
    let mut body = client.request("GET", "/").open().await.unwrap().into_body();
    within("a piece", body.frame()).await.unwrap().unwrap();
    drop((body, client));
    eventually("the origin to be left", async || origin.abandoned() == 1).await;
}

#[tokio::test]
async fn a_client_that_leaves_in_mid_body_does_not_complete_the_request() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("POST / HTTP/1.1\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        .await;
    origin.request(0).await;
    raw.reset();
    eventually("the origin to be left", async || {
        origin.abandoned() == 1 || origin.open_connections() == 0
    })
    .await;
    assert!(!origin.requests()[0].complete);
}

#[tokio::test]
async fn a_full_breaker_is_429_with_retry_after() {
    let origin = Origin::silent().await;
    let proxy = Proxy::with(Config::to(&origin).cluster("breaker = { requests = 1 }")).await;
    let mut first = Raw::connect(proxy.http()).await;
    first.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n").await;
    origin.request(0).await;
    let reply = proxy.client().await.get("/").await;
    assert_eq!(reply.status, 429);
    assert!(reply.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
    assert_eq!(origin.count(), 1);
}

#[tokio::test]
async fn a_full_connection_cap_and_queue_is_429() {
    let origin = Origin::silent().await;
    let breaker = "protocol = \"http/1.1\"\nbreaker = { connections = 1, pending = 0 }";
    let proxy = Proxy::with(Config::to(&origin).cluster(breaker)).await;
    let mut first = Raw::connect(proxy.http()).await;
    first.send("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n").await;
    origin.request(0).await;
    assert_eq!(proxy.client().await.get("/").await.status, 429);
}

#[tokio::test]
async fn a_request_waits_for_a_connection() {
    let origin = Origin::slow(Duration::from_millis(200)).await;
    let breaker = "protocol = \"http/1.1\"\nbreaker = { connections = 1, pending = 10 }";
    let proxy = Proxy::with(Config::to(&origin).top("workers = 1").cluster(breaker)).await;
    let client = proxy.h2c().await;
    let one = async |mut client: Client| client.get("/").await.status;
    let replies = futures_util::future::join_all((0..5).map(|_| one(client.another()))).await;
    assert!(replies.iter().all(|status| *status == 200), "{replies:?}");
    assert_eq!(origin.connections(), 1);
}

#[tokio::test]
async fn a_breaker_lets_go_of_what_has_ended() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::with(Config::to(&origin).cluster("breaker = { requests = 1 }")).await;
    let mut client = proxy.client().await;
    for _ in 0..50 {
        assert_eq!(client.get("/").await.status, 200);
    }
}

#[tokio::test]
async fn clusters_inherit_key_by_key() {
    let (blue, green) = (Origin::silent().await, Origin::silent().await);
    let more = format!("[clusters.green]\nlike = \"app\"\nendpoints = [\"{}\"]", green.url());
    let timeouts = format!("{NO_RETRY}\ntimeouts = {{ try = \"200ms\" }}");
    let config = Config::to(&blue).cluster(timeouts).more(more).target("cluster:green");
    let proxy = Proxy::with(config).await;
    assert_eq!(proxy.client().await.get("/").await.status, 504);
    assert_eq!((blue.count(), green.count()), (0, 1));
}

#[tokio::test]
async fn names_are_resolved() {
    let origin = Origin::named("by name").await;
    let url = format!("http://localhost:{}", origin.addr().port());
    let proxy = Proxy::to(&url).await;
    assert_eq!(proxy.client().await.get("/").await.text(), "by name");
}
