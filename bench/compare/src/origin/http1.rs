//! Connections of HTTP/1.1 to the origin.

use std::io;

use bytes::{Buf as _, BytesMut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::answer::Answers;

/// Answers all requests of a connection.
pub(super) async fn serve(mut stream: TcpStream, answers: Answers) -> io::Result<()> {
    let mut input = BytesMut::with_capacity(READ);
    while stream.read_buf(&mut input).await? > 0 {
        while let Some(request) = request(&input)? {
            let close = request.close;
            let answer = answers.to(request.target);
            let len = request.len;
            stream.write_all(&answer.bytes).await?;
            if close {
                return stream.shutdown().await;
            }
            input.advance(len);
        }
        input.reserve(READ);
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
struct Request<'i> {
    target: &'i str,
    /// Bytes of all of it.
    len: usize,
    /// Whether the connection is to end behind it.
    close: bool,
}

/// The request at the front, once all of it is there. A body without a known length is an error.
fn request(input: &[u8]) -> io::Result<Option<Request<'_>>> {
    let Some(end) = memchr::memmem::find(input, b"\r\n\r\n") else { return Ok(None) };
    let head = input.get(..end).and_then(|head| std::str::from_utf8(head).ok());
    let (line, fields) =
        head.map(|head| head.split_once("\r\n").unwrap_or((head, ""))).ok_or(ODD)?;
    let target = line.split(' ').nth(1).ok_or(ODD)?;
    let (mut len, mut close) = (end + 4, false);
    for (name, value) in fields.split("\r\n").filter_map(|field| field.split_once(':')) {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("content-length") {
            len += value.trim().parse::<usize>().map_err(|_| ODD)?;
        }
        if is("transfer-encoding") {
            return Err(ODD.into());
        }
        close |= is("connection") && value.trim().eq_ignore_ascii_case("close");
    }
    Ok((input.len() >= len).then_some(Request { target, len, close }))
}

const ODD: io::ErrorKind = io::ErrorKind::InvalidData;
const READ: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_taken_whole() {
        let get = b"GET /128 HTTP/1.1\r\nhost: a\r\n\r\n";
        let expected = Request { target: "/128", len: get.len(), close: false };
        assert_eq!(request(get).unwrap(), Some(expected));
        let post = b"POST /5 HTTP/1.1\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc";
        let expected = Request { target: "/5", len: post.len(), close: true };
        assert_eq!(request(post).unwrap(), Some(expected));
        for end in 0..post.len() {
            assert_eq!(request(&post[..end]).unwrap(), None, "{end}");
        }
        assert!(request(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(request(b"\r\n\r\n").is_err());
    }
}
