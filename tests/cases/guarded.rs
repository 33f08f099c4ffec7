//! Rollouts that judge themselves: outcomes, compared answers and warm connections decide, with real traffic on the way.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use e2e::*;
use serde_json::Value;

/// A step that ends only by what is observed.
const LONG: &str = "steps = [50]\nstep_every = \"10m\"\nsticky = [\"header:x-user\"]\n";
const GUARD: &str = "guard = { error_rise = 1, p95_ratio = 3, min_requests = 20 }\n";

/// For all that users do in a case.
const LONGEST: Duration = Duration::from_secs(60);

async fn status(proxy: &Proxy) -> Value {
    proxy.admin_get("/rollouts").await[0].clone()
}

async fn ask(proxy: &Proxy, what: &str) -> Value {
    let reply = proxy.admin("POST", &format!("/rollouts/app/{what}")).await;
    assert_eq!(reply.status, 200, "{what}: {}", reply.text());
    reply.json()
}

/// Users who come one after the other on eight connections until `end` is over, and how many saw anything but 200.
async fn with_users<T>(proxy: &Proxy, end: impl Future<Output = T>) -> (T, u32, u32) {
    let (over, seen, failed) = (Cell::new(false), Cell::new(0_u32), Cell::new(0_u32));
    let user = async || {
        let mut client = proxy.client().await;
        while !over.get() {
            seen.set(seen.get() + 1);
            let name = seen.get().to_string();
            let call = client.request("GET", "/").header("x-user", &name);
            let answered = call.try_send().await.is_ok_and(|reply| reply.status == 200);
            failed.set(failed.get() + u32::from(!answered));
        }
    };
    let users = futures_util::future::join_all((0..8).map(|_| user()));
    let ended = async {
        let ended = end.await;
        over.set(true);
        ended
    };
    let both = tokio::time::timeout(LONGEST, async { tokio::join!(ended, users) });
    let (ended, _) = both.await.unwrap();
    (ended, seen.get(), failed.get())
}

#[tokio::test]
async fn a_green_that_fails_is_taken_back_and_no_user_sees_it() {
    let blue = Origin::named("blue").await;
    let green = Origin::failing_after(200, 503).await;
    let lines = format!("{LONG}{GUARD}rescue = true\nrollback = {{ drain = \"0s\" }}\n");
    let proxy = Proxy::with(Config::rollout(&blue, &green, &lines)).await;
    ask(&proxy, "start").await;
    let taken_back = async {
        green.reached(201).await;
        let begun = Instant::now();
        eventually("the way back", async || status(&proxy).await["weights"]["green"] == 0.0).await;
        begun.elapsed()
    };
    let (took, seen, failed) = with_users(&proxy, taken_back).await;
    println!("taken back {took:?} after the first failure, {failed} of {seen} requests failed");
    assert_eq!(failed, 0, "of {seen}");
    let now = status(&proxy).await;
    assert!(now["last_rollback"]["why"].as_str().unwrap().contains("failed"), "{now}");
    let labels = [("rollout", "app"), ("outcome", "answered")];
    assert!(proxy.metric("foxtrot_rescued_total", &labels).await > 0.0);
}

#[tokio::test]
async fn a_green_that_is_killed_is_taken_back_and_no_user_sees_it() {
    for phase in ["steps", "full"] {
        let (blue, green) = (Origin::named("blue").await, Origin::named("green").await);
        let lines =
            format!("{LONG}{GUARD}rescue = true\nrollback = {{ drain = \"0s\" }}\nsoak = \"5m\"\n");
        let proxy = Proxy::with(Config::rollout(&blue, &green, &lines)).await;
        ask(&proxy, "start").await;
        let killed = async {
            green.reached(100).await;
            if phase == "full" {
                ask(&proxy, "promote?force=true").await;
                let before = green.count();
                green.reached(before + 100).await;
            }
            drop(green);
            let begun = Instant::now();
            eventually("the way back", async || status(&proxy).await["weights"]["green"] == 0.0)
                .await;
            begun.elapsed()
        };
        let (took, seen, failed) = with_users(&proxy, killed).await;
        println!("{phase}: taken back {took:?} after the kill, {failed} of {seen} requests failed");
        assert_eq!(failed, 0, "{phase}: of {seen}");
    }
}

