//! The syntax as data: `statements.txt` has what is read, `problems.txt` what is not.

mod generated;
mod print;

use std::path::{Path, PathBuf};

use super::{
    BYTES_MAX, DEPTH_MAX, FILES_MAX, Files, Memory, PROBLEMS_MAX, Sources, ast::Statement, read,
};
use crate::error::{Problem, Report};

/// Reads `main.conf`, and what it includes.
fn read_main(files: &Memory) -> Result<(Vec<Statement>, Sources), Report> {
    read(files, &["main.conf"])
}

/// Reads one file.
pub(super) fn read_text(text: impl Into<Vec<u8>>) -> Result<(Vec<Statement>, Sources), Report> {
    read_main(&Memory::from_iter([("main.conf", text.into())]))
}

/// The files of a case: `main.conf`, and behind lines `>>> path` others.
fn files(text: &str) -> Memory {
    let mut parts = text.split(">>> ");
    let main = parts.next().unwrap();
    let mut files = Memory::from_iter([("main.conf", main)]);
    for part in parts {
        let (path, text) = part.split_once('\n').unwrap();
        files.add(path, text);
    }
    files
}

/// Runs each case of a data file: text, a line `-----`, what is expected of it, a line `=====`.
fn run_cases(cases: &str, found: impl Fn(Result<(Vec<Statement>, Sources), Report>) -> String) {
    for case in cases.split("=====\n") {
        let (text, expected) = case.split_once("-----\n").expect("a case has a line of dashes");
        let found = found(read_main(&files(text)));
        assert_eq!(found, expected, "\n{text}\nfound:\n{found}");
    }
}

#[test]
fn statements_are_read() {
    run_cases(include_str!("tests/statements.txt"), |read| match read {
        Ok((statements, _)) => statements.iter().map(print::with_places).collect(),
        Err(report) => panic!("{report}"),
    });
}

#[test]
fn problems_are_found() {
    run_cases(include_str!("tests/problems.txt"), |read| match read {
        Ok((statements, _)) => panic!("{statements:?}"),
        Err(report) => report.problems().iter().map(|problem| line(problem, &report)).collect(),
    });
}

/// `path:line:column+length message (note)`, and a line for each other place.
fn line(problem: &Problem, report: &Report) -> String {
    let name = |place, len| format!("{}+{len}", report.sources().name(place));
    let note = problem.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
    let also = problem.also.iter();
    let also = also.map(|(place, len, label)| format!("  {} {label}\n", name(*place, *len)));
    let at = name(problem.place, problem.len);
    format!("{at} {}{note}\n{}", problem.message, also.collect::<String>())
}

