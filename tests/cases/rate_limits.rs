//! Limits over the wire: who is refused, what it is told, and what survives.

use e2e::*;

const LIMIT: &str = "[limits.per_client]\nrate = \"1/m\"\nburst = 3\n";

fn limited(origin: &Origin, tables: &str) -> Config {
    Config::to(origin).route("limits = [\"per_client\"]").more(tables)
}

/// How many of so many requests pass.
async fn passing(client: &mut Client, target: &str, count: usize) -> usize {
    let mut passed = 0;
    for _ in 0..count {
        let status = client.get(target).await.status;
        assert!(status == 200 || status == 429, "{status}");
        passed += usize::from(status == 200);
    }
    passed
}

async fn status(client: &mut Client, target: &str, name: &str, value: &str) -> u16 {
    client.request("GET", target).header(name, value).send().await.status.as_u16()
}

#[tokio::test]
async fn who_is_over_its_rate_is_told_when_to_come_back() {
    let origin = Origin::echo().await;
    let config = limited(&origin, "[limits.per_client]\nrate = \"1/m\"\nburst = 3\n");
    let mut proxy = Proxy::with(config.more("[log]\naccess = { path = \"-\" }")).await;
    for client in [&mut proxy.client().await, &mut proxy.h2c().await] {
        let reply = client.get("/").await;
        if reply.status == 200 {
            assert_eq!(passing(client, "/", 2).await, 2);
        }
        let reply = client.get("/").await;
        assert_eq!(reply.status, 429);
        let retry_after: u64 = reply.header("retry-after").parse().unwrap();
        assert!((55..=60).contains(&retry_after), "{retry_after}");
        assert_eq!(reply.header("ratelimit-policy"), "\"per_client\";q=3;w=180");
        assert_eq!(reply.header("ratelimit"), format!("\"per_client\";r=0;t={retry_after}"));
    }
    assert_eq!(origin.count(), 3);
    // Six requests over two workers, whose lines come in any order.
    let mut refused = 0;
    for _ in 0..6 {
        let line = proxy.access_line().await;
        if line["status"] == 429 {
            assert_eq!(
                (&line["limit"], &line["flags"]),
                (&json!("per_client"), &json!(["rate_limited"]))
            );
            refused += 1;
        } else {
            assert_eq!((&line["status"], &line["limit"]), (&json!(200), &Value::Null));
        }
    }
    assert_eq!(refused, 3);
    let verdict = async |verdict| {
        let labels = [("limit", "per_client"), ("verdict", verdict)];
        proxy.metric("foxtrot_limit_requests_total", &labels).await
    };
    assert_eq!((verdict("passed").await, verdict("refused").await), (3.0, 3.0));
    let refused = proxy.metric("foxtrot_refused_total", &[("reason", "rate_limited")]).await;
    assert_eq!(refused, 3.0);
    let mut other = Client::h1_from("127.0.0.2", proxy.http()).await;
    assert_eq!(other.get("/").await.status, 200);
}

