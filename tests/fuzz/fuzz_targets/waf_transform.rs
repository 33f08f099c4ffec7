//! Transformations. What is said of the result is so, whatever was in the buffer; what is done twice is done once; what is
//! encoded decodes; a chain in a rule is its functions one after the other.
#![no_main]

use std::sync::Arc;

use foxtrot_fuzz::{Exchange, Input, policy, run, with_worker};
use foxtrot_waf::{
    Store,
    transform::{Transformation, Transformation::*},
};
use libfuzzer_sys::fuzz_target;

const IDEMPOTENT: &[Transformation] = &[
    CompressWhitespace,
    Lowercase,
    NormalizePath,
    NormalizePathWin,
    ParityEven7bit,
    ParityOdd7bit,
    ParityZero7bit,
    RemoveNulls,
    RemoveWhitespace,
    ReplaceNulls,
    Trim,
    TrimLeft,
    TrimRight,
    Uppercase,
];
const INVERSE: &[(Transformation, Transformation)] = &[
    (Base64Encode, Base64Decode),
    (Base64Encode, Base64DecodeExt),
    (HexEncode, HexDecode),
    (UrlEncode, UrlDecode),
    (UrlEncode, UrlDecodeUni),
];
/// How long the longest chain is.
const CHAIN_MAX: u8 = 6;

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let length = input.byte() % CHAIN_MAX + 1;
    let chain: Vec<Transformation> = (0..length)
        .map(|_| Transformation::ALL[usize::from(input.byte()) % Transformation::COUNT])
        .collect();
    let multi_match = input.byte() % 2 == 1;
    let value = input.0;
    for function in Transformation::ALL {
        one(function, value);
    }
    for (there, back) in INVERSE {
        assert_eq!(apply(*back, &apply(*there, value)), value, "{there} {back}");
    }
    in_a_rule(&chain, multi_match, value);
});

fn one(function: Transformation, value: &[u8]) {
    let (mut clean, mut dirty) = (Vec::new(), b"left behind".repeat(3));
    let changes = function.apply(value, None, &mut clean);
    assert_eq!(function.apply(value, None, &mut dirty), changes, "{function}");
    let result = if changes { &clean } else { value };
    assert!(!changes || (clean == dirty && clean != value), "{function}");
    // `%uHHHH` for a character of two bytes; digests and lengths are longer than little.
    assert!(result.len() <= value.len() * 3 + 40, "{function}");
    if IDEMPOTENT.contains(&function) {
        assert_eq!(apply(function, result), result, "{function}");
    }
    match function {
        Lowercase => assert_eq!(result, value.to_ascii_lowercase()),
        Uppercase => assert_eq!(result, value.to_ascii_uppercase()),
        Length => assert_eq!(result, value.len().to_string().as_bytes()),
        RemoveNulls => assert!(result.iter().eq(value.iter().filter(|byte| **byte != 0))),
        Md5 => assert_eq!(result.len(), 16),
        Sha1 => assert_eq!(result.len(), 20),
        _ => {}
    }
}

fn apply(function: Transformation, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    if function.apply(value, None, &mut out) { out } else { value.to_vec() }
}

/// What a rule with this chain has matched is what the functions give one after the other.
fn in_a_rule(chain: &[Transformation], multi_match: bool, value: &[u8]) {
    let functions: String = chain.iter().map(|function| format!(",t:{function}")).collect();
    let flag = if multi_match { ",multiMatch" } else { "" };
    let rules = format!(
        "SecRule REQUEST_HEADERS:X \"@unconditionalMatch\" \"id:1,phase:1,pass,log,t:none{functions}{flag},\
         setvar:'tx.all=%{{TX.all}}%{{MATCHED_VAR}}|',msg:'%{{TX.all}}'\"\n"
    );
    let policy = policy(rules.as_bytes());
    let exchange = Exchange {
        method: b"GET",
        target: b"/",
        fields: vec![(b"x", value)],
        ..Exchange::default()
    };
    let store = Arc::new(Store::new(1));
    let outcome = with_worker(|worker| run(&policy, &store, worker, &exchange, 1));
    let mut expected = Vec::new();
    let mut step = value.to_vec();
    if multi_match {
        expected.extend_from_slice(&[&step[..], b"|"].concat());
    }
    for function in chain {
        let next = apply(*function, &step);
        // Of a step that changes nothing, nothing new is to be seen.
        if multi_match && next != step {
            expected.extend_from_slice(&[&next[..], b"|"].concat());
        }
        step = next;
    }
    if !multi_match {
        expected.extend_from_slice(&[&step[..], b"|"].concat());
    }
    // Texts with macros have a bound.
    if expected.len() > 60_000 {
        return;
    }
    assert_eq!(outcome.matches.first().map(|one| &one.message), Some(&expected));
}
