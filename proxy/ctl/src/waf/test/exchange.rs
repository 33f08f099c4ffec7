//! One request on a connection of its own: bytes out, a response in.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
    time,
};

use super::response::{self, Response};

/// To make a connection; go-ftw's default.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(3);

/// From the first byte of a request to the last of its response; go-ftw's default to read one.
const EXCHANGE_TIME_MAX: Duration = Duration::from_secs(10);

/// Connects, from an address of this machine where one is given.
pub(crate) async fn connect(server: SocketAddr, from: Option<Ipv4Addr>) -> io::Result<TcpStream> {
    let connect = async {
        let socket = if server.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        if let Some(from) = from {
            socket.bind((from, 0).into())?;
        }
        let stream = socket.connect(server).await?;
        // A request goes out in one piece, and nothing waits for more of it.
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    time::timeout(CONNECT_TIME_MAX, connect)
        .await
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no connection in time")))
}

/// Sends a request and reads its response, or says why there is none.
pub(crate) async fn send(stream: &mut TcpStream, request: &[u8]) -> Result<Response, String> {
    let exchange = async {
        // A server may answer without taking all of a request, and close: then there is an answer all the same.
        let sent = stream.write_all(request).await;
        match (response::read(stream, method(request)).await, sent) {
            (Ok(response), _) => Ok(response),
            (Err(_), Err(error)) => Err(error.to_string()),
            (Err(error), Ok(())) => Err(error),
        }
    };
    let answer = time::timeout(EXCHANGE_TIME_MAX, exchange).await;
    answer.unwrap_or_else(|_| Err("no response in time".to_owned()))
}

/// Connects, sends and hangs up.
pub(crate) async fn exchange(
    server: SocketAddr,
    from: Option<Ipv4Addr>,
    request: &[u8],
) -> Result<Response, String> {
    let mut stream = connect(server, from).await.map_err(|error| error.to_string())?;
    send(&mut stream, request).await
}

/// The first word of a request. What it is decides how a response ends.
fn method(request: &[u8]) -> &[u8] {
    request.split(|&byte| byte == b' ').next().unwrap_or_default()
}
