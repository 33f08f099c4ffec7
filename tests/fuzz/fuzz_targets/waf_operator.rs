//! Patterns and the other operators. Both engines say the same of a pattern, and no match is without the literals that the
//! search for candidates goes by; a rule and its negation never agree.
#![no_main]

use std::sync::Arc;

use foxtrot_fuzz::{Exchange, Input, run, try_policy, with_worker};
use foxtrot_waf::{
    Store,
    fuzzing::{Found, search},
};
use libfuzzer_sys::{Corpus, fuzz_target};

const OPERATORS: &[&str] = &[
    "rx",
    "beginsWith",
    "contains",
    "containsWord",
    "detectSQLi",
    "detectXSS",
    "endsWith",
    "eq",
    "ge",
    "gt",
    "ipMatch",
    "le",
    "lt",
    "ne",
    "noMatch",
    "pm",
    "rxGlobal",
    "streq",
    "strmatch",
    "unconditionalMatch",
    "validateByteRange",
    "validateUrlEncoding",
    "validateUtf8Encoding",
    "verifyCC",
    "verifyCPF",
    "verifySSN",
    "verifySVNR",
    "within",
    "rx",
    "rx",
    "rx",
];
/// Steps of a pattern that needs backtracking: few, so that a run is short.
const STEPS_MAX: usize = 20_000;

fuzz_target!(|data: &[u8]| -> Corpus {
    let mut input = Input(data);
    let (operator, flags) = (OPERATORS[usize::from(input.byte()) % OPERATORS.len()], input.byte());
    let argument = input.until(b'\n');
    let value = input.0;
    if operator == "rx" && !by_both_engines(argument, flags % 2 == 1, value) {
        return Corpus::Reject;
    }
    // To load rules takes many times as long as to look for a pattern.
    if operator == "rx" && flags < 192 {
        return Corpus::Keep;
    }
    by_rules(operator, argument, flags, value)
});

/// Whether there is a pattern at all.
fn by_both_engines(pattern: &[u8], insensitive: bool, value: &[u8]) -> bool {
    let Ok(found) = search(pattern, insensitive, value, STEPS_MAX) else { return false };
    assert_eq!((found.verdict, found.find.0), (found.find.0, found.groups.0));
    assert_eq!(found.find.1[0], found.groups.1[0]);
    assert_eq!(found.verdict == Found::Yes, found.find.1[0].is_some());
    for (begin, end) in found.groups.1.into_iter().flatten() {
        assert!(begin <= end && end <= value.len());
    }
    if let Some((verdict, _)) = found.other.filter(|(verdict, _)| *verdict != Found::Limit) {
        assert_eq!(verdict, found.verdict);
    }
    if found.verdict == Found::Yes {
        let lower = value.to_ascii_lowercase();
        for clause in &found.clauses {
            assert!(
                clause.iter().any(|literal| memchr::memmem::find(&lower, literal).is_some()),
                "{clause:?}"
            );
        }
    }
    true
}

/// A rule with and without `capture`, and its negation, among others whose literals are looked for in the same pass.
fn by_rules(operator: &str, argument: &[u8], flags: u8, value: &[u8]) -> Corpus {
    let escaped: Vec<u8> = argument
        .iter()
        .flat_map(|byte| if *byte == b'"' { vec![b'\\', b'"'] } else { vec![*byte] })
        .collect();
    let transformation = if flags & 2 == 0 { "" } else { ",t:lowercase" };
    let mut text = b"SecPcreMatchLimit 200\n".to_vec();
    for (id, not, capture) in
        [(1, "", ""), (2, "!", ""), (3, "", ",capture"), (4, "", ",multiMatch")]
    {
        text.extend_from_slice(format!("SecRule REQUEST_HEADERS:X \"{not}@{operator} ").as_bytes());
        text.extend_from_slice(&escaped);
        text.extend_from_slice(
            format!("\" \"id:{id},phase:1,pass,log{transformation}{capture}\"\n").as_bytes(),
        );
    }
    text.extend_from_slice(
        b"SecRule REQUEST_HEADERS \"@rx (?i)un.?ion|sel+ect\" \"id:5,phase:1,pass\"\n",
    );
    let Ok(policy) = try_policy(&text) else { return Corpus::Reject };
    let exchange = Exchange {
        method: b"GET",
        target: b"/",
        fields: vec![(b"X", value)],
        ..Exchange::default()
    };
    let store = Arc::new(Store::new(1));
    let outcome = with_worker(|worker| run(&policy, &store, worker, &exchange, 1));
    let ids: Vec<u64> = outcome
        .matches
        .iter()
        .map(|one| policy.rules().meta(one.rule).id)
        .filter(|id| *id != 5)
        .collect();
    if outcome.limits_reached == 0 {
        assert_ne!(ids.contains(&1), ids.contains(&2), "{ids:?}");
        assert_eq!(ids.contains(&1), ids.contains(&3), "{ids:?}");
        assert!(!ids.contains(&1) || ids.contains(&4), "{ids:?}");
    }
    Corpus::Keep
}
