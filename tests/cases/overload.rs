//! Overload over the wire: who passes, who waits, who is told to come back, and who is refused first.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use e2e::*;
use tokio::sync::Semaphore;

/// An origin that answers a request once there is a permit for it.
async fn gated() -> (Origin, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let of_origin = Arc::clone(&gate);
    let origin = Origin::new(move |request| {
        let gate = Arc::clone(&of_origin);
        async move {
            origin::read_to_end(request).await;
            gate.acquire().await.unwrap().forget();
            origin::answer(200, "")
        }
    });
    (origin.await, gate)
}

/// Requests that are on their way, and the statuses of those that have ended, by name.
#[derive(Default)]
struct Crowd {
    tasks: tokio::task::JoinSet<()>,
    ended: Arc<Mutex<BTreeMap<(String, u16), usize>>>,
}

impl Crowd {
    /// Sends so many requests at once, each over a stream of its own.
    fn send(&mut self, client: &Client, count: usize, name: &str, fields: &[(&str, &str)]) {
        for _ in 0..count {
            let (mut client, name) = (client.another(), name.to_owned());
            let fields: Vec<_> =
                fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            let ended = Arc::clone(&self.ended);
            self.tasks.spawn(async move {
                let mut call = client.request("GET", &format!("/{name}"));
                for (name, value) in &fields {
                    call = call.header(name, value);
                }
                let reply = call.send().await;
                let status = reply.status.as_u16();
                if status == 429 {
                    let wait: u64 = reply.header("retry-after").parse().unwrap();
                    assert!((1..=60).contains(&wait), "{wait}");
                }
                *ended.lock().unwrap().entry((name, status)).or_default() += 1;
            });
        }
    }

    fn count(&self, name: &str, status: u16) -> usize {
        let ended = self.ended.lock().unwrap();
        ended.get(&(name.to_owned(), status)).copied().unwrap_or_default()
    }

    async fn reaches(&self, name: &str, status: u16, count: usize) {
        let what = format!("{count} {name} with {status}");
        eventually(&what, async || self.count(name, status) >= count).await;
        assert_eq!(self.count(name, status), count, "{name} with {status}");
    }

    async fn end(mut self) {
        while let Some(task) = self.tasks.join_next().await {
            task.unwrap();
        }
    }
}

async fn limiter(proxy: &Proxy, name: &str) -> Value {
    let status = proxy.status().await;
    let limiters = status["overload"]["limiters"].as_array().unwrap().clone();
    limiters.into_iter().find(|limiter| limiter["name"] == name).unwrap()
}

async fn waiting(proxy: &Proxy, count: u64) {
    eventually("waiting", async || limiter(proxy, "process").await["waiting"] == count).await;
}

#[tokio::test]
async fn no_more_than_the_limit_pass_and_the_others_are_told_when_to_come_back() {
    let (origin, gate) = gated().await;
    let tables = "[overload]\nconcurrency = { max = 10 }\n";
    let proxy = Proxy::with(Config::to(&origin).more(tables)).await;
    let (one, other) = (proxy.h2c().await, proxy.h2c().await);
    let mut crowd = Crowd::default();
    crowd.send(&one, 12, "a", &[]);
    crowd.send(&other, 12, "a", &[]);
    crowd.reaches("a", 429, 14).await;
    origin.reached(10).await;
    let process = limiter(&proxy, "process").await;
    assert_eq!((&process["in_flight"], &process["limit"]), (&json!(10), &json!(10)));
    assert_eq!(
        process["shed"],
        json!([{ "class": "default", "reason": "concurrency", "requests": 14 }])
    );
    let refused = [("reason", "shed_concurrency")];
    assert_eq!(proxy.metric("foxtrot_refused_total", &refused).await, 14.0);
    let process = [("limiter", "process")];
    assert_eq!(proxy.metric("foxtrot_overload_in_flight", &process).await, 10.0);
    assert_eq!(proxy.metric("foxtrot_overload_limit", &process).await, 10.0);
    gate.add_permits(1_000);
    crowd.reaches("a", 200, 10).await;
    crowd.end().await;
    assert_eq!(origin.count(), 10);
    eventually("places", async || limiter(&proxy, "process").await["in_flight"] == 0).await;
}

