//! Shadow traffic: copies arrive, and nothing that becomes of them touches the client.

use e2e::*;

async fn mirrored(shadow: &impl Url, mirror: &str) -> (Origin, Proxy) {
    let primary = Origin::named("primary").await;
    let proxy = Proxy::with(Config::mirror(&primary, shadow, mirror)).await;
    (primary, proxy)
}

/// Twenty requests must be answered well, and about as fast as without a shadow.
async fn primary_is_untouched(proxy: &Proxy) {
    let begun = Instant::now();
    let mut client = proxy.client().await;
    for _ in 0..20 {
        let reply = client.get("/").await;
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "primary"));
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

async fn skipped(proxy: &Proxy, reason: &str) {
    let labels = [("outcome", "skipped"), ("reason", reason)];
    proxy.metric_reaches("foxtrot_mirror_total", &labels, 1.0).await;
}

#[tokio::test]
async fn copies_arrive_with_target_and_fields() {
    let shadow = Origin::echo().await;
    let (primary, proxy) = mirrored(&shadow, "").await;
    proxy.client().await.request("GET", "/a?b=c").header("x-d", "e").send().await;
    let (copy, original) = (shadow.request(0).await, primary.request(0).await);
    assert_eq!((copy.method, copy.target.as_str()), (original.method, "/a?b=c"));
    assert_eq!(
        (copy.headers["x-d"].to_str().unwrap(), &copy.headers["host"]),
        ("e", &original.headers["host"])
    );
    proxy.metric_reaches("foxtrot_mirror_total", &[("outcome", "sent")], 1.0).await;
}

#[tokio::test]
async fn bodies_are_copied_for_methods_that_are_named() {
    let shadow = Origin::echo().await;
    let (primary, proxy) = mirrored(&shadow, "methods = [\"POST\"],").await;
    proxy.client().await.request("POST", "/").body(body::sized(300_000)).send().await;
    shadow.request(0).await;
    eventually("the whole copy", async || shadow.requests()[0].complete).await;
    assert_eq!(shadow.requests()[0].hash.hex(), body::hash(&body::sized_bytes(300_000)));
    primary.reached(1).await;
}

#[tokio::test]
async fn named_fields_are_stripped_from_copies() {
    let shadow = Origin::echo().await;
    let (primary, proxy) = mirrored(&shadow, "strip = [\"authorization\"],").await;
    proxy.client().await.request("GET", "/").header("authorization", "Basic eA==").send().await;
    assert_eq!(shadow.request(0).await.header("authorization"), "");
    assert_eq!(primary.request(0).await.header("authorization"), "Basic eA==");
}

#[tokio::test]
async fn nobody_sees_the_answers_of_the_shadow() {
    let shadow = Origin::status(500).await;
    let (_primary, proxy) = mirrored(&shadow, "").await;
    primary_is_untouched(&proxy).await;
    shadow.reached(20).await;
}

#[tokio::test]
async fn a_dead_shadow_harms_nothing() {
    let (_primary, proxy) = mirrored(&origin::raw::refusing().await, "").await;
    primary_is_untouched(&proxy).await;
    proxy.metric_reaches("foxtrot_mirror_total", &[("outcome", "failed")], 20.0).await;
}

#[tokio::test]
async fn a_silent_shadow_harms_nothing() {
    let shadow = Origin::silent().await;
    let (_primary, proxy) = mirrored(&shadow, "timeout = \"200ms\",").await;
    primary_is_untouched(&proxy).await;
    let labels = [("outcome", "failed"), ("reason", "timeout")];
    proxy.metric_reaches("foxtrot_mirror_total", &labels, 20.0).await;
}

#[tokio::test]
async fn a_slow_shadow_harms_nothing() {
    let shadow = Origin::slow(Duration::from_secs(1)).await;
    let (_primary, proxy) = mirrored(&shadow, "").await;
    primary_is_untouched(&proxy).await;
}

#[tokio::test]
async fn an_endless_shadow_harms_nothing() {
    let shadow = Origin::endless().await;
    let (_primary, proxy) = mirrored(&shadow, "timeout = \"300ms\",").await;
    primary_is_untouched(&proxy).await;
    eventually("the endless answers to be cut", async || shadow.abandoned() == 20).await;
}

