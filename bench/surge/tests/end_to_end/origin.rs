//! A server on loopback that does what its path says, and remembers who called.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use surge::clock::{self, Instant};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    runtime,
    time::{sleep, sleep_until, timeout},
};
use tokio_rustls::TlsAcceptor;

/// A server; it ends with the test.
pub struct Origin {
    pub address: SocketAddr,
    pub seen: Arc<Seen>,
}

/// What a server remembers.
#[derive(Default)]
pub struct Seen {
    pub connections: AtomicUsize,
    pub requests: AtomicUsize,
    pub sources: Mutex<BTreeSet<IpAddr>>,
    pub bodies: Mutex<BTreeSet<usize>>,
}

/// How a server speaks and misbehaves.
#[derive(Clone, Default)]
pub struct Manner {
    /// Nothing is answered between these times from the start.
    pub stall: Option<(Duration, Duration)>,
    /// A head must be complete after this time; a body then gets 408.
    pub patience: Option<Duration>,
    pub tls: Option<TlsAcceptor>,
    pub h2: bool,
}

impl Origin {
    pub fn start(manner: Manner) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                serve(TcpListener::from_std(listener).unwrap(), manner, shared).await;
            });
        });
        Self { address, seen }
    }

    pub fn plain() -> Self {
        Self::start(Manner::default())
    }

    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::Relaxed)
    }

    pub fn requests(&self) -> usize {
        self.seen.requests.load(Ordering::Relaxed)
    }
}

async fn serve(listener: TcpListener, manner: Manner, seen: Arc<Seen>) {
    let start = clock::now();
    loop {
        let (stream, peer) = listener.accept().await.unwrap();
        seen.connections.fetch_add(1, Ordering::Relaxed);
        seen.sources.lock().unwrap().insert(peer.ip());
        let (manner, seen) = (manner.clone(), Arc::clone(&seen));
        tokio::spawn(async move {
            stream.set_nodelay(true).unwrap();
            match &manner.tls {
                Some(tls) => {
                    let Ok(stream) = tls.accept(stream).await else { return };
                    converse(stream, &manner, &seen, start).await;
                }
                None => converse(stream, &manner, &seen, start).await,
            }
        });
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    manner: &Manner,
    seen: &Seen,
    start: Instant,
) {
    if manner.h2 {
        h2(stream, seen).await;
    } else {
        // The client may leave at any point.
        let _ = http1(stream, manner, seen, start).await;
    }
}

async fn http1<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    manner: &Manner,
    seen: &Seen,
    start: Instant,
) -> std::io::Result<()> {
    let patience = manner.patience.unwrap_or(Duration::from_secs(60));
    let mut bytes = Vec::new();
    loop {
        let Ok(head) = timeout(patience, read_head(&mut stream, &mut bytes)).await else {
            return Ok(());
        };
        let Some(head) = head? else { return Ok(()) };
        let length = content_length(&head);
        let body = read_body(&mut stream, &mut bytes, length);
        if !matches!(timeout(patience, body).await, Ok(Ok(()))) {
            return stream
                .write_all(b"HTTP/1.1 408 Slow\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .await;
        }
        seen.requests.fetch_add(1, Ordering::Relaxed);
        seen.bodies.lock().unwrap().insert(length);
        if let Some((from, to)) = manner.stall {
            let now = clock::now();
            if now >= start + from && now < start + to {
                sleep_until((start + to).into()).await;
            }
        }
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let close = head.contains("connection: close");
        if !answer(&mut stream, &path, close).await? {
            return Ok(());
        }
    }
}

/// Answers as the path asks for; whether the connection stays.
async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    path: &str,
    close: bool,
) -> std::io::Result<bool> {
    let path = path.split('?').next().unwrap_or_default();
    let (status, keep): (&str, bool) = match path {
        "/hang" => {
            sleep(Duration::from_secs(60)).await;
            return Ok(false);
        }
        "/drop" => return Ok(false),
        "/garbage" => {
            stream.write_all(b"SSH-2.0-hello\r\n").await?;
            return Ok(false);
        }
        "/cut" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf").await?;
            return Ok(false);
        }
        "/chunks" => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel")
                .await?;
            stream.write_all(b"lo\r\n0\r\n\r\n").await?;
            return Ok(true);
        }
        "/until-close" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nto the end").await?;
            return Ok(false);
        }
        "/big" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4000000\r\n\r\n").await?;
            stream.write_all(&vec![b'x'; 4_000_000]).await?;
            return Ok(true);
        }
        "/search" | "/comments" => ("403 Forbidden", true),
        "/busy" => ("503 Busy", true),
        _ => ("200 OK", true),
    };
    let keep = keep && !close;
    let connection = if keep { "" } else { "connection: close\r\n" };
    let text = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n{connection}\r\nok");
    stream.write_all(text.as_bytes()).await?;
    Ok(keep)
}

/// A head in lower case, without the empty line; `None` at the end of the stream.
async fn read_head<S: AsyncRead + Unpin>(
    stream: &mut S,
    bytes: &mut Vec<u8>,
) -> std::io::Result<Option<String>> {
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            bytes.drain(..end + 4);
            return Ok(Some(head));
        }
        if stream.read_buf(bytes).await? == 0 {
            return Ok(None);
        }
    }
}

async fn read_body<S: AsyncRead + Unpin>(
    stream: &mut S,
    bytes: &mut Vec<u8>,
    length: usize,
) -> std::io::Result<()> {
    while bytes.len() < length {
        if stream.read_buf(bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    bytes.drain(..length);
    Ok(())
}

fn content_length(head: &str) -> usize {
    let value = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    value.map_or(0, |value| value.parse().unwrap())
}

async fn h2<S: AsyncRead + AsyncWrite + Unpin>(stream: S, seen: &Seen) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        seen.requests.fetch_add(1, Ordering::Relaxed);
        let status = if request.uri().path() == "/busy" { 503 } else { 200 };
        let (head, mut body) = request.into_parts();
        let length = head
            .headers
            .get("content-length")
            .map_or(0, |value| value.to_str().unwrap().parse().unwrap());
        seen.bodies.lock().unwrap().insert(length);
        let hang = head.uri.path() == "/hang";
        tokio::spawn(async move {
            while let Some(Ok(piece)) = body.data().await {
                let _ = body.flow_control().release_capacity(piece.len());
            }
            if hang {
                return sleep(Duration::from_secs(60)).await;
            }
            let answer = http::Response::builder().status(status).body(()).unwrap();
            if let Ok(mut stream) = respond.send_response(answer, false) {
                let _ = stream.send_data(Bytes::from_static(b"hello"), true);
            }
        });
    }
}

/// An address that takes no connection, and what keeps others from it: a port that was free a moment ago may be another test's.
pub fn deaf() -> (SocketAddr, socket2::Socket) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(&any.into()).unwrap();
    (socket.local_addr().unwrap().as_socket().unwrap(), socket)
}