#[tokio::test]
async fn who_is_shed_is_not_charged() {
    let (origin, gate) = gated().await;
    let tables = "[overload]\nconcurrency = { max = 1 }\n[limits.two]\nrate = \"1/h\"\nburst = 2\n";
    let proxy = Proxy::with(Config::to(&origin).route("limits = [\"two\"]").more(tables)).await;
    let client = proxy.h2c().await;
    let mut crowd = Crowd::default();
    crowd.send(&client, 5, "a", &[]);
    crowd.reaches("a", 429, 4).await;
    gate.add_permits(2);
    crowd.reaches("a", 200, 1).await;
    crowd.end().await;
    eventually("a place", async || limiter(&proxy, "process").await["in_flight"] == 0).await;
    let mut client = proxy.client().await;
    assert_eq!(client.get("/").await.status, 200);
}

#[tokio::test]
async fn a_queue_lets_requests_wait_until_a_deadline() {
    let (origin, gate) = gated().await;
    let tables = "[overload]\nconcurrency = { max = 2 }\nqueue = { max = 3, deadline = \"60s\" }\n";
    let proxy = Proxy::with(Config::to(&origin).more(tables)).await;
    let client = proxy.h2c().await;
    let mut crowd = Crowd::default();
    crowd.send(&client, 8, "a", &[]);
    crowd.reaches("a", 429, 3).await;
    waiting(&proxy, 3).await;
    assert_eq!(proxy.metric("foxtrot_overload_waiting", &[("limiter", "process")]).await, 3.0);
    gate.add_permits(5);
    crowd.reaches("a", 200, 5).await;
    crowd.end().await;
    // With a short deadline nobody waits for long, and who leaves gives its place in the queue back.
    let short = tables.replace("60s", "20ms");
    proxy.reload_ok(Config::to(&origin).more(short)).await;
    let mut crowd = Crowd::default();
    crowd.send(&client, 4, "b", &[]);
    crowd.reaches("b", 429, 2).await;
    waiting(&proxy, 0).await;
    let refused = [("reason", "shed_queue_deadline")];
    assert_eq!(proxy.metric("foxtrot_refused_total", &refused).await, 2.0);
    gate.add_permits(2);
    crowd.end().await;
}

#[tokio::test]
async fn a_client_that_leaves_gives_its_place_in_the_queue_back() {
    let (origin, gate) = gated().await;
    let tables = "[overload]\nconcurrency = { max = 1 }\nqueue = { max = 1, deadline = \"60s\" }\n";
    let proxy = Proxy::with(Config::to(&origin).more(tables)).await;
    let stays = proxy.h2c().await;
    let mut crowd = Crowd::default();
    crowd.send(&stays, 1, "a", &[]);
    origin.reached(1).await;
    let leaves = proxy.h2c().await;
    let mut leaving = Crowd::default();
    leaving.send(&leaves, 1, "left", &[]);
    waiting(&proxy, 1).await;
    leaving.tasks.shutdown().await;
    waiting(&proxy, 0).await;
    crowd.send(&stays, 1, "a", &[]);
    waiting(&proxy, 1).await;
    gate.add_permits(2);
    crowd.reaches("a", 200, 2).await;
    crowd.end().await;
}

