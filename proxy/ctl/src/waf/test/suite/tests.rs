//! What holds for the module above.

use std::fs;

use super::*;

/// A suite of these files.
fn load(files: &[(&str, &str)]) -> Result<Suite, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Suite::load(folder.path())
}

fn overrides(text: &str) -> Result<Overrides, Vec<String>> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    let mut overrides = Overrides::default();
    overrides.load(file.path()).map(|()| overrides)
}

fn ids(suite: &Suite) -> Vec<String> {
    suite.tests.iter().map(|test| test.id.to_string()).collect()
}

fn expected(suite: &Suite) -> Vec<Vec<String>> {
    let stages =
        |test: &Test| test.stages.iter().map(|stage| stage.expectation.summary()).collect();
    suite.tests.iter().map(stages).collect()
}

const TWO: &str = "rule_id: 2\ntests:\n- stages: [{ input: {}, output: { status: 200 } }]\n- test_id: 7\n  stages:\n  - input: {}\n    output: { status: 200 }\n  - input: {}\n    output: { status: 201 }\n";

#[test]
fn files_are_read_in_the_order_of_their_names() {
    let suite = load(&[
        ("b/2.yaml", TWO),
        ("a/1.yml", "meta: { x: 1 }\nauthor: a\nrule_id: 1\ntests: [{ test_id: 3, desc: d, tags: [t], stages: [{ input: {} }] }]"),
        ("a/941100-x.yaml", "tests: [{ stages: [{ input: {} }] }]"),
        ("a/comments.yaml", "# nothing\n---\n"),
        ("x-overrides.yaml", "version: v0\nmeta: {}\ntest_overrides: []"),
        ("a/notes.txt", "not YAML: ["),
    ])
    .unwrap();
    assert_eq!(suite.files, ["a/1.yml", "a/941100-x.yaml", "b/2.yaml"]);
    assert_eq!(ids(&suite), ["1-3", "941100-1", "2-1", "2-7"]);
}

#[test]
fn all_errors_are_told_with_their_places() {
    let errors = load(&[
        ("1.yaml", "rule_id: 1\ntests: [{ stages: [{ input: { dest: x } }] }]"),
        ("2.yaml", "rule_id: 2\ntests: [{ stages: [{ input: { encoded_request: '?' } }, { input: {}, output: { log: { match_regex: '(' } } }] }]"),
        ("3.yaml", "rule_id: 3"),
        ("4.yaml", "rule_id: 4\ntests: [{ stages: [] }, { stages: [{ input: { uris: [] } }] }]"),
        ("x.yaml", "tests: []"),
        ("y.yaml", "tests: ["),
        ("z.yaml", "tests: [{ stages: [{ input: {}, output: { statuss: 1 } }] }]"),
    ])
    .unwrap_err();
    let says = [
        ("1.yaml: ", "`dest`"),
        ("2.yaml: 2-1, stage 0: ", "Base64"),
        ("2.yaml: 2-1, stage 1: ", "match_regex"),
        ("3.yaml: ", "`tests`"),
        ("4.yaml: 4-1: ", "no stage"),
        ("4.yaml: 4-2, stage 0: ", "`uris`"),
        ("x.yaml: ", "`rule_id`"),
        ("y.yaml: ", "line 1"),
        ("z.yaml: ", "`statuss`"),
    ];
    assert_eq!(errors.len(), says.len(), "{errors:#?}");
    for (error, (place, what)) in errors.iter().zip(says) {
        assert!(error.starts_with(place) && error.contains(what), "{error}");
    }
    assert!(Suite::load(Path::new("/nonexistent/suite")).is_err());
}

#[test]
fn overrides_take_the_place_of_what_was_expected() {
    let overrides = overrides(
        "version: v0\nmeta: {}\ntest_overrides:\n\
         - { rule_id: 2, test_ids: [1, 9], reason: r, output: { log: { expect_ids: [5] } } }\n\
         - { rule_id: 2, test_ids: [7], stage_ids: [1], retry_once: true }\n\
         - { rule_id: 4, output: { status: 1 } }\n\
         - { rule_id: 4, test_ids: [1], output: { status: 2 } }",
    );
    let mut suite = load(&[("2.yaml", TWO), ("4.yaml", &TWO.replace(": 2\n", ": 4\n"))]).unwrap();
    let unused = suite.apply(&overrides.unwrap());
    assert_eq!(unused, ["2-9"]);
    assert_eq!(
        expected(&suite),
        [
            vec!["log of 5".to_owned()],
            vec!["status 200".to_owned(), "an answer".to_owned()],
            vec!["status 2".to_owned()],
            vec!["status 1".to_owned(), "status 1".to_owned()],
        ]
    );
    let [_, seven, ..] = suite.tests.as_slice() else { panic!("four tests") };
    let overridden: Vec<_> = seven.stages.iter().map(|stage| stage.overridden).collect();
    assert_eq!(overridden, [false, true]);
    assert!(seven.stages.iter().any(|stage| stage.expectation.retry_once));
}

#[test]
fn overrides_that_make_no_sense_are_errors() {
    for (text, says) in [
        ("tests: []", "`test_overrides`"),
        ("# nothing", "`test_overrides`"),
        ("test_overrides: [{ test_ids: [1] }]", "rule_id"),
        ("test_overrides: [{ rule_id: 1, output: { log: { match_regex: '(' } } }]", "rule 1: "),
        ("test_overrides: [{ rule_id: 1, outputs: {} }]", "`outputs`"),
    ] {
        let errors = overrides(text).unwrap_err();
        assert!(errors.len() == 1 && errors[0].contains(says), "{text}: {errors:?}");
    }
    assert!(Overrides::default().load(Path::new("/nonexistent/overrides")).is_err());
}

#[test]
fn what_is_included_is_not_excluded() {
    let suite = load(&[("2.yaml", TWO)]).unwrap();
    for (include, exclude, chosen) in [
        (None, None, &[0, 1][..]),
        (Some("^2-7$"), None, &[1]),
        (None, Some("-7"), &[0]),
        (Some("7"), Some("2"), &[1]),
        (Some("x"), None, &[]),
    ] {
        let regex = |text: Option<&str>| text.map(|text| Regex::new(text).unwrap());
        let selection = Selection { include: regex(include), exclude: regex(exclude) };
        assert_eq!(suite.choose(&selection), chosen, "{include:?} {exclude:?}");
    }
}

#[test]
fn a_stage_is_played_for_each_of_its_uris() {
    let text = "rule_id: 2\ntests: [{ stages: [{ input: { uri: /a, uris: [/b, /c] }, output: { status: 1 } }, { input: { uri: /d } }] }]";
    let mut suite = load(&[("2.yaml", text)]).unwrap();
    let lines = |suite: &Suite| -> Vec<String> {
        let stages = suite.tests.iter().flat_map(|test| &test.stages);
        let bytes = stages.map(|stage| stage.message.bytes());
        bytes.map(|it| String::from_utf8(it).unwrap().lines().next().unwrap().to_owned()).collect()
    };
    assert_eq!(lines(&suite), ["GET /b HTTP/1.1", "GET /c HTTP/1.1", "GET /d HTTP/1.1"]);
    // They stay one stage to overrides.
    suite.apply(&overrides("test_overrides: [{ rule_id: 2, stage_ids: [1] }]").unwrap());
    assert_eq!(expected(&suite), [["status 1", "status 1", "an answer"]]);
}
