//! Shadow comparison: what differs is found, what is noise is not, and the primary notices nothing.

use e2e::{origin::Incomer, proxy::run_binary, *};

/// Answers with this JSON.
async fn json_origin(text: &'static str) -> Origin {
    Origin::new(move |_| async move { json_answer(200, text) }).await
}

fn json_answer(status: u16, text: impl Into<Bytes>) -> Response<Body> {
    let mut answer = origin::answer(status, text);
    answer.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    answer
}

/// Copies all that goes to `primary` to `shadow` and compares the answers; `compare` and `mirror` hold keys.
async fn compared(primary: &Origin, shadow: &impl Url, mirror: &str, compare: &str) -> Proxy {
    Proxy::with(config(primary, shadow, mirror, compare)).await
}

fn config(primary: &Origin, shadow: &impl Url, mirror: &str, compare: &str) -> Config {
    let keys = format!("mirror = {{ {mirror} to = \"green\" }}\ncompare = {{ {compare} }}");
    Config::rollout(primary, shadow, &keys)
}

const NO_NOISE: &str = "noise_percent = 0";

/// Waits until so many pairs came to an outcome.
async fn outcome(proxy: &Proxy, outcome: &str, reason: &str, pairs: f64) {
    let labels = [("outcome", outcome), ("reason", reason)];
    proxy.metric_reaches("foxtrot_shadow_compared_total", &labels, pairs).await;
}

async fn diff(proxy: &Proxy) -> Value {
    proxy.admin_get("/rollouts/app/diff").await
}

/// Kind, place and change of each cluster.
fn told(diff: &Value) -> Vec<String> {
    let word = |cluster: &Value, key: &str| cluster[key].as_str().unwrap().to_owned();
    let clusters = diff["clusters"].as_array().unwrap();
    let mut told: Vec<String> = clusters
        .iter()
        .map(|c| format!("{} {} {}", word(c, "kind"), word(c, "place"), word(c, "change")))
        .collect();
    told.sort();
    told
}

/// One request whose answers differ.
async fn one_difference(blue: &Origin, green: &impl Url, keys: &str) -> (Proxy, Value) {
    let proxy = compared(blue, green, "", &format!("{NO_NOISE}, {keys}")).await;
    proxy.client().await.get("/").await;
    outcome(&proxy, "different", "", 1.0).await;
    let diff = diff(&proxy).await;
    (proxy, diff)
}

