use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use foxtrot_api::{
    Cause, ClusterStatus, ConfigText, Generation, LastReload, LocatedError, Parity, ReloadOutcome,
    ReloadResult, RolloutChange, RolloutStatus, ShadowDiff, Shares, Status, WafStatus,
};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{Semaphore, oneshot},
};
use tower::ServiceExt as _;

use super::*;
use crate::{
    config::{Cidr, Compare},
    filter::live_lists::{Entry, List, LiveLists, Unlisted},
    mirror::pairing::{Comparison, ComparisonState},
    observe::metrics::Metrics,
    rollout::{
        drive::Unmoved,
        plan::{Command, Refused},
    },
};

/// A process that does what tests need.
#[derive(Default)]
struct Fake {
    unready: AtomicBool,
    refuses: AtomicBool,
    lists: LiveLists,
    /// Calls of `metrics_text` that hang, if any may.
    hung: Option<Semaphore>,
}

impl Operations for Fake {
    fn ready(&self) -> bool {
        !self.unready.load(Ordering::Relaxed)
    }

    async fn status(&self) -> Status {
        Status {
            version: "0.1.0".into(),
            pid: 1,
            started_at: 1,
            uptime_s: 2,
            generation: 3,
            config_hash: "c0ffee".into(),
            last_reload: LastReload {
                result: ReloadOutcome::Applied,
                cause: Cause::Start,
                at: 1,
                errors: Vec::new(),
            },
            ready: true,
            draining: false,
            workers: 2,
            listeners: Vec::new(),
            limits: Vec::new(),
            overload: None,
            access_log: None,
        }
    }

    async fn metrics_text(&self) -> String {
        if let Some(hung) = &self.hung {
            hung.add_permits(1);
            std::future::pending::<()>().await;
        }
        "foxtrot_config_generation 3\n".into()
    }

    async fn config_text(&self) -> ConfigText {
        ConfigText { generation: 3, hash: "c0ffee".into(), text: "schema = 1\n".into() }
    }

    async fn history(&self) -> Vec<Generation> {
        let entry = |generation| Generation {
            generation,
            loaded_at: 1,
            cause: Cause::Admin,
            hash: "c0ffee".into(),
        };
        vec![entry(2), entry(3)]
    }

    async fn diff(&self, from: u64, to: u64) -> Option<String> {
        (from >= 2 && to <= 3).then(|| "-a\n+b\n".into())
    }

    async fn clusters(&self) -> Vec<ClusterStatus> {
        Vec::new()
    }

    async fn waf(&self) -> WafStatus {
        WafStatus { generation: 3, ..WafStatus::default() }
    }

    async fn lists(&self) -> Vec<Entry> {
        self.lists.entries()
    }

    async fn list(
        &self,
        list: List,
        block: Cidr,
        lasts: Duration,
        reason: String,
    ) -> Result<Entry, Unlisted> {
        let entry = Entry { list, block, since: Duration::ZERO, until: lasts, reason };
        self.lists.add(entry.clone(), 2).map(|()| entry)
    }

    async fn unlist(&self, list: List, block: Cidr) -> Option<Entry> {
        self.lists.remove(list, block)
    }

    async fn shadow_diff(&self, name: &str) -> Option<ShadowDiff> {
        let state = ComparisonState::new(&Metrics::new(1));
        Some(Comparison::compile(&Compare::default(), state).describe(name))
    }

    async fn parity(&self, name: &str) -> Option<Parity> {
        let (blue, green) = ("a".into(), "b".into());
        Some(Parity { rollout: name.to_owned(), blue, green, differences: Vec::new() })
    }

    async fn forget_shadow_diff(&self, name: &str) -> Option<ShadowDiff> {
        self.shadow_diff(name).await
    }

