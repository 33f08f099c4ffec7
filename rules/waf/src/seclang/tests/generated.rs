//! The syntax on generated input: what is printed is read again, places are where things are written, and nothing at all
//! panics or takes more time than it is long.

use std::time::{Duration, Instant};

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{print, read_text};
use crate::seclang::{
    Sources,
    ast::{Action, Kind, Modifier, Operator, Place, Selector, Statement, Target, Text, Which},
};

/// Bytes without the two things that cannot be written in quotes: a backslash before a quote, and one at the end.
fn text() -> impl Strategy<Value = Text> {
    let part = prop_oneof![
        8 => "[ -!#-&(-.0-\\[\\]-~]{1,8}",
        1 => select(vec!["\"", "'", "/", "|", ",", "\\d", "\\\\x", "\t", "\u{fc}", "#", "%{tx.0}"]).prop_map(str::to_owned),
    ];
    vec(part, 0..4).prop_map(|parts| Text { bytes: parts.concat().into_bytes(), ..Text::default() })
}

/// A text that does not begin with white space or what has a meaning at the beginning.
fn word() -> impl Strategy<Value = Text> {
    (select(vec!["a", "9", "_", "."]), text())
        .prop_map(|(first, rest)| Text { bytes: [first.as_bytes(), &rest.bytes].concat(), ..rest })
}

fn target() -> impl Strategy<Value = Target> {
    let modifier = select(vec![Modifier::Values, Modifier::Count, Modifier::Exclude]);
    let selector = prop_oneof![word().prop_map(Selector::Name), word().prop_map(Selector::Pattern)];
    (modifier, "[A-WYZ][A-Z_0-9]{0,6}", option::of(selector)).prop_map(
        |(modifier, name, selector)| Target { place: Place::default(), modifier, name, selector },
    )
}

fn operator() -> impl Strategy<Value = Operator> {
    let argument = prop_oneof![Just(Text::default()), word()];
    (any::<bool>(), "[a-zA-Z0-9]{1,9}", argument).prop_map(|(negated, name, argument)| Operator {
        place: Place::default(),
        negated,
        name,
        argument,
    })
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = ("[a-zA-Z]{1,9}", option::of(text()));
    vec(
        action.prop_map(|(name, argument)| Action { place: Place::default(), name, argument }),
        1..5,
    )
}

fn which() -> impl Strategy<Value = Which> {
    let range = (any::<u32>(), any::<u32>());
    let range = range.prop_map(|(a, b)| (u64::from(a.min(b)), u64::from(a.max(b))));
    prop_oneof![
        vec(range, 1..4).prop_map(Which::Ids),
        text().prop_map(Which::Tag),
        text().prop_map(Which::Message),
    ]
}

fn statement() -> impl Strategy<Value = Statement> {
    let targets = || vec(target(), 1..5);
    let rule = (targets(), operator(), prop_oneof![Just(Vec::new()), actions()]);
    let update = (which(), targets(), option::of(targets()));
    let kind = prop_oneof![
        5 => rule.prop_map(|(targets, operator, actions)| Kind::Rule { targets, operator, actions }),
        1 => actions().prop_map(Kind::Action),
        1 => actions().prop_map(Kind::DefaultAction),
        1 => text().prop_map(Kind::Marker),
        1 => update.prop_map(|(which, targets, replaced)| Kind::UpdateTarget { which, targets, replaced }),
        1 => (any::<u64>(), 0..9_usize, actions())
            .prop_map(|(id, link, actions)| Kind::UpdateAction { id, link, actions }),
        1 => which().prop_map(Kind::Remove),
        1 => vec(text(), 1..4).prop_map(|arguments| Kind::Directive {
            name: "SecResponseBodyMimeType".to_owned(),
            arguments,
        }),
    ];
    kind.prop_map(|kind| Statement { place: Place::default(), kind })
}

