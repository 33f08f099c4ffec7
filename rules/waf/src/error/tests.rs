use super::*;
use crate::seclang::{Memory, read};

fn report(text: &[u8]) -> Report {
    read(&Memory::from_iter([("rules/a.conf", text)]), &["rules/a.conf"]).unwrap_err()
}

#[test]
fn frames_show_the_line_and_the_way_out() {
    let text =
        b"# rules\nSecRule ARGS \"@rx a\" \\\n\t\"id:1,\\\n  msg:'a, b' deny\"\nSecRul ARGS x\n";
    let expected = "\
error: expected a comma, found `deny`
 --> rules/a.conf:4:14
  |
4 |   msg:'a, b' deny\"
  |              ^^^^

error: unknown directive `SecRul`
 --> rules/a.conf:5:1
  |
5 | SecRul ARGS x
  | ^^^^^^
  |
  = help: did you mean `SecRule`?";
    let report = report(text);
    assert_eq!(report.to_string(), expected);
    assert_eq!(
        report.summary(),
        "2 problems, the first: rules/a.conf:4:14: expected a comma, found `deny`"
    );
    assert_eq!(
        report.problems()[1].render(report.sources()),
        expected.split_once("\n\n").unwrap().1
    );
}

#[test]
fn a_mark_ends_with_its_line() {
    let expected = "\
error: expected a comma, found `b   c`
 --> rules/a.conf:1:18
  |
1 | SecAction \"a:'a' b \\
  |                  ^^^";
    let found = report(b"SecAction \"a:'a' b \\\n  c\"").to_string();
    assert_eq!(found.split("\n  |\n  = help").next().unwrap(), expected);
}

#[test]
fn other_places_are_shown_too() {
    let files =
        Memory::from_iter([("a", "#\n#\nInclude b"), ("b", &*("#\n".repeat(99) + "Include a"))]);
    let report = read(&files, &["a"]).unwrap_err();
    let expected = "\
error: circular include: `a` -> `b` -> `a`
   --> b:100:9
    |
100 | Include a
    |         ^
note: `b` is included here
   --> a:3:9
    |
  3 | Include b
    |         ^";
    assert_eq!(report.to_string(), expected);
}

#[test]
fn of_long_lines_the_part_with_the_mark_is_shown() {
    let text = format!("SecMarker {} x {}", "a".repeat(200), "b".repeat(200));
    let expected = format!(
        "\
error: `SecMarker` takes 1 argument, found 3
 --> rules/a.conf:1:212
  |
1 | ...{} x {}...
  |    {}^
  |
  = help: an argument with spaces is written in double quotes",
        "a".repeat(29),
        "b".repeat(88),
        " ".repeat(30),
    );
    assert_eq!(report(text.as_bytes()).to_string(), expected);
}

#[test]
fn what_would_move_a_cursor_is_not_shown() {
    let found = report(b"\xff\t\x1b[31mSecRul\xe2\x80\xae \x07\r x\n");
    let shown = found.to_string() + &found.summary();
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
    assert!(!shown.contains('\u{202e}'), "{shown:?}");
}

#[test]
fn problems_are_in_the_order_of_their_places() {
    let sources = report(b"x").sources().clone();
    let place = |line| Place { file: 0, line, column: 1 };
    let problems = [3, 1, 2].map(|line| Problem::new(place(line), 1, format!("{line}")));
    let report = Report::new(problems.to_vec(), sources);
    let lines: Vec<_> = report.problems().iter().map(|problem| problem.place.line).collect();
    assert_eq!(lines, [1, 2, 3]);
    assert_eq!(report.problems()[0].clone().maybe_note(None).note, None);
}

#[test]
fn texts_have_places() {
    let text = Text { place: Place { file: 0, line: 1, column: 3 }, bytes: b"ab".to_vec() };
    let problem = Problem::with(&text, "wrong").note("do").maybe_note(None);
    assert_eq!((problem.place.column, problem.len, problem.note.as_deref()), (3, 2, Some("do")));
}

#[test]
fn a_part_of_a_text_over_several_lines_is_in_its_own_line() {
    let rules = "SecAction \"id:1,pass,msg:'a message \\\n  that goes on \\\n with %{nobody}'\"\n";
    let files = Memory::from_iter([("a.conf", rules)]);
    let report = crate::RuleSet::load(&files, &["a.conf"]).unwrap_err();
    let place = report.problems()[0].place;
    assert_eq!((place.line, place.column), (3, 9), "{report}");
}
