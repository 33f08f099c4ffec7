//! Which request goes where, and what is changed on the way.

use e2e::*;

/// A proxy whose routes answer by themselves: `(match, name)`, where the name comes back as body.
async fn answering(routes: &[(&str, &str)]) -> Proxy {
    let routes: String = routes
        .iter()
        .map(|(matches, name)| {
            format!("[[routes]]\nname = \"{name}\"\nmatch = {{ {matches} }}\nto = \"respond:200\"\nbody = \"{name}\"\n")
        })
        .collect();
    Proxy::with(format!("[listeners.http]\nlisten = \"127.0.0.1:0\"\n{routes}")).await
}

async fn route_of(proxy: &Proxy, host: &str, path: &str) -> String {
    let reply = proxy.client().await.request("GET", path).header("host", host).send().await;
    if reply.status == 404 { "none".into() } else { reply.text() }
}

#[tokio::test]
async fn hosts_match_exactly_or_below_a_wildcard() {
    let proxy = answering(&[
        ("host = \"a.test\"", "exact"),
        ("host = \"*.a.test\"", "below"),
        ("host = \"x.a.test\"", "nearer"),
    ])
    .await;
    for (host, route) in [
        ("a.test", "exact"),
        ("A.TEST", "exact"),
        ("a.test:8080", "exact"),
        ("b.a.test", "below"),
        ("c.b.a.test", "below"),
        ("x.a.test", "nearer"),
        ("ba.test", "none"),
        ("a.test.evil", "none"),
    ] {
        assert_eq!(route_of(&proxy, host, "/").await, route, "{host}");
    }
}

#[tokio::test]
async fn paths_match_by_segment_whole_or_expression() {
    let proxy = answering(&[
        ("path = \"/api\"", "prefix"),
        ("path = \"/api/v2\"", "longer"),
        ("path_exact = \"/api/v2/me\"", "exact"),
        ("path_regex = \"/u/[0-9]+\"", "regex"),
    ])
    .await;
    for (path, route) in [
        ("/api", "prefix"),
        ("/api/", "prefix"),
        ("/api/x?q", "prefix"),
        ("/apix", "none"),
        ("/API", "none"),
        ("/api/v2/x", "longer"),
        ("/api/v2/me", "exact"),
        ("/api/v2/me?q", "exact"),
        ("/api/v2/me/x", "longer"),
        ("/u/12", "regex"),
        ("/u/12/x", "none"),
        ("/x/u/12", "none"),
    ] {
        assert_eq!(route_of(&proxy, "a.test", path).await, route, "{path}");
    }
}

#[tokio::test]
async fn methods_headers_and_queries_match() {
    let proxy = answering(&[
        ("path = \"/\"", "rest"),
        ("path = \"/\", method = [\"PUT\", \"DELETE\"]", "method"),
        ("path = \"/\", headers = { x-a = \"1\" }", "header"),
        ("path = \"/r\", headers = { x-a = { regex = \"[a-c]+\" } }", "header-regex"),
        ("path = \"/p\", headers = { x-a = { present = false } }", "header-absent"),
        ("path = \"/q\", query = { v = \"2\" }", "query"),
        ("path = \"/w\", query = { v = { present = true } }", "query-present"),
    ])
    .await;
    let mut client = proxy.client().await;
    for (method, path, header, route) in [
        ("GET", "/", "", "rest"),
        ("PUT", "/", "", "method"),
        ("GET", "/", "1", "header"),
        ("GET", "/", "2", "rest"),
        ("GET", "/r", "abc", "header-regex"),
        ("GET", "/r", "abcd", "rest"),
        ("GET", "/p", "", "header-absent"),
        ("GET", "/p", "x", "rest"),
        ("GET", "/q?v=2", "", "query"),
        ("GET", "/q?a=1&v=2&b", "", "query"),
        ("GET", "/q?v=3", "", "rest"),
        ("GET", "/w?v=3", "", "query-present"),
        ("GET", "/w?w=2", "", "rest"),
    ] {
        let call = client.request(method, path);
        let call = if header.is_empty() { call } else { call.header("x-a", header) };
        assert_eq!(call.send().await.text(), route, "{method} {path} x-a: {header}");
    }
}

#[tokio::test]
async fn no_route_is_404() {
    let origin = Origin::named("ok").await;
    let proxy = Proxy::with(Config::to(&origin).route("match = { host = \"a.test\" }")).await;
    assert_eq!(proxy.client().await.get("/").await.status, 404);
    assert_eq!(proxy.h2c().await.get("/").await.status, 404);
    assert_eq!(origin.count(), 0);
}

