//! Holds that nothing which a configuration may say is without effect: every key of the schema has a row in [`rows_data`]
//! that says how its effect shows, and every row is checked.
//!
//! Not shown here is that an effect is the right one: that is for the tests that the rows name.

pub(super) mod compiled;
mod rows_data;
mod schema;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use rows_data::ROWS;
use source::Source;

/// How the effect of a key shows. A row may have several.
#[derive(Debug)]
enum Effect {
    /// Configurations that differ in this key alone compile to snapshots that differ in this part.
    Compiled {
        part: Part,
        /// Lines of TOML for the key's table; `<>` stands for the value.
        lines: &'static str,
        /// Values, as TOML, no two of which may compile to the same.
        values: &'static [&'static str],
    },
    /// This function of the running proxy, `module::function`, reads the key; its text says so.
    Read(&'static str, &'static str),
    /// As `Read`, for one of the words that the key may be.
    Word(&'static str, &'static str, &'static str),
    /// This end-to-end case, `module::function` in tests/cases, sets the key and sees what it does.
    Case(&'static str),
    /// This test below the code, `module::function`, does.
    Unit(&'static str),
}

/// A compiled part of a snapshot: what requests are served with, never the configuration as written.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// Settings and origins of the cluster `app`.
    Cluster,
    /// The rollout `app`.
    Rollout,
    /// What becomes of the requests of the first route.
    Route,
    /// The route table.
    Table,
    /// The listener `http`, without its table as written.
    Listener,
    /// Proxies that are believed.
    Trusted,
}

struct Row {
    key: &'static str,
    effects: &'static [Effect],
}

#[test]
fn every_key_has_a_row_and_every_row_a_key() {
    let keys: BTreeSet<String> = schema::leaves().into_keys().collect();
    let rows: BTreeSet<String> = ROWS.iter().map(|row| row.key.to_owned()).collect();
    assert_eq!(rows.len(), ROWS.len(), "a key has two rows");
    let without_row: Vec<_> = keys.difference(&rows).collect();
    let without_key: Vec<_> = rows.difference(&keys).collect();
    assert!(
        without_row.is_empty() && without_key.is_empty(),
        "keys of which nothing says what they do: {without_row:?}; rows of keys that there are not: {without_key:?}"
    );
}

/// A field that is compiled and that nobody reads is as good as none.
#[test]
fn every_key_is_read() {
    let compiled = |effect: &Effect| matches!(effect, Effect::Compiled { .. });
    let unread = ROWS.iter().filter(|row| row.effects.iter().all(compiled));
    let unread: Vec<_> = unread.map(|row| row.key).collect();
    assert!(unread.is_empty(), "nothing is named that reads {unread:?}");
}

#[test]
fn what_differs_as_written_differs_as_compiled() {
    let problems = ROWS.iter().flat_map(|row| row.effects.iter().map(move |e| (row.key, e)));
    let problems: Vec<String> = problems.filter_map(|(key, effect)| differs(key, effect)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn what_reads_a_key_is_there() {
    let proxy = Source::of("src");
    let problem = |key: &str, symbol: &str, text: &str| {
        let found = proxy.functions(symbol);
        let reads = found.iter().any(|body| source::squeeze(body).contains(&source::squeeze(text)));
        (!reads).then(|| format!("{key}: {} function {symbol} has `{text}`", found.len()))
    };
    let problems = ROWS.iter().flat_map(|row| row.effects.iter().map(move |e| (row.key, e)));
    let problems: Vec<String> = problems
        .filter_map(|(key, effect)| match effect {
            Effect::Read(symbol, text) | Effect::Word(_, symbol, text) => {
                problem(key, symbol, text)
            }
            _ => None,
        })
        .collect();
    assert!(problems.is_empty(), "number of functions of that name, none of which\n{problems:#?}");
}

#[test]
fn cases_are_there_and_set_their_key() {
    let mut problems = Vec::new();
    for (row, effect) in ROWS.iter().flat_map(|row| row.effects.iter().map(move |e| (row, e))) {
        let Some((name, text)) = case(effect) else { continue };
        let missing: Vec<_> =
            names(row.key).filter(|segment| !source::has_word(&text, segment)).collect();
        if text.is_empty() {
            problems.push(format!("{}: there is no test {name}", row.key));
        } else if !missing.is_empty() {
            problems.push(format!("{}: {name} does not mention {missing:?}", row.key));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_word_that_a_key_may_be_is_shown() {
    let rows: BTreeMap<&str, &[Effect]> = ROWS.iter().map(|row| (row.key, row.effects)).collect();
    for (key, words) in schema::leaves() {
        let effects = rows.get(key.as_str()).copied().unwrap_or_default();
        for word in words {
            assert!(
                effects.iter().any(|e| shows(e, &word)),
                "{key} = \"{word}\": nothing shows it"
            );
        }
    }
}

/// What is wrong with a `Compiled` effect.
fn differs(key: &str, effect: &Effect) -> Option<String> {
    let Effect::Compiled { part, lines, values } = effect else { return None };
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for value in *values {
        let text = compiled::document(key, &lines.replace("<>", value));
        let compile = || compiled::part(&text, *part);
        let compiled = match compile() {
            Ok(compiled) => compiled,
            Err(error) => return Some(format!("{key} = {value}: {error}\n{text}")),
        };
        if compile().as_ref() != Ok(&compiled) {
            return Some(format!("{key} = {value}: differs from one compilation to the next"));
        }
        if let Some(other) = seen.insert(compiled, value) {
            return Some(format!("{key}: {value} and {other} compile to the same {part:?}"));
        }
    }
    (values.len() < 2).then(|| format!("{key}: one value shows nothing"))
}

/// Name and text of the test that an effect names.
fn case(effect: &Effect) -> Option<(&'static str, String)> {
    match effect {
        Effect::Case(name) => Some((name, Source::of("../tests/cases").test(name))),
        Effect::Unit(name) => Some((name, Source::of("src").test(name))),
        _ => None,
    }
}

/// Whether an effect shows what a word does.
fn shows(effect: &Effect, word: &str) -> bool {
    let quoted = format!("\"{word}\"");
    match effect {
        Effect::Compiled { values, .. } => values.contains(&quoted.as_str()),
        Effect::Word(shown, ..) => *shown == word,
        Effect::Case(_) | Effect::Unit(_) => {
            case(effect).is_some_and(|(_, text)| text.contains(&quoted))
        }
        Effect::Read(..) => false,
    }
}

/// The names in a key, without those that the configuration chooses and without the table that holds them.
fn names(key: &str) -> impl Iterator<Item = &str> {
    let own = [
        "listeners.NAME.",
        "clusters.NAME.",
        "rollouts.NAME.",
        "tenants.NAME.",
        "limits.NAME.",
        "overload.",
        "routes[].",
    ];
    let own = own.iter().find_map(|table| key.strip_prefix(table)).unwrap_or(key);
    own.split('.').map(|name| name.trim_end_matches("[]")).filter(|name| *name != "NAME")
}
