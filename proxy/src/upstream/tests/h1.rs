//! HTTP/1.1: framing, both directions at once, interim responses, upgrades, broken endpoints.

use std::sync::Mutex;

use http::{StatusCode, header};

use super::*;
use crate::{upstream::Informational, wire::ResponseHead};

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

#[tokio::test]
async fn a_request_goes_out_as_it_came() {
    let (heads, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let origin = Origin::start(move |_, mut peer| {
        let heads = heads.clone();
        async move {
            heads.send(peer.request().await.unwrap()).unwrap();
            peer.send(HELLO).await;
        }
    })
    .await;
    let mut request = get("/a%2Fb?c=<d>");
    request.head.headers.insert("x-one", "1".parse().unwrap());
    let response = ok(&origin.cluster(""), request).await;
    assert_eq!(response.head.status, 200);
    assert_eq!(response.body.exact_len(), Some(5));
    assert_eq!(text(response).await, "hello");
    let head = seen.recv().await.unwrap();
    assert_eq!(head, "GET /a%2Fb?c=<d> HTTP/1.1\r\nhost: a.example\r\nx-one: 1\r\n\r\n");
}

#[tokio::test]
async fn a_missing_host_is_the_endpoints() {
    let origin = Origin::start(|_, mut peer| async move {
        let head = peer.request().await.unwrap();
        assert!(
            head.contains(&format!("host: {}\r\n", peer.stream.local_addr().unwrap())),
            "{head}"
        );
        peer.send(HELLO).await;
    })
    .await;
    let mut request = get("/");
    request.head.authority = Bytes::new();
    assert_eq!(text(ok(&origin.cluster(""), request).await).await, "hello");
}

#[tokio::test]
async fn bodies_of_known_and_unknown_length_arrive() {
    let origin = Origin::start(|_, mut peer| async move {
        while let Some(head) = peer.request().await {
            let end: &[u8] = if head.contains("chunked") { b"\r\n0\r\n\r\n" } else { b"." };
            let body = peer.until(end).await.unwrap();
            let reply = format!("{}|{body}", head.to_lowercase().contains("content-length: 4"));
            let length = reply.len();
            peer.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{reply}")).await;
        }
    })
    .await;
    let cluster = origin.cluster("");
    let known = request(Method::POST, "/", Body::from("abc."));
    assert_eq!(text(ok(&cluster, known).await).await, "true|abc.");
    let (sender, body) = channel();
    sender.send(data("ab")).unwrap();
    sender.send(data("cde")).unwrap();
    drop(sender);
    let unknown = request(Method::POST, "/", body);
    assert_eq!(text(ok(&cluster, unknown).await).await, "false|2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n");
    assert_eq!(origin.accepted(), 1);
}

#[tokio::test]
async fn request_trailers_arrive() {
    let origin = Origin::start(|_, mut peer| async move {
        peer.request().await;
        let body = peer.until(b"etag: x\r\n\r\n").await.unwrap();
        assert_eq!(body, "1\r\na\r\n0\r\netag: x\r\n\r\n");
        peer.send(HELLO).await;
    })
    .await;
    let (sender, body) = channel();
    sender.send(data("a")).unwrap();
    let trailers = HeaderMap::from_iter([(header::ETAG, "x".parse().unwrap())]);
    sender.send(Ok(Frame::trailers(trailers))).unwrap();
    drop(sender);
    let response = ok(&origin.cluster(""), request(Method::PUT, "/", body)).await;
    assert_eq!(text(response).await, "hello");
}

#[tokio::test]
async fn chunked_answers_and_their_trailers_pass() {
    let origin = Origin::answering(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx-sum: 5\r\n\r\n",
    )
    .await;
    let cluster = origin.cluster("");
    for _ in 0..2 {
        let collected = ok(&cluster, get("/")).await.body.collect().await.unwrap();
        assert_eq!(collected.trailers().unwrap()["x-sum"], "5");
        assert_eq!(collected.to_bytes(), "abcde");
    }
    assert_eq!(origin.accepted(), 1);
}

#[tokio::test]
async fn an_answer_without_length_ends_with_its_connection() {
    let origin = Origin::start(|_, mut peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 200 OK\r\n\r\nabc").await;
        peer.send("def").await;
    })
    .await;
    let cluster = origin.cluster("");
    assert_eq!(fetch(&cluster).await, (200, "abcdef".into()));
    assert_eq!(fetch(&cluster).await, (200, "abcdef".into()));
    assert_eq!(origin.accepted(), 2);
}

