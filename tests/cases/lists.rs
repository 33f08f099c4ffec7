//! Allow and deny lists that operators change while the proxy runs.

use e2e::*;
use serde_json::{Value, json};

const ATTACK: &str = "/?q=1%27%20OR%20%271%27%3D%271";
const RULE: &str =
    "SecRuleEngine On\nSecRule ARGS:q \"@contains OR\" \"id:1,phase:1,deny,status:406\"\n";

/// `POST /lists`: status and answer.
async fn list(proxy: &Proxy, change: Value) -> (u16, Value) {
    let mut client = Client::h1(proxy.admin_addr()).await;
    client.host = proxy.admin_addr().to_string();
    let call = client.request("POST", "/lists").header("content-type", "application/json");
    let reply = call.body(body::full(change.to_string())).send().await;
    (reply.status.as_u16(), reply.json())
}

async fn deny(proxy: &Proxy, block: &str) {
    let (status, answer) = list(proxy, json!({"list": "deny", "block": block, "for": "10m"})).await;
    assert_eq!(status, 200, "{answer}");
}

async fn status_from(source: &str, proxy: &Proxy, path: &str) -> u16 {
    Client::h1_from(source, proxy.http()).await.get(path).await.status.as_u16()
}

/// A proxy with a WAF that knows one rule, and these lines in `[waf]`.
async fn guarded(origin: &Origin, lines: &str) -> Proxy {
    let dir = tempfile::tempdir().unwrap();
    let rules = dir.path().join("rules.conf");
    std::fs::write(&rules, RULE).unwrap();
    let waf = format!("[waf]\nrules = [{rules:?}]\nmode = \"enforce\"\n{lines}");
    let proxy = Proxy::with(Config::to(origin).more(waf)).await;
    drop(dir);
    proxy
}

#[tokio::test]
async fn a_denied_client_is_403_without_a_waf_and_after_a_reload() {
    let origin = Origin::named("ok").await;
    let config = Config::to(&origin);
    let proxy = Proxy::with(&config).await;
    let mut connected = proxy.client().await;
    assert_eq!(connected.get("/").await.status, 200);
    deny(&proxy, "127.0.0.1").await;
    assert_eq!(connected.get("/").await.status, 403, "connections that are open are no way around");
    assert_eq!(proxy.h2c().await.get("/").await.status, 403);
    assert_eq!(status_from("127.0.0.2", &proxy, "/").await, 200);
    proxy.reload_ok(config.clone().route("max_body = \"1KiB\"")).await;
    assert_eq!(connected.get("/").await.status, 403);
    assert_eq!(proxy.metric("foxtrot_refused_total", &[("reason", "list_denied")]).await, 3.0);
    assert_eq!(proxy.metric("foxtrot_list_entries", &[("list", "deny")]).await, 1.0);
    assert_eq!(origin.count(), 2);
    let reply = proxy.admin("DELETE", "/lists?list=deny&block=127.0.0.1").await;
    assert_eq!((reply.status.as_u16(), &reply.json()["block"]), (200, &json!("127.0.0.1/32")));
    assert_eq!(connected.get("/").await.status, 200);
    let again = proxy.admin("DELETE", "/lists?list=deny&block=127.0.0.1").await;
    assert_eq!(again.status, 404, "{}", again.text());
}

#[tokio::test]
async fn an_entry_ends_by_itself() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::to(&origin).await;
    let change = json!({"list": "deny", "block": "127.0.0.0/8", "for": "1s", "reason": "a drill"});
    let (status, entry) = list(&proxy, change).await;
    assert_eq!((status, &entry["reason"]), (200, &json!("a drill")));
    let lasts = entry["until"].as_u64().unwrap() - entry["since"].as_u64().unwrap();
    assert_eq!(lasts, 1_000);
    assert_eq!(proxy.admin_get("/lists").await, json!([entry]));
    assert_eq!(status_from("127.0.0.1", &proxy, "/").await, 403);
    eventually("the end of the entry", async || status_from("127.0.0.1", &proxy, "/").await == 200)
        .await;
    assert_eq!(proxy.admin_get("/lists").await, json!([]));
}

