//! Which endpoint: balance, ejection, probes, names, reloads.

use std::{collections::BTreeSet, time::Duration};

use foxtrot_api::clusters::EndpointState;

use super::*;
use crate::{
    clock,
    upstream::{breaker::Traffic, control, warm},
};

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const BROKEN: &str = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";

fn states(cluster: &Cluster) -> Vec<EndpointState> {
    cluster.describe().endpoints.iter().map(|endpoint| endpoint.state).collect()
}

#[tokio::test]
async fn requests_take_turns() {
    let (one, two) = (Origin::answering(HELLO).await, Origin::answering(HELLO).await);
    let cluster = cluster(&[one.address, two.address], "");
    for _ in 0..10 {
        fetch(&cluster).await;
    }
    let requests: Vec<u64> = cluster.describe().endpoints.iter().map(|e| e.requests).collect();
    assert_eq!(requests, [5, 5]);
}

/// Requests of a hundred that an endpoint gets, of three, at these ages of it.
#[tokio::test(start_paused = true)]
async fn an_endpoint_that_has_just_begun_gets_a_part_of_its_share() {
    for balance in ["\"round_robin\"", "\"least_request\"", "{ hash = \"path\" }"] {
        let addresses = [1, 2, 3].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let cluster = cluster(&addresses, &format!("balance = {balance}\nslow_start = \"30s\""));
        let picked = || {
            let mut counts = [0_u32; 3];
            for n in 0..3_000 {
                let hash = balance.contains("hash").then(|| crate::upstream::balance::mix(n));
                let picked = cluster.pick(0, hash, Traffic::Live, &[]).unwrap();
                let at = addresses.iter().position(|address| *address == picked.address);
                counts[at.unwrap()] += 1;
            }
            counts
        };
        let even = picked();
        assert!(even.iter().all(|n| (850..1_150).contains(n)), "{balance} {even:?}");
        cluster.endpoints().list[1].vitals.begin(clock::now());
        let first = picked();
        assert!((40..350).contains(&first[1]), "{balance} {first:?}");
        assert!(first[0].abs_diff(first[2]) < 350, "the others share evenly: {balance} {first:?}");
        tokio::time::advance(Duration::from_secs(15)).await;
        let half = picked();
        assert!(half[1] > first[1] && half[1] < even[1], "{balance} {half:?}");
        tokio::time::advance(Duration::from_secs(15)).await;
        let all = picked();
        assert!(all[1].abs_diff(even[1]) < 150, "{balance} {all:?}");
    }
}

#[tokio::test]
async fn an_ejected_endpoint_returns_slowly_and_a_new_one_among_others_begins_so() {
    let addresses = [1, 2].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let one = cluster(&addresses[..1], "slow_start = \"30s\"");
    let window = Duration::from_secs(30);
    let share = |cluster: &Cluster, at: usize| {
        cluster.endpoints().list[at].vitals.share(window, clock::now())
    };
    assert_eq!(share(&one, 0), 1.0, "the first endpoints have nobody to leave requests to");
    let text = "endpoints = [\"http://127.0.0.1:1\", \"http://127.0.0.1:2\"]\nslow_start = \"30s\"";
    let two = compile(text, Some(&one));
    assert_eq!((share(&two, 0), share(&two, 1)), (1.0, 0.1));
    let vitals = &two.endpoints().list[0].vitals;
    let policy = crate::upstream::outlier::Policy {
        eject: Duration::ZERO,
        ..crate::upstream::outlier::Policy::new(&Default::default())
    };
    vitals.eject(&policy, clock::now());
    assert!(!vitals.is_ejected(clock::now() + Duration::from_millis(1)));
    assert_eq!(share(&two, 0), 0.1);
}

#[tokio::test]
async fn the_less_busy_is_asked() {
    let slow = Origin::answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel").await;
    let other = Origin::answering(HELLO).await;
    let cluster = cluster(&[slow.address, other.address], "balance = \"least_request\"");
    // Two of two are compared, so that what is busy is never chosen over what is not.
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(ok(&cluster, get("/")).await);
    }
    let busy: Vec<u32> = cluster.describe().endpoints.iter().map(|e| e.active).collect();
    assert_eq!(busy[1], 0);
    assert!(cluster.describe().endpoints[1].requests > 5, "{busy:?}");
}