#[test]
fn line_ends_of_windows_are_line_ends() {
    let unix = "SecRule ARGS \"a b\\\n  c\" \\\n  \"id:1,\\\n  deny\"\n# c \\\n# d\nSecMarker A\n";
    let (statements, _) = read_text(unix).unwrap();
    let (same, sources) = read_text(unix.replace('\n', "\r\n")).unwrap();
    assert_eq!(statements, same);
    assert_eq!(sources.line(same[1].place), Some(&b"SecMarker A"[..]));
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_first_line() {
    let (statements, sources) = read_text("\u{feff}SecMarker A").unwrap();
    assert_eq!((statements[0].place.line, statements[0].place.column), (1, 1));
    assert_eq!(sources.line(statements[0].place), Some(&b"SecMarker A"[..]));
}

#[test]
fn bytes_need_not_be_utf8() {
    let (statements, _) =
        read_text(b"SecRule ARGS:\xff \"\xe4\\\"\xfe\" \"id:1,msg:'\xfc'\"").unwrap();
    let printed = print::as_written(&statements[0], b" ");
    assert_eq!(printed, b"SecRule \"ARGS:'\xff'\" \"@rx \xe4\\\"\xfe\" \"id:'1' , msg:'\xfc'\"\n");
}

#[test]
fn only_what_is_asked_for_is_read() {
    let files = Memory::from_iter([("a.conf", "SecMarker A\n"), ("b.conf", "SecMarker B\n")]);
    let (statements, sources) = read(&files, &["b.conf", "?.conf"]).unwrap();
    let paths: Vec<_> = sources.iter().map(|source| source.path()).collect();
    assert_eq!(paths, [Path::new("b.conf"), Path::new("a.conf"), Path::new("b.conf")]);
    assert_eq!(statements.len(), 3);
    let none: [&Path; 0] = [];
    assert!(read(&files, &none).unwrap().0.is_empty());
}

#[test]
fn paths_of_the_caller_must_lead_to_files() {
    let report = read(&Memory::new(), &["a.conf", "b/*.conf"]).unwrap_err();
    let expected = "\
error: cannot read `a.conf`: entity not found
 --> a.conf

error: no file matches `b/*.conf`
 --> b/*.conf";
    assert_eq!(report.to_string(), expected);
}

/// Files that include each other in a chain, `0` first.
fn chain(len: usize) -> Memory {
    let link = |n: usize| (format!("{n}"), format!("SecMarker A\nInclude {}\n", n + 1));
    let mut files: Memory = (0..len - 1).map(link).collect();
    files.add(format!("{}", len - 1), "SecMarker A");
    files
}

#[test]
fn depth_is_bounded() {
    assert_eq!(read(&chain(DEPTH_MAX), &["0"]).unwrap().0.len(), DEPTH_MAX);
    let report = read(&chain(DEPTH_MAX + 1), &["0"]).unwrap_err();
    assert_eq!(report.summary(), "63:2:9: files include each other more than 64 deep");
}

#[test]
fn the_number_of_files_is_bounded() {
    // Each includes the next one twice: without a bound, there would be 2^60 to read.
    let twice = |n: u32| (format!("{n}"), format!("Include {0}\nInclude {0}\n", n + 1));
    let mut files: Memory = (0..60).map(twice).collect();
    files.add("60", "");
    let report = read(&files, &["0"]).unwrap_err();
    assert_eq!(report.sources().len(), FILES_MAX);
    assert_eq!(report.problems().len(), 1);
    assert_eq!(report.problems()[0].message, "more than 4096 files are read");
}

#[test]
fn the_number_of_bytes_is_bounded() {
    let main = "Include big\nSecMarker A\n";
    let read =
        |len| read_main(&Memory::from_iter([("main.conf", main), ("big", &"#".repeat(len))]));
    assert_eq!(read(BYTES_MAX - main.len()).unwrap().0.len(), 1);
    let report = read(BYTES_MAX - main.len() + 1).unwrap_err();
    assert_eq!(report.summary(), "main.conf:1:9: more than 67108864 bytes are read");
}

#[test]
fn the_number_of_problems_is_bounded() {
    let ids = format!("SecRuleRemoveById {}", "x ".repeat(2 * PROBLEMS_MAX));
    for text in
        [&*"x\n".repeat(2 * PROBLEMS_MAX), &"# \\\nInclude\n".repeat(2 * PROBLEMS_MAX), &ids]
    {
        let report = read_text(text).unwrap_err();
        assert_eq!(report.problems().len(), PROBLEMS_MAX + 1, "{text}");
        let Some([last, stop]) = report.problems().last_chunk() else { panic!("{report}") };
        assert_eq!(last.place, stop.place);
        assert_eq!(stop.message, "too many problems: nothing behind this place has been read");
    }
    let swallowed = format!("# {}", "\\\nInclude".repeat(9));
    assert_eq!(read_text(swallowed).unwrap_err().problems().len(), 1);
}

#[test]
fn errors_of_files_are_reported_where_the_path_stands() {
    struct Broken;
    impl Files for Broken {
        fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
            match path.to_str() {
                Some("main.conf") => Ok(b"Include a\nIncludeOptional a\nInclude \"*\"\n".to_vec()),
                _ => Err(std::io::Error::other("broken")),
            }
        }
        fn glob(&self, _: &Path, _: &str) -> std::io::Result<Vec<PathBuf>> {
            Err(std::io::Error::other("no"))
        }
    }
    let report = read(&Broken, &["main.conf"]).unwrap_err();
    let found: String = report.problems().iter().map(|problem| line(problem, &report)).collect();
    let expected = "\
main.conf:1:9+1 cannot read `a`: broken
main.conf:2:17+1 cannot read `a`: broken
main.conf:3:9+3 cannot list `*`: no
";
    assert_eq!(found, expected);
}
