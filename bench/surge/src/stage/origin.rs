//! A small server behind the stack: it answers every request with its name, and counts.
//!
//! `/bytes/N` is answered with N bytes, for slow readers. HTTP/1.1 as a proxy speaks it to its upstream: what is malformed ends
//! the connection, and nothing else is done about it.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use bytes::{Buf as _, BytesMut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime,
    sync::oneshot,
};

use crate::scenario::staged;

/// A running server. It ends when this is dropped.
pub(super) struct Origin {
    pub(super) name: String,
    pub(super) address: SocketAddr,
    requests: Arc<AtomicU64>,
    _stop: oneshot::Sender<()>,
}

/// What a server answers, and what it has counted.
struct Service {
    body: Vec<u8>,
    health: Option<String>,
    requests: Arc<AtomicU64>,
}

/// A request's head, as far as it matters.
struct Head {
    path: String,
    body: Length,
    close: bool,
}

enum Length {
    Known(usize),
    Chunked,
}

impl Origin {
    /// Starts a server on a free port of 127.0.0.1, on a thread of its own.
    pub(super) fn start(plan: &staged::Origin) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let requests = Arc::new(AtomicU64::new(0));
        let mut body = format!("hello from {}\n", plan.name).into_bytes();
        body.resize(plan.body_size.max(1), b'.');
        let (health, count) = (plan.health.clone(), Arc::clone(&requests));
        let service = Arc::new(Service { body, health, requests: count });
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let name = format!("origin-{}", plan.name);
        thread::Builder::new().name(name).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    _ = accept(listener, service) => {}
                }
            });
        })?;
        Ok(Self { name: plan.name.clone(), address, requests, _stop: stop })
    }

    /// Requests so far, without probes.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

async fn accept(listener: std::net::TcpListener, service: Arc<Service>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        // What fails here is a connection that is gone again, or files that have run out; the next one may do better.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            let _ = serve(stream, &service).await;
        });
    }
}

/// Serves a connection until either side ends it.
async fn serve(mut stream: TcpStream, service: &Service) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut bytes = BytesMut::with_capacity(BUFFER);
    loop {
        let Some(head) = read_head(&mut stream, &mut bytes).await? else { return Ok(()) };
        let probe = service.health.as_ref().is_some_and(|path| *path == head.path);
        if !probe {
            service.requests.fetch_add(1, Ordering::Relaxed);
        }
        match head.body {
            Length::Known(length) => skip(&mut stream, &mut bytes, length).await?,
            Length::Chunked => skip_chunks(&mut stream, &mut bytes).await?,
        }
        service.answer(&mut stream, &head).await?;
        if head.close {
            return stream.shutdown().await;
        }
    }
}

impl Service {
    async fn answer(&self, stream: &mut TcpStream, head: &Head) -> io::Result<()> {
        let asked = head.path.strip_prefix("/bytes/").and_then(|n| n.parse::<usize>().ok());
        let length = asked.map_or(self.body.len(), |bytes| bytes.min(BODY_MAX));
        let text = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\n\r\n"
        );
        if asked.is_none() {
            return stream.write_all(&[text.as_bytes(), &self.body].concat()).await;
        }
        stream.write_all(text.as_bytes()).await?;
        let piece = vec![b'.'; BUFFER];
        let mut left = length;
        while let Some(piece) = piece.get(..left.min(BUFFER)).filter(|piece| !piece.is_empty()) {
            stream.write_all(piece).await?;
            left -= piece.len();
        }
        Ok(())
    }
}

/// Reads a head and takes it off the bytes; `None` at the end of the stream.
async fn read_head(stream: &mut TcpStream, bytes: &mut BytesMut) -> io::Result<Option<Head>> {
    loop {
        if let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") {
            let head = bytes.split_to(end);
            bytes.advance(4);
            return parse(&String::from_utf8_lossy(&head)).map(Some);
        }
        if bytes.len() > HEAD_MAX {
            return Err(malformed());
        }
        if stream.read_buf(bytes).await? == 0 {
            return Ok(None);
        }
    }
}

fn parse(head: &str) -> io::Result<Head> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let target = words.nth(1).ok_or_else(malformed)?;
    let path = target.split('?').next().unwrap_or_default().to_owned();
    let mut parsed = Head { path, body: Length::Known(0), close: false };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            parsed.body = Length::Known(value.parse().map_err(|_| malformed())?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            parsed.body = Length::Chunked;
        } else if name.eq_ignore_ascii_case("connection") {
            parsed.close = value.eq_ignore_ascii_case("close");
        }
    }
    Ok(parsed)
}

async fn skip(stream: &mut TcpStream, bytes: &mut BytesMut, mut length: usize) -> io::Result<()> {
    loop {
        let there = bytes.len().min(length);
        bytes.advance(there);
        length -= there;
        if length == 0 {
            return Ok(());
        }
        if stream.read_buf(bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// RFC 9112, 7.1: chunks until an empty one, then trailers until an empty line.
async fn skip_chunks(stream: &mut TcpStream, bytes: &mut BytesMut) -> io::Result<()> {
    loop {
        let line = read_line(stream, bytes).await?;
        let size = line.split(';').next().unwrap_or_default().trim();
        match usize::from_str_radix(size, 16).map_err(|_| malformed())? {
            0 => break,
            size => skip(stream, bytes, size.saturating_add(2)).await?,
        }
    }
    while !read_line(stream, bytes).await?.is_empty() {}
    Ok(())
}

async fn read_line(stream: &mut TcpStream, bytes: &mut BytesMut) -> io::Result<String> {
    loop {
        if let Some(end) = memchr::memmem::find(bytes, b"\r\n") {
            let line = bytes.split_to(end);
            bytes.advance(2);
            return Ok(String::from_utf8_lossy(&line).into_owned());
        }
        if bytes.len() > HEAD_MAX {
            return Err(malformed());
        }
        if stream.read_buf(bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn malformed() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

const BUFFER: usize = 16 * 1024;
const HEAD_MAX: usize = 64 * 1024;
const BODY_MAX: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    fn origin() -> Origin {
        let plan = staged::Origin {
            name: "blue".to_owned(),
            body_size: 20,
            health: Some("/healthz".to_owned()),
            assertions: Vec::new(),
        };
        Origin::start(&plan).unwrap()
    }

    fn exchange(origin: &Origin, sent: &str) -> String {
        let mut stream = std::net::TcpStream::connect(origin.address).unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn requests_are_answered_and_probes_are_not_counted() {
        let origin = origin();
        let sent = "GET /healthz HTTP/1.1\r\n\r\nPOST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
            5;x=y\r\nhello\r\n0\r\na: b\r\n\r\nPOST /a?b HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc\
            GET /bytes/40000 HTTP/1.1\r\nConnection: close\r\n\r\n";
        let answer = exchange(&origin, sent);
        assert_eq!(answer.matches("HTTP/1.1 200").count(), 4);
        assert_eq!(answer.matches("hello from blue\n....").count(), 3);
        assert_eq!(answer.rsplit("\r\n\r\n").next().unwrap().len(), 40_000);
        assert_eq!(origin.requests(), 3);
    }

    #[test]
    fn what_is_malformed_ends_the_connection() {
        let origin = origin();
        for sent in ["nonsense\r\n\r\n", "GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n"] {
            assert_eq!(exchange(&origin, sent), "", "{sent}");
        }
        let sent = "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n";
        assert_eq!(exchange(&origin, sent), "");
    }
}