#[tokio::test]
async fn what_is_listed_first_is_shed_first() {
    let (origin, gate) = gated().await;
    let shadow = Origin::echo().await;
    let tables = "[overload]\nconcurrency = { max = 10 }\nshed_order = [\"mirror\", \"bulk\", \"default\"]\n\
        [overload.classes.bulk]\nheader = { name = \"x-priority\", value = \"bulk\" }\n";
    let config = Config::mirror(&origin, &shadow, "percent = 100,").more(tables);
    let proxy = Proxy::with(config).await;
    let client = proxy.h2c().await;
    let mut crowd = Crowd::default();
    let bulk = [("x-priority", "bulk")];
    crowd.send(&client, 8, "a", &[]);
    origin.reached(8).await;
    shadow.reached(8).await;
    // Nine places for bulk; the copies had eight.
    crowd.send(&client, 3, "b", &bulk);
    crowd.reaches("b", 429, 2).await;
    origin.reached(9).await;
    crowd.send(&client, 3, "a", &[]);
    crowd.reaches("a", 429, 2).await;
    origin.reached(10).await;
    assert_eq!(shadow.count(), 8);
    let skipped = [("outcome", "skipped"), ("reason", "overload")];
    assert_eq!(proxy.metric("foxtrot_mirror_total", &skipped).await, 2.0);
    let of_bulk = [("class", "bulk"), ("reason", "concurrency")];
    assert_eq!(proxy.metric("foxtrot_overload_shed_total", &of_bulk).await, 2.0);
    gate.add_permits(100);
    crowd.end().await;
}

#[tokio::test]
async fn routes_and_tenants_have_classes() {
    let (origin, gate) = gated().await;
    let tables = "[overload]\nconcurrency = { max = 10 }\n[overload.classes.critical]\n\
        [tenants.batch]\nheader = { name = \"x-tenant\", value = \"batch\" }\nclass = \"bulk\"\n\
        [[routes]]\nmatch = { path = \"/pay\" }\nto = \"cluster:app\"\nclass = \"critical\"\n";
    let proxy = Proxy::with(Config::to(&origin).more(tables)).await;
    let client = proxy.h2c().await;
    let mut crowd = Crowd::default();
    for (name, fields, passed) in
        [("batch", &[("x-tenant", "batch")][..], 8), ("plain", &[], 1), ("pay", &[], 1)]
    {
        crowd.send(&client, 10, name, fields);
        crowd.reaches(name, 429, 10 - passed).await;
    }
    gate.add_permits(10);
    for (name, passed) in [("batch", 8), ("plain", 1), ("pay", 1)] {
        crowd.reaches(name, 200, passed).await;
    }
    crowd.end().await;
}

#[tokio::test]
async fn a_higher_class_pushes_a_lower_one_out_of_the_queue() {
    let (origin, gate) = gated().await;
    let tables = "[overload]\nconcurrency = { max = 1 }\nqueue = { max = 2, deadline = \"60s\" }\n\
        [overload.classes.bulk]\nheader = { name = \"x-priority\", value = \"bulk\" }\n";
    let proxy = Proxy::with(Config::to(&origin).more(tables)).await;
    let client = proxy.h2c().await;
    let mut crowd = Crowd::default();
    crowd.send(&client, 1, "first", &[]);
    origin.reached(1).await;
    crowd.send(&client, 2, "bulk", &[("x-priority", "bulk")]);
    waiting(&proxy, 2).await;
    crowd.send(&client, 1, "plain", &[]);
    crowd.reaches("bulk", 429, 1).await;
    gate.add_permits(1);
    crowd.reaches("first", 200, 1).await;
    origin.reached(2).await;
    assert_eq!(origin.requests()[1].path(), "/plain");
    gate.add_permits(2);
    crowd.reaches("bulk", 200, 1).await;
    crowd.end().await;
}

#[tokio::test]
async fn a_tenant_that_wants_all_leaves_the_other_its_share() {
    let origin = Origin::slow(Duration::from_millis(20)).await;
    let tables = "[overload]\nconcurrency = { max = 10 }\n\
        [tenants.greedy]\nheader = { name = \"x-tenant\", value = \"greedy\" }\n[tenants.modest]\nheader = { name = \"x-tenant\", value = \"modest\" }\n";
    let proxy = Proxy::with(Config::to(&origin).more(tables)).await;
    // One asks with thirty at a time, the other with three, each again and again.
    let keep_asking = async |tenant: &'static str, at_once: usize| {
        let client = proxy.h2c().await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..at_once {
            let mut client = client.another();
            tasks.spawn(async move {
                let (mut passed, until) = (0, Instant::now() + Duration::from_secs(3));
                while Instant::now() < until {
                    let reply = client.request("GET", "/").header("x-tenant", tenant).send().await;
                    if reply.status == 200 {
                        passed += 1;
                    } else {
                        assert_eq!(reply.status, 429);
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                }
                passed
            });
        }
        tasks.join_all().await.iter().sum::<usize>()
    };
    let (greedy, modest) = tokio::join!(keep_asking("greedy", 30), keep_asking("modest", 3));
    // Three places of ten are due to it. One in eleven requests is its own.
    assert!(modest * 5 > greedy, "{modest} of {}", modest + greedy);
    let fair = [("class", "default"), ("reason", "fair_share")];
    assert!(proxy.metric("foxtrot_overload_shed_total", &fair).await > 0.0);
}

