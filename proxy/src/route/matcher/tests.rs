use http::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::route::reference::{Reference, request, routes};

/// A table of routes that are written as the inside of `match = { .. }`.
fn table(matches: &[&str]) -> RouteTable {
    RouteTable::compile(&written(matches)).unwrap()
}

fn written(matches: &[&str]) -> Vec<config::Route> {
    let tables = matches
        .iter()
        .map(|matches| format!("[[routes]]\nto = \"respond:204\"\nmatch = {{ {matches} }}\n"));
    routes(&tables.collect::<String>())
}

fn found(table: &RouteTable, host: &str, target: &str) -> Option<usize> {
    let head = request("GET", target);
    table.find(table.listener("web"), &head, host.as_bytes()).map(|found| found.route)
}

#[test]
fn the_most_specific_host_wins() {
    let table = table(&[
        "",
        "host = \"*.example.com\"",
        "host = \"*.a.example.com\"",
        "host = \"b.a.example.com\"",
    ]);
    for (host, expected) in [
        ("", 0),
        ("example.com", 0),
        ("x.example.com", 1),
        ("a.example.com", 1),
        ("x.a.example.com", 2),
        ("b.a.example.com", 3),
        ("b.a.example.com.", 3),
        ("x.b.a.example.com", 2),
    ] {
        assert_eq!(found(&table, host, "/"), Some(expected), "{host}");
    }
}

#[test]
fn the_most_specific_path_wins() {
    let table = table(&[
        "path = \"/\"",
        "path = \"/api\"",
        "path = \"/api/v1\"",
        "path_exact = \"/api/v1\"",
        "path_regex = \"/[a-z]+\"",
        "path_regex = \"/[a-z]+x\"",
    ]);
    for (path, expected) in [
        ("/", 0),
        ("/9", 0),
        ("*", 0),
        ("/foo", 4),
        ("/fox", 5),
        ("/api", 1),
        ("/apix", 5),
        ("/api/v1", 3),
        ("/api/v1/", 2),
        ("/api/v12", 1),
        ("/api/v1?x=/y", 3),
    ] {
        assert_eq!(found(&table, "", path), Some(expected), "{path}");
    }
}

#[test]
fn where_conditions_fail_less_specific_routes_are_tried() {
    let table = table(&[
        "host = \"a.b\", path_exact = \"/x/y\", query = { q = \"1\" }",
        "host = \"a.b\", path = \"/x/y\", query = { q = \"2\" }",
        "host = \"a.b\", path = \"/x\", query = { q = \"3\" }",
        "host = \"a.b\", path_regex = \"/.*\", query = { q = \"4\" }",
        "host = \"*.b\", query = { q = \"5\" }",
        "query = { q = \"6\" }",
    ]);
    for (query, expected) in [
        ("1", Some(0)),
        ("2", Some(1)),
        ("3", Some(2)),
        ("4", Some(3)),
        ("5", Some(4)),
        ("6", Some(5)),
        ("7", None),
    ] {
        assert_eq!(found(&table, "a.b", &format!("/x/y?q={query}")), expected, "{query}");
    }
}

#[test]
fn more_conditions_win() {
    let table = table(&[
        "",
        "query = { a = \"1\", b = \"1\" }",
        "headers = { x = \"1\" }",
        "method = [\"GET\"]",
        "method = [\"GET\"], query = { a = \"1\" }",
    ]);
    assert_eq!(found(&table, "", "/"), Some(3));
    assert_eq!(found(&table, "", "/?a=1"), Some(4));
    let mut head = request("POST", "/?a=1&b=1");
    let listener = table.listener("web");
    assert_eq!(table.find(listener, &head, b"").map(|found| found.route), Some(1));
    head.headers.insert("x", HeaderValue::from_static("1"));
    assert_eq!(table.find(listener, &head, b"").map(|found| found.route), Some(2));
}