#[tokio::test]
async fn routes_may_serve_some_listeners_only() {
    let proxy = Proxy::with(
        "[listeners.http]\nlisten = \"127.0.0.1:0\"\n[listeners.inner]\nlisten = \"127.0.0.1:0\"\n\
         [[routes]]\nlisteners = [\"inner\"]\nto = \"respond:204\"\n\
         [[routes]]\nmatch = { path = \"/both\" }\nto = \"respond:200\"\n",
    )
    .await;
    assert_eq!(proxy.client().await.get("/").await.status, 404);
    assert_eq!(Client::h1(proxy.addr("inner")).await.get("/").await.status, 204);
}

#[tokio::test]
async fn a_prefix_is_rewritten() {
    let origin = Origin::echo().await;
    let route = "match = { path = \"/old\" }\nrewrite = { path = \"/new\", host = \"inner.test\" }";
    let proxy = Proxy::with(Config::to(&origin).route(route)).await;
    let mut client = proxy.client().await;
    for (sent, seen) in [("/old/a?b=c", "/new/a?b=c"), ("/old", "/new"), ("/old?x", "/new?x")] {
        let reply = client.get(sent).await;
        assert_eq!(
            (reply.json()["target"].as_str(), reply.echoed("host").as_str()),
            (Some(seen), "inner.test")
        );
    }
}

#[tokio::test]
async fn a_prefix_can_be_taken_away() {
    let origin = Origin::echo().await;
    let route = "match = { path = \"/app\" }\nrewrite = { path = \"/\" }";
    let proxy = Proxy::with(Config::to(&origin).route(route)).await;
    let mut client = proxy.client().await;
    for (sent, seen) in [("/app/a", "/a"), ("/app", "/"), ("/app/", "/")] {
        assert_eq!(client.get(sent).await.json()["target"], seen, "{sent}");
    }
}

#[tokio::test]
async fn an_expression_rewrites_with_its_groups() {
    let origin = Origin::echo().await;
    let route = "match = { path_regex = \"/u/([0-9]+)/(?<rest>.*)\" }\nrewrite = { path = \"/users/${rest}/$1\" }";
    let proxy = Proxy::with(Config::to(&origin).route(route)).await;
    let reply = proxy.client().await.get("/u/12/posts?q=1").await;
    assert_eq!(reply.json()["target"], "/users/posts/12?q=1");
}

#[tokio::test]
async fn redirects_carry_the_request_along() {
    let origin = Origin::named("ok").await;
    let config = Config::to(&origin).target("redirect:https://{host}{path}?{query}");
    let proxy = Proxy::with(config.route("redirect_status = 308")).await;
    let reply = proxy.client().await.get("/a/b?c=d").await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("location")),
        (308, "https://app.test/a/b?c=d")
    );
    assert_eq!(origin.count(), 0);
}

#[tokio::test]
async fn a_route_answers_by_itself() {
    let origin = Origin::named("ok").await;
    let config = Config::to(&origin).target("respond:503").route("body = \"closed for today\"");
    let proxy = Proxy::with(config).await;
    let reply = proxy.client().await.get("/").await;
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (503, "closed for today"));
}

#[tokio::test]
async fn request_fields_are_edited() {
    let origin = Origin::echo().await;
    let edits = "request_headers = { remove = [\"x-gone\"], set = { x-set = \"new\" }, add = { x-add = \"2\" } }";
    let proxy = Proxy::with(Config::to(&origin).route(edits)).await;
    let mut client = proxy.client().await;
    let call = client
        .request("GET", "/")
        .header("x-gone", "1")
        .header("x-set", "old")
        .header("x-add", "1");
    let reply = call.send().await;
    let seen = ["x-gone", "x-set", "x-add"].map(|name| reply.echoed(name));
    assert_eq!(seen, ["", "new", "1|2"]);
}

#[tokio::test]
async fn answer_fields_are_edited() {
    let answer =
        "HTTP/1.1 200 OK\r\nX-Gone: 1\r\nX-Set: old\r\nX-Add: 1\r\nContent-Length: 0\r\n\r\n";
    let origin = RawOrigin::sending(answer, origin::raw::Then::Hold).await;
    let edits = "response_headers = { remove = [\"x-gone\"], set = { x-set = \"new\" }, add = { x-add = \"2\" } }";
    let proxy = Proxy::with(Config::to(&origin).route(edits)).await;
    let reply = proxy.client().await.get("/").await;
    assert_eq!((reply.header("x-gone"), reply.header("x-set")), ("", "new"));
    assert_eq!(reply.headers.get_all("x-add").iter().collect::<Vec<_>>(), ["1", "2"]);
}
