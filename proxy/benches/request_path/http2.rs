//! One HTTP/2 client connection: streams in closed loops beside each other.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::ensure;
use bytes::Bytes;
use futures_util::future::try_join_all;
use h2::client::SendRequest;
use http::Request;
use tokio::net::TcpStream;

use crate::scenario::{HOST, Scenario};

/// Sends the scenario's request on `streams` streams again and again, and counts the answers. Ends only in failure.
pub async fn repeat(
    stream: TcpStream,
    scenario: &'static Scenario,
    streams: usize,
    answers: &AtomicU64,
) -> anyhow::Result<()> {
    let (requests, connection) = h2::client::handshake(stream).await?;
    let driver = async { Ok(connection.await?) };
    let loops = (0..streams).map(|_| repeat_one(requests.clone(), scenario, answers));
    futures_util::future::try_join(driver, try_join_all(loops)).await?;
    Ok(())
}

async fn repeat_one(
    mut requests: SendRequest<Bytes>,
    scenario: &Scenario,
    answers: &AtomicU64,
) -> anyhow::Result<()> {
    loop {
        requests = requests.ready().await?;
        let mut request = Request::builder()
            .method(scenario.method())
            .uri(format!("http://{HOST}{}", scenario.target));
        for (name, value) in scenario.fields {
            request = request.header(*name, *value);
        }
        let (answer, _) = requests.send_request(request.body(())?, true)?;
        let answer = answer.await?;
        ensure!(answer.status() == 200, "answered {}", answer.status());
        let mut body = answer.into_body();
        while let Some(data) = body.data().await {
            body.flow_control().release_capacity(data?.len())?;
        }
        answers.fetch_add(1, Ordering::Relaxed);
    }
}
