//! HTTP/2: streams, flow control, trailers, refused requests and connections that go away.

use ::h2::{Reason, RecvStream, server};
use http::header;
use tokio::task::JoinHandle;

use super::*;

/// An HTTP/2 endpoint.
struct H2Origin {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    _task: JoinHandle<()>,
}

type Respond = server::SendResponse<Bytes>;

impl H2Origin {
    /// Serves each request with `script`, given the number of its connection.
    async fn start<F, W>(builder: server::Builder, script: F) -> Self
    where
        F: Fn(usize, http::Request<RecvStream>, Respond) -> W + Send + Clone + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = accepted.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let (script, builder) = (script.clone(), builder.clone());
                tokio::spawn(async move {
                    let mut connection = builder.handshake(stream).await.unwrap();
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        tokio::spawn(script(number, request, respond));
                    }
                });
            }
        });
        Self { address, accepted, _task: task }
    }

    fn cluster(&self, keys: &str) -> Arc<Cluster> {
        cluster(&[self.address], &format!("protocol = \"h2\"\n{keys}"))
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

async fn read(body: &mut RecvStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(Ok(data)) = body.data().await {
        body.flow_control().release_capacity(data.len()).unwrap();
        bytes.extend_from_slice(&data);
    }
    bytes
}

fn hello(mut respond: Respond) {
    let mut body = respond.send_response(http::Response::new(()), false).unwrap();
    body.send_data(Bytes::from_static(b"hello"), true).unwrap();
}

#[tokio::test]
async fn requests_share_a_connection() {
    let origin = H2Origin::start(server::Builder::new(), async |_, request, respond| {
        assert_eq!(request.uri().to_string(), "http://a.example/");
        assert_eq!(request.method(), Method::GET);
        hello(respond);
    })
    .await;
    let cluster = origin.cluster("");
    let mut tasks = Vec::new();
    for _ in 0..50 {
        let cluster = cluster.clone();
        tasks.push(tokio::spawn(async move { fetch(&cluster).await }));
    }
    for task in tasks {
        assert_eq!(task.await.unwrap(), (200, "hello".into()));
    }
    assert_eq!(origin.accepted(), 1);
    let (result, report) = send(&cluster, get("/")).await;
    assert_eq!(result.unwrap().head.version, Version::HTTP_2);
    assert!(report.reused);
    let status = cluster.describe();
    assert_eq!((status.connections, status.in_flight, status.endpoints[0].active), (1, 0, 0));
}

#[tokio::test]
async fn bodies_and_trailers_pass_both_ways() {
    let origin = H2Origin::start(server::Builder::new(), async |_, request, mut respond| {
        assert!(!request.headers().contains_key(header::CONTENT_LENGTH));
        let mut body = request.into_body();
        let bytes = read(&mut body).await;
        let trailers = body.trailers().await.unwrap().unwrap();
        let mut answer = respond.send_response(http::Response::new(()), false).unwrap();
        answer.send_data(bytes.into(), false).unwrap();
        answer.send_trailers(trailers).unwrap();
    })
    .await;
    let (sender, body) = channel();
    sender.send(data("ab")).unwrap();
    sender.send(data("cd")).unwrap();
    let trailers = HeaderMap::from_iter([(header::ETAG, "x".parse().unwrap())]);
    sender.send(Ok(Frame::trailers(trailers.clone()))).unwrap();
    drop(sender);
    let response = ok(&origin.cluster(""), request(Method::POST, "/", body)).await;
    let collected = response.body.collect().await.unwrap();
    assert_eq!(collected.trailers(), Some(&trailers));
    assert_eq!(collected.to_bytes(), "abcd");
}

/// Answers with a body of announced length, these trailers behind it.
async fn with_trailers(pairs: &'static [(&'static str, &'static str)]) -> H2Origin {
    H2Origin::start(server::Builder::new(), async |_, _, mut respond: Respond| {
        let mut head = http::Response::new(());
        head.headers_mut().insert(header::CONTENT_LENGTH, 5.into());
        let mut answer = respond.send_response(head, false).unwrap();
        answer.send_data(Bytes::from_static(b"hello"), false).unwrap();
        let trailers = pairs.iter().map(|(name, value)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
        });
        answer.send_trailers(trailers.collect()).unwrap();
    })
    .await
}

#[tokio::test]
async fn trailers_that_belong_in_a_head_are_dropped() {
    let origin = with_trailers(&[("set-cookie", "a=b"), ("host", "evil"), ("x-sum", "6")]).await;
    let response = ok(&origin.cluster(""), get("/")).await;
    let trailers = response.body.collect().await.unwrap().trailers().cloned().unwrap();
    assert_eq!(trailers.keys().map(|name| name.as_str()).collect::<Vec<_>>(), ["x-sum"]);
}