#[tokio::test]
async fn clusters_and_routes_have_limits_of_their_own() {
    let (origin, gate) = gated().await;
    let tables = "[[routes]]\nmatch = { path = \"/route\" }\nto = \"cluster:app\"\nname = \"r\"\nconcurrency = { max = 2 }\n";
    let config = Config::to(&origin).cluster("concurrency = { max = 5 }").more(tables);
    let proxy = Proxy::with(config).await;
    let client = proxy.h2c().await;
    let mut crowd = Crowd::default();
    crowd.send(&client, 4, "route", &[]);
    crowd.reaches("route", 429, 2).await;
    origin.reached(2).await;
    crowd.send(&client, 6, "other", &[]);
    crowd.reaches("other", 429, 3).await;
    origin.reached(5).await;
    for (name, in_flight) in [("route:r", 2), ("cluster:app", 5)] {
        assert_eq!(limiter(&proxy, name).await["in_flight"], json!(in_flight), "{name}");
    }
    gate.add_permits(5);
    crowd.end().await;
    let idle = async || limiter(&proxy, "cluster:app").await["in_flight"] == 0;
    eventually("places", idle).await;
}

#[tokio::test]
async fn green_has_a_limit_of_its_own() {
    let (blue, gate) = gated().await;
    let (green, green_gate) = gated().await;
    let rollout = "weights = { blue = 0, green = 100 }";
    let config = Config::rollout(&blue, &green, rollout).to_string();
    let config = config.replace("[rollouts.app]", "concurrency = { max = 1 }\n[rollouts.app]");
    let proxy = Proxy::with(config).await;
    let client = proxy.h2c().await;
    let mut crowd = Crowd::default();
    crowd.send(&client, 3, "a", &[]);
    crowd.reaches("a", 429, 2).await;
    green_gate.add_permits(1);
    gate.add_permits(1);
    crowd.end().await;
    assert_eq!((blue.count(), green.count()), (0, 1));
}

#[tokio::test]
async fn an_adaptive_limit_follows_its_origin_down_and_up() {
    let slow = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (of_origin, hands) = (Arc::clone(&slow), Arc::new(Semaphore::new(8)));
    let origin = Origin::new(move |request| {
        let (slow, hands) = (Arc::clone(&of_origin), Arc::clone(&hands));
        async move {
            origin::read_to_end(request).await;
            let _hand = hands.acquire().await.unwrap();
            let slow = slow.load(std::sync::atomic::Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(if slow { 100 } else { 10 })).await;
            origin::answer(200, "")
        }
    })
    .await;
    let tables = "[overload]\nconcurrency = { max = 100, adaptive = true, min = 4 }\n";
    let proxy = Proxy::with(Config::to(&origin).more(tables)).await;
    let client = proxy.h2c().await;
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut tasks = tokio::task::JoinSet::new();
    let ask = |pause: u64| {
        let (mut client, stop) = (client.another(), Arc::clone(&stop));
        async move {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let status = client.get("/").await.status;
                assert!(status == 200 || status == 429, "{status}");
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        }
    };
    // Few at first: how long answers take without a queue.
    (0..4).for_each(|_| drop(tasks.spawn(ask(1))));
    origin.reached(100).await;
    let limit = async || limiter(&proxy, "process").await["limit"].as_u64().unwrap();
    assert_eq!(limit().await, 100);
    (0..80).for_each(|_| drop(tasks.spawn(ask(20))));
    slow.store(true, std::sync::atomic::Ordering::Relaxed);
    eventually("a low limit", async || limit().await < 50).await;
    slow.store(false, std::sync::atomic::Ordering::Relaxed);
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    while tasks.join_next().await.is_some() {}
    // As many clients as the origin has hands: there is no queue, and soon nobody is refused any more.
    stop.store(false, std::sync::atomic::Ordering::Relaxed);
    (0..8).for_each(|_| drop(tasks.spawn(ask(0))));
    let refused =
        async || proxy.metric("foxtrot_refused_total", &[("reason", "shed_concurrency")]).await;
    eventually("a limit that refuses nobody", async || {
        let before = refused().await;
        origin.reached(origin.count() + 300).await;
        refused().await == before
    })
    .await;
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    while tasks.join_next().await.is_some() {}
}

