//! Tenants over the wire: whose request it is, and what holds for it otherwise.

use std::fs;

use e2e::*;
use serde_json::Value;

const RULES: &str = r#"
SecAction "id:1,phase:1,nolog,pass,setvar:tx.inbound_anomaly_score_threshold=5"
SecRule TX:BLOCKING_PARANOIA_LEVEL "@ge 2" "id:2,phase:2,pass,log,setvar:tx.score=+5"
SecRule ARGS "@contains attack" "id:10,phase:2,pass,log,tag:'attack-test',setvar:tx.score=+5"
SecRule ARGS "@contains evil" "id:11,phase:2,pass,log,tag:'evil-test',setvar:tx.score=+5"
SecRule TX:SCORE "@ge %{tx.inbound_anomaly_score_threshold}" "id:90,phase:2,deny,status:403,log"
"#;

/// A configuration with these rules, further keys of `[waf]`, and tables behind it.
fn text(config: Config, keys: &str, tables: &str) -> String {
    let waf = format!(
        "[waf]\nrules = [\"test.conf\"]\naudit = {{ path = \"audit.jsonl\" }}\n{keys}\n{tables}"
    );
    proxy::complete(&config.more(waf).to_string())
}

async fn guarded(config: Config, keys: &str, tables: &str) -> Proxy {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("test.conf"), RULES).unwrap();
    fs::write(dir.path().join("foxtrot.toml"), text(config, keys, tables)).unwrap();
    Proxy::in_folder(dir, "foxtrot.toml").await
}

async fn status(client: &mut Client, host: &str, tenant: &str, target: &str) -> u16 {
    let call = client.request("GET", target).header("host", host);
    let call = if tenant.is_empty() { call } else { call.header("x-tenant", tenant) };
    call.send().await.status.as_u16()
}

#[tokio::test]
async fn a_tenant_is_told_by_its_host_and_then_by_a_field() {
    let origin = Origin::echo().await;
    let tables = r#"
[tenants.acme]
hosts = ["acme.test", "*.acme.test"]
header = { name = "x-tenant", value = "acme" }
waf = { mode = "enforce" }
[tenants.shop]
hosts = ["*.test"]
"#;
    let config = Config::to(&origin).more("[log]\naccess = { path = \"-\" }");
    let mut proxy = guarded(config, "", tables).await;
    let mut client = proxy.client().await;
    for (host, field, tenant) in [
        ("acme.test", "", "acme"),
        ("A.b.Acme.test:80", "", "acme"),
        ("other.test", "acme", "shop"),
        ("10.0.0.1", "acme", "acme"),
        ("10.0.0.1", "", ""),
    ] {
        let expected = if tenant == "acme" { 403 } else { 200 };
        let found = status(&mut client, host, field, "/?q=attack").await;
        assert_eq!(found, expected, "{host} {field}");
        let line = proxy.access_line().await;
        assert_eq!(line["tenant"].as_str().unwrap_or_default(), tenant, "{line}");
    }
    let read = || fs::read_to_string(proxy.folder().join("audit.jsonl")).unwrap_or_default();
    eventually("the audit log", async || read().lines().count() >= 5).await;
    let tenants: Vec<String> = read()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|record| record["tenant"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(tenants, ["acme", "acme", "shop", "acme", ""]);
}

#[tokio::test]
async fn the_route_goes_before_the_tenant_and_the_tenant_before_the_listener() {
    let origin = Origin::echo().await;
    let tables = r#"
[tenants.off]
hosts = ["off.test"]
waf = { mode = "off" }
[tenants.detect]
hosts = ["detect.test"]
waf = { mode = "detect" }
[tenants.strict]
hosts = ["strict.test"]
waf = { paranoia = 2 }
[tenants.lax]
hosts = ["lax.test"]
waf = { inbound_threshold = 6 }
[[routes]]
match = { path = "/always" }
to = "cluster:app"
waf = { mode = "enforce", inbound_threshold = 5 }
"#;
    let config = Config::to(&origin).listener("waf = { mode = \"enforce\" }");
    let proxy = guarded(config, "mode = \"off\"", tables).await;
    let mut client = proxy.client().await;
    for (host, target, expected) in [
        ("nobody.test", "/?q=attack", 403),
        ("nobody.test", "/", 200),
        ("off.test", "/?q=attack", 200),
        ("detect.test", "/?q=attack", 200),
        ("strict.test", "/", 403),
        ("lax.test", "/?q=attack", 200),
        ("lax.test", "/?q=attack+evil", 403),
        ("off.test", "/always?q=attack", 403),
        ("lax.test", "/always?q=attack", 403),
    ] {
        assert_eq!(status(&mut client, host, "", target).await, expected, "{host} {target}");
    }
}

#[tokio::test]
async fn exclusions_of_listeners_tenants_and_routes_add_up() {
    let origin = Origin::echo().await;
    let tables = r#"
[tenants.acme]
hosts = ["acme.test"]
waf = { exclude = [
    { rule = 10, target = "ARGS:q", path = "/search", reason = "free text" },
    { tag = "attack-test", path = "/old", reason = "was needed", expires = "2001-01-01" },
] }
[[routes]]
match = { path = "/evil" }
to = "cluster:app"
waf = { exclude = [{ tag = "evil-test", target = "ARGS:r", path = "/evil", reason = "a film", expires = "2999-01-01" }, { rule = 11, target = "ARGS:s", reason = "a song" }] }
"#;
    let listener = r#"waf = { exclude = [{ rule = 10, target = "ARGS:l", path = "/evil", reason = "x" }, { tag = "attack-test", target = "ARGS:m", reason = "x", expires = "2999-01-01" }] }"#;
    let config = Config::to(&origin).listener(listener);
    let keys = "mode = \"enforce\"\nexclude = [{ rule = 10, target = \"ARGS:w\", reason = \"x\" }]";
    let proxy = guarded(config, keys, tables).await;
    let mut client = proxy.client().await;
    for (host, target, expected) in [
        ("acme.test", "/search?q=attack", 200),
        ("acme.test", "/search?r=attack", 403),
        ("acme.test", "/old?r=attack", 403),
        ("other.test", "/search?q=attack", 403),
        ("acme.test", "/?w=attack", 200),
        ("other.test", "/?m=attack", 200),
        ("other.test", "/?l=attack", 403),
        ("other.test", "/evil?l=attack&r=evil&s=evil&w=attack", 200),
        ("other.test", "/?r=evil", 403),
        ("other.test", "/evil?q=evil", 403),
    ] {
        assert_eq!(status(&mut client, host, "", target).await, expected, "{host} {target}");
    }
}

#[tokio::test]
async fn tenants_that_cannot_be_told_apart_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("test.conf");
    fs::write(&path, RULES).unwrap();
    for (tables, message) in [
        ("[tenants.a]\n", "tenants.a: needs `hosts` or `header`"),
        (
            "[tenants.a]\nhosts = [\"a.test\"]\n[tenants.b]\nhosts = [\"A.test\"]\n",
            "is a host of tenant `a` already",
        ),
        (
            "[tenants.a]\nheader = { name = \"x-a\", value = \"1\" }\n[tenants.b]\nheader = { name = \"X-A\", value = \"1\" }\n",
            "this value of `X-A` is of tenant `a` already",
        ),
        ("[tenants.a]\nheader = { name = \"host\", value = \"1\" }\n", "use `hosts`"),
        ("[tenants.a]\nheader = { name = \"x-a\", value = \"\" }\n", "names nobody"),
        ("[tenants.a]\nhosts = [\"a.*.test\"]\n", "first part only"),
        ("[tenants.A]\nhosts = [\"a.test\"]\n", "is not a name"),
        (
            "[tenants.a]\nhosts = [\"a.test\"]\nwaf = { exclude = [{ rule = 99, reason = \"x\" }] }\n",
            "there is no such rule",
        ),
        (
            "[tenants.a]\nhosts = [\"a.test\"]\nwaf = { early_blocking = true }\n",
            "no rule asks for it",
        ),
        ("[tenants.a]\nhosts = [\"a.test\"]\nlimit = 1\n", "unknown key `limit`"),
    ] {
        let waf = format!("[waf]\nrules = [{path:?}]\n{tables}");
        let exit = check(Config::to(&"http://127.0.0.1:1").more(waf));
        let output: String = exit.output.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_ne!(exit.code, Some(0), "{tables} {output}");
        assert!(output.contains(message.trim_start_matches("tenants.a: ")), "{tables}: {output}");
    }
    let exit = check(
        Config::to(&"http://127.0.0.1:1")
            .more("[tenants.a]\nhosts = [\"a.test\"]\nwaf = { mode = \"off\" }\n"),
    );
    assert!(exit.output.contains("there is no [waf]"), "{}", exit.output);
}

