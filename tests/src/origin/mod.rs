//! An origin in this process: HTTP/1.1, HTTP/2 with prior knowledge, and both over TLS, with a handler and a memory.
//!
//! Origins that break the rules of HTTP are in [`raw`].

pub mod raw;

use std::{
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use serde_json::json;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    body::{self, Body, BodyError, Hash},
    certs::Identity,
    config::Url,
    wait::{eventually, within},
};

/// A running origin. It ends when this is dropped.
pub struct Origin {
    addr: SocketAddr,
    https: bool,
    memory: Arc<Memory>,
    /// The accept loop and all connections.
    task: tokio::task::JoinHandle<()>,
}

/// A request as it arrived; body and trailers grow while they are read.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Method.
    pub method: Method,
    /// Target: origin form over HTTP/1.1, the URL over HTTP/2.
    pub target: String,
    /// Version.
    pub version: Version,
    /// Header fields.
    pub headers: HeaderMap,
    /// The first mebibyte of the body.
    pub body: Vec<u8>,
    /// Length of the body.
    pub body_bytes: usize,
    /// Hash of the body.
    pub hash: Hash,
    /// Trailer fields.
    pub trailers: HeaderMap,
    /// Whether the body came to its end.
    pub complete: bool,
    /// Connection that it came over, counted from 0.
    pub connection: usize,
}

/// A request to a handler. Reading its body records it.
pub type Incomer = Request<Recorded>;

/// A request body that is recorded while it is read.
pub struct Recorded {
    inner: Incoming,
    memory: Arc<Memory>,
    index: usize,
}

#[derive(Default)]
struct Memory {
    seen: Mutex<Vec<Seen>>,
    arrived: Notify,
    connections: AtomicUsize,
    open: AtomicUsize,
    abandoned: AtomicUsize,
}

type Handler = Arc<
    dyn Fn(Incomer) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> + Send + Sync + 'static,
>;

impl Origin {
    /// An origin with a handler.
    pub async fn new<F, R>(handler: F) -> Self
    where
        F: Fn(Incomer) -> R + Send + Sync + 'static,
        R: Future<Output = Response<Body>> + Send + 'static,
    {
        Self::start(None, Arc::new(move |request| Box::pin(handler(request)))).await
    }

    /// An origin that answers with what it saw, as JSON.
    pub async fn echo() -> Self {
        Self::new(echo).await
    }

    /// An origin that answers with what it saw, over TLS.
    pub async fn echo_tls(identity: &Identity, alpn: &[&str]) -> Self {
        let acceptor = TlsAcceptor::from(identity.server_config(alpn));
        Self::start(Some(acceptor), Arc::new(|request| Box::pin(echo(request)))).await
    }

    /// An origin that answers with its name.
    pub async fn named(name: &'static str) -> Self {
        Self::new(move |request| async move {
            read_to_end(request).await;
            Response::new(body::full(name))
        })
        .await
    }

    /// An origin that answers everything with a status.
    pub async fn status(status: u16) -> Self {
        Self::new(move |request| async move {
            read_to_end(request).await;
            answer(status, "")
        })
        .await
    }

