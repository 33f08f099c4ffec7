//! Rule files. What is read reads back when it is written again; what loads loads again and is told to be the same; every
//! problem and finding has a place within its file.
#![no_main]

use foxtrot_fuzz::written::as_written;
use foxtrot_waf::{
    RuleSet,
    error::{Problem, Report},
    lint,
    seclang::{
        Memory, Sources,
        ast::{Kind, Place, Statement},
        read,
    },
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let files: Memory =
        [("fuzz.conf", data), ("words.data", b"select\nunion\n")].into_iter().collect();
    let (statements, _) = match read(&files, &["fuzz.conf"]) {
        Ok(read) => read,
        Err(report) => return shown(&report),
    };
    let written: Vec<u8> = statements.iter().flat_map(as_written).collect();
    if !is_awkward(&written) {
        let again: Memory =
            [("fuzz.conf", &written[..]), ("words.data", b"select\nunion\n")].into_iter().collect();
        let again = read(&again, &["fuzz.conf"]).unwrap_or_else(|report| panic!("{report}")).0;
        assert_eq!(told(&again), told(&statements));
    }
    match (RuleSet::load(&files, &["fuzz.conf"]), lint(&files, &["fuzz.conf"])) {
        (Ok(rules), Ok(lint)) => {
            let written = statements.iter().filter(|statement| is_rule(statement));
            assert_eq!(rules.len(), written.count());
            for finding in lint.findings() {
                told_within(&finding.problem, lint.sources());
                assert!(!finding.render(lint.sources()).is_empty());
            }
        }
        (Err(one), Err(other)) => {
            assert_eq!(one.problems(), other.problems());
            shown(&one);
        }
        _ => panic!("loads once and not again"),
    }
});

fn is_rule(statement: &Statement) -> bool {
    matches!(statement.kind, Kind::Rule { .. } | Kind::Action(_))
}

fn shown(report: &Report) {
    assert!(!report.problems().is_empty() && !report.to_string().is_empty());
    report.problems().iter().for_each(|problem| told_within(problem, report.sources()));
}

fn told_within(problem: &Problem, sources: &Sources) {
    assert!(!problem.message.is_empty());
    within(problem.place, sources);
    problem.also.iter().for_each(|(place, ..)| within(*place, sources));
}

fn within(place: Place, sources: &Sources) {
    assert!(sources.at(place).is_some(), "{place:?}");
    let line = sources.line(place);
    assert_eq!(line.is_some(), place.line > 0, "{place:?}");
    // What is missing at the end of a line is right behind it.
    assert!(
        line.is_none_or(|line| (1..=line.len() + 1).contains(&(place.column as usize))),
        "{place:?} {line:?}"
    );
}

/// What the printer of the tests has no spelling for: line ends, and a backslash before what it escapes.
fn is_awkward(written: &[u8]) -> bool {
    written.contains(&b'\r')
        || written.windows(2).any(|two| matches!(two, [b'\\', b'"' | b'\'' | b'/' | b'\n' | b'\\']))
}

/// Statements without their places.
fn told(statements: &[Statement]) -> Vec<u8> {
    statements.iter().flat_map(as_written).collect()
}
