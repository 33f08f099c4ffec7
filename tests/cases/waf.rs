//! The WAF over the wire: what rules block, whom, and what is told of it.

use std::fs;

use e2e::*;
use serde_json::Value;

/// Rules that count: an argument `attack` scores 5, and the threshold decides.
const RULES: &str = r#"
SecRequestBodyAccess On
SecAction "id:1,phase:1,nolog,pass,setvar:tx.inbound_anomaly_score_threshold=5"
SecRule TX:BLOCKING_PARANOIA_LEVEL "@ge 2" "id:2,phase:2,pass,log,msg:'level two',setvar:tx.score=+5"
SecRule ARGS "@contains attack" "id:10,phase:2,pass,log,msg:'an attack',logdata:'%{MATCHED_VAR}',\
    tag:'attack-test',severity:'CRITICAL',setvar:tx.score=+5"
SecRule TX:EARLY_BLOCKING "@eq 1" "id:3,phase:1,pass,nolog,setvar:tx.early=1"
SecRule TX:EARLY "@eq 1" "id:4,phase:1,deny,status:403,log,msg:'early',chain"
    SecRule REQUEST_HEADERS:X-Attack "@unconditionalMatch"
SecRule TX:SCORE "@ge %{tx.inbound_anomaly_score_threshold}" "id:90,phase:2,deny,status:403,log,msg:'score'"
SecRule TX:outbound_anomaly_score_threshold "@le 4" "id:91,phase:3,pass,log,msg:'outbound'"
SecRule RESPONSE_BODY "@contains secret" "id:92,phase:4,deny,log,msg:'leak'"
"#;

/// A proxy in front of `origin` with these rules and further keys of `[waf]`; its audit log is `audit.jsonl` in its folder.
async fn guarded(config: Config, rules: &str, keys: &str) -> Proxy {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("test.conf"), rules).unwrap();
    let config = config.more(table(keys));
    fs::write(dir.path().join("foxtrot.toml"), proxy::complete(&config.to_string())).unwrap();
    Proxy::in_folder(dir, "foxtrot.toml").await
}

fn table(keys: &str) -> String {
    let audit = if keys.contains("audit") { "" } else { "audit = { path = \"audit.jsonl\" }\n" };
    format!("[waf]\nrules = [\"test.conf\"]\n{audit}{keys}\n")
}

