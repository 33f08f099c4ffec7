//! Limits that replicas share over a Redis, and what becomes of them when it goes.

use std::fs;

use e2e::*;

fn shared(origin: &Origin, url: &str, limit: &str, store: &str) -> Config {
    let tables = format!("[limits.shared]\n{limit}\nstore = {{ redis = \"{url}\"{store} }}\n");
    Config::to(origin).route("limits = [\"shared\"]").more(tables)
}

async fn state(proxy: &Proxy) -> String {
    proxy.status().await["limits"][0]["store"]["state"].as_str().unwrap().to_owned()
}

async fn reaches(proxy: &Proxy, wanted: &str) {
    eventually(wanted, async || state(proxy).await == wanted).await;
}

async fn passes(client: &mut Client) -> bool {
    let status = client.get("/").await.status;
    assert!(status == 200 || status == 429, "{status}");
    status == 200
}

#[tokio::test]
async fn two_replicas_share_one_quota() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let origin = Origin::echo().await;
    let config = shared(&origin, &redis.url(), "rate = \"1/m\"\nburst = 20", "");
    let (one, two) = (Proxy::with(&config).await, Proxy::with(&config).await);
    reaches(&one, "connected").await;
    reaches(&two, "connected").await;
    let (mut a, mut b) = (one.client().await, two.client().await);
    let mut passed = 0;
    for _ in 0..60 {
        passed += usize::from(passes(&mut a).await) + usize::from(passes(&mut b).await);
    }
    // 20 are due, and each may be ahead of the store by a tenth of that.
    assert!((20..=24).contains(&passed), "{passed}");
    let labels = [("limit", "shared"), ("outcome", "reported")];
    one.metric_reaches("foxtrot_limit_store_total", &labels, 1.0).await;
    assert_eq!(one.metric("foxtrot_limit_degraded", &[("limit", "shared")]).await, 0.0);
    // One client, one key, and nothing of it that could be read.
    let keys = redis.command(&["keys", "*"]);
    let id = keys.strip_prefix("foxtrot:limit:shared:").unwrap_or_default();
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{keys}");
}

#[tokio::test]
async fn who_is_over_its_quota_at_one_replica_is_over_it_at_all() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let origin = Origin::echo().await;
    let config = shared(&origin, &redis.url(), "rate = \"1/m\"\nburst = 10", "");
    let (one, two) = (Proxy::with(&config).await, Proxy::with(&config).await);
    reaches(&one, "connected").await;
    reaches(&two, "connected").await;
    let mut a = one.client().await;
    let mut passed = 0;
    // Refusals that come of being ahead of the store pass.
    eventually("the last of ten", async || {
        passed += usize::from(passes(&mut a).await);
        passed == 10
    })
    .await;
    let labels = [("limit", "shared"), ("outcome", "reported")];
    one.metric_reaches("foxtrot_limit_store_total", &labels, 10.0).await;
    let mut b = two.client().await;
    let mut there = 0;
    for _ in 0..50 {
        there += usize::from(passes(&mut b).await);
    }
    assert!(there <= 1, "{there} more passed at the other");
}

#[tokio::test]
async fn a_store_that_is_killed_under_load_loses_nothing() {
    let Some(mut redis) = Redis::start(&[]).await else { return };
    let origin = Origin::echo().await;
    let config = shared(&origin, &redis.url(), "rate = \"100/s\"\nburst = 100", "");
    let (one, two) = (Proxy::with(&config).await, Proxy::with(&config).await);
    reaches(&one, "connected").await;
    reaches(&two, "connected").await;
    let (mut a, mut b) = (one.client().await, two.client().await);
    let begun = Instant::now();
    let (mut passed, mut asked) = (0, 0);
    let mut load = async |until: &str| {
        // `passes` fails at any status but 200 and 429.
        while state(&one).await != until || state(&two).await != until {
            for _ in 0..50 {
                passed += usize::from(passes(&mut a).await) + usize::from(passes(&mut b).await);
                asked += 2;
            }
        }
    };
    load("connected").await;
    redis.kill();
    load("degraded").await;
    load("degraded").await;
    assert_eq!(one.metric("foxtrot_limit_degraded", &[("limit", "shared")]).await, 1.0);
    assert!(one.log().contains("store is gone"), "{}", one.log());
    redis.restart().await;
    load("connected").await;
    assert_eq!(one.metric("foxtrot_limit_degraded", &[("limit", "shared")]).await, 0.0);
    assert!(one.log().contains("store is back"), "{}", one.log());
    // Never open: each alone lets pass what one may, and no more.
    let most = 2.0 * (100.0 + begun.elapsed().as_secs_f64() * 100.0);
    assert!(f64::from(passed as u32) <= most, "{passed} of {asked} passed, at most {most}");
}

#[tokio::test]
async fn a_silent_store_leaves_each_replica_its_share() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let origin = Origin::echo().await;
    let store = ", timeout = \"50ms\", replicas = 2";
    let proxy = Proxy::with(shared(&origin, &url, "rate = \"1/m\"\nburst = 10", store)).await;
    reaches(&proxy, "degraded").await;
    let mut client = proxy.client().await;
    let begun = Instant::now();
    let mut passed = 0;
    for _ in 0..20 {
        passed += usize::from(passes(&mut client).await);
    }
    assert_eq!(passed, 5);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_store_may_want_a_password() {
    let Some(redis) = Redis::start(&["--requirepass", "open sesame"]).await else { return };
    let origin = Origin::echo().await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    for (password, expected) in [("open sesame\n", "connected"), ("wrong", "degraded")] {
        fs::write(&file, password).unwrap();
        let store = format!(", user = \"default\", password = {{ file = {file:?} }}");
        let proxy = Proxy::with(shared(&origin, &redis.url(), "rate = \"1/s\"", &store)).await;
        reaches(&proxy, expected).await;
        assert_eq!(proxy.client().await.get("/").await.status, 200);
    }
}

#[test]
fn stores_that_cannot_be_are_refused_with_their_place() {
    for (store, place, message) in [
        ("redis = \"redsi://h:1\"", "8:19", "did you mean \"redis://h:1\"?"),
        ("redis = \"redis://h:x\"", "8:19", "its port is none"),
        ("redis = \"redis://u:p@h\"", "8:19", "there are `user` and `password`"),
        ("redis = \"redis://h\", timeout = \"0s\"", "8:42", "longer than zero"),
        ("redis = \"redis://h\", replicas = 0", "8:43", "from 1 to 10000"),
        ("redis = \"redis://h\", user = \"u\"", "8:32", "there is no `password`"),
        ("redis = \"redis://h\", password = { env = \"NO_SUCH_NAME\" }", "8:43", "NO_SUCH_NAME"),
        ("host = \"h\"", "8:11", "unknown key `host`"),
    ] {
        let tables = format!("[limits.shared]\nstore = {{ {store} }}\nrate = \"1/s\"\n");
        let config = Config::to(&"http://127.0.0.1:1").route("limits = [\"shared\"]").more(tables);
        let exit = check(config);
        assert_eq!(exit.code, Some(2), "{store}: {}", exit.output);
        let output: String = exit.output.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(output.contains(message), "{store}: {output}");
        assert!(output.contains(&format!("foxtrot.toml:{place}")), "{store}: {output}");
    }
}
