//! The origin: keep-alive, and as little else as possible, on a thread of its own.

use std::{io, net::SocketAddr, sync::Arc, thread};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{http1, scenario::ANSWERS};

/// An answer, ready to be sent, to requests whose target begins with the text.
type Answers = Arc<[(&'static str, Vec<u8>)]>;

/// Starts it; it ends with the process.
pub fn start() -> anyhow::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new()
        .name("origin".into())
        .spawn(move || runtime.block_on(serve(listener)))?;
    Ok(address)
}

async fn serve(listener: std::net::TcpListener) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let answers: Answers = ANSWERS.map(|(target, bytes)| (target, answer(bytes))).into();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(answer_all(stream, Arc::clone(&answers)));
    }
}

fn answer(bytes: usize) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ndate: Mon, 23 Nov 2026 12:00:00 GMT\r\ncontent-type: text/plain\r\ncontent-length: {bytes}\r\n\r\n"
    );
    [head.as_bytes(), &vec![b'x'; bytes]].concat()
}

async fn answer_all(mut stream: TcpStream, answers: Answers) -> io::Result<()> {
    let mut input = BytesMut::with_capacity(16 << 10);
    while stream.read_buf(&mut input).await? > 0 {
        while let Some(len) = http1::message_len(&input) {
            let target = input.iter().position(|&b| b == b' ').map_or(0, |at| at + 1);
            let known =
                answers.iter().find(|(text, _)| input[target..].starts_with(text.as_bytes()));
            let (_, answer) = known.ok_or(io::ErrorKind::InvalidData)?;
            stream.write_all(answer).await?;
            input.advance(len);
        }
        input.reserve(16 << 10);
    }
    Ok(())
}