/// The records of the audit log, once there are so many.
async fn records(proxy: &Proxy, count: usize) -> Vec<Value> {
    let read = || fs::read_to_string(proxy.folder().join("audit.jsonl")).unwrap_or_default();
    eventually("the audit log", async || read().lines().count() >= count).await;
    read().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ids(record: &Value) -> Vec<u64> {
    record["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn an_attack_is_blocked_and_told() {
    let origin = Origin::echo().await;
    let proxy = guarded(Config::to(&origin), RULES, "mode = \"enforce\"").await;
    let mut client = proxy.client().await;
    assert_eq!(client.get("/?q=fine").await.status, 200);
    let blocked = client.get("/?q=attack").await;
    assert_eq!((blocked.status.as_u16(), blocked.text()), (403, "forbidden\n".to_owned()));
    let record = &records(&proxy, 1).await[0];
    assert_eq!(record["id"].as_str().unwrap(), blocked.header("x-request-id"));
    assert_eq!((&record["verdict"], &record["rule"]), (&"blocked".into(), &90.into()));
    assert_eq!(ids(record), [10, 90]);
    let rule = &record["rules"][0];
    assert_eq!((&rule["msg"], &rule["data"]), (&"an attack".into(), &"attack".into()));
    assert_eq!((&rule["severity"], &rule["phase"]), (&"CRITICAL".into(), &2.into()));
    assert_eq!(rule["tags"], serde_json::json!(["attack-test"]));
    assert_eq!(origin.count(), 1);
    let labels = [("rule", "90"), ("action", "block")];
    proxy.metric_reaches("foxtrot_waf_rule_hits_total", &labels, 1.0).await;
    proxy.metric_reaches("foxtrot_waf_requests_total", &[("verdict", "blocked")], 1.0).await;
    proxy.metric_reaches("foxtrot_refused_total", &[("reason", "waf_blocked")], 1.0).await;
}

#[tokio::test]
async fn detection_blocks_nobody() {
    let origin = Origin::echo().await;
    let proxy = guarded(Config::to(&origin), RULES, "").await;
    assert_eq!(proxy.client().await.get("/?q=attack").await.status, 200);
    let record = &records(&proxy, 1).await[0];
    assert_eq!((&record["verdict"], &record["mode"]), (&"detected".into(), &"detect".into()));
    assert_eq!(ids(record), [10, 90]);
}

#[tokio::test]
async fn a_route_has_a_mode_of_its_own() {
    let origin = Origin::echo().await;
    let open = "waf = { mode = \"off\" }\n[[routes]]\nmatch = { path = \"/guarded\" }\nto = \"cluster:app\"\n";
    let proxy = guarded(Config::to(&origin).route(open), RULES, "mode = \"enforce\"").await;
    let mut client = proxy.client().await;
    assert_eq!(client.get("/?q=attack").await.status, 200);
    assert_eq!(client.get("/guarded?q=attack").await.status, 403);
}

#[tokio::test]
async fn a_listener_has_a_mode_for_routes_that_say_nothing() {
    let origin = Origin::echo().await;
    let config = Config::to(&origin).listener("waf = { mode = \"enforce\" }");
    let proxy = guarded(config, RULES, "").await;
    assert_eq!(proxy.client().await.get("/?q=attack").await.status, 403);
}

#[tokio::test]
async fn a_share_of_clients_is_blocked_and_all_are_logged() {
    let origin = Origin::echo().await;
    let config = Config::to(&origin).top("trusted_proxies = [\"127.0.0.0/8\"]");
    let proxy = guarded(config, RULES, "mode = \"enforce\"\nenforce_percent = 10").await;
    let mut client = proxy.client().await;
    let mut blocked = 0;
    for n in 0..1_000 {
        let address = format!("192.0.{}.{}", n / 250, n % 250);
        let mut status = async || {
            client
                .request("GET", "/?q=attack")
                .header("x-forwarded-for", &address)
                .send()
                .await
                .status
        };
        let first = status().await;
        assert_eq!(first, status().await, "a client stays on its side");
        blocked += usize::from(first == 403);
    }
    assert!((70..=130).contains(&blocked), "{blocked} of 1,000 clients are blocked");
    let records = records(&proxy, 2_000).await;
    assert!(records.iter().all(|record| ids(record) == [10, 90]));
    println!("{blocked} of 1,000 clients blocked, {} of 2,000 requests logged", records.len());
}

#[tokio::test]
async fn bodies_are_inspected_before_they_are_sent() {
    let origin = Origin::echo().await;
    let proxy = guarded(Config::to(&origin), RULES, "mode = \"enforce\"").await;
    let mut client = proxy.client().await;
    let form = "application/x-www-form-urlencoded";
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nBODY\r\n--b--\r\n";
    for (kind, template) in [
        (form, "a=1&b=BODY"),
        ("application/json", "{\"a\":[\"BODY\"]}"),
        ("multipart/form-data; boundary=b", multipart),
    ] {
        for (body, status) in [("fine", 200), ("attack", 403)] {
            let body = template.replace("BODY", body);
            let call = client.request("POST", "/").header("content-type", kind);
            let reply = call.body(body::full(body.clone())).send().await;
            assert_eq!(reply.status.as_u16(), status, "{kind} {body}");
            if status == 200 {
                assert_eq!(
                    reply.json()["hash"],
                    body::hash(body.as_bytes()),
                    "what was held back comes whole"
                );
            }
        }
    }
    assert_eq!(origin.count(), 3);
}

#[tokio::test]
async fn a_long_body_is_inspected_in_part_or_refused() {
    let origin = Origin::echo().await;
    let keys = "mode = \"enforce\"\nrequest_body = { limit = \"1KiB\", over = \"reject\" }";
    let partial = "waf = { over_limit = \"process_partial\" }\n[[routes]]\nmatch = { path = \"/strict\" }\nto = \"cluster:app\"\n";
    let proxy = guarded(Config::to(&origin).route(partial), RULES, keys).await;
    let mut client = proxy.client().await;
    let mut send = async |path: &str, body: String| {
        let call = client.request("POST", path);
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        call.body(body::full(body)).send().await
    };
    let late = format!("a={}&b=attack", "x".repeat(2_000));
    let reply = send("/", late.clone()).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["hash"], body::hash(late.as_bytes()), "what was held back comes whole");
    assert_eq!(send("/", format!("b=attack&a={}", "x".repeat(2_000))).await.status, 403);
    assert_eq!(send("/strict", late).await.status, 413);
}

#[tokio::test]
async fn a_large_body_is_judged_beside_the_other_requests_of_its_worker() {
    let origin = Origin::echo().await;
    let config = Config::to(&origin).top("workers = 1").more("[waf]\nmode = \"enforce\"\n");
    let proxy = Proxy::with(config).await;
    let body = format!("q={}", "select+union+from+where+1=1+".repeat(20_000));
    let (most, last) = body.split_at(body.len() - 1);
    let mut large = Raw::connect(proxy.http()).await;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    large.send_in(&[head.as_bytes(), most.as_bytes()]).await;
    let mut client = proxy.client().await;
    assert_eq!(client.get("/").await.status, 200);
    large.send(last).await;
    for _ in 0..10 {
        assert_eq!(client.get("/").await.status, 200);
    }
    assert!(large.is_quiet(), "the others were served while it was judged");
    large.expect_status(403).await;
}

#[tokio::test]
async fn lists_go_before_rules_and_allow_before_deny() {
    let origin = Origin::echo().await;
    let dir_list = "# people\n192.0.2.0/24\n";
    let config = Config::to(&origin).top("trusted_proxies = [\"127.0.0.0/8\"]");
    let keys = "mode = \"enforce\"\nallow = [\"@allow.txt\"]\ndeny = [\"192.0.2.0/23\", \"2001:db8::/32\"]";
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("test.conf"), RULES).unwrap();
    fs::write(dir.path().join("allow.txt"), dir_list).unwrap();
    let text = proxy::complete(&config.more(table(keys)).to_string());
    fs::write(dir.path().join("foxtrot.toml"), text).unwrap();
    let proxy = Proxy::in_folder(dir, "foxtrot.toml").await;
    let mut client = proxy.client().await;
    let mut from = async |address: &str, target: &str| {
        client.request("GET", target).header("x-forwarded-for", address).send().await.status
    };
    assert_eq!(from("192.0.2.7", "/?q=attack").await, 200, "allowed, though denied too");
    assert_eq!(from("192.0.3.7", "/").await, 403);
    assert_eq!(from("2001:db8::1", "/").await, 403);
    assert_eq!(from("198.51.100.1", "/").await, 200);
    fs::write(proxy.folder().join("allow.txt"), "").unwrap();
    let what = "the list that has changed";
    eventually(what, async || from("192.0.2.7", "/").await == 403).await;
    assert!(proxy.metric("foxtrot_waf_requests_total", &[("verdict", "allowed")]).await >= 1.0);
}