#[tokio::test]
async fn head_and_304_have_no_body_whatever_they_announce() {
    let origin = Origin::start(|_, mut peer| async move {
        while let Some(head) = peer.request().await {
            let status = if head.starts_with("HEAD") { "200 OK" } else { "304 Not Modified" };
            peer.send(&format!("HTTP/1.1 {status}\r\ncontent-length: 99\r\n\r\n")).await;
        }
    })
    .await;
    let cluster = origin.cluster("");
    for method in [Method::HEAD, Method::GET, Method::HEAD] {
        let response = ok(&cluster, request(method, "/", Body::Empty)).await;
        assert_eq!(response.head.headers[header::CONTENT_LENGTH], "99");
        assert!(response.body.is_empty());
    }
    assert_eq!(origin.accepted(), 1);
}

#[tokio::test]
async fn both_directions_flow_at_once() {
    let origin = Origin::start(|_, mut peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        for _ in 0..3 {
            let chunk = peer.until(b"\r\n").await.unwrap() + &peer.until(b"\r\n").await.unwrap();
            peer.send(&chunk).await;
        }
        assert_eq!(peer.until(b"0\r\n\r\n").await.unwrap(), "0\r\n\r\n");
        peer.send("0\r\n\r\n").await;
        peer.closed().await;
    })
    .await;
    let cluster = origin.cluster("");
    let (sender, body) = channel();
    let mut response = ok(&cluster, request(Method::POST, "/", body)).await;
    for word in ["one", "two", "three"] {
        sender.send(data(word)).unwrap();
        let frame = response.body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), word);
    }
    drop(sender);
    assert!(response.body.frame().await.is_none());
    assert_eq!(cluster.describe().endpoints[0].idle, 1);
}

#[tokio::test]
async fn an_early_answer_ends_the_upload_and_the_connection() {
    let origin = Origin::start(|_, mut peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n").await;
        peer.closed().await;
    })
    .await;
    let cluster = origin.cluster("");
    let (sender, body) = channel();
    sender.send(data("some")).unwrap();
    let response = ok(&cluster, request(Method::POST, "/", body)).await;
    assert_eq!(response.head.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(cluster.describe().connections, 0);
}

#[tokio::test]
async fn an_answer_before_a_broken_upload_counts() {
    let origin = Origin::start(|_, mut peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno")
            .await;
        peer.stream.shutdown().await.unwrap();
        peer.closed().await;
    })
    .await;
    let big = Bytes::from(vec![b'x'; 4 << 20]);
    let response = ok(&origin.cluster(""), request(Method::POST, "/", Body::Full(big))).await;
    assert_eq!(response.head.status, 403);
    assert_eq!(text(response).await, "no");
}

#[derive(Default)]
pub(super) struct Interims(pub(super) Mutex<Vec<ResponseHead>>);

impl Informational for Interims {
    fn send(&self, head: ResponseHead) {
        self.0.lock().unwrap().push(head);
    }
}

pub(super) async fn with_interims(
    cluster: &Arc<Cluster>,
) -> (Result<Response, Error>, Vec<ResponseHead>) {
    let interims = Interims::default();
    let mut report = Report::default();
    let call = Call {
        worker: 0,
        cluster,
        hash: None,
        per_try: None,
        total: None,
        informational: Some(&interims),
        report: &mut report,
    };
    let result = forward(call, get("/")).await;
    (result, interims.0.into_inner().unwrap())
}