#[tokio::test]
async fn a_key_that_has_waited_as_long_as_it_was_told_passes() {
    let origin = Origin::echo().await;
    let proxy =
        Proxy::with(limited(&origin, "[limits.per_client]\nrate = \"10/s\"\nburst = 1\n")).await;
    let mut client = proxy.client().await;
    let begun = Instant::now();
    assert_eq!(client.get("/").await.status, 200);
    eventually("room", async || client.get("/").await.status == 200).await;
    assert!(begun.elapsed() >= Duration::from_millis(100), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn keys_are_parts_of_the_request() {
    let origin = Origin::echo().await;
    for (key, same, other) in [
        ("header:x-key", ("/", "x-key", "1"), ("/", "x-key", "2")),
        ("cookie:sid", ("/", "cookie", "a=0; sid=1"), ("/", "cookie", "a=0; sid=2")),
        ("path", ("/a?1", "x", "1"), ("/b?1", "x", "1")),
        ("host", ("/", "host", "a.test"), ("/", "host", "b.test")),
    ] {
        let limit = format!("[limits.per_client]\nkey = [\"{key}\"]\nrate = \"1/h\"\n");
        let proxy = Proxy::with(limited(&origin, &limit)).await;
        let mut client = proxy.client().await;
        let seen = [
            status(&mut client, same.0, same.1, same.2).await,
            status(&mut client, same.0, same.1, same.2).await,
            status(&mut client, other.0, other.1, other.2).await,
        ];
        assert_eq!(seen, [200, 429, 200], "{key}");
    }
    let all = "[limits.per_client]\nkey = [\"constant\"]\nrate = \"1/h\"\n";
    let proxy = Proxy::with(limited(&origin, all)).await;
    assert_eq!(passing(&mut proxy.client().await, "/", 1).await, 1);
    let mut other = Client::h1_from("127.0.0.2", proxy.http()).await;
    assert_eq!(other.get("/").await.status, 429);
}

#[tokio::test]
async fn routes_share_a_bucket_unless_the_key_tells_them_apart() {
    let origin = Origin::echo().await;
    let second =
        "[[routes]]\nmatch = { path = \"/b\" }\nto = \"cluster:app\"\nlimits = [\"per_client\"]\n";
    for (key, passed) in [("client_ip", 3), ("route", 6)] {
        let limit = format!("[limits.per_client]\nkey = [\"{key}\"]\nrate = \"1/m\"\nburst = 3\n");
        let proxy = Proxy::with(limited(&origin, &format!("{limit}{second}"))).await;
        let mut client = proxy.client().await;
        let seen = passing(&mut client, "/", 5).await + passing(&mut client, "/b", 5).await;
        assert_eq!(seen, passed, "{key}");
    }
}

#[tokio::test]
async fn what_lacks_a_part_of_the_key_is_shared_or_skipped() {
    let origin = Origin::echo().await;
    for (missing, expected) in [("share", [200, 429, 429]), ("skip", [200, 200, 200])] {
        let limit = format!(
            "[limits.per_client]\nkey = [\"header:x-key\"]\nmissing = \"{missing}\"\nrate = \"1/h\"\n"
        );
        let proxy = Proxy::with(limited(&origin, &limit)).await;
        let mut client = proxy.client().await;
        let seen = [
            status(&mut client, "/", "x-other", "1").await,
            status(&mut client, "/", "x-key", "").await,
            status(&mut client, "/", "x-other", "1").await,
        ];
        assert_eq!(seen, expected, "{missing}");
        assert_eq!(status(&mut client, "/", "x-key", "1").await, 200);
        assert_eq!(status(&mut client, "/", "x-key", "1").await, 429);
    }
}

#[tokio::test]
async fn a_dry_run_refuses_nothing() {
    let origin = Origin::echo().await;
    let config = limited(&origin, &format!("{LIMIT}dry_run = true\n"));
    let mut proxy = Proxy::with(config.more("[log]\naccess = { path = \"-\" }")).await;
    assert_eq!(passing(&mut proxy.client().await, "/", 5).await, 5);
    let mut named = 0;
    for _ in 0..5 {
        let line = proxy.access_line().await;
        assert_eq!(line["flags"], Value::Null);
        named += usize::from(line["limit"] == "per_client");
    }
    assert_eq!(named, 2);
    let labels = [("limit", "per_client"), ("verdict", "would_refuse")];
    assert_eq!(proxy.metric("foxtrot_limit_requests_total", &labels).await, 2.0);
}

#[tokio::test]
async fn a_request_costs_what_its_route_says() {
    let origin = Origin::echo().await;
    let dear = "[[routes]]\nmatch = { path = \"/search\" }\nto = \"cluster:app\"\nlimits = [\"per_client\"]\nlimit_cost = 2\n";
    let proxy = Proxy::with(limited(&origin, &format!("{LIMIT}{dear}"))).await;
    let mut client = proxy.client().await;
    let seen = [
        client.get("/search").await.status.as_u16(),
        client.get("/search").await.status.as_u16(),
        client.get("/").await.status.as_u16(),
        client.get("/").await.status.as_u16(),
    ];
    assert_eq!(seen, [200, 429, 200, 429]);
}

#[tokio::test]
async fn what_one_limit_refuses_no_other_is_charged_for() {
    let origin = Origin::echo().await;
    let tables = "[limits.wide]\nrate = \"1/h\"\nburst = 4\n[limits.narrow]\nkey = [\"path\"]\nrate = \"1/h\"\n";
    let config = Config::to(&origin).route("limits = [\"wide\", \"narrow\"]").more(tables);
    let proxy = Proxy::with(config).await;
    let mut client = proxy.client().await;
    assert_eq!(passing(&mut client, "/a", 20).await, 1);
    let mut passed = 0;
    for target in ["/b", "/c", "/d", "/e"] {
        passed += passing(&mut client, target, 1).await;
    }
    assert_eq!(passed, 3);
}

#[tokio::test]
async fn a_tenant_has_limits_of_its_own() {
    let origin = Origin::echo().await;
    let tables = "[tenants.acme]\nhosts = [\"acme.test\"]\nlimits = [\"acme\"]\n\
        [limits.acme]\nkey = [\"tenant\"]\nrate = \"1/h\"\nburst = 2\n";
    let proxy = Proxy::with(Config::to(&origin).more(tables)).await;
    let mut client = proxy.client().await;
    let mut seen = Vec::new();
    for host in ["acme.test", "acme.test", "acme.test", "other.test"] {
        seen.push(status(&mut client, "/", "host", host).await);
    }
    assert_eq!(seen, [200, 200, 429, 200]);
}

#[tokio::test]
async fn buckets_survive_a_reload() {
    let origin = Origin::echo().await;
    let proxy = Proxy::with(limited(&origin, LIMIT)).await;
    let mut client = proxy.client().await;
    assert_eq!(passing(&mut client, "/", 5).await, 3);
    proxy.reload_ok(limited(&origin, LIMIT).route("max_body = \"1KiB\"")).await;
    assert_eq!(client.get("/").await.status, 429);
    // What is owed is owed in time: a longer burst leaves room at once.
    proxy.reload_ok(limited(&origin, &LIMIT.replace("burst = 3", "burst = 5"))).await;
    assert_eq!(passing(&mut client, "/", 5).await, 2);
    // Another key is another count.
    let keys = format!("{LIMIT}key = [\"client_ip\", \"route\"]\n");
    proxy.reload_ok(limited(&origin, &keys)).await;
    assert_eq!(passing(&mut client, "/", 5).await, 3);
}

#[tokio::test]
async fn sprayed_keys_give_nobody_a_fresh_bucket() {
    let origin = Origin::echo().await;
    let limit = "[limits.per_client]\nkey = [\"header:x-key\"]\nrate = \"1/h\"\nmax_keys = 8\n";
    let proxy = Proxy::with(limited(&origin, limit)).await;
    let mut client = proxy.h2c().await;
    assert_eq!(status(&mut client, "/", "x-key", "mine").await, 200);
    assert_eq!(status(&mut client, "/", "x-key", "mine").await, 429);
    for key in 0..1_000 {
        status(&mut client, "/", "x-key", &key.to_string()).await;
    }
    assert_eq!(status(&mut client, "/", "x-key", "mine").await, 429);
    let shared = proxy.metric("foxtrot_limit_shared_total", &[("limit", "per_client")]).await;
    assert!(shared > 800.0, "{shared}");
}

#[tokio::test]
async fn requests_at_once_are_counted_until_their_last_byte() {
    let origin = Origin::echo().await;
    let limit = "[limits.per_client]\nconcurrency = 2\n";
    let proxy = Proxy::with(limited(&origin, limit)).await;
    let client = proxy.h2c().await;
    // Two uploads whose bodies do not end before the others have been sent.
    let (sender_one, one) = body::channel();
    let (sender_two, two) = body::channel();
    let upload = async |body: Body| {
        let mut client = client.another();
        client.request("POST", "/").body(body).send().await.status.as_u16()
    };
    let others = async {
        let passed = [("limit", "per_client"), ("verdict", "passed")];
        proxy.metric_reaches("foxtrot_limit_requests_total", &passed, 2.0).await;
        let reply = client.another().get("/").await;
        assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (429, "1"));
        let policy = "\"per_client\";q=2;qu=\"concurrent-requests\"";
        assert_eq!(reply.header("ratelimit-policy"), policy);
        assert_eq!(reply.header("ratelimit"), "\"per_client\";r=0");
        let mut other = Client::h1_from("127.0.0.2", proxy.http()).await;
        assert_eq!(other.get("/").await.status, 200);
        drop((sender_one, sender_two));
    };
    let statuses = tokio::join!(upload(one), upload(two), others);
    assert_eq!((statuses.0, statuses.1), (200, 200));
    eventually("room", async || client.another().get("/").await.status == 200).await;
    let refused = [("reason", "concurrency_limited")];
    assert!(proxy.metric("foxtrot_refused_total", &refused).await >= 1.0);
}

#[tokio::test]
async fn bodies_keep_to_a_bandwidth() {
    let origin = Origin::echo().await;
    let limit = "[limits.per_client]\nbandwidth = \"512KiB/s\"\n";
    let proxy = Proxy::with(limited(&origin, limit)).await;
    // A tenth of a second's bytes pass at once. What is counted is both ways together, and of both requests.
    let begun = Instant::now();
    let upload = async || {
        let mut client = proxy.client().await;
        let reply = client.request("POST", "/").body(body::sized(256 << 10)).send().await;
        assert_eq!(reply.status, 200);
    };
    tokio::join!(upload(), upload());
    let took = begun.elapsed();
    assert!(took > Duration::from_millis(700), "{took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    let limit = [("limit", "per_client")];
    let bytes = proxy.metric("foxtrot_limit_bytes_total", &limit).await;
    assert!(bytes >= f64::from(512 << 10), "{bytes}");
    assert!(proxy.metric("foxtrot_limit_waits_total", &limit).await > 1.0);
}

#[tokio::test]
async fn who_is_held_up_until_a_deadline_is_over_its_limit() {
    let origin = Origin::echo().await;
    let limit = "[limits.per_client]\nbandwidth = \"8KiB/s\"\n";
    let route = "timeouts = { request = \"1s\", total = \"900ms\", try = \"900ms\" }";
    let proxy = Proxy::with(limited(&origin, limit).route(route)).await;
    let mut client = proxy.client().await;
    let reply = client.request("POST", "/").body(body::sized(256 << 10)).send().await;
    assert_eq!(reply.status, 429);
    let policy = "\"per_client\";q=8192;w=1;qu=\"content-bytes\"";
    assert_eq!(reply.header("ratelimit-policy"), policy);
    let refused = [("reason", "bandwidth_limited")];
    assert_eq!(proxy.metric("foxtrot_refused_total", &refused).await, 1.0);
}

#[tokio::test]
async fn the_status_shows_limits() {
    let origin = Origin::echo().await;
    let proxy = Proxy::with(limited(&origin, LIMIT)).await;
    let mut client = proxy.client().await;
    passing(&mut client, "/", 5).await;
    let limit = proxy.status().await["limits"][0].clone();
    assert_eq!((&limit["name"], &limit["keys"]), (&json!("per_client"), &json!(1)));
    assert_eq!((&limit["passed"], &limit["refused"]), (&json!(3), &json!(2)));
    assert_eq!(limit["keys_max"], json!(100_000));
    assert!(limit["memory_bytes"].as_u64().is_some_and(|bytes| bytes <= 2_500_000), "{limit}");
    assert_eq!(proxy.metric("foxtrot_limit_keys", &[("limit", "per_client")]).await, 1.0);
}

#[tokio::test]
async fn a_refusal_in_grpc_is_in_its_own_terms() {
    let origin = Origin::echo().await;
    let proxy = Proxy::with(limited(&origin, LIMIT)).await;
    let mut client = proxy.h2c().await;
    let mut call = async || {
        client.request("POST", "/").header("content-type", "application/grpc").send().await
    };
    for _ in 0..3 {
        assert_eq!(call().await.status, 200);
    }
    let reply = call().await;
    assert_eq!((reply.status.as_u16(), reply.header("grpc-status")), (200, "14"));
    assert!(!reply.header("retry-after").is_empty());
}

#[tokio::test]
async fn copies_are_not_counted_again() {
    let (origin, shadow) = (Origin::echo().await, Origin::echo().await);
    let config = Config::mirror(&origin, &shadow, "percent = 100,");
    let proxy = Proxy::with(config.route("limits = [\"per_client\"]").more(LIMIT)).await;
    assert_eq!(passing(&mut proxy.client().await, "/", 5).await, 3);
    eventually("three copies", async || shadow.count() == 3).await;
    let labels = [("limit", "per_client"), ("verdict", "passed")];
    assert_eq!(proxy.metric("foxtrot_limit_requests_total", &labels).await, 3.0);
}

#[test]
fn limits_that_cannot_hold_are_refused_with_their_place() {
    for (limit, place, message) in [
        ("rate = \"0/s\"", "8:8", "a rate of zero"),
        ("rate = \"ten/s\"", "8:8", "expected a rate"),
        ("rate = \"1/s\"\nburst = -5", "9:9", "expected a number from 1"),
        ("rate = \"1/s\"\nkey = [\"client_pi\"]", "9:8", "did you mean \"client_ip\"?"),
        ("rate = \"1/s\"\nkey = []", "9:7", "at least 1 entry"),
        ("rat = \"1/s\"", "8:1", "did you mean `rate`?"),
        ("rate = \"1/s\"\nmax_keys = 0", "9:12", "expected a number from 1"),
        ("burst = 5", "7:1", "needs `rate`, `concurrency` or `bandwidth`"),
    ] {
        let config = limited_text(&format!("[limits.per_client]\n{limit}\n"), "per_client");
        let exit = check(&config);
        assert_eq!(exit.code, Some(2), "{limit}: {}", exit.output);
        let output: String = exit.output.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(output.contains(message), "{limit}: {output}");
        assert!(output.contains(&format!("foxtrot.toml:{place}")), "{limit}: {output}");
    }
    let exit = check(limited_text("[limits.per_client]\nrate = \"1/s\"\n", "per_cleint"));
    assert!(exit.output.contains("did you mean `per_client`?"), "{}", exit.output);
    let exit = check(Config::to(&"http://127.0.0.1:1").more(LIMIT));
    assert_eq!(exit.code, Some(2));
    assert!(exit.output.contains("no route and no tenant names it"), "{}", exit.output);
}

fn limited_text(tables: &str, name: &str) -> String {
    let route = format!("limits = [\"{name}\"]");
    Config::to(&"http://127.0.0.1:1").route(route).more(tables).to_string()
}
