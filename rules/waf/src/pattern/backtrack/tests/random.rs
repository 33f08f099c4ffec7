//! Any pattern on any input: no panic, no more steps than given, and the answer of the linear engine where it has one.

use proptest::{collection::vec, prelude::*, sample::select};

use super::super::{
    super::{Caches, Case, Found, GROUPS, Pattern},
    Program,
    parse::parse,
    syntax::Node,
};

/// Pieces of syntax, of which nearly every concatenation is wrong somewhere else.
const PIECES: [&str; 72] = [
    "a",
    "b",
    "A",
    "-",
    "(",
    ")",
    "(",
    ")",
    "(?:",
    "(?=",
    "(?!",
    "(?<=",
    "(?<!",
    "(?>",
    "(?i)",
    "(?x)",
    "(?xx)",
    "(?m:",
    "(?^)",
    "(?U)",
    "(?n)",
    "(?<n>",
    "(?'m'",
    "(?P=n)",
    "(?#c)",
    "(?",
    "(*",
    "|",
    "|",
    "*",
    "+",
    "?",
    "{2}",
    "{1,2}",
    "{,3}",
    "{",
    "}",
    "{99999}",
    "[",
    "]",
    "[",
    "]",
    "^",
    "$",
    ".",
    "\\d",
    "\\W",
    "\\Q",
    "\\E",
    "\\1",
    "\\2",
    "\\11",
    "\\g{-1}",
    "\\k<n>",
    "\\x{41}",
    "\\x",
    "\\o{7}",
    "\\c",
    "[:alpha:]",
    "[:^upper:]",
    "[:",
    "\\b",
    "\\K",
    "\\R",
    "\\Z",
    "\\",
    "\u{e9}",
    " ",
    "#",
    "\n",
    "&&",
    "--",
];

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    vec(select(PIECES.as_slice()), 0..12).prop_map(|pieces| pieces.concat().into_bytes())
}

/// Patterns that both engines can run.
fn pattern() -> impl Strategy<Value = String> {
    let leaf = select(
        [
            "a",
            "b",
            "c",
            "ab",
            "B",
            ".",
            "\\w",
            "\\s",
            "[^a]",
            "[ab]",
            "[[:upper:]]",
            "(?-i:a)",
            "\\n",
            "^",
            "$",
            "\\b",
            "\\B",
            "(?i:b)",
            "(?-s:.)",
            "\\xe9",
            "(?m:$)",
            "[^\\W_]",
            "",
        ]
        .as_slice(),
    );
    leaf.prop_map(str::to_owned).prop_recursive(4, 24, 3, |inner| {
        let quantifier =
            select(["*", "+", "?", "{2}", "{1,2}", "{2,}", "*?", "+?", "??"].as_slice());
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(|nodes| nodes.concat()),
            vec(inner.clone(), 2..4).prop_map(|nodes| format!("(?:{})", nodes.join("|"))),
            inner.clone().prop_map(|node| format!("({node})")),
            (inner, quantifier).prop_map(|(node, times)| format!("(?:{node}){times}")),
        ]
    })
}

fn input() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![9 => select(b"aabbcAB \n\xE9".as_slice()), 1 => any::<u8>()], 0..16)
}

fn case() -> impl Strategy<Value = Case> {
    select([Case::Sensitive, Case::Insensitive].as_slice())
}

/// Whether a loop can go round without taking a byte: where the engines may leave it at different places.
fn has_empty_round(node: &Node) -> bool {
    match node {
        Node::Capture(_, body) | Node::Atomic(body) => has_empty_round(body),
        Node::Around(around) => has_empty_round(&around.body),
        Node::Repeat(repeat) => {
            let endless = repeat.max.is_none() && repeat.body.width().min == 0;
            endless || has_empty_round(&repeat.body)
        }
        Node::Concat(nodes) | Node::Alternate(nodes) => nodes.iter().any(has_empty_round),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_bytes_are_a_pattern_or_an_error(pattern in vec(any::<u8>(), 0..24), input in input()) {
        if let Ok(program) = Program::new(&pattern, Case::Sensitive) {
            program.search(&input, 2000, &mut [None; GROUPS]);
        }
    }

    #[test]
    fn any_pieces_are_a_pattern_or_an_error(
        pattern in pieces(),
        input in input(),
        case in case(),
    ) {
        let Ok(program) = Program::new(&pattern, case) else { return Ok(()) };
        let mut groups = [None; GROUPS];
        let found = program.search(&input, 2000, &mut groups);
        prop_assert_eq!(found == Found::Yes, groups[0].is_some());
        for (begin, end) in groups.into_iter().flatten() {
            prop_assert!(begin <= end && end <= input.len());
        }
    }

    #[test]
    fn fewer_steps_never_give_another_answer(pattern in pieces(), input in input(), steps in 0_usize..200) {
        let Ok(program) = Program::new(&pattern, Case::Sensitive) else { return Ok(()) };
        let (mut some, mut many) = ([None; GROUPS], [None; GROUPS]);
        let found = program.search(&input, steps, &mut some);
        let expected = program.search(&input, 100_000, &mut many);
        prop_assert!(found == Found::Limit || (found, some) == (expected, many));
    }

    #[test]
    fn the_linear_engine_says_the_same(
        pattern in pattern(),
        inputs in vec(input(), 1..8),
        case in case(),
    ) {
        let linear = Pattern::new(pattern.as_bytes(), case).unwrap();
        prop_assume!(!linear.is_backtracking());
        let program = Program::new(pattern.as_bytes(), case).unwrap();
        let verdict_only = has_empty_round(&parse(pattern.as_bytes()).unwrap().root);
        let mut caches = Caches::new(1 << 20);
        for input in inputs {
            let (mut expected, mut groups) = ([None; GROUPS], [None; GROUPS]);
            let verdict = linear.find_groups(&mut caches, &input, 0, &mut expected);
            let found = program.search(&input, 1_000_000, &mut groups);
            prop_assume!(found != Found::Limit);
            prop_assert_eq!(found, verdict);
            prop_assert!(verdict_only || groups == expected, "{:?} and {:?}", groups, expected);
        }
    }
}