#[tokio::test]
async fn exclusions_hold_for_rule_target_path_and_time() {
    let origin = Origin::echo().await;
    let keys = r#"mode = "enforce"
exclude = [
    { rule = 10, target = "ARGS:q", path = "/search", reason = "free text" },
    { tag = "attack-test", path = "/import/", reason = "trusted data", expires = "2999-01-01" },
    { rule = 10, reason = "was needed once", expires = "2001-01-01" },
]"#;
    let proxy = guarded(Config::to(&origin), RULES, keys).await;
    let mut client = proxy.client().await;
    for (target, status) in [
        ("/search?q=attack", 200),
        ("/search?r=attack", 403),
        ("/search/more?q=attack", 403),
        ("/import/a?r=attack", 200),
        ("/?q=attack", 403),
    ] {
        assert_eq!(client.get(target).await.status, status, "{target}");
    }
}

#[tokio::test]
async fn thresholds_and_levels_go_before_the_rule_files() {
    let origin = Origin::echo().await;
    let routes = ["threshold", "level", "early"].map(|name| {
        let waf = match name {
            "threshold" => "inbound_threshold = 6",
            "level" => "paranoia = 2",
            _ => "early_blocking = true",
        };
        format!("[[routes]]\nmatch = {{ path = \"/{name}\" }}\nto = \"cluster:app\"\nwaf = {{ {waf} }}\n")
    });
    let config = Config::to(&origin).route(routes.concat());
    let proxy = guarded(config, RULES, "mode = \"enforce\"").await;
    let mut client = proxy.client().await;
    assert_eq!(client.get("/?q=attack").await.status, 403);
    assert_eq!(client.get("/threshold?q=attack").await.status, 200);
    assert_eq!(client.get("/level").await.status, 403);
    let early = client.request("GET", "/early").header("x-attack", "1").send().await;
    assert_eq!(early.status, 403);
    let base = client.request("GET", "/").header("x-attack", "1").send().await;
    assert_eq!(base.status, 200);
}

