//! Members set, counted and lowered over time, and the bounds of all of it.

use proptest::prelude::*;

use super::*;

fn at(key: &[u8], now: i64) -> At<'_> {
    At { kind: Persistent::Ip, key, now, timeout: 100 }
}

/// The one member of this name, as text.
fn member(store: &Store, at: &At<'_>, name: &str) -> Option<String> {
    let members = store.members(at);
    let found = members.into_iter().find(|(known, _)| known == name.as_bytes());
    found.map(|(_, value)| String::from_utf8_lossy(&value).into_owned())
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn members_are_set_counted_and_removed() {
    let store = Store::new(4);
    let at = at(b"k", 0);
    store.set(&at, b"Name", Some(b"text"));
    assert_eq!(member(&store, &at, "name"), some("text"), "names have no case");
    store.add(&at, b"NAME", 3);
    assert_eq!(member(&store, &at, "name"), some("3"), "what is no number is 0");
    store.add(&at, b"name", -5);
    assert_eq!(member(&store, &at, "name"), some("-2"));
    store.set(&at, b"name", Some(i64::MAX.to_string().as_bytes()));
    store.add(&at, b"name", 1);
    assert_eq!(member(&store, &at, "name"), some(&i64::MAX.to_string()));
    store.set(&at, b"name", None);
    assert_eq!(store.members(&at), []);
}

#[test]
fn kinds_and_keys_are_apart() {
    let store = Store::new(4);
    store.add(&at(b"a", 0), b"n", 1);
    assert_eq!(store.members(&at(b"b", 0)), []);
    assert_eq!(store.members(&At { kind: Persistent::User, ..at(b"a", 0) }), []);
    assert_eq!(member(&store, &at(b"a", 0), "n"), some("1"));
}

#[test]
fn a_record_ends_when_it_was_not_used_for_long() {
    let store = Store::new(4);
    store.add(&at(b"k", 0), b"n", 1);
    store.add(&at(b"k", 99), b"n", 1);
    assert_eq!(member(&store, &at(b"k", 198), "n"), some("2"));
    assert_eq!(member(&store, &at(b"k", 199), "n"), None);
    store.add(&at(b"k", 200), b"other", 1);
    assert_eq!(member(&store, &at(b"k", 200), "n"), None, "what has ended does not come back");
}

#[test]
fn a_member_ends_in_its_time_and_begins_anew() {
    let store = Store::new(4);
    store.add(&at(b"k", 0), b"n", 7);
    store.expire(&at(b"k", 0), b"N", 10);
    assert_eq!(member(&store, &at(b"k", 9), "n"), some("7"));
    assert_eq!(member(&store, &at(b"k", 10), "n"), None);
    store.add(&at(b"k", 11), b"n", 1);
    assert_eq!(member(&store, &at(b"k", 11), "n"), some("1"));
    assert_eq!(member(&store, &at(b"k", 50), "n"), some("1"), "the old end is gone");
    // A change in time keeps the end.
    store.expire(&at(b"k", 50), b"n", 10);
    store.add(&at(b"k", 55), b"n", 1);
    assert_eq!(member(&store, &at(b"k", 59), "n"), some("2"));
    assert_eq!(member(&store, &at(b"k", 60), "n"), None);
    store.expire(&at(b"k", 60), b"none", 10);
    assert_eq!(store.members(&at(b"k", 60)), []);
}

#[test]
fn a_counter_falls_by_whole_periods_and_not_below_nothing() {
    let store = Store::new(4);
    store.add(&at(b"k", 0), b"n", 10);
    let lowered = |now| {
        store.deprecate(&at(b"k", now), b"n", 3, 10);
        member(&store, &at(b"k", now), "n")
    };
    assert_eq!(lowered(9), some("10"));
    assert_eq!(lowered(10), some("7"));
    assert_eq!(lowered(19), some("7"), "a period counts once");
    assert_eq!(lowered(25), some("4"), "what is left of a period is kept");
    assert_eq!(lowered(30), some("1"));
    assert_eq!(lowered(90), some("0"));
}

#[test]
fn records_members_and_values_are_bounded() {
    let store = Store::new(16);
    for number in 0..1000_i64 {
        store.add(&at(&number.to_be_bytes(), number / 100), b"n", 1);
    }
    let records = store.kind(Persistent::Ip).len();
    assert!((1..=16).contains(&records), "{records}");
    let newest = 999_i64.to_be_bytes();
    assert_eq!(member(&store, &at(&newest, 9), "n"), some("1"), "the newest is kept");
    for number in 0..200 {
        store.add(&at(&newest, 9), format!("m{number}").as_bytes(), 1);
    }
    assert_eq!(store.members(&at(&newest, 9)).len(), MEMBERS_MAX);
    store.add(&at(&newest, 9), b"n", 1);
    assert_eq!(member(&store, &at(&newest, 9), "n"), some("2"), "what is there still changes");
    store.set(&at(&newest, 9), b"n", Some(&[b'x'; 10_000]));
    assert_eq!(member(&store, &at(&newest, 9), "n").map(|value| value.len()), Some(VALUE_MAX));
}

#[test]
fn what_has_ended_gives_way_first() {
    let store = Store::new(2);
    store.add(&At { timeout: 10, ..at(b"short", 0) }, b"n", 1);
    store.add(&At { timeout: 1000, ..at(b"long", 0) }, b"n", 1);
    store.add(&at(b"new", 20), b"n", 1);
    let store = &store;
    let there = |key: &'static [u8]| member(store, &at(key, 20), "n").is_some();
    assert_eq!([there(b"short"), there(b"long"), there(b"new")], [false, true, true]);
}

#[test]
fn a_store_of_no_records_and_odd_times_do_no_harm() {
    let none = Store::new(0);
    none.add(&at(b"k", 0), b"n", 1);
    let store = Store::new(2);
    for now in [i64::MIN, -1, i64::MAX] {
        let at = At { timeout: i64::MAX, ..at(b"k", now) };
        store.add(&at, b"n", 1);
        store.expire(&at, b"n", i64::MAX);
        store.deprecate(&at, b"n", i64::MAX, 1);
        store.deprecate(&at, b"n", 1, 0);
        store.members(&at);
    }
}

proptest! {
    /// Whatever is done, a counter without an end is the sum of what was added since the record last ended.
    #[test]
    fn a_counter_is_a_sum(steps in proptest::collection::vec((-5_i64..5, 0_i64..150), 1..20)) {
        let store = Store::new(4);
        let (mut now, mut sum) = (0, 0);
        for (amount, pause) in steps {
            now += pause;
            sum = if pause >= 100 { amount } else { sum + amount };
            store.add(&at(b"k", now), b"n", amount);
            prop_assert_eq!(member(&store, &at(b"k", now), "n"), Some(sum.to_string()));
        }
    }
}
