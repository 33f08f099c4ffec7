//! Random texts and random mistakes.

use proptest::prelude::*;

use crate::config::{
    check::check,
    diagnostic::{Report, tests::lines},
    document::{KeyPath, Node, Value},
    load::{Loaded, parse},
    schema::json_schema,
};

/// A configuration with many keys and without `like`, whose failure would be a second problem.
const FULL: &str = include_str!("../../../../../conf/edge.toml");

fn report_of(text: &str) -> Option<Report> {
    match parse("x.toml", text) {
        Err(report) => Some(report),
        Ok(loaded) => {
            Some(loaded.locate(check(&loaded.config))).filter(|report| !report.is_empty())
        }
    }
}

/// The places of all keys that the schema names: not those of tables with free names.
fn keys(node: &Node, at: &mut KeyPath, places: &mut Vec<std::ops::Range<usize>>) {
    let free = ["listeners", "clusters", "headers", "query", "set", "add"];
    let shown = at.to_string();
    // A listener's `limits` are named by the schema.
    let is_free = shown == "limits"
        || free.iter().any(|table| shown == *table || shown.ends_with(&format!(".{table}")));
    match &node.value {
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| {
            at.push(index);
            keys(item, at, places);
            at.pop();
        }),
        Value::Table(table) => table.iter().for_each(|(key, item)| {
            if !is_free {
                places.push(item.origin.key.clone());
            }
            at.push(key);
            keys(item, at, places);
            at.pop();
        }),
        _ => {}
    }
}

/// Misspells a word: one letter less, one more, another one, or two swapped.
fn misspell(word: &str, kind: u8, at: usize, letter: char) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let at = at % letters.len();
    match kind {
        0 if letters.len() > 1 => drop(letters.remove(at)),
        1 => letters.insert(at, letter),
        2 if at + 1 < letters.len() => letters.swap(at, at + 1),
        _ => letters[at] = letter,
    }
    letters.into_iter().collect()
}

proptest! {
    #[test]
    fn a_misspelt_key_is_one_problem_with_a_suggestion(
        pick in any::<prop::sample::Index>(), kind in 0u8..4, at in 0usize..32, letter in "[a-z_]",
    ) {
        let Loaded { document, .. } = parse("x.toml", FULL).unwrap();
        let (mut places, mut known) = (Vec::new(), String::new());
        keys(&document.root, &mut KeyPath::root(), &mut places);
        let place = places[pick.index(places.len())].clone();
        let word = &FULL[place.clone()];
        let wrong = misspell(word, kind, at, letter.chars().next().unwrap());
        known.push_str(&json_schema().to_string());
        prop_assume!(!known.contains(&format!("\"{wrong}\":")));
        let text = format!("{}{wrong}{}", &FULL[..place.start], &FULL[place.end..]);
        let report = report_of(&text).expect("the key is not known");
        prop_assert_eq!(report.len(), 1, "{}", report);
        let entry = &report.entries()[0];
        let before = &FULL[..place.start];
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        prop_assert_eq!((entry.line, entry.column), (before.matches('\n').count() + 1, column));
        let help = entry.help.clone().unwrap_or_default();
        prop_assert!(help.starts_with("did you mean `"), "{} for {word}: {help}", wrong);
    }

    #[test]
    fn no_text_panics(text in "(?s).{0,200}") {
        let shown = report_of(&text).map(|report| (report.to_string(), lines(&report)));
        prop_assert!(shown.is_some(), "no text without a listener is a configuration");
    }

    #[test]
    fn no_damaged_configuration_panics(
        from in any::<prop::sample::Index>(), len in 0usize..40, put in "[\\[\\]{}=.\",#\\n0-9a-zé\\\\ -]{0,12}",
    ) {
        let from = from.index(FULL.len());
        let end = (from + len).min(FULL.len());
        let text = format!("{}{put}{}", &FULL[..from], &FULL[end..]);
        if let Some(report) = report_of(&text) {
            prop_assert!(!report.to_string().is_empty() && !report.summary().is_empty());
        }
    }
}