#[tokio::test]
async fn a_resource_that_runs_short_sheds_by_class() {
    let origin = Origin::echo().await;
    // There are always more descriptors open, and more memory in use, than a hundredth of a percent.
    for (key, reason) in [("files = 0.01", "files"), ("memory = 0.01", "memory")] {
        let tables = format!(
            "[overload]\n{key}\nshed_order = [\"bulk\", \"default\"]\n\
            [overload.classes.bulk]\nheader = {{ name = \"x-priority\", value = \"bulk\" }}\n"
        );
        let proxy = Proxy::with(Config::to(&origin).more(tables)).await;
        let mut client = proxy.client().await;
        let pressure = async || proxy.status().await["overload"]["pressure"][0].clone();
        eventually("a look", async || pressure().await["used"].as_f64() > Some(0.0)).await;
        assert_eq!(pressure().await["shed"], json!(["bulk"]));
        let reply = client.request("GET", "/").header("x-priority", "bulk").send().await;
        assert_eq!(reply.status, 429);
        assert_eq!(client.get("/").await.status, 200);
        let refused = format!("shed_{reason}");
        assert_eq!(proxy.metric("foxtrot_refused_total", &[("reason", &refused)]).await, 1.0);
        let resource = [("resource", reason)];
        assert!(proxy.metric("foxtrot_overload_pressure_percent", &resource).await > 0.0);
    }
}

#[tokio::test]
async fn a_processor_that_is_busy_sheds_by_class() {
    let origin = Origin::echo().await;
    let tables = "[overload]\ncpu = 0.01\nshed_order = [\"bulk\", \"default\"]\n\
        [overload.classes.bulk]\nheader = { name = \"x-priority\", value = \"bulk\" }\n";
    let proxy = Proxy::with(Config::to(&origin).more(tables)).await;
    let mut client = proxy.client().await;
    eventually("a busy processor", async || {
        assert_eq!(client.get("/").await.status, 200);
        client.request("GET", "/").header("x-priority", "bulk").send().await.status == 429
    })
    .await;
}

#[tokio::test]
async fn places_survive_a_reload() {
    let (origin, gate) = gated().await;
    let tables = "[overload]\nconcurrency = { max = 3 }\n";
    let proxy = Proxy::with(Config::to(&origin).more(tables)).await;
    let client = proxy.h2c().await;
    let mut crowd = Crowd::default();
    crowd.send(&client, 3, "a", &[]);
    origin.reached(3).await;
    proxy.reload_ok(Config::to(&origin).more(tables.replace('3', "4"))).await;
    crowd.send(&client, 2, "a", &[]);
    crowd.reaches("a", 429, 1).await;
    origin.reached(4).await;
    gate.add_permits(4);
    crowd.end().await;
    eventually("places", async || limiter(&proxy, "process").await["in_flight"] == 0).await;
}

#[tokio::test]
async fn a_tunnel_takes_no_place() {
    let origin = Origin::tunnel().await;
    let tables = "[overload]\nconcurrency = { max = 1 }\n";
    let proxy = Proxy::with(Config::to(&origin).more(tables)).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut client = proxy.client().await;
        let (head, tunnel) = client.request("GET", "/").handshake().upgrade().await;
        assert_eq!(head.status(), 101);
        open.push(tunnel);
    }
    assert_eq!(limiter(&proxy, "process").await["in_flight"], json!(0));
}
