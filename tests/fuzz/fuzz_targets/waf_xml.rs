//! XML. A document in UTF-16 is what it is in UTF-8; arguments change nothing about text and attributes; comments neither.
#![no_main]

use std::sync::{Arc, LazyLock};

use foxtrot_fuzz::{Input, TELLING, policy, sink::All, whole_as_cut};
use foxtrot_waf::{
    Policy,
    body::xml::{IntoArgs, Limits, parse},
};
use libfuzzer_sys::fuzz_target;

static RULES: LazyLock<Arc<Policy>> = LazyLock::new(|| policy(TELLING));

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let (step, max) = (input.byte(), usize::from(input.byte()));
    let body = input.0;
    let (limits, mut plain, mut all) = (Limits::default(), All::of(0), All::of(usize::MAX));
    let outcome = parse(body, &limits, IntoArgs::Off, &mut plain);
    assert!(!plain.is_full(), "an argument that nobody asked for");
    assert_eq!(parse(body, &limits, IntoArgs::On, &mut all), outcome);
    assert_eq!(all.others(), plain.others());

    let mut some = All::of(max);
    let bounded = parse(body, &limits, IntoArgs::On, &mut some);
    let arguments = all.arguments();
    assert_eq!(some.arguments(), &arguments[..max.min(arguments.len())]);
    assert_eq!(some.is_full(), arguments.len() > max);
    assert!(!some.is_full() || bounded.is_err());

    // A declaration may name the one encoding or the other; without one, the order mark decides.
    if let Some(text) = std::str::from_utf8(body)
        .ok()
        .filter(|text| !text.starts_with(['<', '\u{feff}']) || !text.contains("<?xml"))
    {
        for mark in [[0xff, 0xfe], [0xfe, 0xff]] {
            let mut wide = All::of(usize::MAX);
            let found = parse(&utf16(text, mark), &limits, IntoArgs::On, &mut wide);
            assert_eq!(found.is_ok(), outcome.is_ok(), "{found:?} {outcome:?}");
            assert!(outcome.is_err() || wide.others() == all.others());
            assert!(outcome.is_err() || wide.arguments() == arguments);
        }
    }
    whole_as_cut(&RULES, b"text/xml", body, step);
});

fn utf16(text: &str, mark: [u8; 2]) -> Vec<u8> {
    let units = text.encode_utf16();
    let bytes = units
        .flat_map(|unit| if mark[0] == 0xff { unit.to_le_bytes() } else { unit.to_be_bytes() });
    mark.into_iter().chain(bytes).collect()
}
