//! One request and its answer, on a connection that surge opens.

use std::net::IpAddr;

use surge::{
    client::{
        connect::{Endpoint, Stream},
        h1::Parser,
        request::Prepared,
    },
    scenario::Trust,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Clients, TIMEOUT};

/// A connection and what its request was answered with.
pub(super) type Answered = Result<(Stream, u16), String>;

/// Opens a connection and sends a request. Over TLS the handshake is a full one, as nobody remembers the one before.
pub(super) async fn once(clients: &Clients<'_>, from: IpAddr, request: &Prepared) -> Answered {
    let exchange = async {
        let target = clients.target();
        let endpoint = Endpoint::new(&target, clients.scenario.protocol, &Trust::Anyone);
        let endpoint = endpoint.map_err(|error| error.to_string())?;
        let connected = endpoint.connect(Some(from)).await;
        let mut stream = connected.map_err(|broken| broken.cause.to_string())?;
        let status = ask(&mut stream, request).await?;
        Ok((stream, status))
    };
    tokio::time::timeout(TIMEOUT, exchange).await.map_err(|_| "timeout".to_owned())?
}

async fn ask(stream: &mut Stream, request: &Prepared) -> Result<u16, String> {
    let failed = |error: std::io::Error| error.to_string();
    stream.write_all(&request.bytes).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    let (mut parser, mut input) = (Parser::default(), Vec::with_capacity(READ));
    parser.begin(request.bodiless_answer);
    loop {
        input.clear();
        if stream.read_buf(&mut input).await.map_err(failed)? == 0 {
            return Err("connection closed before the answer was complete".to_owned());
        }
        if parser.feed(&input).map_err(|error| error.to_string())?.is_some() {
            return Ok(parser.status());
        }
    }
}

const READ: usize = 16 << 10;
