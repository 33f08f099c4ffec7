//! JSON. What is taken is what another parser takes; each scalar is an argument, in order; a limit leaves the beginning.
#![no_main]

use std::sync::{Arc, LazyLock};

use foxtrot_fuzz::{
    Input, TELLING, policy,
    sink::{All, Found},
    whole_as_cut,
};
use foxtrot_waf::{
    Policy,
    body::json::{Limits, parse},
};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

static RULES: LazyLock<Arc<Policy>> = LazyLock::new(|| policy(TELLING));

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let (step, max) = (input.byte(), usize::from(input.byte()));
    let body = input.0;
    let limits = Limits { depth_max: usize::MAX, ..Limits::default() };
    let mut all = All::of(usize::MAX);
    let outcome = parse(body, &limits, &mut all);
    let text = std::str::from_utf8(body).ok();
    let is_json = body.is_empty()
        || text.is_some_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
    assert_eq!(outcome.is_ok(), is_json, "{outcome:?}");
    assert!(outcome.as_ref().err().is_none_or(|error| error.offset <= body.len()));
    if let Some(value) = text.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok())
    {
        compare(&value, &all);
    }
    let deepest = all.found.len();
    let mut some = All::of(max);
    let bounded = parse(body, &limits, &mut some);
    assert_eq!(some.found, &all.found[..max.min(deepest)]);
    assert_eq!(some.is_full(), deepest > max);
    assert!(!some.is_full() || bounded.is_err());
    whole_as_cut(&RULES, b"application/json", body, step);
});

/// The scalars of a document without duplicate keys are the arguments; of one with them, no more.
fn compare(value: &serde_json::Value, all: &All) {
    let arguments = all.arguments();
    let (mut scalars, mut names) = (Vec::new(), 0);
    collect(value, &mut scalars, &mut names);
    assert!(scalars.len() <= arguments.len());
    for scalar in scalars {
        assert!(arguments.iter().any(|(_, value)| *value == scalar.as_bytes()), "{scalar:?}");
    }
    let longest = all.found.iter().filter(|found| matches!(found, Found::Container(..)));
    assert!(longest.count() >= names);
}

/// Scalars that are written in one way only, and the number of arrays.
fn collect(value: &serde_json::Value, scalars: &mut Vec<String>, arrays: &mut usize) {
    match value {
        serde_json::Value::Null => scalars.push(String::new()),
        serde_json::Value::Bool(value) => scalars.push(value.to_string()),
        serde_json::Value::String(text) => scalars.push(text.clone()),
        serde_json::Value::Number(_) => {}
        serde_json::Value::Array(members) => {
            *arrays += 1;
            members.iter().for_each(|member| collect(member, scalars, arrays));
        }
        serde_json::Value::Object(members) => {
            members.values().for_each(|member| collect(member, scalars, arrays));
        }
    }
}
