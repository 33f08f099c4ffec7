mod random;

use std::{fs, path::Path, path::PathBuf};

use super::{load, parse};
use crate::config::{RouteTarget, check::check, diagnostic::tests::lines, document::path};

/// Writes files into a fresh directory.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

/// What is wrong, with the directory taken out of file names.
fn wrong(directory: &tempfile::TempDir) -> Vec<String> {
    let report = load(&directory.path().join("main.toml")).unwrap_err();
    let root = format!("{}/", directory.path().display());
    let line = |e: crate::config::diagnostic::Entry| {
        format!("{}:{}:{} {}: {}", e.file, e.line, e.column, e.path, e.message).replace(&root, "")
    };
    report.entries().into_iter().map(line).collect()
}

const ROUTE: &str = "[[routes]]\nto = \"respond:200\"\n";

#[test]
fn includes_merge_tables_and_append_routes() {
    let directory = directory(&[
        ("main.toml", "include = [\"conf.d/*.toml\", \"extra.toml\"]\n[drain]\ndelay = \"1s\"\n"),
        ("conf.d/b.toml", "[[routes]]\nto = \"respond:201\"\n[drain]\ndeadline = \"9s\"\n"),
        ("conf.d/a.toml", ROUTE),
        ("conf.d/.hidden.toml", "not TOML"),
        ("conf.d/a.toml.bak", "not TOML"),
        ("extra.toml", "include = [\"deep/x.toml\"]\n"),
        (
            "deep/x.toml",
            "[listeners.x]\nlisten = \"127.0.0.1:0\"\ntls.certs = [{ cert = \"c.pem\", key = \"/abs/k.pem\" }]\n",
        ),
    ]);
    let at = |name: &str| directory.path().join(name);
    let loaded = load(&at("main.toml")).unwrap_or_else(|report| panic!("{report}"));
    let to: Vec<_> = loaded.config.routes.iter().map(|route| route.to.clone()).collect();
    assert_eq!(to, [RouteTarget::Respond(200), RouteTarget::Respond(201)]);
    let drain = &loaded.config.drain;
    assert_eq!((drain.delay.to_string(), drain.deadline.to_string()), ("1s".into(), "9s".into()));
    let pair = &loaded.config.listeners["x"].tls.as_ref().unwrap().certs[0];
    assert_eq!((&pair.cert, &pair.key), (&at("deep/c.pem"), &PathBuf::from("/abs/k.pem")));
    let names = ["main.toml", "conf.d/a.toml", "conf.d/b.toml", "extra.toml", "deep/x.toml"];
    assert_eq!(loaded.files, names.map(at));
    assert_eq!(loaded.patterns, [at("conf.d/*.toml")]);
    assert_eq!(loaded.base_dir, directory.path());
    assert!(loaded.config.include.is_empty() && !loaded.text.contains("include"));
}