#[tokio::test]
async fn a_shadow_that_talks_garbage_harms_nothing() {
    let shadow = RawOrigin::sending("garbage\r\n\r\n", origin::raw::Then::Close).await;
    let (_primary, proxy) = mirrored(&shadow, "").await;
    primary_is_untouched(&proxy).await;
}

#[tokio::test]
async fn a_shadow_that_reads_nothing_holds_no_body_up() {
    let shadow = RawOrigin::deaf().await;
    let (_primary, proxy) = mirrored(&shadow, "methods = [\"POST\"], max_body = \"16MiB\",").await;
    let begun = Instant::now();
    let reply = proxy.client().await.request("POST", "/").body(body::sized(8 << 20)).send().await;
    assert_eq!(reply.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn methods_that_write_are_skipped() {
    let shadow = Origin::echo().await;
    let (_primary, proxy) = mirrored(&shadow, "").await;
    proxy.client().await.post("/", "x").await;
    skipped(&proxy, "method").await;
    assert_eq!(shadow.count(), 0);
}

#[tokio::test]
async fn long_bodies_are_skipped() {
    let shadow = Origin::echo().await;
    let (_primary, proxy) = mirrored(&shadow, "methods = [\"POST\"], max_body = \"1KiB\",").await;
    let reply = proxy.client().await.post("/", vec![b'x'; 4096]).await;
    assert_eq!(reply.status, 200);
    skipped(&proxy, "size").await;
    assert_eq!(shadow.count(), 0);
}

#[tokio::test]
async fn copies_in_flight_are_bounded() {
    let shadow = Origin::silent().await;
    let (_primary, proxy) = mirrored(&shadow, "in_flight = 1,").await;
    let mut client = proxy.client().await;
    client.get("/").await;
    shadow.reached(1).await;
    client.get("/").await;
    skipped(&proxy, "in_flight").await;
    assert_eq!(shadow.count(), 1);
}

#[tokio::test]
async fn memory_of_copies_is_bounded() {
    let shadow = RawOrigin::deaf().await;
    let keys =
        "methods = [\"POST\"], max_body = \"16MiB\", memory_budget = \"16MiB\", timeout = \"1s\",";
    let (primary, proxy) = mirrored(&shadow, keys).await;
    let before = proxy.rss_bytes();
    let mut client = proxy.client().await;
    // Longer than what the kernel takes for a connection that nobody reads.
    for _ in 0..8 {
        let reply = client.request("POST", "/").body(body::sized(15 << 20)).send().await;
        assert_eq!(reply.status, 200);
    }
    // Not copied, cut off or timed out: whichever came first, each is counted.
    proxy.metric_reaches("foxtrot_mirror_total", &[], 8.0).await;
    let grown = proxy.rss_bytes().saturating_sub(before);
    assert!(grown < 48 << 20, "120 MiB of bodies to a deaf shadow cost {} MiB", grown >> 20);
    assert_eq!(primary.count(), 8);
}

#[tokio::test]
async fn a_share_is_copied() {
    let shadow = Origin::echo().await;
    let (primary, proxy) = mirrored(&shadow, "percent = 20,").await;
    let mut client = proxy.client().await;
    for n in 0..500 {
        client.get(&format!("/{n}")).await;
    }
    eventually("copies", async || shadow.count() >= 50).await;
    // Five standard deviations of a binomial share of 20 % among 500 are 45.
    assert!((55..=145).contains(&shadow.count()), "{} of 500 copied", shadow.count());
    assert_eq!(primary.count(), 500);
}

/// What a test does with copies, and what else it needs of green, which serves under `/green` as well.
async fn to_serving_green(blue: &Origin, greens: &[&Origin], keys: &str) -> Proxy {
    let greens: Vec<String> = greens.iter().map(|green| green.url()).collect();
    let config = Config::to(blue).target("rollout:app").more(format!(
        "[clusters.green]\nendpoints = {greens:?}\n{keys}\n[rollouts.app]\nblue = \"app\"\ngreen = \"green\"\nmirror = {{ to = \"green\" }}\n[[routes]]\nmatch = {{ path = \"/green\" }}\nto = \"cluster:green\"\n"
    ));
    Proxy::with(config).await
}

fn is_copy(request: &origin::Incomer) -> bool {
    request.headers().contains_key("x-foxtrot-mirror")
}

/// Fails copies only.
async fn failing_copies() -> Origin {
    Origin::new(|request| async move {
        origin::answer(if is_copy(&request) { 500 } else { 200 }, "green")
    })
    .await
}

#[tokio::test]
async fn copies_that_fail_eject_no_endpoint_that_serves() {
    let blue = Origin::named("blue").await;
    let (one, two) = (failing_copies().await, failing_copies().await);
    let proxy = to_serving_green(&blue, &[&one, &two], "outlier = { consecutive_5xx = 1 }").await;
    let mut client = proxy.client().await;
    for _ in 0..20 {
        assert_eq!(client.get("/").await.text(), "blue");
    }
    proxy.metric_reaches("foxtrot_mirror_total", &[("outcome", "sent")], 20.0).await;
    assert!(one.count() > 0 && two.count() > 0);
    let ejected = [("cluster", "green"), ("state", "ejected")];
    assert_eq!(proxy.metric("foxtrot_upstream_endpoint_state", &ejected).await, 0.0);
    assert_eq!(client.get("/green").await.text(), "green");
}

#[tokio::test]
async fn copies_are_not_tried_again() {
    let (blue, green) = (Origin::named("blue").await, Origin::status(503).await);
    let retry = "retry = { on = [\"503\"], max = 3 }";
    let proxy = to_serving_green(&blue, &[&green], retry).await;
    proxy.client().await.get("/").await;
    proxy.metric_reaches("foxtrot_mirror_total", &[("outcome", "sent")], 1.0).await;
    assert_eq!(green.count(), 1);
    assert_eq!(proxy.metric("foxtrot_retries_total", &[]).await, 0.0);
}

#[tokio::test]
async fn copies_leave_room_to_live_requests() {
    let blue = Origin::named("blue").await;
    let green = Origin::new(|request| async move {
        if is_copy(&request) {
            std::future::pending::<()>().await;
        }
        origin::answer(200, "green")
    })
    .await;
    let keys = "breaker = { connections = 1, pending = 0, requests = 1 }\nretry = { max = 0 }";
    let proxy = to_serving_green(&blue, &[&green], keys).await;
    let mut client = proxy.client().await;
    client.get("/").await;
    green.reached(1).await;
    for _ in 0..3 {
        let reply = client.get("/green").await;
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "green"));
    }
    // Now the cap is reached: the next copies use the idle connection or none.
    client.get("/").await;
    client.get("/").await;
    let busy = [("outcome", "failed"), ("reason", "busy")];
    proxy.metric_reaches("foxtrot_mirror_total", &busy, 1.0).await;
    assert_eq!(client.get("/green").await.text(), "green");
}