    async fn rollouts(&self) -> Vec<RolloutStatus> {
        let weights = Shares { blue: 95.0, green: 5.0 };
        let (name, blue, green) = ("gateway".into(), "a".into(), "b".into());
        vec![RolloutStatus { name, blue, green, weights, ..RolloutStatus::default() }]
    }

    async fn move_rollout(
        &self,
        name: &str,
        asked: Command,
        caller: String,
    ) -> Result<RolloutChange, Unmoved> {
        match (name, asked) {
            ("gateway", Command::Step { force: false }) => Err(Unmoved::Refused(Refused::AtRest)),
            ("gateway", _) => {
                let status = self.rollouts().await.remove(0);
                let note = format!("{asked:?} {caller}");
                Ok(RolloutChange { before: status.clone(), after: status, took_ms: 0.5, note })
            }
            _ => Err(Unmoved::Unknown),
        }
    }

    async fn events(&self, after: u64, limit: usize) -> Vec<u8> {
        format!("{after} {limit}\n").into_bytes()
    }

    async fn reload(&self) -> ReloadResult {
        if !self.refuses.load(Ordering::Relaxed) {
            return ReloadResult {
                result: ReloadOutcome::Applied,
                generation: 4,
                errors: Vec::new(),
            };
        }
        let error = LocatedError { line: 3, message: "unknown key".into(), ..Default::default() };
        ReloadResult { result: ReloadOutcome::Refused, generation: 3, errors: vec![error] }
    }

    async fn rollback(&self, generation: u64) -> Option<ReloadResult> {
        if generation == 2 { Some(self.reload().await) } else { None }
    }
}

/// The server without its socket.
fn server(fake: Fake) -> Router {
    router::router(Arc::new(fake), TokenSource::default())
}

fn request(method: &str, path: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:9901")
        .body(Body::empty())
        .unwrap()
}

async fn call(router: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let (head, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status, head.headers, String::from_utf8(body.into()).unwrap())
}

async fn ask(router: &Router, method: &str, path: &str) -> (u16, String) {
    let (status, _, body) = call(router, request(method, path)).await;
    (status.as_u16(), body)
}