#[tokio::test]
async fn whoever_is_allowed_is_denied_by_no_list() {
    let origin = Origin::named("ok").await;
    let proxy = guarded(&origin, "allow = [\"127.0.0.3\"]\ndeny = [\"127.0.0.4\"]").await;
    for (client, path, expected) in [
        ("127.0.0.2", "/", 200),
        ("127.0.0.2", ATTACK, 406),
        ("127.0.0.3", ATTACK, 200),
        ("127.0.0.4", "/", 403),
    ] {
        assert_eq!(status_from(client, &proxy, path).await, expected, "{client} {path}");
    }
    let allow = json!({"list": "allow", "block": "127.0.0.4", "for": "10m"});
    assert_eq!(list(&proxy, allow).await.0, 200);
    deny(&proxy, "127.0.0.0/29").await;
    for (client, path, expected) in [
        ("127.0.0.2", "/", 403),
        // On `waf.allow`.
        ("127.0.0.3", ATTACK, 200),
        // On `waf.deny` and on the live deny list, and allowed by the live one.
        ("127.0.0.4", "/", 200),
        ("127.0.0.4", ATTACK, 200),
        ("127.0.0.9", "/", 200),
        ("127.0.0.9", ATTACK, 406),
    ] {
        assert_eq!(status_from(client, &proxy, path).await, expected, "{client} {path}");
    }
}

#[tokio::test]
async fn clients_behind_trusted_proxies_are_told_apart() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::with(Config::to(&origin).top("trusted_proxies = [\"127.0.0.1\"]")).await;
    deny(&proxy, "2001:db8::/32").await;
    for (client, expected) in [("2001:db8::7", 403), ("2001:db9::7", 200)] {
        let mut one = proxy.client().await;
        let reply = one.request("GET", "/").header("x-forwarded-for", client).send().await;
        assert_eq!(reply.status.as_u16(), expected, "{client}");
    }
}

#[tokio::test]
async fn what_is_no_entry_is_refused() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::to(&origin).await;
    for change in [
        json!({"list": "deny", "block": "0.0.0.0/0", "for": "10m"}),
        json!({"list": "deny", "block": "10.0.0.1/8", "for": "10m"}),
        json!({"list": "grey", "block": "10.0.0.1", "for": "10m"}),
        json!({"list": "deny", "block": "10.0.0.1"}),
        json!({"list": "deny", "block": "10.0.0.1", "for": "0s"}),
        json!({"list": "deny", "block": "10.0.0.1", "for": "10m", "untill": 1}),
        json!([]),
    ] {
        let (status, answer) = list(&proxy, change.clone()).await;
        assert_eq!(status, 400, "{change}: {answer}");
    }
    assert_eq!(proxy.admin("DELETE", "/lists?list=deny&block=x").await.status, 400);
    assert_eq!(proxy.admin("DELETE", "/lists").await.status, 400);
    assert_eq!(proxy.admin_get("/lists").await, json!([]));
}

#[tokio::test]
async fn lists_are_as_long_as_the_configuration_says() {
    let origin = Origin::named("ok").await;
    let config = Config::to(&origin).top("[admin]\nlisten = \"127.0.0.1:0\"\nlist_entries = 2\n");
    let proxy = Proxy::with(config).await;
    deny(&proxy, "10.0.0.1").await;
    deny(&proxy, "10.0.0.2").await;
    let third = json!({"list": "allow", "block": "10.0.0.3", "for": "10m"});
    let (status, answer) = list(&proxy, third).await;
    assert_eq!(status, 429, "{answer}");
    // The same block again is no further entry.
    deny(&proxy, "10.0.0.2").await;
}

#[tokio::test]
async fn foxctl_lists() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::to(&origin).await;
    let url = format!("http://{}", proxy.admin_addr());
    let foxctl = |arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let url = url.clone();
        tokio::task::spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            proxy::run_binary("foxctl", &arguments, &[("FOXTROT_ADMIN", &url)])
        })
    };
    let add = ["list", "add", "127.0.0.0/24", "--for", "10m", "--reason", "a \"drill\""];
    let added = foxctl(&add).await.unwrap();
    assert_eq!(added.code, Some(0), "{added:?}");
    assert!(added.output.starts_with("127.0.0.0/24 is on deny until "), "{added:?}");
    assert_eq!(status_from("127.0.0.1", &proxy, "/").await, 403);
    let shown = foxctl(&["list", "show"]).await.unwrap();
    assert!(shown.output.contains("127.0.0.0/24") && shown.output.contains("a \"drill\""));
    let remove = ["list", "remove", "127.0.0.0/24"];
    assert_eq!(foxctl(&remove).await.unwrap().code, Some(0));
    assert_eq!(status_from("127.0.0.1", &proxy, "/").await, 200);
    assert_eq!(foxctl(&remove).await.unwrap().code, Some(1));
    assert_eq!(foxctl(&["list", "add", "127.0.0.1", "--for", "soon"]).await.unwrap().code, Some(1));
    assert_eq!(foxctl(&["list", "add", "example.com", "--for", "1m"]).await.unwrap().code, Some(2));
    assert_eq!(foxctl(&["list", "add", "127.0.0.1"]).await.unwrap().code, Some(2));
}