#[tokio::test]
async fn interim_responses_are_relayed_but_for_101() {
    for (status, good) in [(103, true), (101, false)] {
        let origin = H2Origin::start(server::Builder::new(), move |_, _, mut respond: Respond| {
            let interim =
                http::Response::builder().status(status).header("trailer", "x-a").body(());
            async move {
                respond.send_informational(interim.unwrap()).unwrap();
                hello(respond);
            }
        })
        .await;
        let cluster = origin.cluster("retry = { max = 0 }");
        let (result, interims) = super::h1::with_interims(&cluster).await;
        assert_eq!((result.is_ok(), interims.len()), (good, usize::from(good)), "{result:?}");
        assert!(interims.iter().all(|head| head.headers.is_empty()));
    }
}

#[tokio::test]
async fn bodies_larger_than_every_window_pass() {
    let origin = H2Origin::start(server::Builder::new(), async |_, request, mut respond| {
        assert_eq!(request.headers()[header::CONTENT_LENGTH], "3000000");
        let bytes = read(&mut request.into_body()).await;
        let mut answer = respond.send_response(http::Response::new(()), false).unwrap();
        answer.send_data(bytes.into(), true).unwrap();
    })
    .await;
    let sent: Bytes = (0..3_000_000u32).map(|n| n as u8).collect();
    let cluster = origin.cluster("");
    let response = ok(&cluster, request(Method::PUT, "/", Body::Full(sent.clone()))).await;
    assert_eq!(response.body.collect().await.unwrap().to_bytes(), sent);
    assert_eq!(cluster.describe().endpoints[0].active, 0);
}

#[tokio::test]
async fn a_full_connection_is_joined_by_another() {
    let mut builder = server::Builder::new();
    builder.max_concurrent_streams(2);
    let origin = H2Origin::start(builder, async |_, _request, mut respond| {
        // Never ends: the stream stays busy.
        let body = respond.send_response(http::Response::new(()), false).unwrap();
        std::future::pending::<()>().await;
        drop(body);
    })
    .await;
    let cluster = origin.cluster("");
    let mut open = Vec::new();
    for _ in 0..5 {
        open.push(ok(&cluster, get("/")).await);
    }
    assert_eq!((origin.accepted(), cluster.describe().connections), (3, 3));
}

#[tokio::test]
async fn a_refused_stream_is_sent_again_for_any_method() {
    let refused = Arc::new(AtomicUsize::new(0));
    let count = refused.clone();
    let origin = H2Origin::start(server::Builder::new(), move |_, request, mut respond| {
        let first = request.method() == Method::POST && count.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if first {
                respond.send_reset(Reason::REFUSED_STREAM);
            } else {
                hello(respond);
            }
        }
    })
    .await;
    let cluster = origin.cluster("retry = { max = 0 }");
    fetch(&cluster).await;
    let (result, report) = send(&cluster, request(Method::POST, "/", Body::from("x"))).await;
    assert_eq!(text(result.unwrap()).await, "hello");
    assert_eq!((report.tries, report.replaced), (1, 1));
}

#[tokio::test]
async fn a_connection_that_went_away_is_replaced() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        for _ in 0..3 {
            let (stream, _) = listener.accept().await.unwrap();
            let mut connection = server::handshake(stream).await.unwrap();
            let (_, respond) = connection.accept().await.unwrap().unwrap();
            hello(respond);
            connection.graceful_shutdown();
            while let Some(Ok(_)) = connection.accept().await {}
        }
    });
    let cluster = cluster(&[address], "protocol = \"h2\"\nretry = { max = 0 }");
    for _ in 0..3 {
        let (result, _) = send(&cluster, request(Method::POST, "/", Body::from("x"))).await;
        assert_eq!(text(result.unwrap()).await, "hello");
    }
    task.await.unwrap();
}

#[tokio::test]
async fn a_reset_body_is_never_a_clean_end() {
    let origin = H2Origin::start(server::Builder::new(), async |_, _, mut respond| {
        let mut body = respond.send_response(http::Response::new(()), false).unwrap();
        body.send_data(Bytes::from_static(b"abc"), false).unwrap();
        body.send_reset(Reason::INTERNAL_ERROR);
    })
    .await;
    let cluster = origin.cluster("retry = { max = 0 }");
    let (result, _) = send(&cluster, get("/")).await;
    match result {
        Ok(response) => {
            let error = response.body.collect().await.unwrap_err();
            assert!(matches!(error, BodyError::Upstream(_)), "{error}");
        }
        Err(error) => assert!(matches!(error, Error::Reset(_)), "{error}"),
    }
    assert_eq!(cluster.describe().endpoints[0].failures, 1);
}