#[test]
fn values_of_several_fields_are_weighed() {
    let table = table(&[
        "headers = { x = \"1\" }",
        "headers = { x = \"2\" }",
        "headers = { x = \"1\" }, query = { q = \"1\" }",
        "headers = { y = \"1\" }, query = { q = \"1\", r = \"1\" }",
        "headers = { y = \"1\", z = { present = true } }",
    ]);
    let listener = table.listener("web");
    for (query, fields, expected) in [
        ("", &["x:1"][..], Some(0)),
        ("", &["x:2"], Some(1)),
        ("", &["x:3"], None),
        ("?q=1", &["x:1"], Some(2)),
        ("?q=1&r=1", &["x:1", "y:1"], Some(3)),
        ("?q=1&r=1", &["x:1", "y:1", "z:"], Some(4)),
    ] {
        let mut head = request("GET", &format!("/{query}"));
        for (name, value) in fields.iter().map(|field| field.split_once(':').unwrap()) {
            head.headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let found = table.find(listener, &head, b"");
        assert_eq!(found.map(|found| found.route), expected, "{query} {fields:?}");
    }
}

#[test]
fn a_route_serves_its_listeners_only() {
    let mut routes = written(&["", "path = \"/\""]);
    routes[0].listeners.insert("web".to_owned());
    routes[1].listeners.insert("internal".to_owned());
    let table = RouteTable::compile(&routes).unwrap();
    let find = |name| table.find(table.listener(name), &request("GET", "/"), b"");
    assert_eq!(find("web"), Some(Found { route: 0 }));
    assert_eq!(find("internal"), Some(Found { route: 1 }));
    assert_eq!(find("other"), None);
}

#[test]
fn ties_are_errors_that_name_both_routes() {
    for (left, right, tie) in [
        ("", "path = \"/\"", true),
        ("path = \"/a\"", "path = \"/a/\"", true),
        ("path = \"/a\"", "path_exact = \"/a\"", false),
        ("host = \"A.b\"", "host = \"a.b.\"", true),
        ("host = \"a.b\"", "", false),
        ("path_regex = \"/a\"", "path_regex = \"/a\"", true),
        ("path_regex = \"/a\"", "path_regex = \"/b\"", false),
        ("method = [\"GET\"]", "method = [\"GET\", \"PUT\"]", true),
        ("method = [\"GET\"]", "method = [\"PUT\"]", false),
        ("headers = { x = \"1\" }", "headers = { x = \"2\" }", false),
        ("headers = { x = \"1\" }", "headers = { y = \"1\" }", true),
        ("headers = { x = \"1\" }", "query = { x = \"1\" }", false),
    ] {
        let result = RouteTable::compile(&written(&[left, right]));
        assert_eq!(result.is_err(), tie, "{left} | {right}");
        if let Err(errors) = result {
            assert_eq!((errors[0].route, errors[0].key.as_str()), (1, "match"));
            assert!(errors[0].message.contains("routes[0] and routes[1]"), "{}", errors[0].message);
        }
    }
}

#[test]
fn all_errors_are_reported_at_once() {
    let errors = RouteTable::compile(&written(&[
        "host = \"a:80\", path = \"x\", method = [\"get\"]",
        "path_regex = \"(\"",
    ]))
    .unwrap_err();
    let keys: Vec<_> = errors.iter().map(|error| (error.route, error.key.as_str())).collect();
    assert_eq!(
        keys,
        [(0, "match.host"), (0, "match.path"), (0, "match.method"), (1, "match.path_regex")]
    );
}

fn any_route() -> impl Strategy<Value = config::Route> {
    let host =
        prop::option::of(prop::sample::select(vec!["a.b.c", "b.c", "*.c", "*.b.c", "*.a.b.c"]));
    let path = prop::sample::select(vec![
        "",
        "path = \"/\"",
        "path = \"/a\"",
        "path = \"/a/b\"",
        "path = \"/a/b/\"",
        "path_exact = \"/a\"",
        "path_exact = \"/a/b\"",
        "path_exact = \"/\"",
        "path_regex = \"/a.*\"",
        "path_regex = \"/b.*\"",
        "path_regex = \"/.+/b\"",
    ]);
    let conditions = prop::sample::select(vec![
        "",
        "method = [\"GET\"]",
        "method = [\"PUT\", \"POST\"]",
        "headers = { x = \"1\" }",
        "headers = { x = \"2\" }",
        "headers = { y = \"1\" }, query = { q = \"1\" }",
        "headers = { x = { regex = \"[12]\" } }",
        "headers = { x = { present = false } }",
        "query = { q = \"1\" }",
        "method = [\"GET\"], query = { q = { present = true } }",
        "headers = { x = \"1\", y = \"1\" }, query = { q = \"1\" }",
    ]);
    let listener = prop::option::of(prop::sample::select(vec!["web", "internal"]));
    (host, path, conditions, listener).prop_map(|(host, path, conditions, listener)| {
        let host = host.map(|host| format!("host = \"{host}\"")).unwrap_or_default();
        let parts = [host.as_str(), path, conditions];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let mut route = written(&[&parts.join(", ")]).remove(0);
        route.listeners.extend(listener.map(str::to_owned));
        route
    })
}

fn any_request() -> impl Strategy<Value = (RequestHead, &'static str)> {
    let method = prop::sample::select(vec!["GET", "PUT", "POST", "DELETE"]);
    let path = prop::sample::select(vec![
        "/", "/a", "/a/", "/a/b", "/a/b/", "/a/b/c", "/ab", "/b", "/b/b", "//", "/a//b", "*",
    ]);
    let query = prop::sample::select(vec!["", "?q=1", "?q=2", "?q", "?x&q=1"]);
    let fields =
        prop::collection::vec(prop::sample::select(vec![("x", "1"), ("x", "2"), ("y", "1")]), 0..3);
    let host =
        prop::sample::select(vec!["a.b.c", "b.c", "x.b.c", "x.a.b.c", "c", "x.c", "", "b.c."]);
    (method, path, query, fields, host).prop_map(|(method, path, query, fields, host)| {
        let mut head = request(method, &format!("{path}{query}"));
        for (name, value) in fields {
            head.headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        (head, host)
    })
}

/// Without the routes that tie with an earlier one.
fn without_ties(mut routes: Vec<config::Route>) -> (Vec<config::Route>, RouteTable) {
    loop {
        match RouteTable::compile(&routes) {
            Ok(table) => return (routes, table),
            Err(errors) => errors.iter().rev().for_each(|error| drop(routes.remove(error.route))),
        }
    }
}

proptest! {
    #[test]
    fn the_table_agrees_with_the_plain_rule(
        routes in prop::collection::vec(any_route(), 0..16),
        requests in prop::collection::vec(any_request(), 1..24),
        listener in prop::sample::select(vec!["web", "internal", "other"]),
    ) {
        let (routes, table) = without_ties(routes);
        let reference = Reference::new(&routes);
        for (head, host) in requests {
            let found = table.find(table.listener(listener), &head, host.as_bytes());
            let expected = reference.find(listener, &head, host.as_bytes());
            prop_assert_eq!(found.map(|found| found.route), expected, "{:?} {}", head, host);
        }
    }

    #[test]
    fn the_order_of_the_file_decides_nothing(
        routes in prop::collection::vec(any_route(), 0..12),
        (head, host) in any_request(),
    ) {
        let (mut routes, _) = without_ties(routes);
        routes.retain(|route| route.matches.path_regex.is_none());
        let mut find = || {
            routes.reverse();
            let table = RouteTable::compile(&routes).unwrap();
            let found = table.find(table.listener("web"), &head, host.as_bytes());
            found.map(|found| routes[found.route].clone())
        };
        prop_assert_eq!(find(), find());
    }
}