#[tokio::test]
async fn what_goes_to_the_shadow_anyway_is_not_copied() {
    let (blue, green) = (Origin::named("blue").await, Origin::named("green").await);
    let weights = "weights = { blue = 0, green = 100 }\nmirror = { to = \"green\" }";
    let proxy = Proxy::with(Config::rollout(&blue, &green, weights)).await;
    assert_eq!(proxy.client().await.get("/").await.text(), "green");
    skipped(&proxy, "same_cluster").await;
    assert_eq!((blue.count(), green.count()), (0, 1));
}

#[tokio::test]
async fn copies_of_a_key_stay_on_one_endpoint_of_the_shadow() {
    let blue = Origin::named("blue").await;
    let (one, two) = (Origin::named("one").await, Origin::named("two").await);
    // The key is read before the route takes it away.
    let hash = "balance = { hash = \"header:x-user\" }";
    let greens = [one.url(), two.url()];
    let config = Config::to(&blue)
        .target("rollout:app")
        .route("request_headers = { remove = [\"x-user\"] }")
        .more(format!("[clusters.green]\nendpoints = {greens:?}\n{hash}\n[rollouts.app]\nblue = \"app\"\ngreen = \"green\"\nmirror = {{ to = \"green\" }}\n"));
    let proxy = Proxy::with(config).await;
    let mut client = proxy.client().await;
    for user in 0..20 {
        for _ in 0..2 {
            let target = format!("/{user}");
            client.request("GET", &target).header("x-user", &user.to_string()).send().await;
        }
    }
    eventually("all copies", async || one.count() + two.count() == 40).await;
    assert!(one.count() > 0 && two.count() > 0);
    for user in 0..20 {
        let count = one.count_of(&format!("/{user}"));
        assert!(count == 0 || count == 2, "user {user} met both endpoints");
    }
}
