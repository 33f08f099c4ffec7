//! Clients: a keep-alive connection that speaks HTTP/1.1 or HTTP/2. Raw ones are in [`raw`] and [`h2_frames`].

pub mod h2_frames;
pub mod raw;
pub mod tls;

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, Version};
use http_body_util::BodyExt;
use hyper::{body::Incoming, client::conn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use socket2::{Domain, Socket, Type};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinHandle,
};

use crate::{
    body::{self, Body},
    wait::within,
};

/// One connection. Requests go one after the other over HTTP/1.1; clone it to have several at once over HTTP/2.
pub struct Client {
    sender: Sender,
    connection: JoinHandle<hyper::Result<()>>,
    /// Host, and `:authority`, of requests that name none.
    pub host: String,
    scheme: &'static str,
}

enum Sender {
    H1(conn::http1::SendRequest<Body>),
    H2(conn::http2::SendRequest<Body>),
}

/// A whole response.
#[derive(Debug)]
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Version of the protocol it came over.
    pub version: Version,
    /// Header fields.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// Trailer fields; empty without any.
    pub trailers: HeaderMap,
}

/// A request in the making.
pub struct Call<'a> {
    client: &'a mut Client,
    request: http::request::Builder,
    body: Body,
}

impl Client {
    /// Connects and speaks HTTP/1.1.
    pub async fn h1(addr: SocketAddr) -> Self {
        Self::over_h1(connect(addr).await, "http").await
    }

    /// Connects from a loopback address of choice, `127.0.0.2`, and speaks HTTP/1.1.
    pub async fn h1_from(source: &str, addr: SocketAddr) -> Self {
        Self::over_h1(connect_from(source, addr).await, "http").await
    }

    /// Connects and speaks HTTP/2 with prior knowledge.
    pub async fn h2c(addr: SocketAddr) -> Self {
        Self::over_h2(connect(addr).await, "http").await
    }

    /// `GET` of a path.
    pub async fn get(&mut self, path: &str) -> Reply {
        self.request("GET", path).send().await
    }

    /// `POST` of a whole body.
    pub async fn post(&mut self, path: &str, data: impl Into<Bytes>) -> Reply {
        self.request("POST", path).body(body::full(data)).send().await
    }

    /// Begins a request. `target` is a path; over HTTP/1.1 it may also be in absolute form, or `*`.
    pub fn request(&mut self, method: &str, target: &str) -> Call<'_> {
        let request = Request::builder().method(method);
        let request = match &self.sender {
            Sender::H1(_) => request.uri(target).header("host", &self.host),
            Sender::H2(_) => request.uri(format!("{}://{}{target}", self.scheme, self.host)),
        };
        Call { client: self, request, body: body::empty() }
    }

    /// Sends a request as it is; the answer's body is still to be read.
    pub async fn send(&mut self, request: Request<Body>) -> hyper::Result<Response<Incoming>> {
        let answer = async {
            match &mut self.sender {
                Sender::H1(sender) => {
                    sender.ready().await?;
                    sender.send_request(request).await
                }
                Sender::H2(sender) => sender.send_request(request).await,
            }
        };
        within("a response head", answer).await
    }

    /// Waits until the other side has closed the connection.
    pub async fn closed(self) {
        let Self { sender, connection, .. } = self;
        let _ = within("the other side to close the connection", connection).await;
        drop(sender);
    }

    /// A second handle on the same connection, for concurrent HTTP/2 requests.
    pub fn another(&self) -> Self {
        let Sender::H2(sender) = &self.sender else { panic!("only HTTP/2 has streams") };
        Self {
            sender: Sender::H2(sender.clone()),
            connection: tokio::spawn(async { Ok(()) }),
            host: self.host.clone(),
            scheme: self.scheme,
        }
    }

    /// Speaks HTTP/1.1 over a stream that is already open.
    pub async fn over_h1<S>(stream: S, scheme: &'static str) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection.with_upgrades());
        Self { sender: Sender::H1(sender), connection, host: HOST.into(), scheme }
    }

    /// Speaks HTTP/2 over a stream that is already open.
    pub async fn over_h2<S>(stream: S, scheme: &'static str) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let handshake = conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (sender, connection) = handshake.await.unwrap();
        Self {
            sender: Sender::H2(sender),
            connection: tokio::spawn(connection),
            host: HOST.into(),
            scheme,
        }
    }
}

