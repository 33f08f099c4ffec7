//! `foxctl gate serve`: the same verdicts over HTTP, in the shapes that others ask for them.
//!
//! POST is a webhook as Flagger calls it: 200 lets it go on, anything else does not. Of the part `rollback` 200 means go back,
//! which is what Flagger's hook of that type takes it for. GET is a measurement as Argo Rollouts' web metrics make it: 200 and
//! a document with `pass` and `rollback`, whatever they say. The table is read at each call, so an edit needs no restart.

use std::{convert::Infallible, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use bytes::Bytes;
use foxtrot_api::ApiError;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore, time};

use super::{
    Sources,
    judge::{self, Verdict},
    table::{Condition, Gates, Part},
};
use crate::{client::Admin, failure::Failure, output::Output};

/// Judgements at once: each asks every proxy.
const JUDGEMENTS_MAX: usize = 8;

/// From connect, or the last answer, to the end of a request head.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// Between tries to accept when the process has no descriptor left.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

struct Server {
    sources: Sources,
    fleet: Vec<Admin>,
    judgements: Semaphore,
}

/// What is asked for.
struct Asked {
    gate: String,
    part: Option<Part>,
    conditions: Vec<Condition>,
}

type Answer = Response<Full<Bytes>>;

/// Serves until the process is ended.
pub(super) async fn run(
    listen: SocketAddr,
    sources: Sources,
    fleet: Vec<Admin>,
    out: &mut Output,
) -> Result<ExitCode, Failure> {
    let cannot = |error| Failure::Failed(format!("cannot listen on {listen}: {error}"));
    let listener = TcpListener::bind(listen).await.map_err(cannot)?;
    out.line(format!("listening on http://{}", listener.local_addr().map_err(cannot)?))?;
    out.flush()?;
    let server = Server { sources, fleet, judgements: Semaphore::new(JUDGEMENTS_MAX) };
    let server = Arc::new(server);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        let server = Arc::clone(&server);
        let service = service_fn(move |request| {
            let server = Arc::clone(&server);
            async move { Ok::<_, Infallible>(server.answer(&request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME_MAX)
            .serve_connection(TokioIo::new(stream), service);
        // Whoever has gone away has no use for the error.
        tokio::spawn(async move { drop(connection.await) });
    }
}

impl Server {
    /// A webhook's body says who is asking, which changes nothing: it is not read.
    async fn answer(&self, request: &Request<Incoming>) -> Answer {
        let hook = match *request.method() {
            Method::POST => true,
            Method::GET => false,
            _ => return refuse(StatusCode::METHOD_NOT_ALLOWED, "GET measures, POST is a webhook"),
        };
        let asked = match self.asked(request.uri().path()) {
            Ok(asked) => asked,
            Err((status, why)) => return refuse(status, &why),
        };
        let Ok(_permit) = self.judgements.try_acquire() else {
            return refuse(StatusCode::TOO_MANY_REQUESTS, "many are asking, come again");
        };
        let events = &self.sources.events;
        let verdict = judge::judge(&asked.gate, &asked.conditions, &self.fleet, events).await;
        let status = if hook { hooked(&verdict, asked.part) } else { StatusCode::OK };
        answer(status, verdict.json())
    }

    fn asked(&self, path: &str) -> Result<Asked, (StatusCode, String)> {
        let unknown = |why: &str| (StatusCode::NOT_FOUND, why.to_owned());
        let hint = "ask for /gates/NAME or /gates/NAME/{precondition,verification,rollback}";
        let path = path.strip_prefix("/gates/").ok_or_else(|| unknown(hint))?;
        let (gate, part) = match path.split_once('/') {
            None => (path, None),
            Some((gate, "precondition")) => (gate, Some(Part::Precondition)),
            Some((gate, "verification")) => (gate, Some(Part::Verification)),
            Some((gate, "rollback")) => (gate, Some(Part::Rollback)),
            Some(_) => return Err(unknown(hint)),
        };
        let gates = Gates::load(&self.sources.file)
            .map_err(|why| (StatusCode::INTERNAL_SERVER_ERROR, why.to_string()))?;
        let conditions = gates.parts(gate, part).map_err(|why| unknown(&why))?;
        Ok(Asked { gate: gate.to_owned(), part, conditions })
    }
}

fn hooked(verdict: &Verdict, part: Option<Part>) -> StatusCode {
    let yes = match part {
        Some(Part::Rollback) => verdict.rollback,
        _ => verdict.pass,
    };
    if yes { StatusCode::OK } else { StatusCode::CONFLICT }
}

fn refuse(status: StatusCode, why: &str) -> Answer {
    // A string can be written.
    answer(status, serde_json::to_string(&ApiError::new(why)).unwrap_or_default())
}

fn answer(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    if status == StatusCode::TOO_MANY_REQUESTS {
        answer.headers_mut().insert(header::RETRY_AFTER, http::HeaderValue::from_static("1"));
    }
    answer
}