async fn json(router: &Router, method: &str, path: &str) -> (u16, Value) {
    let (status, body) = ask(router, method, path).await;
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn every_endpoint_answers() {
    let router = server(Fake::default());
    for endpoint in router::ENDPOINTS {
        let (method, path) = endpoint.split_once(' ').unwrap();
        let path = path.replace("rollouts/NAME", "rollouts/gateway").replace("BOOL", "true");
        let path = path.replace("NUMBER", "0").replace("COUNT", "5");
        let path = path.replace("NAME", "deny").replace("BLOCK", "192.0.2.1");
        let path = path.replace("from=N", "from=2").replace("to=N", "to=3").replace("=N", "=2");
        let mut request = request(method, &path);
        if endpoint == "POST /lists" {
            let change = r#"{"list":"deny","block":"192.0.2.1","for":"1m"}"#;
            *request.body_mut() = change.into();
            request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        }
        let (status, headers, body) = call(&router, request).await;
        assert_eq!(status, 200, "{endpoint}: {body}");
        assert_eq!(headers["cache-control"], "no-store");
        assert!(!body.is_empty());
    }
    let (_, status) = json(&router, "GET", "/status").await;
    assert_eq!(
        (&status["generation"], &status["last_reload"]["result"]),
        (&3.into(), &"applied".into())
    );
    let (_, rollouts) = json(&router, "GET", "/rollouts").await;
    assert_eq!(rollouts[0]["weights"]["green"], 5.0);
    let (_, waf) = json(&router, "GET", "/waf").await;
    assert_eq!((&waf["generation"], &waf["policies"]), (&3.into(), &serde_json::json!([])));
    let (_, diff) = json(&router, "GET", "/config/diff").await;
    assert_eq!(
        (&diff["from"], &diff["to"], &diff["diff"]),
        (&2.into(), &3.into(), &"-a\n+b\n".into())
    );
    assert_eq!(ask(&router, "HEAD", "/status").await, (200, String::new()));
}

#[tokio::test]
async fn what_is_not_there_is_told_with_what_is() {
    let router = server(Fake::default());
    let (status, body) = json(&router, "GET", "/stats").await;
    assert_eq!(
        (status, body["endpoints"].as_array().map(Vec::len)),
        (404, Some(router::ENDPOINTS.len()))
    );
    let (status, headers, body) = call(&router, request("GET", "/reload")).await;
    assert_eq!((status.as_u16(), &headers["allow"]), (405, &"POST".parse().unwrap()));
    assert!(body.contains("POST /reload"), "{body}");
    assert_eq!(ask(&router, "DELETE", "/livez").await.0, 405);
}

#[tokio::test]
async fn queries_are_checked() {
    let router = server(Fake::default());
    for (method, path, status) in [
        ("GET", "/config/diff?from=one", 400),
        ("GET", "/config/diff?form=1", 400),
        ("GET", "/config/diff?from=1", 404),
        ("POST", "/config/rollback", 400),
        ("POST", "/config/rollback?generation=1", 404),
        ("POST", "/rollouts/gateway/start?hold=maybe", 400),
        ("POST", "/rollouts/gateway/step?hold=true", 400),
        ("POST", "/rollouts/gateway/pause?force=true", 400),
        ("POST", "/rollouts/other/start", 404),
        ("POST", "/rollouts/gateway/step", 409),
        ("GET", "/events?after=-1", 400),
    ] {
        let (found, body) = json(&router, method, path).await;
        assert_eq!(found, status, "{path}");
        assert!(body["error"].is_string());
    }
}

#[tokio::test]
async fn what_is_asked_of_a_rollout_arrives_with_who_asked() {
    let token = TokenSource::default();
    let router = router::router(Arc::new(Fake::default()), token.clone());
    for (path, asked) in [
        ("start", "Start { hold: false }"),
        ("start?hold=true", "Start { hold: true }"),
        ("step?force=true", "Step { force: true }"),
        ("pause", "Pause"),
        ("promote", "Promote { force: false }"),
        ("rollback", "Rollback"),
    ] {
        let (status, change) = json(&router, "POST", &format!("/rollouts/gateway/{path}")).await;
        assert_eq!(status, 200, "{change}");
        assert_eq!(change["note"], format!("{asked} without a token"));
    }
    let (_, unknown) = json(&router, "POST", "/rollouts/other/start").await;
    assert_eq!(unknown["error"], "no rollout `other`; there is gateway");
    let router = router.layer(Extension(Peer("192.0.2.1:5".parse().unwrap())));
    let (_, change) = json(&router, "POST", "/rollouts/gateway/rollback").await;
    assert_eq!(change["note"], "Rollback 192.0.2.1:5 without a token");
    token.set(Some(Token::new("first").unwrap()));
    let mut request = request("POST", "/rollouts/gateway/rollback");
    request.headers_mut().insert("authorization", "Bearer first".parse().unwrap());
    let (_, _, change) = call(&router, request).await;
    assert!(change.contains("192.0.2.1:5 with the token"), "{change}");
}

#[tokio::test]
async fn a_refused_load_is_unprocessable_and_says_where() {
    let fake = Fake { refuses: true.into(), ..Fake::default() };
    let router = server(fake);
    for path in ["/reload", "/config/rollback?generation=2"] {
        let (status, body) = json(&router, "POST", path).await;
        assert_eq!((status, &body["result"]), (422, &"refused".into()));
        assert_eq!((&body["errors"][0]["line"], &body["generation"]), (&3.into(), &3.into()));
    }
}

#[tokio::test]
async fn readiness_follows_the_process() {
    let router = server(Fake { unready: true.into(), ..Fake::default() });
    assert_eq!(ask(&router, "GET", "/readyz").await, (503, "not ready\n".into()));
    assert_eq!(ask(&router, "GET", "/livez").await.0, 200);
}

#[tokio::test]
async fn a_token_is_needed_for_all_but_probes_and_may_change() {
    let token = TokenSource::default();
    token.set(Some(Token::new("first").unwrap()));
    let router = router::router(Arc::new(Fake::default()), token.clone());
    for endpoint in router::ENDPOINTS.iter().chain(&["GET /nothing", "PUT /reload"]) {
        let (method, path) = endpoint.split_once(' ').unwrap();
        let expected = if path.ends_with("yz") || path == "/livez" { 200 } else { 401 };
        let (status, headers, _) = call(&router, request(method, path)).await;
        assert_eq!(status, expected, "{endpoint}");
        assert_eq!(headers.contains_key("www-authenticate"), expected == 401);
    }
    let with = |token: &str| {
        let mut request = request("GET", "/status");
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        request
    };
    assert_eq!(call(&router, with("first")).await.0, 200);
    token.set(Some(Token::new("second").unwrap()));
    assert_eq!(call(&router, with("first")).await.0, 401);
    assert_eq!(call(&router, with("second")).await.0, 200);
}

#[tokio::test]
async fn foreign_hosts_origins_and_bodies_are_refused() {
    let router = server(Fake::default());
    let mut rebound = request("GET", "/status");
    rebound.headers_mut().insert("host", "evil.example".parse().unwrap());
    assert_eq!(call(&router, rebound).await.0, 403);
    let mut forged = request("POST", "/reload");
    forged.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    assert_eq!(call(&router, forged).await.0, 403);
    let mut large = request("POST", "/reload");
    *large.body_mut() = Body::from(vec![0; 65 << 10]);
    assert_eq!(call(&router, large).await.0, 413);
}

#[tokio::test]
async fn too_many_calls_are_shed_and_probes_are_not() {
    let fake = Arc::new(Fake { hung: Some(Semaphore::new(0)), ..Fake::default() });
    let router = router::router(Arc::clone(&fake), TokenSource::default());
    let mut calls = JoinSet::new();
    for _ in 0..router::CALLS_MAX {
        let router = router.clone();
        calls.spawn(async move { ask(&router, "GET", "/metrics").await });
    }
    let all = u32::try_from(router::CALLS_MAX).unwrap();
    fake.hung.as_ref().unwrap().acquire_many(all).await.unwrap().forget();
    let (status, headers, body) = call(&router, request("GET", "/status")).await;
    assert_eq!((status.as_u16(), &headers["retry-after"]), (429, &"1".parse().unwrap()));
    assert!(body.contains("too many"), "{body}");
    assert_eq!(ask(&router, "GET", "/readyz").await.0, 200);
    calls.shutdown().await;
    assert_eq!(ask(&router, "GET", "/status").await.0, 200);
}

#[tokio::test]
async fn the_page_asks_nobody_else() {
    let (status, headers, page) = call(&server(Fake::default()), request("GET", "/")).await;
    assert_eq!(
        (status.as_u16(), &headers["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );
    assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("innerHTML"));
}

#[tokio::test]
async fn the_socket_is_served_until_shutdown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async { drop(stopped.await) };
    let ops = Arc::new(Fake::default());
    let server = tokio::spawn(serve(listener, ops, TokenSource::default(), shutdown));
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    drop(stop);
    server.await.unwrap();
    // The idle connection was closed, and nobody listens.
    client.read_to_end(&mut Vec::new()).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn connections_that_are_held_open_do_not_keep_probes_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let ops = Arc::new(Fake::default());
    tokio::spawn(serve(listener, ops, TokenSource::default(), std::future::pending()));
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        held.push(TcpStream::connect(address).await.unwrap());
    }
    let mut probe = TcpStream::connect(address).await.unwrap();
    probe.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    probe.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    // The oldest made room.
    assert_eq!(held[0].read(&mut [0]).await.unwrap_or(0), 0);
}
