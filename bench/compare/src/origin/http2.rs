//! Connections of HTTP/2 to the origin, by prior knowledge.

use bytes::Bytes;
use h2::{RecvStream, server::SendResponse};
use http::{Request, Response};
use tokio::{net::TcpStream, task};

use super::answer::{Answer, Answers};

/// Answers all requests of a connection.
pub(super) async fn serve(stream: TcpStream, answers: Answers) -> Result<(), h2::Error> {
    let mut connection = h2::server::Builder::new()
        .max_concurrent_streams(1_000)
        .handshake::<_, Bytes>(stream)
        .await?;
    while let Some(exchange) = connection.accept().await {
        let (request, respond) = exchange?;
        let answer = answers.to(request.uri().path());
        if request.body().is_end_stream() {
            send(respond, answer)?;
        } else {
            task::spawn_local(read_and_send(request, respond, answer));
        }
    }
    Ok(())
}

async fn read_and_send(
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    answer: Answer,
) -> Result<(), h2::Error> {
    let mut body = request.into_body();
    while let Some(data) = body.data().await {
        body.flow_control().release_capacity(data?.len())?;
    }
    send(respond, answer)
}

/// What a window does not hold, h2 keeps until it does.
fn send(mut respond: SendResponse<Bytes>, answer: Answer) -> Result<(), h2::Error> {
    let mut head = Response::new(());
    let kind = http::HeaderValue::from_static("text/plain");
    head.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    let mut stream = respond.send_response(head, false)?;
    stream.send_data(answer.bytes.slice(answer.body_at..), true)
}
