//! What attacks would meet, as loads, `GET /waf`, metrics and `foxctl waf` tell it.

use std::fs;

use e2e::{
    proxy::{Exit, run_binary},
    *,
};
use serde_json::Value;

/// Finds some classes, each by its words.
const RULES: &str = r#"
SecAction "id:1,phase:1,nolog,pass,setvar:tx.inbound_anomaly_score_threshold=5"
SecRule ARGS "@rx UNION SELECT|OR '1'='1'" "id:10,phase:2,pass,log,tag:'sqli',severity:'CRITICAL',setvar:tx.score=+5"
SecRule ARGS "@rx <script>|onerror" "id:20,phase:2,pass,log,tag:'xss',severity:'CRITICAL',setvar:tx.score=+5"
SecRule TX:SCORE "@ge %{tx.inbound_anomaly_score_threshold}" "id:90,phase:2,deny,status:403,log,msg:'score',tag:'end',severity:'CRITICAL'"
"#;

fn text(config: Config, waf: &str) -> String {
    proxy::complete(&config.target("respond:200").more(waf).to_string())
}

fn named(keys: &str) -> String {
    format!("[waf]\nrules = [\"test.conf\"]\n{keys}\n")
}

/// Lets through what no probe but the harmless one says.
const STRICT: &str = "
SecRule ARGS:q \"@streq probe\" \"id:1,phase:2,allow,nolog\"
SecAction \"id:2,phase:2,deny,log,msg:'no',tag:'all',severity:'CRITICAL'\"
";

async fn guarded(config: Config, waf: &str) -> Proxy {
    guarded_by(RULES, config, waf).await
}

async fn guarded_by(rules: &str, config: Config, waf: &str) -> Proxy {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("test.conf"), rules).unwrap();
    fs::write(dir.path().join("foxtrot.toml"), text(config, waf)).unwrap();
    Proxy::in_folder(dir, "foxtrot.toml").await
}

fn config() -> Config {
    Config::to(&"http://127.0.0.1:1")
}

/// `GET /waf`, once the probes of this generation have run.
async fn waf(proxy: &Proxy) -> Value {
    let ask = async || proxy.admin("GET", "/waf").await.json();
    eventually("a run of the probes", async || !ask().await["posture"].is_null()).await;
    ask().await
}

/// States of the classes of a policy.
fn class<'v>(waf: &'v Value, policy: usize, name: &str) -> &'v Value {
    let classes = waf["policies"][policy]["classes"].as_array().unwrap();
    classes.iter().find(|class| class["class"] == name).unwrap()
}

fn foxctl(proxy: &Proxy, arguments: &[&str]) -> Exit {
    let admin = format!("http://{}", proxy.admin_addr());
    run_binary("foxctl", arguments, &[("FOXTROT_ADMIN", &admin)])
}

#[tokio::test]
async fn a_waf_that_blocks_every_class_says_so() {
    let keys = "mode = \"enforce\"\nrequest_body = { over = \"reject\" }";
    let proxy = guarded_by(STRICT, config(), &named(keys)).await;
    let waf = waf(&proxy).await;
    let classes = waf["policies"][0]["classes"].as_array().unwrap();
    assert!(classes.len() >= 22);
    assert!(classes.iter().all(|class| class["state"] == "blocked"), "{waf}");
    let labels = [("listener", "http"), ("tenant", ""), ("route", "*/"), ("state", "blocked")];
    let metric = "foxtrot_waf_posture_classes";
    proxy.metric_reaches(metric, &labels, classes.len() as f64).await;
    assert_eq!(proxy.metric("foxtrot_waf_posture_missed", &[]).await, 0.0);
    assert_eq!(proxy.metric("foxtrot_waf_requests_total", &[]).await, 0.0, "nobody has asked");
    let exit = foxctl(&proxy, &["waf", "posture"]);
    assert_eq!(exit.code, Some(0), "{}", exit.output);
    let words = format!("mode enforce: {0} of {0} classes block", classes.len());
    assert!(exit.output.contains(&words), "{}", exit.output);
    let exit = foxctl(&proxy, &["waf", "lint"]);
    assert_eq!((exit.code, &*exit.output), (Some(0), "nothing looks wrong\n"));
}