#[tokio::test]
async fn responses_are_inspected_where_it_is_asked() {
    let origin = Origin::new(async |request| {
        let mut reply = origin::answer(200, "a secret");
        let kind = "text/plain; charset=utf-8".parse().unwrap();
        reply.headers_mut().insert("content-type", kind);
        let coding = request.headers().get("accept-encoding").cloned();
        if let Some(coding) = coding {
            reply.headers_mut().insert("x-asked", coding);
        }
        reply
    })
    .await;
    let rules = format!("SecResponseBodyAccess On\n{RULES}");
    let open = "waf = { responses = false }\n[[routes]]\nmatch = { path = \"/in\" }\nto = \"cluster:app\"\nwaf = { outbound_threshold = 4 }\n";
    let keys = "mode = \"enforce\"\nresponses = true";
    let proxy = guarded(Config::to(&origin).route(open), &rules, keys).await;
    let mut client = proxy.client().await;
    let call = client.request("GET", "/").header("accept-encoding", "gzip");
    let reply = call.send().await;
    assert_eq!(
        (reply.status.as_u16(), reply.text(), reply.header("x-asked")),
        (200, "a secret".into(), "gzip")
    );
    let blocked = client.request("GET", "/in").header("accept-encoding", "gzip").send().await;
    assert_eq!((blocked.status.as_u16(), blocked.text()), (403, "forbidden\n".into()));
    assert_eq!(origin.requests()[1].header("accept-encoding"), "", "answers come as they are");
    assert_eq!(ids(&records(&proxy, 1).await[0]), [91, 92]);
}

#[tokio::test]
async fn a_spent_budget_closes_or_opens_by_route() {
    let origin = Origin::echo().await;
    let many: String = (1_000..1_200)
        .map(|id| format!("SecRule ARGS \"@rx a+b\" \"id:{id},phase:2,pass\"\n"))
        .collect();
    let open = "waf = { over_budget = \"open\" }\n[[routes]]\nmatch = { path = \"/closed\" }\nto = \"cluster:app\"\n";
    let keys = "mode = \"enforce\"\nbudget = \"1ms\"\nover_budget = \"closed\"";
    let proxy = guarded(Config::to(&origin).route(open), &many, keys).await;
    let mut client = proxy.client().await;
    let body = || body::full(format!("a={}", "aaaaaaaaaaaaaaa ".repeat(30_000)));
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let call = client.request("POST", "/").header(kind.0, kind.1).body(body());
    assert_eq!(call.send().await.status, 200);
    let call = client.request("POST", "/closed").header(kind.0, kind.1).body(body());
    assert_eq!(call.send().await.status, 403);
    proxy.metric_reaches("foxtrot_waf_requests_total", &[("verdict", "budget")], 2.0).await;
}

#[tokio::test]
async fn secrets_are_not_in_the_audit_log() {
    let origin = Origin::echo().await;
    let keys = "audit = { path = \"audit.jsonl\", queue = 100, redact = [\"args:note\"] }";
    let proxy = guarded(Config::to(&origin), RULES, keys).await;
    let mut client = proxy.client().await;
    client.get("/?password=attack-1&note=attack-2&q=attack-3+4111111111111111").await;
    let text = {
        records(&proxy, 1).await;
        fs::read_to_string(proxy.folder().join("audit.jsonl")).unwrap()
    };
    for secret in ["attack-1", "attack-2", "4111111111111111"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains("attack-3"), "{text}");
}

