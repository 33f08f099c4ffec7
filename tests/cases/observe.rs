//! What operators see: access log, metrics by name, admin pages.

use std::fs;

use e2e::*;

const STDOUT: &str = "[log]\naccess = { path = \"-\" }";

#[tokio::test]
async fn every_request_is_a_line_of_json() {
    let origin = Origin::named("ok").await;
    let mut proxy = Proxy::with(Config::to(&origin).route("name = \"front\"").more(STDOUT)).await;
    proxy.client().await.request("GET", "/a?secret=1").header("x-request-id", "x").send().await;
    let line = proxy.access_line().await;
    assert_eq!(
        (&line["method"], &line["path"], &line["status"]),
        (&json!("GET"), &json!("/a"), &json!(200))
    );
    assert_eq!(
        (&line["listener"], &line["route"], &line["cluster"]),
        (&json!("http"), &json!("front"), &json!("app"))
    );
    assert_eq!((&line["host"], &line["client"]), (&json!("app.test"), &json!("127.0.0.1")));
    for field in ["ts", "duration_ms", "request_id", "bytes_in", "bytes_out", "protocol"] {
        assert!(!line[field].is_null(), "no {field}: {line}");
    }
    assert!(!line.to_string().contains("secret"), "query values must not be logged: {line}");
}

#[tokio::test]
async fn refusals_are_lines_too() {
    let origin = Origin::named("ok").await;
    let mut proxy =
        Proxy::with(Config::to(&origin).route("match = { path = \"/a\" }").more(STDOUT)).await;
    proxy.client().await.get("/b").await;
    assert_eq!(proxy.access_line().await["status"], 404);
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("GET /a HTTP/1.1\r\n\r\n").await;
    raw.expect_status(400).await;
    assert_eq!(proxy.access_line().await["status"], 400);
}

#[tokio::test]
async fn hostile_text_stays_inside_its_line() {
    let origin = Origin::named("ok").await;
    let mut proxy = Proxy::with(Config::to(&origin).more(STDOUT)).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send(b"GET /%0a\"\\\xff\xfe HTTP/1.1\r\nHost: app.test\r\nUser-Agent: \"},{\"\r\n\r\n")
        .await;
    let status = raw.reply().await.status;
    assert_eq!(proxy.access_line().await["status"], status);
}

#[tokio::test]
async fn the_access_log_is_reopened_by_a_reload() {
    let origin = Origin::named("ok").await;
    let dir = tempfile::tempdir().unwrap();
    let (path, rotated) = (dir.path().join("access.jsonl"), dir.path().join("access.1"));
    let config = Config::to(&origin).more(format!("[log]\naccess = {{ path = {path:?} }}"));
    let proxy = Proxy::with(&config).await;
    let lines = |path| fs::read_to_string(path).unwrap_or_default().lines().count();
    proxy.client().await.get("/").await;
    eventually("a line", async || lines(&path) == 1).await;
    fs::rename(&path, &rotated).unwrap();
    proxy.reload_ok(&config).await;
    proxy.client().await.get("/").await;
    eventually("a line in the new file", async || lines(&path) == 1).await;
    assert_eq!(lines(&rotated), 1);
}

#[tokio::test]
async fn the_access_log_is_reopened_beside_a_broken_file() {
    let origin = Origin::named("ok").await;
    let dir = tempfile::tempdir().unwrap();
    let (path, rotated) = (dir.path().join("access.jsonl"), dir.path().join("access.1"));
    let more = format!("[log]\naccess = {{ path = {path:?} }}\n[reload]\nwatch = false");
    let proxy = Proxy::with(Config::to(&origin).more(&more)).await;
    let lines = |path| fs::read_to_string(path).unwrap_or_default().lines().count();
    proxy.client().await.get("/").await;
    eventually("a line", async || lines(&path) == 1).await;
    proxy.write_config("nonsense = 1");
    fs::rename(&path, &rotated).unwrap();
    proxy.signal("HUP");
    proxy.metric_reaches("foxtrot_config_reload_total", &[("result", "refused")], 1.0).await;
    proxy.client().await.get("/").await;
    eventually("a line in the new file", async || lines(&path) == 1).await;
    assert_eq!(lines(&rotated), 1);
}

#[tokio::test]
async fn requests_are_counted_by_what_configuration_names() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::with(Config::to(&origin).route("name = \"front\"")).await;
    let mut client = proxy.client().await;
    for _ in 0..3 {
        client.get("/anything").await;
    }
    let labels =
        [("listener", "http"), ("route", "front"), ("cluster", "app"), ("code_class", "2xx")];
    proxy.metric_reaches("foxtrot_requests_total", &labels, 3.0).await;
    let labels = [("route", "front"), ("cluster", "app")];
    proxy.metric_reaches("foxtrot_request_duration_seconds_count", &labels, 3.0).await;
}