/// Four hundred tenants, each with a level, thresholds and exclusions of its own, cost what their texts do and not a rule set each.
#[tokio::test]
async fn a_tenant_costs_little_memory() {
    const MANY: usize = 400;
    let tenant = |number: usize| {
        format!(
            "[tenants.t{number}]\nhosts = [\"t{number}.test\"]\nwaf = {{ paranoia = {}, inbound_threshold = {}, exclude = [\
             {{ rule = 10, target = \"ARGS:a{number}\", path = \"/p{number}\", reason = \"x\" }}, \
             {{ tag = \"evil-test\", path = \"/q{number}\", reason = \"x\" }}] }}\n",
            1 + number % 4,
            5 + number
        )
    };
    let rules: String = (1_000..1_150)
        .map(|id| format!("SecRule ARGS \"@rx word{id}[a-z]+x\" \"id:{id},phase:2,pass\"\n"))
        .collect();
    let start = async |count: usize| {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("test.conf"), format!("{RULES}{rules}")).unwrap();
        let tables: String = (0..count).map(tenant).collect();
        let config = Config::to(&"http://127.0.0.1:1").target("respond:204");
        fs::write(dir.path().join("foxtrot.toml"), text(config, "mode = \"detect\"", &tables))
            .unwrap();
        let proxy = Proxy::in_folder(dir, "foxtrot.toml").await;
        let waf = proxy.admin("GET", "/waf").await.json();
        assert_eq!(waf["policies"].as_array().unwrap().len(), count + 1);
        proxy.rss_bytes()
    };
    let (few, many) = (start(1).await, start(MANY).await);
    let each = many.saturating_sub(few) / (MANY as u64 - 1);
    println!("{few} bytes with one tenant, {many} with {MANY}: {each} each");
    assert!(each < 64 << 10, "{each} bytes for a tenant");
}