impl Call<'_> {
    /// Adds a header field; `host` replaces the client's own.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let headers = self.request.headers_mut().expect("a valid request line");
        if name.eq_ignore_ascii_case("host") {
            headers.remove("host");
        }
        headers
            .append(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Sends it and reads the whole response.
    pub async fn send(self) -> Reply {
        self.try_send().await.expect("a whole response")
    }

    /// Sends it and reads the whole response, or what went wrong.
    pub async fn try_send(self) -> Result<Reply, hyper::Error> {
        let response = self.open().await?;
        within("a whole response", Reply::read(response)).await
    }

    /// Sends it and returns once the response head is there.
    pub async fn open(self) -> hyper::Result<Response<Incoming>> {
        let request = self.request.body(self.body).expect("a valid request");
        self.client.send(request).await
    }

    /// Asks for a WebSocket and returns the answer's head and the tunnel.
    pub async fn upgrade(self) -> (Response<()>, TokioIo<hyper::upgrade::Upgraded>) {
        let wanted = if matches!(self.client.sender, Sender::H1(_)) { 101 } else { 200 };
        let response = self.handshake().open().await.expect("a response head");
        assert_eq!(response.status(), wanted, "the upgrade was refused");
        let (head, body) = response.into_parts();
        let copy = Response::from_parts(head.clone(), ());
        let upgraded = hyper::upgrade::on(Response::from_parts(head, body));
        (copy, TokioIo::new(within("the tunnel", upgraded).await.unwrap()))
    }

    /// Makes it a WebSocket's handshake: over HTTP/1.1 that of RFC 6455, over HTTP/2 that of RFC 8441.
    pub fn handshake(mut self) -> Self {
        if let Sender::H2(_) = self.client.sender {
            let protocol = hyper::ext::Protocol::from_static("websocket");
            self.request = self.request.method("CONNECT").extension(protocol);
            return self.header("sec-websocket-version", "13");
        }
        self.header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    }
}

impl Reply {
    /// Reads a response to its end.
    pub async fn read(response: Response<Incoming>) -> Result<Self, hyper::Error> {
        let (head, body) = response.into_parts();
        let collected = body.collect().await?;
        let trailers = collected.trailers().cloned().unwrap_or_default();
        Ok(Self {
            status: head.status,
            version: head.version,
            headers: head.headers,
            body: collected.to_bytes(),
            trailers,
        })
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// The value of a header field; empty without it.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("visible characters"))
    }

    /// The value of a trailer field; empty without it.
    pub fn trailer(&self, name: &str) -> &str {
        self.trailers.get(name).map_or("", |value| value.to_str().expect("visible characters"))
    }

    /// What an echo origin saw under this header name, all values joined with `|`.
    pub fn echoed(&self, name: &str) -> String {
        let echo = self.json();
        let fields = echo["headers"].as_array().expect("an echo").iter();
        let values =
            fields.filter(|field| field[0] == name).map(|field| field[1].as_str().unwrap());
        values.collect::<Vec<_>>().join("|")
    }
}

/// Connects over TCP.
pub async fn connect(addr: SocketAddr) -> TcpStream {
    let stream = within("a TCP connection", TcpStream::connect(addr)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Connects over TCP from a loopback address of choice.
pub async fn connect_from(source: &str, addr: SocketAddr) -> TcpStream {
    let source: IpAddr = source.parse().unwrap();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(source, 0).into()).unwrap();
    socket.connect_timeout(&addr.into(), Duration::from_secs(5)).unwrap();
    socket.set_nonblocking(true).unwrap();
    TcpStream::from_std(socket.into()).unwrap()
}

/// What requests call the site that they ask for.
const HOST: &str = "app.test";