#[tokio::test]
async fn interim_responses_are_relayed_but_for_100() {
    let origin = Origin::answering(
        "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    )
    .await;
    let (result, interims) = with_interims(&origin.cluster("")).await;
    assert_eq!(result.unwrap().head.status, 204);
    let statuses: Vec<_> = interims.iter().map(|head| head.status.as_u16()).collect();
    assert_eq!(statuses, [103, 102]);
}

#[tokio::test]
async fn interim_responses_leave_behind_what_is_of_one_connection() {
    let origin = Origin::answering(
        "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\nconnection: close, x-a\r\nx-a: b\r\nkeep-alive: timeout=1\r\ntransfer-encoding: chunked\r\ncontent-length: 7\r\nupgrade: h2c\r\nte: gzip\r\ntrailer: x-b\r\nproxy-connection: close\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    )
    .await;
    let (result, interims) = with_interims(&origin.cluster("")).await;
    assert_eq!(result.unwrap().head.status, 204);
    let names: Vec<_> = interims[0].headers.keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["link"]);
}

#[tokio::test]
async fn endless_interim_responses_are_malformed() {
    let origin = Origin::start(|_, mut peer| async move {
        peer.request().await;
        for _ in 0..50 {
            peer.send("HTTP/1.1 103 Early Hints\r\n\r\n").await;
        }
        peer.closed().await;
    })
    .await;
    let (result, interims) = with_interims(&origin.cluster("retry = { max = 0 }")).await;
    assert!(matches!(result, Err(Error::UpstreamMalformed(_))), "{result:?}");
    assert_eq!(interims.len(), 16);
}

fn expecting(body: Body) -> Request {
    let mut request = request(Method::POST, "/", body);
    request.head.headers.insert(header::EXPECT, "100-continue".parse().unwrap());
    request
}

#[tokio::test]
async fn a_body_waits_for_100() {
    let origin = Origin::start(|_, mut peer| async move {
        peer.request().await;
        assert!(peer.inbox.is_empty());
        peer.send("HTTP/1.1 100 Continue\r\n\r\n").await;
        peer.until(b"body").await.unwrap();
        peer.send(HELLO).await;
    })
    .await;
    let response = ok(&origin.cluster(""), expecting(Body::from("body"))).await;
    assert_eq!(text(response).await, "hello");
}

#[tokio::test]
async fn a_body_refused_is_never_asked_for() {
    let origin =
        Origin::answering("HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\n\r\n").await;
    let cluster = origin.cluster("");
    let body = Body::stream(StreamBody::new(futures_util::stream::poll_fn(
        |_| -> std::task::Poll<Option<Result<Frame<Bytes>, BodyError>>> {
            panic!("body was polled")
        },
    )));
    let response = ok(&cluster, expecting(body)).await;
    assert_eq!(response.head.status, 417);
    assert_eq!(cluster.describe().connections, 0, "what follows would be read as the body");
}

#[tokio::test]
async fn a_body_waits_for_100_no_longer_than_a_second() {
    let origin = Origin::start(|_, mut peer| async move {
        peer.request().await;
        peer.until(b"body").await.unwrap();
        peer.send(HELLO).await;
    })
    .await;
    let start = crate::clock::now();
    let response = ok(&origin.cluster(""), expecting(Body::from("body"))).await;
    assert_eq!(text(response).await, "hello");
    assert!(crate::clock::now() - start >= std::time::Duration::from_secs(1));
}

#[tokio::test]
async fn an_upgrade_gives_the_connection_away() {
    let origin = Origin::start(|_, mut peer| async move {
        let head = peer.request().await.unwrap();
        assert!(head.contains("connection: upgrade\r\nupgrade: websocket\r\n"), "{head}");
        peer.send("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\nhi").await;
        let echo = peer.until(b"!").await.unwrap();
        peer.send(&echo).await;
    })
    .await;
    let cluster = origin.cluster("");
    let mut request = get("/");
    request.head.upgrade = Some(Bytes::from_static(b"websocket"));
    let response = ok(&cluster, request).await;
    let mut tunnel = response.tunnel.unwrap();
    let FarEnd::Connection(stream) = &mut tunnel.far_end else { panic!("{tunnel:?}") };
    stream.write_all(b"echo!").await.unwrap();
    let mut echo = [0; 7];
    stream.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"hiecho!");
    let status = cluster.describe();
    assert_eq!((status.connections, status.endpoints[0].active, status.in_flight), (1, 1, 1));
    drop(tunnel);
    let status = cluster.describe();
    assert_eq!((status.connections, status.endpoints[0].active, status.in_flight), (0, 0, 0));
}