/// White space where it may be: on the line, or over lines.
fn space() -> impl Strategy<Value = &'static [u8]> {
    select(vec![&b" "[..], b"  \t", b" \\\n  ", b"\\\r\n\t", b" \\\n\\\n \\\n "])
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(statements in vec((statement(), space()), 1..4)) {
        let text: Vec<u8> = statements.iter().flat_map(|(s, space)| print::as_written(s, space)).collect();
        let (read, sources) = read_text(text).map_err(|report| TestCaseError::fail(report.to_string()))?;
        for read in &read {
            check_places(read, &sources)?;
        }
        let read: Vec<_> = read.into_iter().map(without_places).collect();
        let written: Vec<_> = statements.into_iter().map(|(statement, _)| statement).collect();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..400)) {
        check_report(bytes)?;
    }

    #[test]
    fn any_fragments_are_read_or_refused(fragments in vec(select(FRAGMENTS.to_vec()), 0..40)) {
        check_report(fragments.concat().into_bytes())?;
    }
}

/// Parts of which statements are made, and what breaks them.
const FRAGMENTS: &[&str] = &[
    "SecRule ",
    "SecAction ",
    "SecMarker ",
    "SecRuleRemoveById ",
    "SecRuleUpdateTargetById ",
    "SecRuleEngine ",
    "Include ",
    "SecRuleUpdateActionById ",
    "ARGS",
    "XML:",
    "|",
    "!",
    "&",
    ":",
    "/",
    "/a|b/",
    "//@*",
    "[",
    "]",
    "(",
    "@rx ",
    "@",
    "a",
    "\"",
    "'",
    "\\",
    "\\\"",
    "\\'",
    "\\/",
    "\\\n",
    "\\\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    "#",
    ",",
    "id:1",
    "msg:'",
    "t:none",
    "1-2",
    "-",
    "9",
    "%{x}",
    "\u{feff}",
    "\u{e9}",
    "main.conf",
    "*",
    "<If>",
    "On",
    ".",
];

/// Whatever is wrong has a place within its file, and can be shown.
fn check_report(bytes: Vec<u8>) -> Result<(), TestCaseError> {
    let Err(report) = read_text(bytes) else { return Ok(()) };
    for problem in report.problems() {
        let line = report.sources().line(problem.place);
        let column = problem.place.column as usize;
        prop_assert!(line.is_some_and(|line| column <= line.len() + 1), "{:?}", problem);
        prop_assert!(column > 0 && !problem.message.is_empty());
    }
    prop_assert!(report.to_string().starts_with("error: "));
    Ok(())
}

/// Every part stands where its place says.
fn check_places(statement: &Statement, sources: &Sources) -> Result<(), TestCaseError> {
    let stands = |place: Place, words: &[u8]| {
        let line = sources.line(place).unwrap_or_default();
        line.get(place.column as usize - 1..).is_some_and(|rest| rest.starts_with(words))
    };
    let text_stands = |text: &Text| match text.bytes.first() {
        Some(first) => stands(text.place, &[*first]) || stands(text.place, &[b'\\', *first]),
        None => true,
    };
    prop_assert!(stands(statement.place, b"Sec"));
    let (targets, actions) = parts(&statement.kind);
    for target in targets {
        let modifier = [&b""[..], b"&", b"!"][target.modifier as usize];
        prop_assert!(stands(target.place, &[modifier, target.name.as_bytes()].concat()));
        match &target.selector {
            Some(Selector::Name(text) | Selector::Pattern(text)) => prop_assert!(text_stands(text)),
            None => {}
        }
    }
    for Action { place, name, argument } in actions {
        prop_assert!(stands(*place, name.as_bytes()));
        prop_assert!(argument.as_ref().is_none_or(text_stands));
    }
    if let Kind::Rule { operator, .. } = &statement.kind {
        let not = if operator.negated { "!" } else { "" };
        let written = [not, "@", &operator.name].concat();
        prop_assert!(stands(operator.place, written.as_bytes()));
        prop_assert!(text_stands(&operator.argument));
    }
    Ok(())
}