#[tokio::test]
async fn a_key_stays_with_its_endpoint() {
    let origins = [
        Origin::answering(HELLO).await,
        Origin::answering(HELLO).await,
        Origin::answering(HELLO).await,
    ];
    let addresses: Vec<_> = origins.iter().map(|origin| origin.address).collect();
    let cluster = cluster(&addresses, "balance = { hash = \"header:x-user\" }");
    let mut used = BTreeSet::new();
    for user in 0..30 {
        let mut endpoints = BTreeSet::new();
        for _ in 0..3 {
            let mut request = get("/");
            request.head.headers.insert("x-user", user.into());
            let mut report = Report::default();
            let call = Call {
                worker: 0,
                cluster: &cluster,
                hash: cluster.balance_key(&request.head, [127, 0, 0, 1].into()),
                per_try: None,
                total: None,
                informational: None,
                report: &mut report,
            };
            forward(call, request).await.unwrap();
            endpoints.insert(report.endpoint.unwrap());
        }
        assert_eq!(endpoints.len(), 1);
        used.append(&mut endpoints);
    }
    assert_eq!(used.len(), 3);
}

#[tokio::test]
async fn an_endpoint_that_fails_in_a_row_is_ejected_and_returns() {
    let (bad, good) = (Origin::answering(BROKEN).await, Origin::answering(HELLO).await);
    let cluster =
        cluster(&[bad.address, good.address], "outlier = { consecutive_5xx = 3, eject = \"10s\" }");
    for _ in 0..6 {
        fetch(&cluster).await;
    }
    assert_eq!(states(&cluster), [EndpointState::Ejected, EndpointState::Healthy]);
    for _ in 0..6 {
        assert_eq!(fetch(&cluster).await.0, 200);
    }
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
    assert_eq!(states(&cluster), [EndpointState::Healthy, EndpointState::Healthy]);
    let statuses: BTreeSet<u16> = [fetch(&cluster).await.0, fetch(&cluster).await.0].into();
    assert_eq!(statuses, [200, 500].into());
}

#[tokio::test]
async fn the_last_endpoint_is_never_ejected() {
    let bad = Origin::answering(BROKEN).await;
    let cluster = bad.cluster("outlier = { consecutive_5xx = 1, max_ejected = 100 }");
    for _ in 0..5 {
        assert_eq!(fetch(&cluster).await.0, 500);
    }
    assert_eq!(states(&cluster), [EndpointState::Healthy]);
}

#[tokio::test]
async fn failed_connects_eject_too() {
    let good = Origin::answering(HELLO).await;
    let cluster =
        cluster(&[Origin::closed().await, good.address], "outlier = { consecutive_failures = 2 }");
    for _ in 0..6 {
        assert_eq!(fetch(&cluster).await.0, 200);
    }
    assert_eq!(states(&cluster), [EndpointState::Ejected, EndpointState::Healthy]);
}