#[tokio::test]
async fn a_dropped_answer_resets_its_stream() {
    let (reset, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let origin = H2Origin::start(server::Builder::new(), move |_, _, mut respond: Respond| {
        let reset = reset.clone();
        async move {
            let mut body = respond.send_response(http::Response::new(()), false).unwrap();
            let reason = std::future::poll_fn(|cx| body.poll_reset(cx)).await.unwrap();
            reset.send(reason).unwrap();
        }
    })
    .await;
    let cluster = origin.cluster("");
    drop(ok(&cluster, get("/")).await);
    assert_eq!(seen.recv().await, Some(Reason::CANCEL));
    assert_eq!(cluster.describe().connections, 1);
}

fn websocket(version: Version) -> Request {
    let mut request = get("/");
    request.head.upgrade = Some(Bytes::from_static(b"websocket"));
    request.head.version = version;
    request.head.headers.insert(header::SEC_WEBSOCKET_KEY, "key".parse().unwrap());
    request
}

#[tokio::test]
async fn extended_connect_waits_for_the_settings_that_allow_it() {
    let mut builder = server::Builder::new();
    builder.enable_connect_protocol();
    let origin = H2Origin::start(builder, async |_, request, mut respond: Respond| {
        assert_eq!(request.method(), Method::CONNECT);
        assert!(!request.headers().contains_key(header::SEC_WEBSOCKET_KEY));
        let mut answer = respond.send_response(http::Response::new(()), false).unwrap();
        let mut body = request.into_body();
        while let Some(Ok(data)) = body.data().await {
            answer.send_data(data, false).unwrap();
        }
    })
    .await;
    let cluster = origin.cluster("");
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let response = ok(&cluster, websocket(version)).await;
        assert_eq!(response.head.status, 101);
        let mut tunnel = response.tunnel.unwrap();
        let FarEnd::Stream(stream) = &mut tunnel.far_end else { panic!("{tunnel:?}") };
        stream.write_all(b"echo").await.unwrap();
        let mut echo = [0; 4];
        stream.read_exact(&mut echo).await.unwrap();
        assert_eq!((&echo, cluster.describe().in_flight), (b"echo", 1));
        drop(tunnel);
        assert_eq!(cluster.describe().in_flight, 0);
    }
    assert_eq!(origin.accepted(), 1);
}

#[tokio::test]
async fn without_those_settings_there_is_no_tunnel() {
    let origin =
        H2Origin::start(server::Builder::new(), async |_, _, respond| hello(respond)).await;
    let cluster = origin.cluster("");
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let (result, _) = send(&cluster, websocket(version)).await;
        assert_eq!(result.unwrap_err(), Error::NoTunnel);
    }
    let mut request = get("/");
    request.head.upgrade = Some(Bytes::from_static(b"TLS/1.2"));
    assert!(ok(&cluster, request).await.tunnel.is_none());
    assert_eq!(cluster.describe().endpoints[0].failures, 0);
}

#[tokio::test]
async fn a_connection_without_answers_is_not_used_until_it_gives_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cluster = cluster(
        &[listener.local_addr().unwrap()],
        "protocol = \"h2\"\ntimeouts = { connect = \"200ms\", try = \"200ms\" }\nretry = { max = 0 }",
    );
    let (first, accepted) = tokio::join!(send(&cluster, get("/")), listener.accept());
    // The first connection is open, and nobody is there.
    let _dead = accepted.unwrap();
    assert!(matches!(first.0, Err(Error::TryTimeout | Error::TotalTimeout)), "{first:?}");
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = server::handshake(stream).await.unwrap();
        while let Some(Ok((_, respond))) = connection.accept().await {
            hello(respond);
        }
    };
    tokio::select! {
        answer = fetch(&cluster) => assert_eq!(answer, (200, "hello".into())),
        () = serve => panic!("the connection ended first"),
    }
}

#[tokio::test]
async fn an_endpoint_that_speaks_http_1_fails() {
    let origin = Origin::answering("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    let cluster = cluster(&[origin.address], "protocol = \"h2\"\nretry = { max = 0 }");
    let (result, _) = send(&cluster, get("/")).await;
    assert!(result.unwrap_err().retryable());
}