#[tokio::test]
async fn colours_are_a_label() {
    let (blue, green) = (Origin::named("blue").await, Origin::named("green").await);
    let proxy =
        Proxy::with(Config::rollout(&blue, &green, "weights = { blue = 0, green = 100 }")).await;
    proxy.client().await.get("/").await;
    proxy.metric_reaches("foxtrot_requests_total", &[("colour", "green")], 1.0).await;
}

#[tokio::test]
async fn refusals_are_counted_with_a_reason() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::to(&origin).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("GET / HTTP/1.1\r\n\r\n").await;
    raw.expect_status(400).await;
    proxy.metric_reaches("foxtrot_refused_total", &[], 1.0).await;
    let metrics = proxy.metrics().await;
    let refused: Vec<_> =
        metrics.find("foxtrot_refused_total", &[]).filter(|s| s.value > 0.0).collect();
    assert!(refused.iter().all(|sample| !sample.labels["reason"].is_empty()), "{refused:?}");
}

#[tokio::test]
async fn the_fixed_metrics_are_there() {
    let (blue, green) = (Origin::named("blue").await, Origin::named("green").await);
    let proxy = Proxy::with(Config::rollout(&blue, &green, "")).await;
    proxy.client().await.get("/").await;
    proxy.metric_reaches("foxtrot_requests_total", &[], 1.0).await;
    let metrics = proxy.metrics().await;
    for name in [
        "foxtrot_requests_total",
        "foxtrot_request_duration_seconds_bucket",
        "foxtrot_rollout_weight",
        "foxtrot_config_generation",
        "foxtrot_upstream_endpoint_state",
    ] {
        assert!(metrics.has(name), "no {name}");
    }
}

#[tokio::test]
async fn labels_never_come_from_a_client() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::to(&origin).await;
    let mut client = proxy.client().await;
    for n in 0..50 {
        let call = client.request(&format!("METHOD{n}"), &format!("/marker{n}"));
        call.header("host", &format!("marker{n}.test")).send().await;
    }
    let scrape = proxy.admin("GET", "/metrics").await.text();
    assert!(!scrape.contains("marker") && !scrape.contains("METHOD"), "{scrape}");
}

#[tokio::test]
async fn admin_pages_answer() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::to(&origin).await;
    for page in
        ["/livez", "/readyz", "/metrics", "/status", "/config", "/config/history", "/clusters"]
    {
        assert_eq!(proxy.admin("GET", page).await.status, 200, "{page}");
    }
    assert_eq!(proxy.admin("GET", "/nothing").await.status, 404);
    assert_eq!(proxy.admin("GET", "/reload").await.status, 405);
}

#[tokio::test]
async fn the_configuration_in_force_is_shown() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::to(&origin).await;
    let config = proxy.admin_get("/config").await.to_string();
    assert!(config.contains(&origin.addr().to_string()), "{config}");
    let clusters = proxy.admin_get("/clusters").await.to_string();
    assert!(
        clusters.contains("app") && clusters.contains(&origin.addr().to_string()),
        "{clusters}"
    );
}

#[tokio::test]
async fn a_token_guards_the_admin_server() {
    let origin = Origin::named("ok").await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    fs::write(&file, "s3cret\n").unwrap();
    let admin = format!("[admin]\nlisten = \"127.0.0.1:0\"\ntoken = {{ file = {file:?} }}");
    let proxy = Proxy::with(Config::to(&origin).more(admin)).await;
    assert_eq!(proxy.admin("GET", "/livez").await.status, 200);
    assert_eq!(proxy.admin("GET", "/status").await.status, 401);
    assert_eq!(proxy.admin("POST", "/reload").await.status, 401);
    let mut client = Client::h1(proxy.admin_addr()).await;
    client.host = proxy.admin_addr().to_string();
    for (token, status) in [("Bearer wrong", 401), ("Bearer s3cret", 200)] {
        let reply = client.request("GET", "/status").header("authorization", token).send().await;
        assert_eq!(reply.status, status, "{token}");
        assert!(!reply.text().contains("s3cret"));
    }
}

#[tokio::test]
async fn the_status_says_how_many_threads_serve() {
    let origin = Origin::named("ok").await;
    for runtime in ["per_core", "shared"] {
        let config = Config::to(&origin).top(format!("runtime = \"{runtime}\"\nworkers = 3"));
        let status = Proxy::with(config).await.status().await;
        assert_eq!(status["workers"], 3, "{runtime}");
    }
}
