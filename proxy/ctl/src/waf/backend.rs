//! `foxctl waf backend`: the origin that a suite wants behind the WAF, as far as suites use it (CRS's own is called albedo).
//!
//! It answers POST /reflect as the JSON of its body asks, and all else with an empty 200. It is for tests: it sends whatever
//! it is told to, so it belongs on a loopback address.

use std::{
    collections::BTreeMap, convert::Infallible, net::SocketAddr, process::ExitCode, time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
};

use crate::{failure::Failure, output::Output};

/// Where to serve.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address to listen on; with port 0 one is chosen and printed.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

/// What a request to /reflect asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wish {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
    /// In Base64, where `body` is empty.
    encoded_body: String,
    log_message: String,
}

/// Bytes of a request's body that are read.
const BODY_BYTES_MAX: usize = 16 << 20;

/// To the end of a request's head.
const HEAD_TIME_MAX: Duration = Duration::from_secs(60);

/// Serves until it is told to end.
pub(crate) async fn run(args: Args, out: &mut Output) -> Result<ExitCode, Failure> {
    let cannot = |error| Failure::Failed(format!("cannot listen on {}: {error}", args.listen));
    let listener = TcpListener::bind(args.listen).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Output)?;
    if out.json {
        out.line(format_args!(r#"{{"listening":"http://{address}"}}"#))?;
    } else {
        out.line(format_args!("listening on http://{address}"))?;
    }
    out.flush()?;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(serve(stream));
                }
                // Out of descriptors, most likely: they come back as connections end.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
            _ = terminate.recv() => return Ok(ExitCode::SUCCESS),
        }
    }
}

async fn serve(stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX);
    let service = service_fn(|request| async { Ok::<_, Infallible>(answer(request).await) });
    // What a peer does wrong ends its connection, and that is all there is to do about it.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    // Read to its end even where it is of no use, so that the connection can be kept.
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
    let path = head.uri.path().trim_end_matches('/');
    match (path, head.method, body) {
        ("/reflect", Method::POST, Ok(body)) => reflect(&body.to_bytes()),
        ("/reflect", Method::POST, Err(_)) => wrong("the body cannot be read"),
        ("/capabilities", ..) => capabilities(),
        _ => Response::default(),
    }
}

/// The answer that a body asks for.
fn reflect(body: &[u8]) -> Response<Full<Bytes>> {
    let Ok(wish) = serde_json::from_slice::<Wish>(body) else {
        return wrong("the body is no JSON");
    };
    if !wish.log_message.is_empty() {
        log(&wish.log_message);
    }
    let status = match wish.status {
        0 => StatusCode::OK,
        // An interim answer alone is none.
        status => match StatusCode::from_u16(status) {
            Ok(status) if (200..600).contains(&status.as_u16()) => status,
            _ => return wrong("the status is not one of 200 to 599"),
        },
    };
    let body = match (wish.body.is_empty(), BASE64_STANDARD.decode(&wish.encoded_body)) {
        (false, _) => Bytes::from(wish.body),
        (true, Ok(body)) => Bytes::from(body),
        (true, Err(_)) => return wrong("encodedBody is not Base64"),
    };
    let mut response = Response::new(Full::new(body.clone()));
    *response.status_mut() = status;
    add_fields(response.headers_mut(), &wish.headers);
    if !response.headers().contains_key(header::CONTENT_TYPE) && !body.is_empty() {
        response.headers_mut().insert(header::CONTENT_TYPE, kind(&body));
    }
    response
}

/// Adds header fields, but for those that no message can carry and those that say where it ends.
fn add_fields(fields: &mut HeaderMap, wanted: &BTreeMap<String, String>) {
    for (name, value) in wanted {
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value)
            && name != header::CONTENT_LENGTH
            && name != header::TRANSFER_ENCODING
        {
            fields.append(name, value);
        }
    }
}

/// What a body is, where nobody says. WAFs look into text alone, and what is not text should not be called so.
fn kind(body: &[u8]) -> HeaderValue {
    let start = body.trim_ascii_start();
    let is = |tag: &[u8]| start.get(..tag.len()).is_some_and(|it| it.eq_ignore_ascii_case(tag));
    let binary = |byte: &u8| matches!(byte, 0..=8 | 11 | 14..=26 | 28..=31);
    HeaderValue::from_static(if is(b"<?xml") {
        "text/xml; charset=utf-8"
    } else if is(b"<!doctype html") || is(b"<html") || is(b"<!--") {
        "text/html; charset=utf-8"
    } else if body.iter().any(binary) {
        "application/octet-stream"
    } else {
        "text/plain; charset=utf-8"
    })
}

fn capabilities() -> Response<Full<Bytes>> {
    let text = r#"{"endpoints":[{"path":"/*"},{"path":"/capabilities"},{"path":"/reflect","methods":["POST"],"contentType":"application/json"}]}"#;
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn wrong(why: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(why.as_bytes())));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

/// What a test wants to be told of on the terminal.
#[allow(clippy::print_stderr, reason = "this is what the field is for")]
fn log(message: &str) {
    eprintln!("{}", message.escape_debug());
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn reflected(body: &str) -> (u16, HeaderMap, Bytes) {
        let (head, body) = reflect(body.as_bytes()).into_parts();
        (head.status.as_u16(), head.headers, body.collect().await.unwrap().to_bytes())
    }

    #[tokio::test]
    async fn an_answer_is_what_was_asked_for() {
        let (status, fields, body) =
            reflected(r#"{"status":503,"headers":{"X-A":"b","content-length":"9"},"body":"c"}"#)
                .await;
        assert_eq!((status, body.as_ref()), (503, &b"c"[..]));
        assert_eq!(fields.get("x-a").unwrap(), "b");
        assert_eq!(fields.get("content-length"), None);
        let (status, _, body) = reflected(r#"{"encodedBody":"AAE=","unknown":1}"#).await;
        assert_eq!((status, body.as_ref()), (200, &[0, 1][..]));
        let (status, fields, body) = reflected("{}").await;
        assert_eq!((status, fields.len(), body.len()), (200, 0, 0));
    }

    #[tokio::test]
    async fn what_makes_no_sense_is_refused() {
        for body in [
            "",
            "<%- x %>",
            r#"{"status":99}"#,
            r#"{"status":100}"#,
            r#"{"status":600}"#,
            r#"{"encodedBody":"?"}"#,
        ] {
            assert_eq!(reflected(body).await.0, 400, "{body}");
        }
    }

    #[test]
    fn bodies_are_called_what_they_are() {
        for (body, expected) in [
            (&b"<?php echo 1"[..], "text/plain; charset=utf-8"),
            (b" \n<HTML>", "text/html; charset=utf-8"),
            (b"<?xml version='1.0'?>", "text/xml; charset=utf-8"),
            (b"a\0b", "application/octet-stream"),
            ("\u{e4}".as_bytes(), "text/plain; charset=utf-8"),
        ] {
            assert_eq!(kind(body), expected);
        }
    }
}
