//! Whole transactions, by rules of every kind. What becomes of one hangs neither on how its bodies were cut nor on what its
//! worker did before; what rules say of a value and of its negation, of a count and of its members, agrees.
#![no_main]

use std::sync::{Arc, LazyLock};

use foxtrot_fuzz::{Exchange, Input, Outcome, policy, run, with_worker};
use foxtrot_waf::{Policy, Store, Worker};
use libfuzzer_sys::fuzz_target;

static RULES: LazyLock<Arc<Policy>> =
    LazyLock::new(|| policy(include_bytes!("waf_transaction.conf")));
/// Media types of bodies, by the first byte.
const TYPES: [&[u8]; 6] = [
    b"application/x-www-form-urlencoded",
    b"application/json",
    b"text/xml",
    b"multipart/form-data; boundary=x",
    b"text/plain",
    b"text/html",
];

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let (step, kind) = (usize::from(input.byte()), usize::from(input.byte()));
    let (kind, answer) = (TYPES[kind % TYPES.len()], TYPES[kind / 16 % TYPES.len()]);
    let status = 100 + u16::from(input.byte()) * 2;
    let mut exchange = Exchange {
        method: input.until(b'\n'),
        target: input.until(b'\n'),
        fields: vec![(b"Content-Type", kind)],
        status,
        response_fields: vec![(b"Content-Type", answer)],
        now: i64::from(status),
        ..Exchange::default()
    };
    for _ in 0..input.byte() % 8 {
        exchange.fields.push((input.until(b':'), input.until(b'\n')));
    }
    for _ in 0..input.byte() % 3 {
        exchange.response_fields.push((input.until(b':'), input.until(b'\n')));
    }
    exchange.body = input.until(b'\xff');
    exchange.response_body = input.0;

    let fresh = || Arc::new(Store::new(2));
    let runs = |worker: &mut Worker, store: &Arc<Store>| {
        let before = run(&RULES, store, worker, &exchange, step);
        let later = Exchange { now: exchange.now + 30, ..exchange.clone() };
        (before, run(&RULES, store, worker, &later, 1 + step / 2))
    };
    // What is remembered from one transaction to the next may change the next, but it does so each time in the same way.
    let (first, both, again) = with_worker(|worker| {
        let first = run(&RULES, &fresh(), worker, &exchange, usize::MAX);
        (first, runs(worker, &fresh()), runs(worker, &fresh()))
    });
    assert_eq!(both.0, first);
    assert_eq!(both, again);
    check(&first);
    check(&both.1);
});

/// What the rules of the file hold of themselves.
fn check(outcome: &Outcome) {
    let ids: Vec<u64> = outcome.matches.iter().map(|one| RULES.rules().meta(one.rule).id).collect();
    let has = |id: u64| ids.contains(&id);
    assert!(outcome.matches.windows(2).all(|two| two[0].phase <= two[1].phase), "{ids:?}");
    // Not where a rule has ended the transaction between them.
    for first in [100, 102, 104, 106, 108] {
        assert!(!(has(first) && has(first + 1)), "{first} and its negation: {ids:?}");
    }
    assert!(!has(900), "a contradiction within one rule: {ids:?}");
    assert!(!has(901), "a rule that was taken away: {ids:?}");
    assert!(!has(902), "a rule that is skipped: {ids:?}");
    for one in &outcome.matches {
        let meta = RULES.rules().meta(one.rule);
        assert_eq!(meta.phase, one.phase);
    }
}
