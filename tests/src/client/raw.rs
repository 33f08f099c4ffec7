//! A socket: bytes out, bytes in, and just enough HTTP/1.1 to find where a response ends.

use std::{io::ErrorKind, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{connect, connect_from};
use crate::wait::{DEADLINE, within};

/// A raw TCP connection.
pub struct Raw {
    stream: TcpStream,
    buffer: Vec<u8>,
    closed: bool,
}

/// A response as it came.
#[derive(Debug, Clone, Default)]
pub struct RawReply {
    /// Status; 0 where the connection ended without a response.
    pub status: u16,
    /// Status line and header fields.
    pub head: String,
    /// Body, with its chunks joined.
    pub body: Vec<u8>,
    /// Trailer lines.
    pub trailers: String,
    /// Whether the body came to its end.
    pub complete: bool,
}

impl Raw {
    /// Connects.
    pub async fn connect(addr: SocketAddr) -> Self {
        Self::over(connect(addr).await)
    }

    /// Connects from a loopback address of choice.
    pub async fn connect_from(source: &str, addr: SocketAddr) -> Self {
        Self::over(connect_from(source, addr).await)
    }

    /// Uses a connection that is already open.
    pub fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new(), closed: false }
    }

    /// Sends bytes. An error is not one: the other side may have refused before it read all.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = tokio::time::timeout(DEADLINE, self.stream.write_all(bytes.as_ref())).await;
        let _ = sent.expect("the other side neither reads nor closes");
    }

    /// Sends pieces as segments of their own.
    pub async fn send_in(&mut self, pieces: &[&[u8]]) {
        for piece in pieces {
            self.send(piece).await;
            let _ = self.stream.flush().await;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Ends our half of the connection.
    pub async fn finish(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Ends the connection with a reset.
    pub fn reset(self) {
        let _ = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    /// Reads one response to a request other than HEAD; interim ones are skipped.
    pub async fn reply(&mut self) -> RawReply {
        loop {
            let reply = self.one_reply(true).await;
            if !(100..200).contains(&reply.status) || reply.status == 101 {
                return reply;
            }
        }
    }

    /// Reads one response, interim ones included.
    pub async fn any_reply(&mut self) -> RawReply {
        self.one_reply(true).await
    }

    /// Reads one response to a HEAD request.
    pub async fn head_reply(&mut self) -> RawReply {
        self.one_reply(false).await
    }

    /// Reads one response of this status.
    pub async fn expect_status(&mut self, status: u16) -> RawReply {
        let reply = self.reply().await;
        assert_eq!(reply.status, status, "{}", reply.text());
        reply
    }

    /// Waits until the other side closes; whatever it sends before is an error.
    pub async fn expect_closed(&mut self) {
        let rest = self.read_to_end().await;
        assert!(rest.is_empty(), "expected the end, found {:?}", String::from_utf8_lossy(&rest));
    }

    /// Reads until the other side closes.
    pub async fn read_to_end(&mut self) -> Vec<u8> {
        within("the other side to close the connection", async { while self.fill().await {} })
            .await;
        std::mem::take(&mut self.buffer)
    }

    /// Reads exactly `length` bytes; fewer where the connection ends before.
    pub async fn read(&mut self, length: usize) -> Vec<u8> {
        within("bytes", async { while self.buffer.len() < length && self.fill().await {} }).await;
        let length = length.min(self.buffer.len());
        self.buffer.drain(..length).collect()
    }

    /// Whether the other side has closed or sent anything; does not wait.
    pub fn is_quiet(&self) -> bool {
        let mut byte = [0];
        let nothing =
            matches!(self.stream.try_read(&mut byte), Err(e) if e.kind() == ErrorKind::WouldBlock);
        nothing && self.buffer.is_empty() && !self.closed
    }

    async fn one_reply(&mut self, has_body: bool) -> RawReply {
        within("a response", async {
            let Some(head) = self.until(b"\r\n\r\n").await else { return RawReply::default() };
            let head = String::from_utf8_lossy(&head).into_owned();
            let status = head.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0);
            let mut reply = RawReply { status, head, ..RawReply::default() };
            if !has_body || matches!(status, 100..200 | 204 | 304) {
                reply.complete = true;
            } else {
                self.read_body(&mut reply).await;
            }
            reply
        })
        .await
    }

    async fn read_body(&mut self, reply: &mut RawReply) {
        if reply.header("transfer-encoding").to_ascii_lowercase().ends_with("chunked") {
            reply.complete = self.read_chunks(reply).await.is_some();
        } else if let Ok(length) = reply.header("content-length").parse() {
            reply.body = self.read(length).await;
            reply.complete = reply.body.len() == length;
        } else {
            reply.body = self.read_to_end().await;
            reply.complete = true;
        }
    }

    async fn read_chunks(&mut self, reply: &mut RawReply) -> Option<()> {
        loop {
            let line = self.until(b"\r\n").await?;
            let line = String::from_utf8_lossy(&line).into_owned();
            let length = usize::from_str_radix(line.trim_end().split(';').next()?, 16).ok()?;
            if length == 0 {
                break;
            }
            let chunk = self.read(length + 2).await;
            reply.body.extend_from_slice(&chunk[..chunk.len().min(length)]);
            chunk.ends_with(b"\r\n").then_some(())?;
        }
        loop {
            let line = self.until(b"\r\n").await?;
            if line == b"\r\n" {
                return Some(());
            }
            reply.trailers.push_str(&String::from_utf8_lossy(&line));
        }
    }

    async fn until(&mut self, mark: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = find(&self.buffer, mark) {
                return Some(self.buffer.drain(..at + mark.len()).collect());
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    /// Reads more; false at the end. A reset ends the connection as a close does.
    async fn fill(&mut self) -> bool {
        let mut piece = vec![0; 16 << 10];
        let read = self.stream.read(&mut piece).await.unwrap_or(0);
        self.buffer.extend_from_slice(&piece[..read]);
        self.closed |= read == 0;
        read > 0
    }
}

impl RawReply {
    /// The value of the first header field of this name; empty without it.
    pub fn header(&self, name: &str) -> &str {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let mut values = fields.filter(|(found, _)| found.eq_ignore_ascii_case(name));
        values.next().map_or("", |(_, value)| value.trim())
    }

    /// Whether there is a header field of this name.
    pub fn has(&self, name: &str) -> bool {
        let mut fields = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields.any(|(found, _)| found.eq_ignore_ascii_case(name))
    }

    /// Head and body as text.
    pub fn text(&self) -> String {
        format!("{}{}", self.head, String::from_utf8_lossy(&self.body))
    }
}

/// Where `mark` begins in `bytes`.
pub fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}
