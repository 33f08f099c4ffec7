//! The whole way of a request over loopback sockets.

mod breaker;
mod endpoints;
mod h1;
mod h2;
mod pool;
mod retry;
mod tls;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Version};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{Call, Cluster, FarEnd, Report, Request, Response, forward};
use crate::{
    config,
    error::Error,
    observe::metrics::Metrics,
    wire::{Body, BodyError, RequestHead, Target},
};

/// An endpoint that does what a test says.
struct Origin {
    address: SocketAddr,
    /// Connections accepted.
    accepted: Arc<AtomicUsize>,
}

/// One connection at the origin.
struct Peer {
    stream: TcpStream,
    inbox: BytesMut,
}

impl Origin {
    /// Runs `script` for each connection, given its number from 0.
    async fn start<F, W>(script: F) -> Self
    where
        F: Fn(usize, Peer) -> W + Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = accepted.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(script(number, Peer { stream, inbox: BytesMut::new() }));
            }
        });
        Self { address, accepted }
    }

    /// Answers every request of every connection with `response`.
    async fn answering(response: &'static str) -> Self {
        Self::start(move |_, mut peer| async move {
            while peer.request().await.is_some() {
                peer.send(response).await;
            }
        })
        .await
    }

    /// A port that refuses connections.
    async fn closed() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// A cluster of this endpoint alone, with further keys.
    fn cluster(&self, keys: &str) -> Arc<Cluster> {
        cluster(&[self.address], keys)
    }
}

impl Peer {
    /// The next request head; none where the connection ended.
    async fn request(&mut self) -> Option<String> {
        self.until(b"\r\n\r\n").await
    }

    /// Everything up to and with `end`.
    async fn until(&mut self, end: &[u8]) -> Option<String> {
        loop {
            if let Some(at) = self.inbox.windows(end.len()).position(|part| part == end) {
                let text = self.inbox.split_to(at + end.len());
                return Some(String::from_utf8_lossy(&text).into_owned());
            }
            if !matches!(self.stream.read_buf(&mut self.inbox).await, Ok(n) if n > 0) {
                return None;
            }
        }
    }

    async fn send(&mut self, text: &str) {
        // Whether we are still listened to shows elsewhere.
        let _ = self.stream.write_all(text.as_bytes()).await;
    }

    /// Waits until the other end closes.
    async fn closed(&mut self) {
        while matches!(self.stream.read_buf(&mut self.inbox).await, Ok(n) if n > 0) {}
    }

    /// Closes with a reset.
    fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    }
}

fn cluster(addresses: &[SocketAddr], keys: &str) -> Arc<Cluster> {
    let origins: Vec<String> = addresses.iter().map(|a| format!("\"http://{a}\"")).collect();
    compile(&format!("endpoints = [{}]\n{keys}", origins.join(", ")), None)
}

fn compile(text: &str, previous: Option<&Arc<Cluster>>) -> Arc<Cluster> {
    let config: config::Cluster = toml::from_str(text).unwrap();
    Cluster::compile("test", &config, previous, &Metrics::new(2)).unwrap()
}

fn get(path: &'static str) -> Request {
    request(Method::GET, path, Body::Empty)
}

fn request(method: Method, path: &'static str, body: Body) -> Request {
    let head = RequestHead {
        method,
        target: Target::new(Bytes::from_static(path.as_bytes())),
        authority: Bytes::from_static(b"a.example"),
        version: Version::HTTP_11,
        headers: HeaderMap::new(),
        upgrade: None,
        written: Default::default(),
    };
    Request { head, body }
}

/// A body of unknown length, fed by the sender.
fn channel() -> (tokio::sync::mpsc::UnboundedSender<Result<Frame<Bytes>, BodyError>>, Body) {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    let frames = futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|frame| (frame, receiver))
    });
    (sender, Body::stream(StreamBody::new(frames)))
}

fn data(text: &'static str) -> Result<Frame<Bytes>, BodyError> {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

async fn send(cluster: &Arc<Cluster>, request: Request) -> (Result<Response, Error>, Report) {
    let mut report = Report::default();
    let call = Call {
        worker: 0,
        cluster,
        hash: None,
        per_try: None,
        total: None,
        informational: None,
        report: &mut report,
    };
    let result = forward(call, request).await;
    (result, report)
}

async fn ok(cluster: &Arc<Cluster>, request: Request) -> Response {
    send(cluster, request).await.0.unwrap()
}

async fn text(response: Response) -> String {
    let bytes = response.body.collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Status and body of a GET.
async fn fetch(cluster: &Arc<Cluster>) -> (u16, String) {
    let response = ok(cluster, get("/")).await;
    (response.head.status.as_u16(), text(response).await)
}
