//! One HTTP/1.1 client connection in a closed loop: a request leaves when the last answer is there.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::ensure;
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Sends `request` again and again, and counts the answers. Ends only in failure.
pub async fn repeat(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: Bytes,
    answers: &AtomicU64,
) -> anyhow::Result<()> {
    let mut input = BytesMut::with_capacity(32 << 10);
    loop {
        stream.write_all(&request).await?;
        stream.flush().await?;
        while message_len(&input) != Some(input.len()) {
            ensure!(stream.read_buf(&mut input).await? > 0, "the connection was closed");
        }
        ensure!(input.starts_with(b"HTTP/1.1 200"), "{}", input.escape_ascii());
        answers.fetch_add(1, Ordering::Relaxed);
        input.clear();
    }
}

/// Bytes of the message at the front of `input`, once all of it is there. Its length is told by Content-Length alone.
pub fn message_len(input: &[u8]) -> Option<usize> {
    let head = memchr::memmem::find(input, b"\r\n\r\n")? + 4;
    let len = head + content_length(&input[..head]);
    (input.len() >= len).then_some(len)
}

fn content_length(head: &[u8]) -> usize {
    const NAME: &[u8] = b"content-length:";
    head.split(|&b| b == b'\n')
        .find_map(|line| {
            let (name, value) = line.split_at_checked(NAME.len())?;
            name.eq_ignore_ascii_case(NAME).then_some(value)
        })
        .and_then(|value| std::str::from_utf8(value).ok()?.trim().parse().ok())
        .unwrap_or(0)
}