#[tokio::test]
async fn equal_answers_are_equal() {
    let (blue, green) =
        (json_origin(r#"{"a":1,"b":[2]}"#).await, json_origin(r#"{"b":[2.0],"a":1}"#).await);
    let proxy = compared(&blue, &green, "", NO_NOISE).await;
    let mut client = proxy.client().await;
    for _ in 0..10 {
        client.get("/").await;
    }
    outcome(&proxy, "equal", "", 10.0).await;
    let diff = diff(&proxy).await;
    assert_eq!((&diff["compared"], &diff["clusters"]), (&json!(10), &json!([])));
    assert_eq!(diff["opinion"], json!({ "verdict": "hold", "why": "10 of 50 requests compared" }));
    assert_eq!(proxy.metric("foxtrot_shadow_diff_total", &[]).await, 0.0);
}

#[tokio::test]
async fn json_is_compared_by_structure_and_value() {
    let blue = json_origin(r#"{"price":1,"gone":1,"type":1,"items":[{"n":1},{"n":2}]}"#).await;
    let green = json_origin(r#"{"price":2,"type":"1","items":[{"n":7},{"n":8}],"new":1}"#).await;
    let (proxy, diff) = one_difference(&blue, &green, "").await;
    let expected = [
        "json $.gone missing",
        "json $.items[].n value",
        "json $.new extra",
        "json $.price value",
        "json $.type type",
    ];
    assert_eq!(told(&diff), expected);
    assert_eq!((&diff["failing"], &diff["opinion"]["verdict"]), (&json!(1), &json!("stop")));
    proxy.metric_reaches("foxtrot_shadow_diff_total", &[("kind", "json")], 1.0).await;
}

#[tokio::test]
async fn a_status_speaks_for_the_rest() {
    let (blue, green) = (json_origin("[1]").await, Origin::status(500).await);
    let (proxy, diff) = one_difference(&blue, &green, "").await;
    assert_eq!(told(&diff), ["status 200 -> 500 value"]);
    proxy.metric_reaches("foxtrot_shadow_diff_total", &[("kind", "status")], 1.0).await;
}

#[tokio::test]
async fn a_shadow_that_does_not_answer_differs() {
    let blue = json_origin("[1]").await;
    let (_proxy, diff) = one_difference(&blue, &origin::raw::refusing().await, "").await;
    assert_eq!(told(&diff), ["status 200 -> none missing"]);
    assert_eq!(diff["clusters"][0]["sample"]["shadow"], Value::Null);
}

#[tokio::test]
async fn what_is_ignored_may_differ() {
    let blue = json_origin(r#"{"ts":1,"deep":[{"id":1,"v":1}]}"#).await;
    let green = json_origin(r#"{"ts":2,"deep":[{"id":2,"v":1}]}"#).await;
    let keys = format!("{NO_NOISE}, ignore = [\"$.ts\", \"$.deep[].id\", \"header:date\"]");
    let proxy = compared(&blue, &green, "", &keys).await;
    proxy.client().await.get("/").await;
    outcome(&proxy, "equal", "", 1.0).await;
}

/// An origin that answers with these fields.
async fn with_fields(fields: &'static [(&'static str, &'static str)]) -> Origin {
    Origin::new(move |_| async move {
        let mut answer = origin::answer(200, "");
        answer.headers_mut().extend(body::fields(fields));
        answer
    })
    .await
}

#[tokio::test]
async fn fields_are_compared_as_chosen() {
    let blue = with_fields(&[("x-a", "1"), ("x-b", "1"), ("set-cookie", "s=hunter2")]).await;
    let green = with_fields(&[("x-a", "2"), ("x-b", "2"), ("set-cookie", "s=hunter3")]).await;
    let (_proxy, all) = one_difference(&blue, &green, "assert = [\"headers\"]").await;
    let fields =
        ["headers header:set-cookie value", "headers header:x-a value", "headers header:x-b value"];
    assert_eq!((told(&all), &all["failing"]), (fields.map(str::to_owned).to_vec(), &json!(1)));
    assert!(!all.to_string().contains("hunter"), "{all}");
    let (_proxy, some) = one_difference(&blue, &green, "headers = [\"x-b\"]").await;
    assert_eq!(told(&some), ["headers header:x-b value"]);
}

#[tokio::test]
async fn lengths_may_differ_by_a_share() {
    let (blue, green) = (Origin::sized(1000).await, Origin::sized(950).await);
    let (_proxy, diff) = one_difference(&blue, &green, "size_percent = 1").await;
    assert_eq!(told(&diff), ["size body value"]);
    let proxy = compared(&blue, &green, "", "noise_percent = 0, size_percent = 5").await;
    proxy.client().await.get("/").await;
    outcome(&proxy, "equal", "", 1.0).await;
}

#[tokio::test]
async fn what_is_not_asserted_is_shown_and_fails_nothing() {
    let (blue, green) = (json_origin("[1]").await, json_origin("[2]").await);
    let (_proxy, diff) =
        one_difference(&blue, &green, "assert = [\"status\"], min_requests = 1").await;
    assert_eq!((&diff["different"], &diff["failing"]), (&json!(1), &json!(0)));
    assert_eq!(diff["clusters"][0]["asserted"], json!(false));
    assert_eq!(diff["opinion"], json!({ "verdict": "go" }));
}

#[tokio::test]
async fn a_share_may_differ() {
    let blue = json_origin("[1]").await;
    let green = Origin::new(|request: Incomer| async move {
        json_answer(200, if request.uri().path() == "/bad" { "[2]" } else { "[1]" })
    })
    .await;
    let keys = "noise_percent = 0, tolerance = 25, min_requests = 4";
    let proxy = compared(&blue, &green, "", keys).await;
    let mut client = proxy.client().await;
    for path in ["/", "/", "/", "/bad"] {
        client.get(path).await;
    }
    outcome(&proxy, "equal", "", 3.0).await;
    outcome(&proxy, "different", "", 1.0).await;
    assert_eq!(diff(&proxy).await["opinion"], json!({ "verdict": "go" }));
    client.get("/bad").await;
    outcome(&proxy, "different", "", 2.0).await;
    let opinion = json!({ "verdict": "stop", "why": "2 of 5 compared requests differ" });
    assert_eq!(diff(&proxy).await["opinion"], opinion);
}

/// Says something else each time in `ts`, and in `rest` what it is given.
async fn noisy(rest: &'static str) -> Origin {
    let count = std::sync::atomic::AtomicUsize::new(0);
    Origin::new(move |_| {
        let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async move { json_answer(200, format!("{{\"ts\":{n},\"rest\":{rest}}}")) }
    })
    .await
}

#[tokio::test]
async fn noise_is_learned_and_masked() {
    let (blue, green) = (noisy("1").await, noisy("1").await);
    let proxy = compared(&blue, &green, "", "noise_percent = 0.01").await;
    let mut client = proxy.client().await;
    for _ in 0..60 {
        client.get("/").await;
    }
    // The first requests of a route are sent to the primary's cluster twice.
    eventually("pairs", async || diff(&proxy).await["compared"].as_u64().unwrap() >= 40).await;
    let diff = diff(&proxy).await;
    assert_eq!((&diff["failing"], &diff["clusters"]), (&json!(0), &json!([])), "{diff}");
    let mask = &diff["masked"][0];
    assert_eq!(
        (&mask["place"], &mask["change"], diff["masked"].as_array().unwrap().len()),
        (&json!("$.ts"), &json!("value"), 1)
    );
    assert!(blue.count() >= 70, "{} requests to the primary", blue.count());
    let twin =
        blue.requests().into_iter().find(|seen| seen.headers.contains_key("x-foxtrot-mirror"));
    assert!(twin.is_some());
    let twins = proxy.metric("foxtrot_mirror_total", &[("outcome", "twin")]).await;
    assert!((10.0..=30.0).contains(&twins), "{twins} sent twice");
}

#[tokio::test]
async fn noise_hides_no_real_difference() {
    let (blue, green) = (noisy("1").await, noisy("2").await);
    let proxy = compared(&blue, &green, "", "noise_percent = 1").await;
    let mut client = proxy.client().await;
    for _ in 0..40 {
        client.get("/").await;
    }
    outcome(&proxy, "different", "", 10.0).await;
    let diff = diff(&proxy).await;
    assert_eq!(
        (told(&diff), &diff["opinion"]["verdict"]),
        (vec!["json $.rest value".to_owned()], &json!("stop"))
    );
}

#[tokio::test]
async fn what_was_learned_survives_a_reload() {
    let (blue, green) = (json_origin("[1]").await, json_origin("[2]").await);
    let proxy = compared(&blue, &green, "", NO_NOISE).await;
    let mut client = proxy.client().await;
    client.get("/").await;
    outcome(&proxy, "different", "", 1.0).await;
    proxy.reload_ok(config(&blue, &green, "", "noise_percent = 0, tolerance = 100")).await;
    client.get("/").await;
    outcome(&proxy, "different", "", 2.0).await;
    assert_eq!(diff(&proxy).await["clusters"][0]["count"], json!(2));
    let forgotten = proxy.admin("DELETE", "/rollouts/app/diff").await.json();
    assert_eq!(forgotten["different"], json!(2));
    assert_eq!(diff(&proxy).await["different"], json!(0));
}

#[tokio::test]
async fn a_slow_shadow_is_told() {
    let blue = json_origin("[1]").await;
    let green = Origin::new(|_| async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        json_answer(200, "[1]")
    })
    .await;
    let keys = "noise_percent = 0, assert = [\"latency\"], latency_ratio = 2, min_requests = 5";
    let proxy = compared(&blue, &green, "", keys).await;
    let mut client = proxy.client().await;
    for _ in 0..5 {
        client.get("/").await;
    }
    outcome(&proxy, "equal", "", 5.0).await;
    let diff = diff(&proxy).await;
    assert_eq!(diff["opinion"]["verdict"], json!("stop"), "{diff}");
    assert!(diff["latency"]["ratio"].as_f64().unwrap() > 2.0);
}

#[tokio::test]
async fn long_answers_are_skipped() {
    let long: &'static str = format!("[{}1]", "0,".repeat(5000)).leak();
    let (blue, green) = (json_origin(long).await, json_origin(long).await);
    let proxy = compared(&blue, &green, "", "noise_percent = 0, max_body = \"4KiB\"").await;
    let reply = proxy.client().await.get("/").await;
    assert_eq!(reply.text(), long);
    outcome(&proxy, "skipped", "size", 1.0).await;
    assert_eq!(diff(&proxy).await["skipped"], json!([{ "reason": "size", "count": 1 }]));
}

#[tokio::test]
async fn large_answers_are_compared_aside() {
    let document =
        |last: u32| -> &'static str { format!("[{}{last}]", "0,".repeat(50_000)).leak() };
    let (blue, green) = (json_origin(document(1)).await, json_origin(document(2)).await);
    let (_proxy, diff) = one_difference(&blue, &green, "").await;
    assert_eq!(told(&diff), ["json $[] value"]);
}

#[tokio::test]
async fn compressed_answers_are_equal_or_skipped() {
    let packed = |text: &'static str| async move {
        Origin::new(move |_| async move {
            let mut answer = json_answer(200, text);
            answer.headers_mut().insert("content-encoding", HeaderValue::from_static("gzip"));
            answer
        })
        .await
    };
    let (blue, same, other) = (packed("x").await, packed("x").await, packed("y").await);
    for (green, to, reason) in [(same, "equal", ""), (other, "skipped", "encoded")] {
        let proxy = compared(&blue, &green, "", NO_NOISE).await;
        proxy.client().await.get("/").await;
        outcome(&proxy, to, reason, 1.0).await;
    }
}

/// Secrets of a request, and of its answers, are nowhere; the rest is sent again by the line as it was.
#[tokio::test]
async fn a_sample_reproduces_its_request_without_secrets() {
    let blue = json_origin(r#"{"token":"hunter2","a":1}"#).await;
    let green = json_origin(r#"{"token":"hunter2","a":2}"#).await;
    let proxy = compared(&blue, &green, "methods = [\"POST\"],", NO_NOISE).await;
    let body = r#"{"q":"it's $(x) `y`","password":"hunter2"}"#;
    let mut client = proxy.client().await;
    let call = client
        .request("POST", "/a?q=1&b='&secret=hunter2")
        .header("content-type", "application/json")
        .header("authorization", "Bearer hunter2")
        .header("cookie", "sid=hunter2")
        .header("x-odd", "a\"b\\c;'d'");
    call.body(body::full(body)).send().await;
    outcome(&proxy, "different", "", 1.0).await;
    let diff = diff(&proxy).await;
    assert!(!diff.to_string().contains("hunter2"), "{diff}");
    let line = diff["clusters"][0]["sample"]["curl"].as_str().unwrap();
    let words = words_in_shell(line);
    assert_eq!(words[..2], ["-sS", "-g"]);
    let behind = |flag: &str| -> Vec<String> {
        let pairs = words.windows(2).filter(|pair| pair[0] == flag);
        pairs.map(|pair| pair[1].clone()).collect()
    };
    assert_eq!(behind("-X"), ["POST"]);
    assert!(words.contains(&"http://green/a?q=1&b='&secret=[redacted]".to_owned()), "{words:?}");
    let fields = behind("-H");
    for field in [
        "x-odd: a\"b\\c;'d'",
        "authorization: [redacted]",
        "cookie: [redacted]",
        "content-type: application/json",
    ] {
        assert!(fields.contains(&field.to_owned()), "{field} in {fields:?}");
    }
    let sent: Value = serde_json::from_str(&behind("--data-raw")[0]).unwrap();
    assert_eq!(sent, json!({ "q": "it's $(x) `y`", "password": "[redacted]" }));
}

/// What a shell makes of a line: the arguments of `curl`, which stands there as a function.
fn words_in_shell(line: &str) -> Vec<String> {
    let script = format!("curl() {{ printf '%s\\0' \"$@\"; }}\nORIGIN=http://green\n{line}\n");
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

#[tokio::test]
async fn foxctl_prints_what_differs() {
    let (blue, green) = (json_origin(r#"{"a":1}"#).await, json_origin(r#"{"a":"x"}"#).await);
    let (proxy, _) = one_difference(&blue, &green, "").await;
    let url = format!("http://{}", proxy.admin_addr());
    let foxctl = |arguments: &[&str]| run_binary("foxctl", arguments, &[("FOXTROT_ADMIN", &url)]);
    let printed = foxctl(&["rollout", "diff", "app"]);
    assert_eq!(printed.code, Some(1), "{}", printed.output);
    for part in [
        "stop: 1 of 1 compared requests differ",
        "1 x json $.a (type)",
        "\"$ORIGIN\"'/'",
        "{\"a\":\"x\"}",
    ] {
        assert!(printed.output.contains(part), "{part} in {}", printed.output);
    }
    let json: Value =
        serde_json::from_str(&foxctl(&["rollout", "diff", "app", "--json"]).output).unwrap();
    assert_eq!(json["clusters"][0]["place"], json!("$.a"));
    assert_eq!(foxctl(&["rollout", "diff", "app", "--reset"]).code, Some(1));
    let after = foxctl(&["rollout", "diff", "app"]);
    assert!(after.code == Some(0) && after.output.contains("hold: 0 of 50"), "{}", after.output);
    let unknown = foxctl(&["rollout", "diff", "other"]);
    assert!(unknown.code == Some(1) && unknown.output.contains("no rollout `other` that compares"));
    assert_eq!(foxctl(&["rollout", "diff", "../x"]).code, Some(2));
}

/// Whatever the shadow does, clients are answered well and at once.
#[tokio::test]
async fn the_primary_does_not_wait_for_the_shadow() {
    let blue = json_origin("[1]").await;
    let (silent, endless) = (Origin::silent().await, Origin::endless().await);
    for green in [silent, endless] {
        let proxy = compared(&blue, &green, "timeout = \"300ms\",", NO_NOISE).await;
        let begun = Instant::now();
        let mut client = proxy.client().await;
        for _ in 0..20 {
            assert_eq!(client.get("/").await.text(), "[1]");
        }
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        outcome(&proxy, "different", "", 20.0).await;
        assert_eq!(told(&diff(&proxy).await), ["status 200 -> none missing"]);
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_no_difference() {
    let (blue, green) = (Origin::endless().await, json_origin("[1]").await);
    let proxy = compared(&blue, &green, "timeout = \"500ms\",", NO_NOISE).await;
    let mut client = proxy.client().await;
    let reply = client.request("GET", "/").open().await.unwrap();
    drop(reply);
    drop(client);
    outcome(&proxy, "skipped", "primary", 1.0).await;
}

#[tokio::test]
async fn bodies_are_kept_within_the_budget() {
    let long: &'static str = format!("[\"{}\"]", "x".repeat(200_000)).leak();
    let blue = json_origin(long).await;
    let keys = "max_body = \"100KiB\", memory_budget = \"256KiB\", timeout = \"1s\",";
    let proxy = compared(&blue, &Origin::silent().await, keys, NO_NOISE).await;
    let before = proxy.rss_bytes();
    let mut client = proxy.client().await;
    for _ in 0..100 {
        assert_eq!(client.get("/").await.text().len(), long.len());
        assert!(proxy.metric("foxtrot_mirror_bytes", &[]).await <= f64::from(512 << 10));
    }
    let grown = proxy.rss_bytes().saturating_sub(before);
    assert!(grown < 24 << 20, "20 MB of answers cost {} MiB", grown >> 20);
    eventually("all bytes given back", async || {
        proxy.metric("foxtrot_mirror_bytes", &[]).await == 0.0
    })
    .await;
}

#[tokio::test]
async fn parity_lists_what_differs() {
    let (blue, green) = (
        json_origin(r#"{"version":1,"db":7}"#).await,
        json_origin(r#"{"version":2,"db":8}"#).await,
    );
    let parity = "parity = { path = \"/version\", ignore = [\"$.version\"] }";
    let config = Config::rollout(&blue, &green, parity).cluster("timeouts = { total = \"7s\" }");
    let proxy = Proxy::with(config).await;
    let url = format!("http://{}", proxy.admin_addr());
    // The origins answer on this thread: it must not wait for foxctl itself.
    let foxctl = async |name: &'static str| {
        let url = url.clone();
        let run =
            move || run_binary("foxctl", &["rollout", "parity", name], &[("FOXTROT_ADMIN", &url)]);
        tokio::task::spawn_blocking(run).await.unwrap()
    };
    let printed = foxctl("app").await;
    assert_eq!(printed.code, Some(1), "{}", printed.output);
    let lines: Vec<Vec<&str>> =
        printed.output.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[1], ["settings", "$.timeouts.total", "\"7s\"", "\"30s\""]);
    assert_eq!(lines[2], ["document", "$.db", "7", "8"]);
    assert_eq!(lines.len(), 3, "{}", printed.output);
    assert_eq!(blue.request(0).await.target, "/version");
    let answer = proxy.admin_get("/rollouts/app/parity").await;
    assert_eq!((&answer["blue"], &answer["green"]), (&json!("app"), &json!("green")));
    let unknown = foxctl("other").await;
    assert!(unknown.code == Some(1) && unknown.output.contains("no rollout `other`"));
    proxy.reload_ok(Config::rollout(&blue, &blue.url(), "")).await;
    let alike = foxctl("app").await;
    assert!(
        alike.code == Some(0) && alike.output.contains("app and green are alike"),
        "{}",
        alike.output
    );
}

#[tokio::test]
async fn a_comparison_without_a_mirror_is_refused() {
    let origin = Origin::named("a").await;
    let exit = check(complete_config(&origin, "compare = {}"));
    assert!(
        exit.code == Some(2) && exit.output.contains("there is no `mirror`"),
        "{}",
        exit.output
    );
    let bad =
        complete_config(&origin, "mirror = { to = \"green\" }\ncompare = { ignore = [\"$ts\"] }");
    let exit = check(bad);
    assert!(exit.code == Some(2) && exit.output.contains("expected \"$.path\""), "{}", exit.output);
}

fn complete_config(origin: &Origin, rollout: &str) -> String {
    Config::rollout(origin, &origin.url(), rollout).to_string()
}