#[tokio::test]
async fn an_upgrade_nobody_asked_for_is_malformed() {
    let origin = Origin::answering("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n").await;
    let (result, _) = send(&origin.cluster("retry = { max = 0 }"), get("/")).await;
    assert!(matches!(result, Err(Error::UpstreamMalformed(_))), "{result:?}");
}

#[tokio::test]
async fn nonsense_is_malformed_and_never_passed_on() {
    for nonsense in [
        "SSH-2.0-x\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 99 Low\r\n\r\n",
    ] {
        let origin = Origin::answering(nonsense).await;
        let (result, _) = send(&origin.cluster("retry = { max = 0 }"), get("/")).await;
        assert!(matches!(result, Err(Error::UpstreamMalformed(_))), "{nonsense}: {result:?}");
    }
}

#[tokio::test]
async fn a_body_cut_short_is_never_a_clean_end() {
    for cut in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcX",
    ] {
        let origin = Origin::start(move |_, mut peer| async move {
            peer.request().await;
            peer.send(cut).await;
        })
        .await;
        let cluster = origin.cluster("");
        let error = ok(&cluster, get("/")).await.body.collect().await.unwrap_err();
        assert!(matches!(error, BodyError::Upstream(_)), "{cut}: {error}");
        assert_eq!(cluster.describe().endpoints[0].failures, 1);
    }
}

#[tokio::test]
async fn silence_in_a_body_ends_it() {
    let origin = Origin::start(|_, mut peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await;
        peer.closed().await;
    })
    .await;
    let cluster = origin.cluster("timeouts = { idle = \"50ms\" }");
    let error = ok(&cluster, get("/")).await.body.collect().await.unwrap_err();
    assert!(matches!(error, BodyError::UpstreamIdle), "{error}");
    assert_eq!(cluster.describe().connections, 0);
}

#[tokio::test]
async fn what_is_dropped_is_cancelled() {
    let (closed, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let origin = Origin::start(move |_, mut peer| {
        let closed = closed.clone();
        async move {
            peer.request().await;
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await;
            peer.closed().await;
            closed.send(()).unwrap();
        }
    })
    .await;
    let cluster = origin.cluster("");
    let response = ok(&cluster, get("/")).await;
    assert_eq!(cluster.describe().in_flight, 1);
    drop(response);
    seen.recv().await.unwrap();
    let status = cluster.describe();
    assert_eq!((status.in_flight, status.connections), (0, 0));
}

#[tokio::test]
async fn the_clients_own_failures_are_not_the_upstreams() {
    let origin = Origin::start(|_, mut peer| async move { peer.closed().await }).await;
    for (error, expected) in [
        (BodyError::ClientGone, Error::ClientGone),
        (BodyError::TooLarge, Error::BodyTooLarge),
        (BodyError::TooSlow, Error::RequestTimeout("body")),
    ] {
        let cluster = origin.cluster("");
        let (sender, body) = channel();
        sender.send(data("a")).unwrap();
        sender.send(Err(error)).unwrap();
        let (result, report) = send(&cluster, request(Method::PUT, "/", body)).await;
        assert_eq!(result.unwrap_err(), expected);
        assert_eq!((report.tries, cluster.describe().endpoints[0].failures), (1, 0));
    }
}