fn parts(kind: &Kind) -> (Vec<&Target>, &[Action]) {
    match kind {
        Kind::Rule { targets, actions, .. } => (targets.iter().collect(), actions),
        Kind::Action(actions) | Kind::DefaultAction(actions) => (Vec::new(), actions),
        Kind::UpdateAction { actions, .. } => (Vec::new(), actions),
        Kind::UpdateTarget { targets, replaced, .. } => {
            (targets.iter().chain(replaced.iter().flatten()).collect(), &[])
        }
        _ => (Vec::new(), &[]),
    }
}

fn without_places(mut statement: Statement) -> Statement {
    let text = |text: &mut Text| text.place = Place::default();
    let action = |action: &mut Action| {
        action.place = Place::default();
        action.argument.iter_mut().for_each(text);
    };
    let target = |target: &mut Target| {
        target.place = Place::default();
        match &mut target.selector {
            Some(Selector::Name(selector) | Selector::Pattern(selector)) => text(selector),
            None => {}
        }
    };
    let which = |which: &mut Which| match which {
        Which::Tag(pattern) | Which::Message(pattern) => text(pattern),
        Which::Ids(_) => {}
    };
    statement.place = Place::default();
    match &mut statement.kind {
        Kind::Rule { targets, operator, actions } => {
            operator.place = Place::default();
            text(&mut operator.argument);
            targets.iter_mut().for_each(target);
            actions.iter_mut().for_each(action);
        }
        Kind::Action(actions) | Kind::DefaultAction(actions) => actions.iter_mut().for_each(action),
        Kind::UpdateAction { actions, .. } => actions.iter_mut().for_each(action),
        Kind::UpdateTarget { which: rules, targets, replaced } => {
            which(rules);
            targets.iter_mut().chain(replaced.iter_mut().flatten()).for_each(target);
        }
        Kind::Remove(rules) => which(rules),
        Kind::Marker(name) => text(name),
        Kind::Directive { arguments, .. } => arguments.iter_mut().for_each(text),
    }
    statement
}

/// What is repeated, and what stands around it: input that would take long if anything were looked at again and again.
#[test]
fn time_is_linear() {
    let cases = [
        ("", "\\\n", ""),
        ("", "SecMarker A\n", ""),
        ("", "# SecRule \\\n", ""),
        ("SecMarker \"", "\\\"", ""),
        ("SecMarker \"", "\\\n", "\""),
        ("SecMarker ", ":'", ""),
        ("SecMarker ", "a ", ""),
        ("SecRule \"", "ARGS:/a|", "\" x"),
        ("SecRule \"ARGS:/", "\\/", "/\" x"),
        ("SecRule \"ARGS:/", "/a", "/\" x"),
        ("SecRule \"", "ARGS:'a|", "\" x"),
        ("SecRule \"", "XML:[|", "\" x"),
        ("SecRule \"", "XML:['|", "\" x"),
        ("SecRule \"A", "|A", "\" x"),
        ("SecRule \"A\\\n", "|\\\nA", "\" x"),
        ("SecAction \"a", ",a:'b'", "\""),
        ("SecAction \"a", ",a:'b", "\""),
        ("SecAction \"a", ",a:b'", "\""),
        ("SecAction \"a:'", "\\'", "'\""),
        ("SecRuleRemoveById 1", ",1", ""),
        ("SecRuleRemoveById 1", "-1", ""),
    ];
    for (before, again, behind) in cases {
        let text = |len: usize| [before, &again.repeat(len / again.len()), behind].concat();
        let (short, long) = (text(16_000), text(128_000));
        // One long text and eight short ones take the same time, and eight times as long if it were quadratic. Both are as
        // exposed to what else the machine does; a busy one gets more tries.
        let linear = |_| time(&long) < (0..8).map(|_| time(&short)).sum::<Duration>() * 3;
        assert!((0..9).any(linear), "{before}{again}...{behind}");
    }
}

#[allow(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
fn time(text: &str) -> Duration {
    let start = Instant::now();
    let (Ok(_) | Err(_)) = read_text(text).map_err(|report| report.to_string());
    start.elapsed()
}
