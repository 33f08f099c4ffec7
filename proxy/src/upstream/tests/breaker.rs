//! Caps: refused with 429, never waited for without bound, and freed with the last byte.

use super::*;

const SLOW: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel";
const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

fn cap(result: Result<Response, Error>) -> &'static str {
    match result {
        Err(Error::Overflow { cap, retry_after }) => {
            assert!(!retry_after.is_zero());
            cap
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn requests_in_flight_are_capped() {
    let origin = Origin::answering(SLOW).await;
    let cluster = origin.cluster("breaker = { requests = 2 }");
    let first = ok(&cluster, get("/")).await;
    let _second = ok(&cluster, get("/")).await;
    assert_eq!(cap(send(&cluster, get("/")).await.0), "requests");
    drop(first);
    ok(&cluster, get("/")).await;
}

#[tokio::test]
async fn connections_are_capped_and_waited_for() {
    let origin = Origin::answering(SLOW).await;
    let cluster = origin
        .cluster("breaker = { connections = 1, pending = 1 }\ntimeouts = { connect = \"10s\" }");
    let first = ok(&cluster, get("/")).await;
    let waiting = tokio::spawn({
        let cluster = cluster.clone();
        async move { send(&cluster, get("/")).await.0.map(|r| r.head.status.as_u16()) }
    });
    while cluster.describe().pending == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(cap(send(&cluster, get("/")).await.0), "pending");
    drop(first);
    assert_eq!(waiting.await.unwrap(), Ok(200));
    assert_eq!(cluster.describe().pending, 0);
}

#[tokio::test]
async fn who_waits_takes_over_a_connection_that_becomes_idle() {
    let (go, _) = tokio::sync::broadcast::channel::<()>(1);
    let sender = go.clone();
    let origin = Origin::start(move |_, mut peer| {
        let mut signal = sender.subscribe();
        async move {
            peer.request().await;
            peer.send(SLOW).await;
            signal.recv().await.unwrap();
            peer.send("lo").await;
            while peer.request().await.is_some() {
                peer.send(HELLO).await;
            }
        }
    })
    .await;
    let cluster = origin.cluster("breaker = { connections = 1 }\ntimeouts = { connect = \"10s\" }");
    let first = ok(&cluster, get("/")).await;
    let waiting = tokio::spawn({
        let cluster = cluster.clone();
        async move { fetch(&cluster).await }
    });
    while cluster.describe().pending == 0 {
        tokio::task::yield_now().await;
    }
    go.send(()).unwrap();
    assert_eq!(text(first).await, "hello");
    assert_eq!(waiting.await.unwrap(), (200, "hello".into()));
    assert_eq!(origin.accepted(), 1);
}

#[tokio::test]
async fn waiting_ends_with_the_connect_timeout() {
    let origin = Origin::answering(SLOW).await;
    let cluster =
        origin.cluster("breaker = { connections = 1 }\ntimeouts = { connect = \"50ms\" }");
    let _first = ok(&cluster, get("/")).await;
    assert_eq!(cap(send(&cluster, get("/")).await.0), "connections");
    assert_eq!(cluster.describe().endpoints[0].failures, 0);
}

#[tokio::test]
async fn idle_connections_make_room() {
    let one = Origin::answering(HELLO).await;
    let two = Origin::answering(HELLO).await;
    let cluster =
        cluster(&[one.address, two.address], "breaker = { connections = 1, pending = 0 }");
    for _ in 0..6 {
        assert_eq!(fetch(&cluster).await.0, 200);
    }
    assert_eq!((one.accepted(), two.accepted(), cluster.describe().connections), (3, 3, 1));
}

#[tokio::test]
async fn counts_outlive_a_reload() {
    let origin = Origin::answering(SLOW).await;
    let text = format!("endpoints = [\"http://{}\"]\nbreaker = {{ requests = 1 }}", origin.address);
    let before = compile(&text, None);
    let first = ok(&before, get("/")).await;
    let after = compile(&text, Some(&before));
    assert_eq!(cap(send(&after, get("/")).await.0), "requests");
    drop(first);
    ok(&after, get("/")).await;
}

#[tokio::test]
async fn endpoints_that_a_reload_drops_leave_no_connection_under_the_cap() {
    let (old, new) = (Origin::answering(HELLO).await, Origin::answering(HELLO).await);
    let keys = "breaker = { connections = 1, pending = 0 }";
    let text = |origin: &Origin| format!("endpoints = [\"http://{}\"]\n{keys}", origin.address);
    let before = compile(&text(&old), None);
    fetch(&before).await;
    let after = compile(&text(&new), Some(&before));
    assert_eq!(cap(send(&after, get("/")).await.0), "connections");
    crate::upstream::replaced(std::slice::from_ref(&before), std::slice::from_ref(&after));
    assert_eq!(after.describe().connections, 0);
    // A request that began before the reload still arrives, and keeps nothing.
    fetch(&before).await;
    assert_eq!(after.describe().connections, 0);
    fetch(&after).await;
    crate::upstream::replaced(std::slice::from_ref(&after), std::slice::from_ref(&after));
    assert_eq!(after.describe().connections, 1, "what stays keeps its own");
    crate::upstream::replaced(&[after], &[]);
    assert_eq!(before.describe().connections, 0, "a cluster that is gone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_leaks_under_load_and_cancellation() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let closing = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello";
    let origins = [
        Origin::answering(HELLO).await,
        Origin::answering(chunked).await,
        Origin::answering(closing).await,
    ];
    let addresses: Vec<_> = origins.iter().map(|origin| origin.address).collect();
    let keys = "breaker = { connections = 6, pending = 1000, requests = 1000 }\ntimeouts = { connect = \"30s\" }";
    let cluster = cluster(&addresses, keys);
    let tasks: Vec<_> = (0..64u64)
        .map(|number| {
            let cluster = cluster.clone();
            tokio::spawn(async move {
                for round in 0..40 {
                    let chance = crate::upstream::balance::mix(number * 1_000 + round);
                    let limit = std::time::Duration::from_micros(chance % 3_000);
                    if chance.is_multiple_of(3) {
                        // Given up somewhere on the way.
                        let _ = tokio::time::timeout(limit, fetch(&cluster)).await;
                    } else {
                        assert_eq!(fetch(&cluster).await, (200, "hello".into()));
                    }
                    assert!(cluster.describe().endpoints.len() == 3);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let status = cluster.describe();
    let idle: u32 = status.endpoints.iter().map(|endpoint| endpoint.idle).sum();
    let active: u32 = status.endpoints.iter().map(|endpoint| endpoint.active).sum();
    assert_eq!((status.in_flight, status.pending, status.retries, active), (0, 0, 0, 0));
    assert_eq!(status.connections, idle);
    assert!(idle <= 6);
}
