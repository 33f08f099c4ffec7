//! Further tries: when, where, and with what.

use super::*;

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const UNAVAILABLE: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy";

/// Resets every request before its answer.
async fn resetting() -> Origin {
    Origin::start(|_, mut peer| async move {
        peer.request().await;
        peer.reset();
    })
    .await
}

#[tokio::test]
async fn a_refused_connect_is_tried_elsewhere_for_any_method() {
    let good = Origin::answering(HELLO).await;
    let cluster = cluster(&[Origin::closed().await, good.address], "");
    for _ in 0..4 {
        let (result, _) = send(&cluster, request(Method::POST, "/", Body::from("x"))).await;
        assert_eq!(result.unwrap().head.status, 200);
    }
    let (_, body) = channel();
    let (result, _) = send(&cluster, request(Method::POST, "/", body)).await;
    assert_eq!(result.unwrap().head.status, 200);
}

#[tokio::test]
async fn a_reset_is_tried_elsewhere_with_the_whole_body() {
    let bad = resetting().await;
    let good = Origin::start(|_, mut peer| async move {
        while peer.request().await.is_some() {
            assert_eq!(peer.until(b"0\r\n\r\n").await.unwrap(), "3\r\nabc\r\n0\r\n\r\n");
            peer.send(HELLO).await;
        }
    })
    .await;
    let cluster = cluster(&[bad.address, good.address], "");
    let mut tries = 0;
    for _ in 0..2 {
        let (sender, body) = channel();
        sender.send(data("abc")).unwrap();
        drop(sender);
        let (result, report) = send(&cluster, request(Method::PUT, "/", body)).await;
        assert_eq!(result.unwrap().head.status, 200);
        assert_eq!(report.endpoint.as_deref(), Some(&*good.address.to_string()));
        tries += report.tries;
    }
    assert_eq!(tries, 3);
}

#[tokio::test]
async fn a_reset_post_is_not_tried_again() {
    let bad = resetting().await;
    let (result, report) =
        send(&bad.cluster(""), request(Method::POST, "/", Body::from("x"))).await;
    assert!(matches!(result, Err(Error::Reset(_))), "{result:?}");
    assert_eq!(report.tries, 1);
}

#[tokio::test]
async fn statuses_are_tried_again_only_if_named() {
    let busy = Origin::answering(UNAVAILABLE).await;
    let good = Origin::answering(HELLO).await;
    let both = [busy.address, good.address];
    let named = cluster(&both, "retry = { on = [\"503\"] }");
    for _ in 0..4 {
        assert_eq!(fetch(&named).await, (200, "hello".into()));
    }
    assert_eq!(named.describe().in_flight, 0);
    let unnamed = cluster(&both, "");
    let statuses = [fetch(&unnamed).await.0, fetch(&unnamed).await.0];
    assert!(statuses.contains(&503), "{statuses:?}");
}

#[tokio::test]
async fn the_last_answer_is_passed_on_as_it_is() {
    let busy = Origin::answering(UNAVAILABLE).await;
    let cluster = busy.cluster("retry = { on = [\"503\"], max = 2 }");
    let (result, report) = send(&cluster, get("/")).await;
    let response = result.unwrap();
    assert_eq!((response.head.status.as_u16(), report.tries), (503, 3));
    assert_eq!(text(response).await, "busy");
    let mixed = super::cluster(
        &[busy.address, Origin::closed().await],
        "retry = { on = [\"503\", \"connect\"], max = 1 }\nbalance = \"round_robin\"",
    );
    for _ in 0..2 {
        assert_eq!(fetch(&mixed).await, (503, "busy".into()));
    }
}

#[tokio::test]
async fn a_try_that_is_not_answered_in_time_is_given_up() {
    let (closed, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let silent = Origin::start(move |_, mut peer| {
        let closed = closed.clone();
        async move {
            peer.closed().await;
            closed.send(()).unwrap();
        }
    })
    .await;
    let timeouts = "timeouts = { try = \"30ms\", total = \"1s\" }";
    let (result, report) = send(&silent.cluster(timeouts), get("/")).await;
    assert_eq!((result.unwrap_err(), report.tries), (Error::TryTimeout, 1));
    seen.recv().await.unwrap();
    let again = format!("{timeouts}\nretry = {{ on = [\"timeout\"], max = 2 }}");
    let (result, report) = send(&silent.cluster(&again), get("/")).await;
    assert_eq!((result.unwrap_err(), report.tries), (Error::TryTimeout, 3));
    let total = "timeouts = { try = \"10s\", total = \"30ms\" }\nretry = { on = [\"timeout\"] }";
    let (result, _) = send(&silent.cluster(total), get("/")).await;
    assert_eq!(result.unwrap_err(), Error::TotalTimeout);
}

#[tokio::test]
async fn an_endpoint_that_takes_no_connection_is_a_connect_timeout() {
    // A listener whose backlog is full drops what comes after.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut fill = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(std::time::Duration::from_millis(50), TcpStream::connect(address))
            .await
    {
        fill.push(stream);
    }
    let cluster = cluster(&[address], "timeouts = { connect = \"50ms\" }\nretry = { max = 0 }");
    let (result, _) = send(&cluster, get("/")).await;
    assert_eq!(result.unwrap_err(), Error::ConnectTimeout);
    assert_eq!(cluster.describe().connections, 0);
}

#[tokio::test]
async fn a_cluster_without_endpoints_says_so() {
    let cluster = compile("endpoints = [\"http://name.invalid\"]", None);
    let (result, _) = send(&cluster, get("/")).await;
    assert_eq!(result.unwrap_err(), Error::NoEndpoint);
}