    /// An origin that answers with `status` so many `times`, and with 200 and `ok` from then on.
    pub async fn failing_first(times: usize, status: u16) -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        Self::new(move |_| {
            let failing = calls.fetch_add(1, Relaxed) < times;
            async move { if failing { answer(status, "") } else { answer(200, "ok") } }
        })
        .await
    }

    /// An origin that answers with 200 so many `times`, and with `status` from then on.
    pub async fn failing_after(times: usize, status: u16) -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        Self::new(move |_| {
            let well = calls.fetch_add(1, Relaxed) < times;
            async move { if well { answer(200, "ok") } else { answer(status, "") } }
        })
        .await
    }

    /// An origin that answers after a while.
    pub async fn slow(delay: Duration) -> Self {
        Self::new(move |_| async move {
            tokio::time::sleep(delay).await;
            answer(200, "slow")
        })
        .await
    }

    /// An origin that never answers.
    pub async fn silent() -> Self {
        Self::new(|_| std::future::pending()).await
    }

    /// An origin whose answers begin and never end.
    pub async fn endless() -> Self {
        Self::new(|_| async { Response::new(body::endless(Duration::from_millis(10))) }).await
    }

    /// An origin whose answers have a body of `length` bytes in pieces.
    pub async fn sized(length: usize) -> Self {
        Self::new(move |_| async move { Response::new(body::sized(length)) }).await
    }

    /// An origin that upgrades every request to a tunnel that echoes bytes; over HTTP/2 by extended CONNECT.
    pub async fn tunnel() -> Self {
        Self::taking_connect(tunnel).await
    }

    /// An origin with a handler, which says over HTTP/2 that it takes extended CONNECT.
    pub async fn taking_connect<F, R>(handler: F) -> Self
    where
        F: Fn(Incomer) -> R + Send + Sync + 'static,
        R: Future<Output = Response<Body>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |request| Box::pin(handler(request)));
        Self::start_with(None, handler, true).await
    }

    /// An origin that answers like a gRPC service: the message it got, and `grpc-status` in the trailers.
    pub async fn grpc() -> Self {
        Self::new(grpc).await
    }

    /// Address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Seen> {
        self.memory.seen.lock().unwrap().clone()
    }

    /// The number of requests so far.
    pub fn count(&self) -> usize {
        self.memory.seen.lock().unwrap().len()
    }

    /// The number of requests to a path so far: without the health probes.
    pub fn count_of(&self, path: &str) -> usize {
        self.requests().iter().filter(|seen| seen.path() == path).count()
    }

    /// The number of connections so far.
    pub fn connections(&self) -> usize {
        self.memory.connections.load(Relaxed)
    }

    /// The number of connections that are open.
    pub fn open_connections(&self) -> usize {
        self.memory.open.load(Relaxed)
    }

    /// The number of exchanges that the other side left before their end.
    pub fn abandoned(&self) -> usize {
        self.memory.abandoned.load(Relaxed)
    }

    /// Waits for the request number `index`, counted from 0.
    pub async fn request(&self, index: usize) -> Seen {
        within("a request at the origin", async {
            loop {
                let arrived = self.memory.arrived.notified();
                let found = self.memory.seen.lock().unwrap().get(index).cloned();
                match found {
                    Some(seen) => return seen,
                    None => arrived.await,
                }
            }
        })
        .await
    }

    /// Waits until `count` requests have arrived.
    pub async fn reached(&self, count: usize) {
        eventually("requests at the origin", async || self.count() >= count).await;
    }

    async fn start(tls: Option<TlsAcceptor>, handler: Handler) -> Self {
        Self::start_with(tls, handler, false).await
    }

    async fn start_with(tls: Option<TlsAcceptor>, handler: Handler, takes_connect: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (https, memory) = (tls.is_some(), Arc::new(Memory::default()));
        let origin = Exchanges { handler, memory: memory.clone(), takes_connect, connection: 0 };
        let task = tokio::spawn(accept(listener, tls, origin));
        Self { addr, https, memory, task }
    }
}