#[tokio::test]
async fn changed_rules_are_loaded_and_broken_ones_are_not() {
    let origin = Origin::echo().await;
    let proxy = guarded(Config::to(&origin), RULES, "mode = \"enforce\"").await;
    let mut client = proxy.client().await;
    assert_eq!(client.get("/?q=evil").await.status, 200);
    fs::write(proxy.folder().join("test.conf"), RULES.replace("contains attack", "contains evil"))
        .unwrap();
    eventually("the new rules", async || client.get("/?q=evil").await.status == 403).await;
    let before = proxy.generation().await;
    fs::write(proxy.folder().join("test.conf"), "SecRule ARGS \"@rx (\" \"id:1\"\n").unwrap();
    let reply = proxy.admin("POST", "/reload").await;
    assert_eq!(reply.status.as_u16(), 422, "{}", reply.text());
    assert!(reply.text().contains("test.conf:1:"), "{}", reply.text());
    assert_eq!(proxy.generation().await, before);
    assert_eq!(client.get("/?q=evil").await.status, 403, "the old rules stay");
}

#[tokio::test]
async fn keys_without_effect_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("test.conf"), "SecAction \"id:1,pass\"\n").unwrap();
    let rules = dir.path().join("test.conf");
    for (keys, message) in [
        ("paranoia = 2", "no rule asks for it"),
        ("exclude = [{ rule = 99, reason = \"x\" }]", "there is no such rule"),
        ("exclude = [{ reason = \"x\" }]", "needs `rule` or `tag`"),
        ("exclude = [{ rule = 1, reason = \"x\", expires = \"soon\" }]", "no day"),
        ("deny = [\"@missing.txt\"]", "cannot read"),
        ("allow = [\"example.com\"]", "example.com"),
        ("audit = { path = \"-\", redact = [\"q\"] }", "none of args:NAME"),
        ("mode = \"block\"", "enforce"),
    ] {
        let waf = format!("[waf]\nrules = [{rules:?}]\n{keys}\n");
        let exit = proxy::check(Config::to(&"http://127.0.0.1:1").more(waf));
        assert_ne!(exit.code, Some(0), "{keys}");
        assert!(exit.output.contains(message), "{keys}: {}", exit.output);
    }
}

#[tokio::test]
async fn the_managed_rules_hold_where_none_are_named() {
    let origin = Origin::echo().await;
    let config = Config::to(&origin).more("[waf]\nmode = \"enforce\"\n");
    let proxy = Proxy::with(config).await;
    let mut client = proxy.client().await;
    let fine = "/?q=Select+the+union+of+both+sets%2C+or+drop+a+line+to+O%27Brien";
    assert_eq!(client.get(fine).await.status, 200);
    let attack = "/?id=1%27+UNION+SELECT+name%2Cpassword+FROM+users--+-";
    assert_eq!(client.get(attack).await.status, 403);
    let kind = ("content-type", "application/json");
    let call = client.request("POST", "/").header(kind.0, kind.1);
    let call = call.body(body::full("{\"a\": {\"b\": \"x' or 1=1-- -\"}}"));
    assert_eq!(call.send().await.status, 403);
}

#[tokio::test]
async fn managed_rules_stand_between_local_ones() {
    let origin = Origin::echo().await;
    let dir = tempfile::tempdir().unwrap();
    let before = "SecAction \"id:1,phase:1,pass,nolog,setvar:tx.allowed_methods=GET POST\"\n";
    let after = "SecRuleUpdateTargetByTag attack-sqli \"!ARGS:query\"\n";
    fs::write(dir.path().join("before.conf"), before).unwrap();
    fs::write(dir.path().join("after.conf"), after).unwrap();
    // A file of that name is another entry.
    fs::write(dir.path().join("managed"), "SecAction \"id:2,pass\"\n").unwrap();
    let rules = "rules = [\"before.conf\", \"managed\", \"./managed\", \"after.conf\"]";
    let config = Config::to(&origin).more(format!("[waf]\n{rules}\nmode = \"enforce\"\n"));
    fs::write(dir.path().join("foxtrot.toml"), proxy::complete(&config.to_string())).unwrap();
    let proxy = Proxy::in_folder(dir, "foxtrot.toml").await;
    let mut client = proxy.client().await;
    let attack = "1%27+UNION+SELECT+name%2Cpassword+FROM+users--+-";
    assert_eq!(client.get(&format!("/?query={attack}")).await.status, 200);
    assert_eq!(client.get(&format!("/?id={attack}")).await.status, 403);
    let call = client.request("DELETE", "/").send().await;
    assert_eq!(call.status, 403);
    fs::write(proxy.folder().join("after.conf"), "SecRuleRemoveByTag attack-sqli\n").unwrap();
    let read = async || client.get(&format!("/?id={attack}")).await.status == 200;
    eventually("the new rules", read).await;
    fs::write(proxy.folder().join("after.conf"), "SecRule ARGS \"@rx x\" \"id:140130\"\n").unwrap();
    let reply = proxy.admin("POST", "/reload").await;
    assert_eq!(reply.status.as_u16(), 422, "{}", reply.text());
    assert!(reply.text().contains("managed/140-sqli.conf:"), "{}", reply.text());
}

