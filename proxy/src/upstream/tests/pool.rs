//! Connections kept for reuse: which, how long, and what happens when one has died.

use std::time::Duration;

use super::*;
use crate::{clock, upstream::sweep};

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

#[tokio::test]
async fn a_connection_is_used_again() {
    let origin = Origin::answering(HELLO).await;
    let cluster = origin.cluster("");
    let (first, report) = send(&cluster, get("/")).await;
    assert!(!report.reused && report.first_byte.is_some());
    drop(first);
    let (_, report) = send(&cluster, get("/")).await;
    assert!(report.reused);
    assert_eq!(origin.accepted(), 1);
    let endpoint = &cluster.describe().endpoints[0];
    assert_eq!((endpoint.idle, endpoint.connections, endpoint.requests), (1, 1, 2));
}

#[tokio::test]
async fn workers_keep_their_own() {
    let origin = Origin::answering(HELLO).await;
    let cluster = origin.cluster("");
    fetch(&cluster).await;
    let mut report = Report::default();
    let call = Call {
        worker: 1,
        cluster: &cluster,
        hash: None,
        per_try: None,
        total: None,
        informational: None,
        report: &mut report,
    };
    forward(call, get("/")).await.unwrap();
    assert!(!report.reused);
    assert_eq!((origin.accepted(), cluster.describe().endpoints[0].idle), (2, 2));
}

#[tokio::test]
async fn connections_that_cannot_be_kept_are_not() {
    for response in [
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nconnection: x, Close\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison",
    ] {
        let origin = Origin::answering(response).await;
        let cluster = origin.cluster("");
        for _ in 0..3 {
            assert_eq!(fetch(&cluster).await, (200, "hello".into()), "{response}");
        }
        assert_eq!(origin.accepted(), 3, "{response}");
    }
    let explicit = "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 5\r\n\r\nhello";
    let origin = Origin::answering(explicit).await;
    let cluster = origin.cluster("");
    fetch(&cluster).await;
    fetch(&cluster).await;
    assert_eq!(origin.accepted(), 1);
}

#[tokio::test]
async fn bytes_that_come_while_idle_end_a_connection() {
    let origin = Origin::start(|number, mut peer| async move {
        peer.request().await;
        peer.send(HELLO).await;
        if number == 0 {
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison").await;
        }
        peer.closed().await;
    })
    .await;
    let cluster = origin.cluster("");
    for _ in 0..2 {
        assert_eq!(fetch(&cluster).await, (200, "hello".into()));
    }
}

#[tokio::test]
async fn no_more_are_kept_than_configured() {
    let origin = Origin::answering(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    )
    .await;
    let cluster = origin.cluster("pool = { idle = 2 }");
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(ok(&cluster, get("/")).await);
    }
    for response in open {
        text(response).await;
    }
    assert_eq!((cluster.describe().endpoints[0].idle, cluster.describe().connections), (2, 2));
}

#[tokio::test]
async fn a_connection_that_died_is_replaced_unseen() {
    // Each connection answers once and is reset by the next request: the race, won by the endpoint every time.
    let origin = Origin::start(|_, mut peer| async move {
        peer.request().await;
        peer.send(HELLO).await;
        peer.request().await;
        peer.reset();
    })
    .await;
    let cluster = origin.cluster("retry = { max = 0 }");
    fetch(&cluster).await;
    let (result, report) = send(&cluster, request(Method::PUT, "/", Body::from("again"))).await;
    assert_eq!(result.unwrap().head.status, 200);
    assert_eq!((report.tries, report.replaced, report.reused), (1, 1, false));
    let endpoint = &cluster.describe().endpoints[0];
    assert_eq!((endpoint.failures, endpoint.requests), (0, 2));
}

#[tokio::test]
async fn a_post_that_has_left_is_not_sent_twice() {
    let origin = Origin::start(|_, mut peer| async move {
        peer.request().await;
        peer.send(HELLO).await;
        peer.request().await;
        peer.reset();
    })
    .await;
    let cluster = origin.cluster("");
    fetch(&cluster).await;
    let (result, report) = send(&cluster, request(Method::POST, "/", Body::from("once"))).await;
    assert!(matches!(result, Err(Error::Reset(_))), "{result:?}");
    assert_eq!((report.tries, origin.accepted()), (1, 1));
}

#[tokio::test]
async fn a_connection_found_closed_is_no_problem_for_a_post() {
    let (closed, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let origin = Origin::start(move |_, mut peer| {
        let closed = closed.clone();
        async move {
            peer.request().await;
            peer.send(HELLO).await;
            drop(peer);
            closed.send(()).unwrap();
        }
    })
    .await;
    let cluster = origin.cluster("");
    for _ in 0..3 {
        let response = ok(&cluster, request(Method::POST, "/", Body::from("x"))).await;
        assert_eq!(text(response).await, "hello");
        seen.recv().await.unwrap();
        // The reactor has to hear of it.
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_the_endpoint_says_bounds_idle_time() {
    let origin =
        Origin::answering("HTTP/1.1 204 No Content\r\nkeep-alive: timeout=5, max=9\r\n\r\n").await;
    let cluster = origin.cluster("");
    fetch(&cluster).await;
    assert_eq!(cluster.describe().endpoints[0].learned_idle_ms, Some(4_000));
}

#[tokio::test]
async fn sweeping_closes_what_has_expired() {
    let origin = Origin::answering(HELLO).await;
    let cluster = origin.cluster("pool = { idle_timeout = \"10s\" }");
    fetch(&cluster).await;
    let clusters = [cluster.clone()];
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(9)).await;
    sweep(0, &clusters);
    assert_eq!(cluster.describe().endpoints[0].idle, 1);
    sweep(1, &clusters);
    tokio::time::advance(Duration::from_secs(2)).await;
    sweep(1, &clusters);
    assert_eq!(cluster.describe().endpoints[0].idle, 1, "another worker's are not ours to close");
    sweep(0, &clusters);
    assert_eq!(cluster.describe().connections, 0);
}

#[tokio::test]
async fn sweeping_learns_when_the_endpoint_hangs_up() {
    let (hang_up, _) = tokio::sync::broadcast::channel::<()>(4);
    let sender = hang_up.clone();
    let origin = Origin::start(move |_, mut peer| {
        let mut signal = sender.subscribe();
        async move {
            peer.request().await;
            peer.send(HELLO).await;
            signal.recv().await.unwrap();
        }
    })
    .await;
    let cluster = origin.cluster("");
    let clusters = [cluster.clone()];
    for _ in 0..2 {
        fetch(&cluster).await;
        tokio::time::pause();
        for _ in 0..5 {
            tokio::time::advance(Duration::from_secs(1)).await;
            sweep(0, &clusters);
        }
        assert_eq!(cluster.describe().connections, 1);
        hang_up.send(()).unwrap();
        tokio::time::resume();
        while cluster.describe().connections > 0 {
            tokio::task::yield_now().await;
            sweep(0, &clusters);
        }
    }
    let learned = cluster.describe().endpoints[0].learned_idle_ms.unwrap();
    assert!((3_900..=4_200).contains(&learned), "{learned}");
}

#[tokio::test]
async fn old_connections_are_not_used_again() {
    let origin = Origin::answering(HELLO).await;
    let cluster = origin.cluster("pool = { max_age = \"5s\" }");
    fetch(&cluster).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(6)).await;
    tokio::time::resume();
    let before = clock::now();
    assert_eq!(fetch(&cluster).await.0, 200);
    assert!(clock::now() >= before);
    assert_eq!((origin.accepted(), cluster.describe().connections), (2, 1));
}
