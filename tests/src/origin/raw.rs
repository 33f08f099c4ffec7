//! An origin that runs a script of bytes: for answers that no HTTP library would give. It keeps every byte it got.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{client::raw::find, config::Url, wait::eventually};

/// A running raw origin. It ends when this is dropped.
pub struct RawOrigin {
    addr: SocketAddr,
    memory: Arc<Memory>,
    task: tokio::task::JoinHandle<()>,
}

/// One connection, in the hands of a script.
pub struct Conn {
    stream: TcpStream,
    memory: Arc<Memory>,
    buffer: Vec<u8>,
    /// Number of this connection, counted from 0.
    pub number: usize,
}

#[derive(Default)]
struct Memory {
    received: Mutex<Vec<u8>>,
    connections: AtomicUsize,
    requests: AtomicUsize,
}

/// What a script does once it has sent its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Closes the connection.
    Close,
    /// Ends the connection with a reset.
    Reset,
    /// Keeps the connection open and stays silent.
    Hold,
}

impl RawOrigin {
    /// An origin that runs a script on each connection; the connection closes when the script ends.
    pub async fn new<F, R>(script: F) -> Self
    where
        F: Fn(Conn) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let memory = Arc::new(Memory::default());
        let task = tokio::spawn(accept(listener, script, memory.clone()));
        Self { addr, memory, task }
    }

    /// An origin that answers well, as often as it is asked.
    pub async fn good() -> Self {
        Self::new(|mut conn| async move { while conn.answer(OK).await {} }).await
    }

    /// An origin that reads a request, sends these bytes, and then does what `then` says.
    pub async fn sending(bytes: impl Into<Vec<u8>>, then: Then) -> Self {
        let bytes = bytes.into();
        Self::new(move |mut conn| {
            let bytes = bytes.clone();
            async move {
                if conn.request().await.is_some() {
                    conn.write(&bytes).await;
                    conn.end(then).await;
                }
            }
        })
        .await
    }

    /// An origin that closes each connection as soon as it is made.
    pub async fn closing_at_accept() -> Self {
        Self::new(|_| async {}).await
    }

    /// An origin that closes a kept connection at its second request, without an answer.
    pub async fn closing_at_second_request() -> Self {
        Self::new(|mut conn| async move {
            if conn.answer(OK).await {
                conn.request().await;
            }
        })
        .await
    }

    /// An origin that announces a keep-alive time and ends the connection when it is over.
    pub async fn with_keep_alive_timeout(time: Duration) -> Self {
        Self::new(move |mut conn| async move {
            let seconds = time.as_secs();
            let head = format!(
                "HTTP/1.1 200 OK\r\nKeep-Alive: timeout={seconds}\r\nContent-Length: 2\r\n\r\nok"
            );
            while let Ok(true) = tokio::time::timeout(time, conn.answer(head.as_bytes())).await {}
        })
        .await
    }

    /// A listener that takes connections and never reads.
    pub async fn deaf() -> Self {
        Self::new(|conn| async move {
            let _open = conn;
            std::future::pending().await
        })
        .await
    }

    /// Address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Every byte so far, of all connections.
    pub fn received(&self) -> Vec<u8> {
        self.memory.received.lock().unwrap().clone()
    }

    /// Every byte so far, as text.
    pub fn received_text(&self) -> String {
        String::from_utf8_lossy(&self.received()).into_owned()
    }

    /// The number of connections so far.
    pub fn connections(&self) -> usize {
        self.memory.connections.load(Relaxed)
    }

    /// The number of request heads so far.
    pub fn requests(&self) -> usize {
        self.memory.requests.load(Relaxed)
    }

    /// Waits until `count` requests have arrived.
    pub async fn reached(&self, count: usize) {
        eventually("requests at the raw origin", async || self.requests() >= count).await;
    }
}

impl Conn {
    /// Reads a request head; none at the end of the connection.
    pub async fn head(&mut self) -> Option<String> {
        let head = self.until(b"\r\n\r\n").await?;
        self.memory.requests.fetch_add(1, Relaxed);
        Some(String::from_utf8_lossy(&head).into_owned())
    }

    /// Reads a whole request, and returns its head; none at the end of the connection.
    pub async fn request(&mut self) -> Option<String> {
        let head = self.head().await?;
        let lower = head.to_ascii_lowercase();
        if lower.contains("transfer-encoding:") {
            while !self.until(b"\r\n").await?.starts_with(b"0\r\n") {}
            while self.until(b"\r\n").await? != b"\r\n" {}
        } else if let Some((_, rest)) = lower.split_once("content-length:") {
            let length: usize = rest.lines().next()?.trim().parse().ok()?;
            self.exactly(length).await?;
        }
        Some(head)
    }

    /// Reads a whole request and writes this answer; false at the end of the connection.
    pub async fn answer(&mut self, bytes: &[u8]) -> bool {
        self.request().await.is_some() && self.write(bytes).await
    }

    /// Reads bytes as they come; none at the end of the connection.
    pub async fn read(&mut self) -> Option<Vec<u8>> {
        if self.buffer.is_empty() && !self.fill().await {
            return None;
        }
        Some(std::mem::take(&mut self.buffer))
    }

    /// Writes bytes; false where the other side has gone.
    pub async fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// Ends as `then` says; comes back for none of them but a close.
    pub async fn end(&mut self, then: Then) {
        match then {
            Then::Close => {}
            Then::Reset => {
                let _ = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
            }
            // Reads on, so that the other side's close ends the wait.
            Then::Hold => while self.fill().await {},
        }
    }

    async fn exactly(&mut self, length: usize) -> Option<()> {
        while self.buffer.len() < length {
            self.fill().await.then_some(())?;
        }
        self.buffer.drain(..length);
        Some(())
    }

    async fn until(&mut self, mark: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = find(&self.buffer, mark) {
                return Some(self.buffer.drain(..at + mark.len()).collect());
            }
            self.fill().await.then_some(())?;
        }
    }

    async fn fill(&mut self) -> bool {
        let mut piece = vec![0; 16 << 10];
        let read = self.stream.read(&mut piece).await.unwrap_or(0);
        self.buffer.extend_from_slice(&piece[..read]);
        self.memory.received.lock().unwrap().extend_from_slice(&piece[..read]);
        read > 0
    }
}

impl Url for RawOrigin {
    fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for RawOrigin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept<F, R>(listener: TcpListener, script: F, memory: Arc<Memory>)
where
    F: Fn(Conn) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    // Dropped with this task: the connections end with the origin.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let number = memory.connections.fetch_add(1, Relaxed);
        connections.spawn(script(Conn {
            stream,
            memory: memory.clone(),
            buffer: Vec::new(),
            number,
        }));
    }
}

/// An address that refuses connections: it was bound, and is free again.
pub async fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A good answer of two bytes that keeps the connection.
pub const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