#[tokio::test]
async fn no_traffic_advances_nothing() {
    let (blue, green) = (Origin::named("blue").await, Origin::named("green").await);
    let quick = "steps = [10, 50]\nstep_every = \"50ms\"\nsoak = \"0s\"\n\
        sticky = [\"header:x-user\"]\nrollback = { drain = \"0s\" }\n";
    let other = format!("[rollouts.other]\nblue = \"app\"\ngreen = \"green\"\n{quick}");
    let config = Config::rollout(&blue, &green, &format!("{GUARD}{quick}")).more(other);
    let proxy = Proxy::with(config).await;
    ask(&proxy, "start").await;
    assert_eq!(proxy.admin("POST", "/rollouts/other/start").await.status, 200);
    // By then the guarded one would have been there as well.
    eventually("the other rollout to be done", async || {
        proxy.admin_get("/rollouts").await[1]["phase"] == "done"
    })
    .await;
    let held = status(&proxy).await;
    assert_eq!((&held["phase"], &held["weights"]["green"]), (&"steps".into(), &10.0.into()));
    let (_, seen, failed) = with_users(&proxy, async {
        eventually("traffic to move it", async || status(&proxy).await["phase"] == "done").await;
    })
    .await;
    assert_eq!(failed, 0, "of {seen}");
}

#[tokio::test]
async fn answers_that_differ_stop_a_rollout_before_its_first_user() {
    let json = |text: &'static str| {
        Origin::new(move |_| async move {
            let mut reply = origin::answer(200, text);
            let kind = "application/json".parse().unwrap();
            reply.headers_mut().insert("content-type", kind);
            reply
        })
    };
    let (blue, green) = (json("{\"price\":1}").await, json("{\"price\":\"1\"}").await);
    let mirror = "mirror = { to = \"green\" }\n\
        compare = { assert = [\"status\", \"json\"], min_requests = 10, noise_percent = 0 }\n";
    let proxy = Proxy::with(Config::rollout(&blue, &green, &format!("{LONG}{mirror}"))).await;
    assert_eq!(ask(&proxy, "start").await["after"]["phase"], "mirror");
    let (_, seen, failed) = with_users(&proxy, async {
        eventually("the rollout to end", async || {
            let now = status(&proxy).await;
            now["phase"] == "idle" || now["phase"] == "rollback"
        })
        .await;
    })
    .await;
    assert_eq!(failed, 0, "of {seen}");
    let now = status(&proxy).await;
    assert!(now["last_rollback"]["why"].as_str().unwrap().contains("differ"), "{now}");
    assert_eq!(proxy.metric("foxtrot_requests_total", &[("colour", "green")]).await, 0.0);
}

#[tokio::test]
async fn a_colour_is_warm_before_its_first_user() {
    let (blue, green) = (Origin::named("blue").await, Origin::named("green").await);
    let lines = "steps = [50]\nstep_every = \"50ms\"\nsoak = \"0s\"\nrollback = { drain = \"0s\" }\n\
        prewarm = { connections = 4, until_p95_ratio = 100, timeout = \"20s\" }\n";
    let proxy = Proxy::with(Config::rollout(&blue, &green, lines)).await;
    let mut client = proxy.client().await;
    for n in 0..200 {
        assert_eq!(client.get(&format!("/page/{}", n % 20)).await.status, 200);
    }
    assert_eq!(ask(&proxy, "start").await["after"]["phase"], "prewarm");
    eventually("the rollout to be done", async || status(&proxy).await["phase"] == "done").await;
    let seen = green.requests();
    assert!(!seen.is_empty() && seen.iter().all(|one| !one.header("x-foxtrot-prewarm").is_empty()));
    assert!(green.connections() >= 4, "{}", green.connections());
}

#[tokio::test]
async fn a_hundred_flips_under_load_lose_no_request() {
    let (blue, green) = (Origin::named("blue").await, Origin::named("green").await);
    let lines = "rollback = { drain = \"0s\" }\nsoak = \"0s\"\nsticky = [\"header:x-user\"]\n";
    let proxy = Proxy::with(Config::rollout(&blue, &green, lines)).await;
    let flips = async {
        for flip in 0..100 {
            eventually("the end of the flip before", async || {
                matches!(status(&proxy).await["phase"].as_str(), Some("idle" | "done"))
            })
            .await;
            ask(&proxy, "promote").await;
            let to = if flip % 2 == 0 { &green } else { &blue };
            to.reached(to.count() + 5).await;
        }
    };
    let ((), seen, failed) = with_users(&proxy, flips).await;
    println!("100 flips, {failed} of {seen} requests failed");
    assert_eq!(failed, 0, "of {seen}");
}