#[tokio::test]
async fn what_opens_a_class_is_named_with_its_route_and_tenant() {
    let tables = r#"mode = "enforce"
exclude = [{ tag = "sqli", path = "/import/", reason = "dumps" }]
[tenants.acme]
hosts = ["acme.test"]
waf = { exclude = [{ tag = "xss", reason = "an editor", expires = "2999-01-01" }] }
[[routes]]
name = "probe"
match = { path = "/probe" }
to = "respond:204"
waf = { mode = "off" }
"#;
    let proxy = guarded(config(), &named(tables)).await;
    let waf = waf(&proxy).await;
    let policies = waf["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 3, "{waf}");
    let find = |key: &str, value: Value| policies.iter().position(|one| one[key] == value).unwrap();
    let (off, acme) = (find("mode", "off".into()), find("tenants", json!(["acme"])));
    let nobody = find("tenants", json!([""]));
    let sqli = class(&waf, nobody, "sqli");
    assert_eq!(sqli["state"], "open");
    let opening = json!([{ "path": "/import/", "cause": "exclusions", "exclusions": ["waf.exclude[0]"],
        "words": "excluded by waf.exclude[0] (tag sqli, path /import/: dumps)" }]);
    assert_eq!(sqli["openings"], opening);
    assert_eq!(class(&waf, nobody, "xss")["state"], "blocked");
    assert_eq!(policies[nobody]["routes"], json!(["*/"]));
    // Off is off, whatever else would hold.
    assert_eq!(policies[off]["tenants"], json!(["", "acme"]));
    assert_eq!(policies[off]["routes"], json!(["probe"]));
    assert_eq!(class(&waf, off, "xss")["openings"][0]["cause"], "mode_off");
    let opening = &class(&waf, acme, "xss")["openings"][0];
    assert_eq!(opening["exclusions"], json!(["tenants.acme.waf.exclude[0]"]));
    assert_eq!(policies[acme]["exclusions"].as_array().unwrap().len(), 2);
    let exit = foxctl(&proxy, &["waf", "posture"]);
    assert_eq!(exit.code, Some(1));
    for words in [
        "open on /import/: sqli: excluded by waf.exclude[0] (tag sqli, path /import/: dumps)",
        "route */, tenant acme, listener http",
        "open on /: xss: excluded by tenants.acme.waf.exclude[0] (tag xss: an editor)",
        "mode off: nothing is looked at",
        ": no rule finds it",
    ] {
        assert!(exit.output.contains(words), "{words}: {}", exit.output);
    }
    let exit = foxctl(&proxy, &["waf", "posture", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&exit.output).unwrap()["generation"], 1);
}

#[tokio::test]
async fn a_load_that_opens_a_required_class_is_refused() {
    let required = "mode = \"enforce\"\nrequire_classes = [\"sqli\", \"xss\"]";
    let proxy = guarded(config(), &named(required)).await;
    let off = config().route("name = \"a\"\nwaf = { mode = \"off\" }");
    let excluded = format!("{required}\nexclude = [{{ rule = 20, reason = \"an editor\" }}]");
    let of_listener = named(
        "[listeners.other]\nlisten = \"127.0.0.1:0\"\nwaf = { require_classes = [\"sqli\"] }",
    );
    let of_tenant =
        named("[tenants.acme]\nhosts = [\"acme.test\"]\nwaf = { require_classes = [\"sqli\"] }");
    for (toml, path, words) in [
        (
            text(off, &named(required)),
            "waf.require_classes",
            "`sqli`, `xss` not blocked for route `a`: the mode is off",
        ),
        (
            text(config(), &named(&excluded)),
            "waf.require_classes",
            "`xss` not blocked for route `*/`: on /: excluded by waf.exclude[0] (rule 20: an editor)",
        ),
        (
            text(config(), &of_listener),
            "listeners.other.waf.require_classes",
            "`sqli` not blocked for route `*/`, listener `other`: the mode is detect",
        ),
        (
            text(config(), &of_tenant),
            "tenants.acme.waf.require_classes",
            "`sqli` not blocked for route `*/`, tenant `acme`: the mode is detect",
        ),
    ] {
        let reply = proxy.reload(toml).await;
        assert_eq!(reply.status, 422, "{}", reply.text());
        let error = &reply.json()["errors"][0];
        assert_eq!((&error["path"], &error["message"]), (&path.into(), &words.into()));
        assert!(error["line"].as_u64().unwrap() > 1);
        assert_eq!(proxy.generation().await, 1);
    }
    assert_eq!(proxy.client().await.get("/?q=%3Cscript%3E").await.status, 403, "the old one stays");
    let open = "name = \"a\"\nwaf = { mode = \"off\", require_classes = [] }";
    proxy.reload_ok(text(config().route(open), &named(required))).await;
    let misspelt = named("require_classes = [\"sqly\"]");
    let reply = proxy.reload(text(config(), &misspelt)).await;
    assert!(reply.text().contains("did you mean"), "{}", reply.text());
}

#[tokio::test]
async fn the_waf_is_told_as_it_is() {
    let keys = r#"mode = "enforce"
enforce_percent = 25
allow = ["192.0.2.0/24", "198.51.100.7"]
deny = ["203.0.113.0/24"]
audit = { path = "audit.jsonl" }
exclude = [{ rule = 10, target = "ARGS:q", reason = "x", expires = "2001-01-01" }]"#;
    let proxy = guarded(config(), &named(keys)).await;
    proxy.client().await.get("/?q=%3Cscript%3E").await;
    let written = [("result", "written")];
    proxy.metric_reaches("foxtrot_waf_audit_records_total", &written, 1.0).await;
    let told = waf(&proxy).await;
    assert_eq!(told["generation"], 1);
    assert_eq!((&told["rules"]["rules"], &told["rules"]["origin"]), (&4.into(), &"named".into()));
    assert!(told["rules"]["files"][0].as_str().unwrap().ends_with("test.conf"));
    assert_eq!(told["lists"], json!({ "allow": 2, "deny": 1 }));
    assert_eq!((&told["audit"]["written"], &told["audit"]["dropped"]), (&1.into(), &0.into()));
    let policy = &told["policies"][0];
    assert_eq!((&policy["mode"], &policy["enforce_percent"]), (&"enforce".into(), &25.0.into()));
    assert_eq!(policy["exclusions"][0]["expired"], true);
    assert_eq!(class(&told, 0, "sqli")["state"], "staged", "the exclusion has expired");
    let exit = foxctl(&proxy, &["waf", "posture"]);
    assert!(exit.output.contains("mode enforce for 25 % of clients: 2 of"), "{}", exit.output);
    // Rules that have not changed are not compiled again.
    let loaded = told["rules"]["loaded_at"].clone();
    proxy.reload_ok(text(config(), &named("mode = \"detect\""))).await;
    let told = waf(&proxy).await;
    assert_eq!((&told["generation"], &told["rules"]["loaded_at"]), (&2.into(), &loaded));
    assert_eq!(class(&told, 0, "sqli")["state"], "detected");
    let exit = foxctl(&proxy, &["waf", "posture"]);
    assert_eq!(exit.code, Some(0), "nothing is enforced: {}", exit.output);
    proxy.reload_ok(text(config(), "")).await;
    let told = proxy.admin("GET", "/waf").await.json();
    assert_eq!((&told["rules"], &told["policies"]), (&Value::Null, &json!([])));
    assert_eq!(foxctl(&proxy, &["waf", "posture"]).code, Some(1), "there is no WAF");
}

#[tokio::test]
async fn what_looks_wrong_is_told() {
    let keys = r#"mode = "enforce"
allow = ["0.0.0.0/0"]
inbound_threshold = 6
exclude = [
    { rule = 10, target = "ARGS:q", reason = "x", expires = "2001-01-01" },
    { rule = 20, reason = "x" },
    { rule = 10, target = "ARGS:r", path = "/r", reason = "x" },
]
[listeners.idle]
listen = "127.0.0.1:0"
waf = { mode = "detect" }
[tenants.acme]
hosts = ["acme.test"]
waf = { exclude = [{ rule = 10, target = "ARGS:r", path = "/r", reason = "again" }] }
[tenants.far]
hosts = ["far.test"]
waf = { inbound_threshold = 500 }
"#;
    let config = config().route("match = { host = \"acme.test\" }\nlisteners = [\"http\"]");
    let proxy = guarded(config, &named(keys)).await;
    let exit = foxctl(&proxy, &["waf", "lint"]);
    assert_eq!(exit.code, Some(1));
    let expected = [
        "warning: waf.allow: holds every client",
        "warning: waf.exclude[0]: has expired on 2001-01-01",
        "warning: waf.exclude[1]: switches whole rules off everywhere",
        "warning: tenants.acme.waf.exclude[0]: leaves out what `waf.exclude[2]` leaves out already",
        "warning: tenants.far.waf.inbound_threshold: no request reaches it",
        "note: waf.inbound_threshold: no single rule reaches it",
        "warning: waf.request_body.over: ",
        "warning: listeners.idle.waf: nothing uses it: no route serves this listener",
        "warning: tenants.far.waf: nothing uses it: no route takes requests of this tenant",
    ];
    for line in expected {
        assert!(exit.output.contains(line), "{line}: {}", exit.output);
    }
    assert_eq!(exit.output.lines().count(), expected.len(), "{}", exit.output);
    let exit = foxctl(&proxy, &["--json", "waf", "lint"]);
    let lint: Value = serde_json::from_str(&exit.output).unwrap();
    assert!(
        lint["findings"].as_array().unwrap().iter().all(|finding| finding["source"] == "config")
    );
}

#[tokio::test]
async fn the_lint_tells_of_rules_too() {
    let rules = "SecRule ARGS \"@rx a(?=b)\" \"id:1,phase:2,deny,log\"\nSecRuleRemoveById 7\n";
    let proxy = guarded_by(rules, config(), &named("")).await;
    waf(&proxy).await;
    let exit = foxctl(&proxy, &["waf", "lint"]);
    assert_eq!(exit.code, Some(1));
    assert!(
        exit.output.contains("warning: ") && exit.output.contains("test.conf:2:"),
        "{}",
        exit.output
    );
    assert!(
        exit.output.contains("note: ") && exit.output.contains("test.conf:1:"),
        "{}",
        exit.output
    );
}

#[tokio::test]
async fn the_managed_rules_are_told_as_such_and_nothing_looks_wrong() {
    let keys = "[waf]\nmode = \"enforce\"\nrequest_body = { over = \"reject\" }\n";
    let proxy = guarded_by("", config(), keys).await;
    let told = waf(&proxy).await;
    assert_eq!(told["rules"]["origin"], "managed");
    let exit = foxctl(&proxy, &["waf", "lint"]);
    assert_eq!((exit.code, exit.output.as_str()), (Some(0), "nothing looks wrong\n"));
}

#[tokio::test]
async fn the_admin_server_that_is_not_there_is_3() {
    let admin = [("FOXTROT_ADMIN", "http://127.0.0.1:1")];
    for command in ["posture", "lint"] {
        assert_eq!(run_binary("foxctl", &["waf", command], &admin).code, Some(3), "{command}");
    }
}