#[test]
fn errors_name_the_file_that_they_are_in() {
    type Files<'a> = &'a [(&'a str, &'a str)];
    let cases: &[(Files<'_>, &[&str])] = &[
        (
            &[
                ("main.toml", "include = [\"*.inc\"]\nworkers = 1\n[drain]\ndelay = \"1s\"\n"),
                ("a.inc", "workers = 2\nspeed = 3\n"),
                ("b.inc", "drain = 5\n"),
            ],
            &[
                "a.inc:1:1 workers: set in two files",
                "a.inc:2:1 speed: unknown key `speed`",
                "b.inc:1:1 drain: set in two files",
            ],
        ),
        (
            &[("main.toml", "include = [\"a.toml\"]"), ("a.toml", "\ninclude = [\"main.toml\"]")],
            &["a.toml:2:12 include[0]: main.toml includes itself, directly or through others"],
        ),
        (
            &[("main.toml", "include = [\"a.toml\", \"*.toml\"]"), ("a.toml", "")],
            &[
                "main.toml:1:22 include[1]: a.toml is included twice",
                "main.toml:1:22 include[1]: main.toml includes itself, directly or through others",
            ],
        ),
        (
            &[("main.toml", "include = [\"no.toml\", \"no/*.toml\", \"*/a.toml\", \"..\"]")],
            &[
                "main.toml:1:12 include[0]: no.toml cannot be read: No such file or directory (os error 2)",
                "main.toml:1:23 include[1]: directory no cannot be read: No such file or directory (os error 2)",
                "main.toml:1:36 include[2]: `*` may stand in the file name only, not in a directory",
                "main.toml:1:48 include[3]: expected the path of a file",
            ],
        ),
        (
            &[("main.toml", "include = [5]\n")],
            &["main.toml:1:12 include[0]: expected a string, found an integer: 5"],
        ),
        (
            &[("main.toml", "include = [\"a.toml\"]\nb = = 1\n"), ("a.toml", "c = \n")],
            &[
                "main.toml:2:5 : not TOML: extra `=`, expected nothing",
                "main.toml:2:7 : not TOML: unexpected key or value, expected newline, `#`",
            ],
        ),
        (
            &[],
            &[
                "main.toml:1:1 : the configuration cannot be read: No such file or directory (os error 2)",
            ],
        ),
    ];
    for (files, expected) in cases {
        assert_eq!(&wrong(&directory(files)), expected, "{files:?}");
    }
}

#[test]
fn a_key_set_twice_is_shown_in_both_places() {
    let directory = directory(&[
        ("main.toml", "include = [\"a.toml\"]\nworkers = 1\n"),
        ("a.toml", "workers = 2\n"),
    ]);
    let frame = load(&directory.path().join("main.toml")).unwrap_err().to_string();
    for part in ["a.toml:1:1", "main.toml:2:1", "first set here", "workers = 2", "workers = 1"] {
        assert!(frame.contains(part), "{part}\n{frame}");
    }
}

#[test]
fn a_pattern_that_matches_nothing_is_watched() {
    let directory =
        directory(&[("main.toml", "include = [\"more/*.toml\"]\n"), ("more/readme", "")]);
    let loaded = load(&directory.path().join("main.toml")).unwrap();
    assert!(
        loaded.patterns.contains(&directory.path().join("more/*.toml")),
        "{:?}",
        loaded.patterns
    );
    assert_eq!(loaded.files.len(), 1);
}

#[test]
fn a_file_that_is_not_text_is_refused() {
    let directory = directory(&[]);
    fs::write(directory.path().join("main.toml"), b"a = \"\xff\"").unwrap();
    assert_eq!(
        wrong(&directory),
        ["main.toml:1:1 : the configuration cannot be read: not UTF-8 from byte 5 on"]
    );
}

#[test]
fn like_starts_from_another_cluster() {
    let loaded = parse(
        "x.toml",
        "[clusters.base]\nhealth = { path = \"/up\", every = \"9s\" }\nretry.on = [\"503\"]\n\
         [clusters.a]\nlike = \"base\"\nendpoints = [\"http://a\"]\nhealth.every = \"5s\"\n\
         [clusters.b]\nlike = \"a\"\nendpoints = [\"http://b\"]\nretry.on = [\"connect\"]\n\
         [[routes]]\nto = \"cluster:a\"\n[[routes]]\nto = \"cluster:b\"\n",
    )
    .unwrap_or_else(|report| panic!("{report}"));
    let clusters = &loaded.config.clusters;
    assert_eq!(clusters.keys().collect::<Vec<_>>(), ["a", "b"], "the template is no cluster");
    let health = clusters["b"].health.as_ref().unwrap();
    assert_eq!((health.path.as_str(), health.every.to_string()), ("/up", "5s".to_owned()));
    assert_eq!((clusters["a"].retry.on.len(), clusters["b"].retry.on.len()), (1, 1));
    assert_ne!(clusters["a"].retry.on, clusters["b"].retry.on);
    assert!(!loaded.text.contains("like") && !loaded.text.contains("base"), "{}", loaded.text);
    let (_, line, column) = loaded
        .document
        .sources
        .position(&loaded.document.locate(&path!["clusters", "b", "health", "path"]));
    assert_eq!((line, column), (2, 19), "an inherited value is where it was written");
}

#[test]
fn a_misspelt_reference_does_not_make_a_cluster_a_template() {
    let loaded = parse(
        "x.toml",
        "[listeners.web]\nlisten = \"127.0.0.1:0\"\n[clusters.blue]\nendpoints = [\"http://b\"]\n\
         [clusters.green]\nlike = \"blue\"\n[rollouts.r]\nblue = \"bleu\"\ngreen = \"green\"\n\
         [[routes]]\nto = \"rollout:r\"\n",
    )
    .unwrap();
    let report = loaded.locate(check(&loaded.config));
    assert_eq!(lines(&report), "8:8 rollouts.r.blue: no cluster `bleu` (did you mean `blue`?)\n");
}

#[test]
fn the_text_loads_to_the_same_configuration() {
    for file in ready() {
        let loaded = load(&file).unwrap_or_else(|report| panic!("{report}"));
        let again = parse("history", &loaded.text).unwrap_or_else(|report| panic!("{report}"));
        assert_eq!((&again.config, &again.text), (&loaded.config, &loaded.text), "{file:?}");
        assert_eq!(again.hash, loaded.hash);
    }
}

#[test]
fn comments_and_order_do_not_change_the_hash() {
    let hash = |text: &str| parse("x.toml", text).map(|loaded| loaded.hash).unwrap();
    let first = hash("workers = 1\n[drain]\ndelay = \"1s\"\ndeadline = \"2s\"\n");
    assert_eq!(first, hash("drain = { deadline = \"2s\", delay = \"1s\" } # why\nworkers = 0x1\n"));
    assert_ne!(first, hash("workers = 2\n[drain]\ndelay = \"1s\"\ndeadline = \"2s\"\n"));
}

#[test]
fn ready_configurations_hold() {
    let files = ready();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let loaded = load(&file).unwrap_or_else(|report| panic!("{report}"));
        let report = loaded.locate(check(&loaded.config));
        assert!(report.is_empty(), "{report}");
    }
}