#[tokio::test]
async fn who_is_dropped_gets_no_answer() {
    let rules = r#"SecRule REQUEST_HEADERS:X-Bot "@streq yes" "id:1,phase:1,drop,log,msg:'bot'""#;
    let origin = Origin::echo().await;
    let config = Config::to(&origin).more("[log]\naccess = { path = \"-\" }");
    let mut proxy = guarded(config, rules, "mode = \"enforce\"").await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.send("GET / HTTP/1.1\r\nHost: app.test\r\nX-Bot: yes\r\n\r\n").await;
    assert_eq!(raw.read_to_end().await, b"");
    let line = proxy.access_line().await;
    assert_eq!(
        (&line["status"], &line["flags"]),
        (&Value::Null, &serde_json::json!(["waf_dropped"]))
    );
    assert_eq!(records(&proxy, 1).await[0]["verdict"], "blocked");
    let mut shared = proxy.h2c().await;
    assert!(shared.request("GET", "/").header("x-bot", "yes").try_send().await.is_err());
    assert_eq!(shared.get("/").await.status, 200);
    assert_eq!(origin.count(), 1);
}

#[tokio::test]
async fn a_client_on_a_list_of_the_dns_is_blocked() {
    // Names below localhost need no server, and lead to an address that says "listed" (RFC 5782, 2.1).
    let rules = "SecRule REMOTE_ADDR \"@rbl bl.localhost\" \"id:1,phase:1,deny,log,msg:'listed'\"\n\
        SecRule ARGS:q \"@rbl later.localhost\" \"id:2,phase:2,deny,log,msg:'named'\"";
    let origin = Origin::echo().await;
    let proxy = guarded(Config::to(&origin), rules, "mode = \"enforce\"").await;
    assert_eq!(proxy.client().await.get("/").await.status, 403);
    let exempt = format!("SecRuleRemoveById 1\n{rules}").replace("bl.localhost", "bl.invalid");
    let proxy = guarded(Config::to(&origin), &exempt, "mode = \"enforce\"").await;
    let mut client = proxy.client().await;
    assert_eq!(client.get("/?q=192.0.2.1").await.status, 403);
    // What is no name is not asked for.
    assert_eq!(client.get("/?q=a+b").await.status, 200);
}

#[tokio::test]
async fn a_response_that_is_too_long_to_look_at_stays_here() {
    let limit = "SecResponseBodyAccess On\nSecResponseBodyMimeType text/plain\n\
        SecResponseBodyLimit 100\n";
    let origin = Origin::new(async |_| {
        let mut reply = origin::answer(200, "x".repeat(101));
        reply.headers_mut().insert("content-type", "text/plain".parse().unwrap());
        reply
    })
    .await;
    for (action, status, mode) in
        [("Reject", 403, "enforce"), ("ProcessPartial", 200, "enforce"), ("Reject", 200, "detect")]
    {
        let rules = format!("{limit}SecResponseBodyLimitAction {action}\n{RULES}");
        let keys = format!("mode = \"{mode}\"\nresponses = true");
        let proxy = guarded(Config::to(&origin), &rules, &keys).await;
        let reply = proxy.client().await.get("/").await;
        assert_eq!(reply.status, status, "{action} {mode}");
        assert_eq!(reply.text().contains('x'), status == 200);
    }
}
