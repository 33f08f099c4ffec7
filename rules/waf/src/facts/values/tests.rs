//! What is kept from one transaction to the next changes no answer: each transaction is compared with one that begins anew.

use proptest::prelude::*;

use super::*;
use crate::{pattern::prefilter::Clause, scan::Builder, scan::Scan};

const TRANSFORMATIONS: [Transformation; 6] = [
    Transformation::Lowercase,
    Transformation::Uppercase,
    Transformation::UrlDecodeUni,
    Transformation::RemoveWhitespace,
    Transformation::Length,
    Transformation::HexEncode,
];

fn scan(kind: usize) -> Scan {
    let mut builder = Builder::default();
    for literal in [&b"ab"[..], b"b a", b"c", b"%41", b"61"] {
        builder.add(Clause::from([literal.into()]));
    }
    builder.build(kind)
}

/// What is asked of a content: its transformations one behind the other, and scans of each step.
#[derive(Clone, Debug)]
struct Asked {
    content: Vec<u8>,
    transformations: Vec<usize>,
    scans: bool,
}

fn asked() -> impl Strategy<Value = Asked> {
    let content = prop::collection::vec(prop::sample::select(&b"aAbBcC %41 "[..]), 0..5);
    let transformations = prop::collection::vec(0..TRANSFORMATIONS.len(), 0..4);
    (content, transformations, any::<bool>()).prop_map(|(content, transformations, scans)| Asked {
        content,
        transformations,
        scans,
    })
}

/// The answers: each step's bytes and marks.
fn answer(values: &mut Values, scans: &[Scan; 2], asked: &Asked) -> Vec<(Vec<u8>, Vec<Vec<u64>>)> {
    let mut id = values.add(&asked.content);
    let mut answers = Vec::new();
    for at in asked.transformations.iter().map(Some).chain([None]) {
        let marks =
            scans.iter().filter(|_| asked.scans).map(|scan| scan.marks(values, id).to_vec());
        let marks = marks.collect();
        answers.push((values.get(id).to_vec(), marks));
        if let Some(&at) = at {
            id = values.derive(id, TRANSFORMATIONS[at], None);
        }
    }
    answers
}

proptest! {
    #[test]
    fn what_is_kept_changes_no_answer(
        transactions in prop::collection::vec(prop::collection::vec(asked(), 0..12), 1..12),
        // Another rule set comes now and then.
        turns in prop::collection::vec(0_u64..8, 12),
    ) {
        let scans = [scan(0), scan(1)];
        let mut kept = Values::default();
        for (transaction, turn) in transactions.iter().zip(turns) {
            kept.begin(1 + turn / 7, 100);
            let mut fresh = Values::default();
            fresh.begin(1, 100);
            for asked in transaction {
                prop_assert_eq!(answer(&mut kept, &scans, asked), answer(&mut fresh, &scans, asked));
            }
            kept.clear(1 << 10);
        }
    }

    #[test]
    fn a_miss_is_known_of_its_own_content_and_link_alone(
        contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3), 1..40),
        links in prop::collection::vec(0_usize..130, 40),
    ) {
        let scans = [scan(0), scan(1)];
        let mut values = Values::default();
        values.begin(1, 130);
        let mut noted = std::collections::HashSet::new();
        for _ in 0..4 {
            for (content, link) in contents.iter().zip(&links) {
                let id = values.add(content);
                scans[0].marks(&mut values, id);
                for other in 0..130 {
                    let known = values.is_miss(id, other);
                    prop_assert!(!known || noted.contains(&(content.clone(), other)));
                }
                values.miss(id, *link);
                noted.insert((content.clone(), *link));
            }
            values.clear(1 << 16);
        }
    }
}

#[test]
fn what_comes_again_is_kept_and_what_does_not_is_not() {
    let scans = [scan(0), scan(1)];
    let mut values = Values::default();
    values.begin(1, 10);
    for round in 0..1_000_u32 {
        for content in [&b"always"[..], &round.to_be_bytes()] {
            let id = values.add(content);
            scans[0].marks(&mut values, id);
        }
        values.clear(1 << 16);
    }
    // The empty one, the one that came again, and at most a few whose traces were taken for another's.
    assert!((2..5).contains(&values.kept.contents), "{}", values.kept.contents);
    let always = values.add(b"always");
    assert_eq!(always, ValueId(1));
    values.miss(always, 7);
    values.clear(1 << 16);
    let always = values.add(b"always");
    assert!(values.is_miss(always, 7) && !values.is_miss(always, 8));
    values.begin(2, 10);
    assert_eq!(values.kept.contents, 1);
}

#[test]
fn a_full_set_gives_way_in_time() {
    let scans = [scan(0), scan(1)];
    let mut values = Values::default();
    values.begin(1, 10);
    let mut transaction = |content: &[u8]| {
        let id = values.add(content);
        scans[0].marks(&mut values, id);
        values.clear(1 << 16);
        values.kept.contents
    };
    for n in 0..1_000_u32 {
        for _ in 0..2 {
            assert!(transaction(format!("first {n}").as_bytes()) <= KEPT_MAX);
        }
    }
    let mut smallest = KEPT_MAX;
    for n in 0..10_000_u32 {
        for _ in 0..2 {
            smallest = smallest.min(transaction(format!("second {n}").as_bytes()));
        }
    }
    assert!(smallest < 5, "{smallest}");
}
