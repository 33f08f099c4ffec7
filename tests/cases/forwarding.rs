//! What the origin learns of the client: forwarding fields, request identity and trace, from trusted peers and others.

use e2e::*;

const TRUST: &str = "trusted_proxies = [\"127.0.0.0/8\"]";
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// What an echo origin sees of a request with these fields, with the peer trusted or not.
async fn seen(trusted: bool, fields: &[(&str, &str)]) -> Seen {
    let origin = Origin::echo().await;
    let config = Config::to(&origin);
    let proxy = Proxy::with(if trusted { config.top(TRUST) } else { config }).await;
    let mut client = proxy.client().await;
    let call = client.request("GET", "/");
    fields.iter().fold(call, |call, (name, value)| call.header(name, value)).send().await;
    origin.request(0).await
}

#[tokio::test]
async fn the_origin_learns_the_client() {
    let seen = seen(false, &[]).await;
    assert_eq!(seen.header("x-forwarded-for"), "127.0.0.1");
    assert_eq!(seen.header("x-forwarded-proto"), "http");
    assert_eq!(seen.header("x-forwarded-host"), "app.test");
    assert_eq!(seen.header("host"), "app.test");
}

#[tokio::test]
async fn tls_is_https_to_the_origin() {
    let (origin, ca) = (Origin::echo().await, Ca::new());
    let proxy = Proxy::with(Config::to(&origin).tls("", &[&ca.server(&["app.test"])])).await;
    let reply = Tls::trust(&ca).connect(proxy.http()).await.get("/").await;
    assert_eq!(reply.echoed("x-forwarded-proto"), "https");
}

#[tokio::test]
async fn strangers_cannot_forge_who_they_are() {
    let forged = [
        ("x-forwarded-for", "6.6.6.6"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil.test"),
        ("x-real-ip", "6.6.6.6"),
        ("forwarded", "for=6.6.6.6;host=evil.test"),
    ];
    let seen = seen(false, &forged).await;
    assert_eq!(seen.header("x-forwarded-for"), "127.0.0.1");
    assert_eq!(seen.header("x-forwarded-proto"), "http");
    assert_eq!(seen.header("x-forwarded-host"), "app.test");
    assert!(!seen.header("forwarded").contains("6.6.6.6"), "{}", seen.header("forwarded"));
    assert!(!seen.header("x-real-ip").contains("6.6.6.6"), "{}", seen.header("x-real-ip"));
}

#[tokio::test]
async fn trusted_peers_are_believed() {
    let told = [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "shop.test"),
    ];
    let seen = seen(true, &told).await;
    assert_eq!(seen.header("x-forwarded-for").replace('|', ", "), "203.0.113.9, 127.0.0.1");
    assert_eq!(seen.header("x-forwarded-proto"), "https");
    assert_eq!(seen.header("x-forwarded-host"), "shop.test");
}

#[tokio::test]
async fn several_x_forwarded_for_fields_are_one_list() {
    let told = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "203.0.113.10")];
    let seen = seen(true, &told).await;
    let list = seen.header("x-forwarded-for").replace('|', ", ");
    assert_eq!(list, "203.0.113.9, 203.0.113.10, 127.0.0.1");
}

#[tokio::test]
async fn forwarded_of_a_trusted_peer_reaches_the_origin() {
    let seen = seen(true, &[("forwarded", "for=203.0.113.9;proto=https")]).await;
    assert!(seen.header("forwarded").contains("for=203.0.113.9"), "{}", seen.header("forwarded"));
}

#[tokio::test]
async fn every_request_has_an_id_of_its_own() {
    let origin = Origin::echo().await;
    let proxy = Proxy::to(&origin).await;
    let mut client = proxy.client().await;
    let one = client.get("/").await.echoed("x-request-id");
    let two = client.get("/").await.echoed("x-request-id");
    assert!(one.len() >= 16 && two.len() >= 16 && one != two, "{one} {two}");
}

#[tokio::test]
async fn a_request_id_is_kept_from_trusted_peers_only() {
    let id = [("x-request-id", "8f14e45f-ceea-467f-a3e0-1c1f4e7a2b11")];
    assert_eq!(seen(true, &id).await.header("x-request-id"), id[0].1);
    let fresh = seen(false, &id).await.header("x-request-id");
    assert!(!fresh.is_empty() && !fresh.contains(id[0].1), "{fresh}");
}

#[tokio::test]
async fn a_trace_goes_on() {
    for trusted in [true, false] {
        let seen = seen(trusted, &[("traceparent", TRACE), ("tracestate", "a=b")]).await;
        assert_eq!(seen.header("traceparent").split('-').nth(1), TRACE.split('-').nth(1));
        assert_eq!(seen.header("tracestate"), "a=b");
    }
}

#[tokio::test]
async fn a_broken_trace_does_not_go_on() {
    for broken in
        ["00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf9-00f0-01", "x"]
    {
        let seen = seen(false, &[("traceparent", broken)]).await;
        assert_ne!(seen.header("traceparent"), broken);
    }
}
