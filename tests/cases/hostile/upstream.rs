//! Runs the rows of upstream misbehaviour: one origin plays each row when its id is asked for.

use e2e::{origin::raw::Then, *};

use super::{
    Findings, ensure, in_time,
    upstream_data::{Expect, Row, rows},
};

const PATIENCE: &str = "timeouts = { try = \"400ms\", total = \"2s\", idle = \"400ms\" }\n\
                        outlier = { consecutive_failures = 0, consecutive_5xx = 0 }";

#[tokio::test]
async fn hostile_answers_are_contained() {
    let origin = RawOrigin::new(play).await;
    let proxy = Proxy::with(Config::to(&origin).cluster(PATIENCE)).await;
    let mut findings = Findings::default();
    for row in rows() {
        findings.add(row.id, row.input, in_time(http_1(row, &proxy)).await);
        findings.add(
            row.id,
            &format!("{}, over h2", row.input),
            in_time(http_2(row, &proxy)).await,
        );
    }
    findings.none();
    assert_eq!(proxy.client().await.get("/good").await.text(), "ok");
}

#[tokio::test]
async fn closing_at_accept_is_502() {
    let origin = RawOrigin::closing_at_accept().await;
    let proxy = Proxy::to(&origin).await;
    assert_eq!(proxy.client().await.get("/").await.status, 502);
}

/// Answers of hostile origins follow each other on kept connections: none may leak into the next client's answer.
#[tokio::test]
async fn no_answer_leaks_into_the_next() {
    let leak = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nleaked";
    let origin =
        RawOrigin::new(move |mut conn| async move { while conn.answer(leak.as_bytes()).await {} })
            .await;
    let proxy = Proxy::with(Config::to(&origin).top("workers = 1")).await;
    for _ in 0..20 {
        assert_eq!(proxy.client().await.get("/").await.text(), "ok");
    }
}

async fn play(mut conn: Conn) {
    while let Some(head) = conn.request().await {
        let id = head.split(['/', ' ']).nth(2).unwrap_or_default();
        match rows().iter().find(|row| row.id == id) {
            None => drop(conn.write(origin::raw::OK).await),
            Some(row) => {
                conn.write(&row.send).await;
                if row.then == Then::Hold {
                    // Silent, but not forever: a request on the kept connection ends it.
                    conn.read().await;
                    return;
                }
                return conn.end(row.then).await;
            }
        }
    }
}

async fn http_1(row: &Row, proxy: &Proxy) -> Result<(), String> {
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send(format!("{} /{} HTTP/1.1\r\nHost: app.test\r\n\r\n", row.method, row.id)).await;
    let reply = if row.method == "HEAD" { raw.head_reply().await } else { raw.reply().await };
    let text = reply.text();
    match row.expect {
        Expect::Status(status) => {
            ensure(reply.status == status, || format!("{} instead of {status}", reply.status))
        }
        Expect::Cut => {
            let cut = reply.status == 502 || !reply.complete;
            ensure(cut, || format!("a whole answer: {text}"))
        }
        Expect::Body(body) => {
            ensure(reply.status == 200 && reply.complete, || format!("{} {text}", reply.status))?;
            ensure(reply.body == body.as_bytes(), || text)
        }
    }
}

async fn http_2(row: &Row, proxy: &Proxy) -> Result<(), String> {
    let mut client = proxy.h2c().await;
    let reply = client.request(row.method, &format!("/{}", row.id)).try_send().await;
    match (row.expect, reply) {
        (Expect::Status(status), Ok(reply)) => {
            ensure(reply.status == status, || format!("{} instead of {status}", reply.status))
        }
        (Expect::Cut, Err(_)) => Ok(()),
        (Expect::Cut, Ok(reply)) => ensure(reply.status == 502, || {
            format!("a whole answer: {} {}", reply.status, reply.text())
        }),
        (Expect::Body(body), Ok(reply)) => {
            ensure(reply.status == 200 && reply.text() == body, || {
                format!("{} {}", reply.status, reply.text())
            })
        }
        (_, Err(error)) => Err(format!("no answer: {error}")),
    }
}