#[tokio::test]
async fn the_first_probe_decides_before_a_cluster_is_in_force() {
    let bad = Origin::answering("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await;
    let good = Origin::start(|_, mut peer| async move {
        let head = peer.request().await.unwrap();
        assert!(head.starts_with("GET /up HTTP/1.1\r\nhost: probed.example\r\n"), "{head}");
        peer.send("HTTP/1.1 204 No Content\r\n\r\n").await;
    })
    .await;
    let keys = "health = { path = \"/up\", host = \"probed.example\" }";
    let cluster = cluster(&[bad.address, good.address], keys);
    assert_eq!(states(&cluster), [EndpointState::Unprobed; 2]);
    warm(std::slice::from_ref(&cluster), Duration::from_secs(5)).await;
    assert_eq!(states(&cluster), [EndpointState::Unhealthy, EndpointState::Healthy]);
    assert_eq!(cluster.describe().connections, 0);
}

#[tokio::test]
async fn a_cluster_without_healthy_endpoints_still_tries() {
    let origin = Origin::answering(HELLO).await;
    let cluster = origin.cluster("health = { path = \"/\", expect = [418] }");
    warm(std::slice::from_ref(&cluster), Duration::from_secs(5)).await;
    assert_eq!(states(&cluster), [EndpointState::Unhealthy]);
    assert_eq!(fetch(&cluster).await.0, 200);
}

#[tokio::test]
async fn probes_go_on_while_a_cluster_is_in_force() {
    let healthy = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flag = healthy.clone();
    let origin = Origin::start(move |_, mut peer| {
        let flag = flag.clone();
        async move {
            peer.request().await;
            peer.send(if flag.load(Ordering::SeqCst) { HELLO } else { BROKEN }).await;
        }
    })
    .await;
    let cluster = origin.cluster("health = { path = \"/\", every = \"10ms\", rise = 2, fall = 2 }");
    let (clusters, receiver) = tokio::sync::watch::channel(vec![cluster.clone()]);
    let running = tokio::spawn(control::run(receiver));
    let until = async |state| {
        while states(&cluster) != [state] {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    until(EndpointState::Unhealthy).await;
    healthy.store(true, Ordering::SeqCst);
    until(EndpointState::Healthy).await;
    clusters.send(Vec::new()).unwrap();
    drop(clusters);
    running.await.unwrap();
}

#[tokio::test]
async fn names_are_resolved_before_a_cluster_is_in_force() {
    let origin = Origin::answering(HELLO).await;
    let port = origin.address.port();
    let cluster = compile(&format!("endpoints = [\"http://localhost:{port}\"]"), None);
    assert!(cluster.describe().endpoints.is_empty());
    warm(std::slice::from_ref(&cluster), Duration::from_secs(5)).await;
    assert_eq!(cluster.describe().endpoints[0].origin, format!("http://localhost:{port}"));
    assert_eq!(fetch(&cluster).await.0, 200);
}

#[tokio::test]
async fn an_address_that_goes_takes_its_connections_along() {
    let (one, two) = (Origin::answering(HELLO).await, Origin::answering(HELLO).await);
    let cluster = compile("endpoints = [\"http://name.invalid\"]", None);
    cluster.set_addresses(0, &[one.address]);
    fetch(&cluster).await;
    let mut open = ok(&cluster, get("/")).await;
    cluster.set_addresses(0, &[two.address]);
    assert_eq!(cluster.describe().endpoints.len(), 1);
    assert_eq!(cluster.describe().connections, 0);
    assert!(open.body.frame().await.is_some(), "what is under way goes on");
    assert_eq!(fetch(&cluster).await.0, 200);
    assert_eq!((one.accepted(), two.accepted()), (1, 1));
    cluster.set_addresses(0, &[two.address, one.address]);
    let status = cluster.describe();
    assert_eq!((status.endpoints.len(), status.connections), (2, 1), "what stays keeps its own");
}

#[tokio::test]
async fn a_reload_keeps_connections_and_what_was_learned() {
    let origin =
        Origin::answering("HTTP/1.1 204 No Content\r\nkeep-alive: timeout=5\r\n\r\n").await;
    let endpoints = format!("endpoints = [\"http://{}\"]", origin.address);
    let before = compile(&endpoints, None);
    fetch(&before).await;
    let after = compile(&format!("{endpoints}\ntimeouts = {{ idle = \"1s\" }}"), Some(&before));
    let (_, report) = send(&after, get("/")).await;
    assert!(report.reused);
    assert_eq!(after.describe().endpoints[0].requests, 2);
    let other = compile(&format!("{endpoints}\nprotocol = \"http/1.1\""), Some(&after));
    let (_, report) = send(&other, get("/")).await;
    assert!(!report.reused, "connections of another protocol are not ours");
    let endpoint = &other.describe().endpoints[0];
    assert_eq!((endpoint.requests, endpoint.learned_idle_ms), (3, Some(4_000)));
}

#[test]
fn probes_that_cannot_be_sent_are_problems() {
    let text = "endpoints = [\"http://127.0.0.1:1\"]\nhealth = { path = \"/a b\", host = \"a\\r\\nb: c\" }";
    let config: config::Cluster = toml::from_str(text).unwrap();
    let problems = Cluster::compile("test", &config, None, &Metrics::new(1)).unwrap_err();
    let keys: Vec<&str> = problems.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["health.path", "health.host"]);
}