/// The configurations in conf/. Gates are of `foxctl`.
fn ready() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conf");
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|ext| ext == "toml"));
    files.filter(|path| !path.ends_with("gates.toml")).collect()
}

#[test]
fn what_else_is_wrong_is_told_beside_departures_from_the_schema() {
    let text = "trusted_proxis = []\n\
         [listeners.a]\nlisten = \"127.0.0.1:80\"\n[listeners.a.timeouts]\nheader = \"5\"\n\
         [listeners.b]\nlitsen = \"127.0.0.1:80\"\n\
         [clusters.blue]\nbalance = \"round\"\n[clusters.green]\nendpoints = []\n\
         [rollouts.one]\nblue = \"blue\"\ngreen = \"gren\"\n[rollouts.two]\ngreen = \"green\"\n\
         [[routes]]\nto = \"cluster\"\nlisteners = [\"x\"]\n\
         [[routes]]\nmatch = { path = \"a\" }\nto = \"rollout:two\"\nlisteners = [\"b\"]\n";
    let report = parse("main.toml", text).unwrap_err();
    let told: Vec<_> = report.entries().into_iter().map(|entry| entry.path).collect();
    let mut expected = vec![
        "trusted_proxis",
        "listeners.a.timeouts.header",
        "listeners.b.litsen",
        "clusters.blue.balance",
        // Found by the check alone, in tables that are right.
        "clusters.green.endpoints",
        "rollouts.one.green",
        "rollouts.two.blue",
        "routes[0].to",
        "routes[1].match.path",
    ];
    assert_eq!(told.len(), expected.len(), "{report}");
    expected.retain(|path| !told.iter().any(|told| told == path));
    assert!(expected.is_empty(), "{expected:?} is missing: {report}");
}
