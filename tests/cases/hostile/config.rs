//! Runs the rows of bad configuration: `foxtrot check` says where, and exits with 1.

use e2e::*;

use super::{
    Findings,
    config_data::{GOOD, rows},
    ensure,
};

#[test]
fn bad_configuration_is_refused_with_its_place() {
    let mut findings = Findings::default();
    for row in rows() {
        let exit = check(&row.toml);
        let place = format!("foxtrot.toml:{}:", row.line);
        let result = ensure(exit.code == Some(2), || format!("exit code {:?}", exit.code))
            .and_then(|()| ensure(has_place(&exit.output, &place), || "no place".into()))
            .and_then(|()| {
                ensure(exit.output.contains(row.says), || format!("no \"{}\"", row.says))
            });
        let result =
            result.map_err(|found| format!("{found}; wanted {place}COLUMN in\n{}", exit.output));
        findings.add(row.id, row.input, result);
    }
    findings.none();
}

#[test]
fn good_configuration_is_accepted() {
    let exit = check(GOOD);
    assert_eq!(exit.code, Some(0), "{}", exit.output);
}

#[test]
fn all_errors_are_shown_at_once() {
    let exit = check(format!("{GOOD}\nnonsense = 1\n[listeners.http.limits]\nheaders = 0\n"));
    assert_eq!(exit.code, Some(2));
    assert!(exit.output.contains("nonsense") && exit.output.contains("headers"), "{}", exit.output);
}

#[test]
fn bad_usage_is_another_exit_code() {
    for arguments in [
        &["check"][..],
        &["check", "--config", "/nowhere.toml"],
        &["frobnicate"],
        &["run", "--nonsense"],
    ] {
        let exit = proxy::run(arguments);
        assert_eq!(exit.code, Some(2), "{arguments:?}: {}", exit.output);
    }
}

#[test]
fn run_refuses_what_check_refuses() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("foxtrot.toml");
    std::fs::write(&path, format!("{GOOD}\nnonsense = 1\n")).unwrap();
    let exit = proxy::run(&["run", "--config", path.to_str().unwrap()]);
    assert_eq!(exit.code, Some(2), "{}", exit.output);
}

fn has_place(output: &str, place: &str) -> bool {
    output
        .match_indices(place)
        .any(|(at, _)| output[at + place.len()..].starts_with(|c: char| c.is_ascii_digit()))
}
