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
