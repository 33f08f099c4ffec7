use super::{KeyPath, Part, path};
use crate::config::load::parse;

#[test]
fn paths_are_written_as_toml_has_them() {
    let name = String::from("a.b");
    let cases = [
        (path!["clusters", "blue", "endpoints", 0], "clusters.blue.endpoints[0]"),
        (path!["clusters", &name, "tls"], "clusters.\"a.b\".tls"),
        (path!["routes", 2, "match", "query", ""], "routes[2].match.query.\"\""),
        (path!["routes", 0, "listeners"].item("web"), "routes[0].listeners[\"web\"]"),
        (path!["a"].join("b"), "a.b"),
        (KeyPath::root(), ""),
    ];
    for (path, text) in cases {
        assert_eq!(path.to_string(), text);
    }
}

#[test]
fn a_path_is_located_at_the_closest_thing_that_exists() {
    let text = "[clusters.a]\nendpoints = [\"http://h\"]\ntls = { ca = \"x\" }\n[[routes]]\nto = \"cluster:a\"\nmatch.method = [\"GET\", \"PUT\"]\n";
    let document = parse("x.toml", text).unwrap().document;
    let position = |path: &KeyPath, part| {
        let location = document.locate_part(path, part);
        let (_, line, column) = document.sources.position(&location);
        (line, column)
    };
    for (path, key, value) in [
        (KeyPath::root(), (1, 1), (1, 1)),
        (path!["clusters", "a"], (1, 11), (1, 1)),
        (path!["clusters", "a", "endpoints", 0], (2, 14), (2, 14)),
        (path!["clusters", "a", "endpoints", 7], (2, 13), (2, 13)),
        (path!["clusters", "a", "tls", "ca"], (3, 9), (3, 14)),
        (path!["clusters", "a", "tls", "cert"], (3, 7), (3, 7)),
        (path!["routes", 0, "rewrite", "host"], (4, 1), (4, 1)),
        (path!["routes", 0, "match", "method"].item("PUT"), (6, 24), (6, 24)),
        (path!["drain", "delay"], (1, 1), (1, 1)),
    ] {
        assert_eq!(position(&path, Part::Key), key, "key of {path}");
        assert_eq!(position(&path, Part::Value), value, "value of {path}");
    }
}