impl Url for Origin {
    fn url(&self) -> String {
        // A certificate names the host; over cleartext the address does.
        if self.https {
            format!("https://localhost:{}", self.addr.port())
        } else {
            format!("http://{}", self.addr)
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Seen {
    /// Path without query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// All values of a header field, joined with `|`; empty without it.
    pub fn header(&self, name: &str) -> String {
        let values = self.headers.get_all(name).iter();
        values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect::<Vec<_>>().join("|")
    }
}

impl http_body::Body for Recorded {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        let ended = self.inner.is_end_stream();
        let mut seen = self.memory.seen.lock().unwrap();
        if let Some(seen) = seen.get_mut(self.index) {
            match &frame {
                Some(Ok(frame)) => seen.take(frame),
                Some(Err(_)) => {}
                None => seen.complete = true,
            }
            seen.complete |= ended;
        }
        drop(seen);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }
}

impl Seen {
    fn take(&mut self, frame: &Frame<Bytes>) {
        if let Some(data) = frame.data_ref() {
            self.body_bytes += data.len();
            self.hash.update(data);
            let room = (1_usize << 20).saturating_sub(self.body.len());
            self.body.extend_from_slice(&data[..data.len().min(room)]);
        } else if let Some(trailers) = frame.trailers_ref() {
            self.trailers = trailers.clone();
        }
    }
}

/// A response of this status and body.
pub fn answer(status: u16, data: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(body::full(data));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

/// Reads the request to its end: an answer before that would end an HTTP/1.1 connection.
pub async fn read_to_end(request: Incomer) {
    let mut body = request.into_body();
    // A body that breaks off has ended too.
    while let Some(Ok(_)) = body.frame().await {}
}

/// Reads the request to its end and answers with what it was.
pub async fn echo(request: Incomer) -> Response<Body> {
    let (head, mut body) = request.into_parts();
    // A body that breaks off is no echo; the request that sent it is over anyway.
    while let Some(Ok(_)) = body.frame().await {}
    let seen = body.memory.seen.lock().unwrap()[body.index].clone();
    let list = |fields: &HeaderMap| -> Vec<_> {
        let text =
            |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        fields.iter().map(|(name, value)| json!([name.as_str(), text(value)])).collect()
    };
    let echo = json!({
        "method": head.method.as_str(),
        "target": head.uri.to_string(),
        "version": format!("{:?}", head.version),
        "headers": list(&head.headers),
        "body_bytes": seen.body_bytes,
        "hash": seen.hash.hex(),
        "trailers": list(&seen.trailers),
    });
    let mut response = answer(200, echo.to_string());
    response.headers_mut().insert("content-type", "application/json".parse().unwrap());
    response
}

/// Answers 101, or 200 over HTTP/2, and echoes bytes.
pub async fn tunnel(mut request: Incomer) -> Response<Body> {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let (mut read, mut write) = tokio::io::split(TokioIo::new(upgraded));
        let _ = tokio::io::copy(&mut read, &mut write).await;
        let _ = tokio::io::AsyncWriteExt::shutdown(&mut write).await;
    });
    if request.version() == Version::HTTP_2 {
        return Response::new(body::empty());
    }
    let mut response = answer(101, "");
    response
        .headers_mut()
        .extend(body::fields(&[("connection", "upgrade"), ("upgrade", "websocket")]));
    response
}

async fn grpc(request: Incomer) -> Response<Body> {
    let data = request.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
    let trailers = [("grpc-status", "0"), ("grpc-message", "fine")];
    let mut response = Response::new(body::with_trailers(data, &trailers));
    response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    response
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, origin: Exchanges) {
    let memory = origin.memory.clone();
    // Dropped with this task: the connections end with the origin.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let connection = memory.connections.fetch_add(1, Relaxed);
        memory.open.fetch_add(1, Relaxed);
        let exchange = Exchanges { connection, ..origin.clone() };
        let (tls, memory) = (tls.clone(), memory.clone());
        connections.spawn(async move {
            serve(stream, tls, exchange).await;
            memory.open.fetch_sub(1, Relaxed);
        });
    }
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, exchanges: Exchanges) {
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        let mut first = [0; 3];
        let h2 = matches!(stream.peek(&mut first).await, Ok(3)) && &first == b"PRI";
        return speak(stream, h2, exchanges).await;
    };
    if let Ok(stream) = tls.accept(stream).await {
        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        speak(stream, h2, exchanges).await;
    }
}

async fn speak<S>(stream: S, h2: bool, exchanges: Exchanges)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(stream);
    let takes_connect = exchanges.takes_connect;
    let service = service_fn(move |request| exchanges.clone().one(request));
    // How a connection ended is for the proxy's side of the test to notice.
    if h2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new());
        if takes_connect {
            builder.enable_connect_protocol();
        }
        let _ = builder.serve_connection(io, service).await;
    } else {
        let _ = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(io, service)
            .with_upgrades()
            .await;
    }
}

#[derive(Clone)]
struct Exchanges {
    handler: Handler,
    memory: Arc<Memory>,
    /// Whether extended CONNECT is announced over HTTP/2.
    takes_connect: bool,
    connection: usize,
}

impl Exchanges {
    async fn one(self, request: Request<Incoming>) -> Result<Response<Watched>, BodyError> {
        let guard = Guard { memory: self.memory.clone(), ended: false };
        let index = self.record(&request);
        let memory = self.memory.clone();
        let request = request.map(|inner| Recorded { inner, memory, index });
        let response = (self.handler)(request).await;
        Ok(response.map(|body| Watched { body, guard }))
    }

    fn record(&self, request: &Request<Incoming>) -> usize {
        let mut seen = self.memory.seen.lock().unwrap();
        seen.push(Seen {
            method: request.method().clone(),
            target: request.uri().to_string(),
            version: request.version(),
            headers: request.headers().clone(),
            body: Vec::new(),
            body_bytes: 0,
            hash: Hash::default(),
            trailers: HeaderMap::new(),
            complete: request.body().is_end_stream(),
            connection: self.connection,
        });
        let index = seen.len() - 1;
        drop(seen);
        self.memory.arrived.notify_waiters();
        index
    }
}

/// A response body that notices when nobody waits for its end.
struct Watched {
    body: Body,
    guard: Guard,
}

struct Guard {
    memory: Arc<Memory>,
    ended: bool,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.guard.ended |= frame.is_none() || self.body.is_end_stream();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // A body of no bytes is over before anyone asks for a frame.
        self.guard.ended |= self.body.is_end_stream();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.ended {
            self.memory.abandoned.fetch_add(1, Relaxed);
        }
    }
}
