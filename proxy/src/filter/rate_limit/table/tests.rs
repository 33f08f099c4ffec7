use std::hash::{BuildHasher, RandomState};

use super::{
    super::{bucket, bucket::Bucket, count},
    *,
};

const SECOND: u64 = 1_000_000_000;

/// A bucket, its table, and keys by number.
struct Bench {
    bucket: Bucket,
    table: Table,
    secret: RandomState,
    now: u64,
}

impl Bench {
    fn new(keys: usize, bucket: Bucket) -> Self {
        Self { bucket, table: Table::new(keys), secret: RandomState::new(), now: SECOND }
    }

    fn place(&self, key: u64) -> Place<'_> {
        self.table.place(self.secret.hash_one(key), &bucket::At(self.now))
    }

    fn ask(&self, key: u64) -> bool {
        self.bucket.take(&self.place(key), self.now, self.bucket.span(1)).is_ok()
    }
}

#[test]
fn a_key_keeps_its_word() {
    let bench = Bench::new(1_000, Bucket::new(1, SECOND, 1));
    for key in 0..1_000 {
        assert!(bench.ask(key), "{key}");
    }
    assert!((0..1_000).all(|key| !bench.ask(key)));
    assert_eq!(bench.table.in_use(&bucket::At(bench.now)), 1_000);
}

#[test]
fn a_full_bucket_makes_room_and_is_not_missed() {
    let mut bench = Bench::new(8, Bucket::new(1, SECOND, 1));
    let slots = bench.table.sets.len() * WAYS;
    for round in 0..20 {
        let passed = (0..slots as u64 / 2).filter(|key| bench.ask(round * 1_000 + key)).count();
        assert_eq!(passed, slots / 2, "round {round}");
        bench.now += SECOND;
    }
}

#[test]
fn keys_fit_into_the_stated_memory_with_a_slot_for_each() {
    const KEYS: u64 = 100_000;
    let bench = Bench::new(KEYS as usize, Bucket::new(1, 60 * SECOND, 1));
    assert!(bench.table.bytes() as u64 <= KEYS * 25, "{}", bench.table.bytes());
    let own = (0..KEYS).filter(|key| matches!(bench.place(*key), Place::Own { .. }));
    // Each asks once, so that its word means something.
    let passed = own.filter(|key| bench.ask(*key)).count();
    assert_eq!(passed as u64, KEYS);
}

#[test]
fn who_finds_no_slot_shares_and_never_has_a_fresh_bucket() {
    let bench = Bench::new(8, Bucket::new(1, 60 * SECOND, 1));
    let slots = (bench.table.sets.len() * WAYS) as u64;
    (0..slots * 10).for_each(|key| _ = bench.ask(key));
    // All slots owe. A key that asks again and again gets no more than once what it might have.
    for key in 1_000_000..1_000_100 {
        let passed = (0..100).filter(|_| bench.ask(key)).count();
        assert!(passed <= 1, "{key} passed {passed} times");
        assert!(matches!(bench.place(key), Place::Shared(_)));
    }
}

#[test]
fn a_key_that_finds_a_slot_at_last_brings_its_debt() {
    let mut bench = Bench::new(8, Bucket::new(1, 60 * SECOND, 10));
    let slots = (bench.table.sets.len() * WAYS) as u64;
    (0..slots * 20).for_each(|key| _ = bench.ask(key));
    let key = 1_000_000;
    assert!(matches!(bench.place(key), Place::Shared(_)));
    while bench.ask(key) {}
    // The others have paid, the key has not.
    bench.now += 61 * SECOND;
    assert!(matches!(bench.place(key), Place::Own { .. }));
    assert!((0..100).filter(|_| bench.ask(key)).count() <= 2);
}

/// The claim of docs/limits.md at a hundredth of its size, which benches/rate_limit.rs shows in full.
#[test]
fn known_keys_are_exact_in_a_full_table() {
    const KNOWN: u64 = 1_000;
    let mut bench = Bench::new(2_000, Bucket::new(60, 60 * SECOND, 5));
    for _ in 0..2 {
        assert!((0..KNOWN).all(|key| bench.ask(key)));
    }
    let (mut passed, mut shared) = (vec![0u64; KNOWN as usize], 0u64);
    for round in 0..100 {
        // Idle for ten seconds: their buckets are full, and their slots are to be had.
        bench.now += 10 * SECOND;
        for key in 0..10_000 {
            let key = KNOWN + round * 10_000 + key;
            shared += u64::from(matches!(bench.place(key), Place::Shared(_)));
            bench.ask(key);
        }
        for key in 0..KNOWN {
            for _ in 0..10 {
                passed[key as usize] += u64::from(bench.ask(key));
            }
        }
    }
    assert!(shared > 500_000, "the table was not full: {shared}");
    let exact = passed.iter().filter(|passed| **passed == 500).count();
    assert!(exact as u64 * 100 >= KNOWN * 99, "{exact} of {KNOWN} keys got their due");
}

#[test]
fn keys_that_come_and_go_take_turns_even_if_all_are_known() {
    let mut bench = Bench::new(1_000, Bucket::new(100, SECOND, 10));
    // Fifty times as many clients as there are slots, each of which is here twice and then gone.
    for key in 0..20_000 {
        assert!(bench.ask(key) && bench.ask(key), "{key}");
        bench.now += SECOND / 1_000;
    }
}

#[test]
fn threads_that_ask_for_one_key_share_its_bucket() {
    let bench = Bench::new(1_000, Bucket::new(1, 3_600 * SECOND, 1_000));
    let passed: usize = std::thread::scope(|scope| {
        let asking = || (0..20_000).filter(|round| bench.ask(7) && *round < 20_000).count();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(asking)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    // A slot that two threads make at the same instant is worth a request each.
    assert!((1_000..=1_003).contains(&passed), "{passed}");
}

#[test]
fn counts_are_kept_where_they_were_begun() {
    let table = Table::new(100);
    let secret = RandomState::new();
    let place = |key: u64| table.place(secret.hash_one(key), &count::Counts);
    for key in 0..100 {
        assert!(count::enter(&place(key), 1, 1));
    }
    for key in 0..100 {
        let Place::Own { index, .. } = place(key) else { panic!("{key} shares") };
        assert!(!count::enter(&place(key), 1, 1));
        assert_eq!(table.word(index).load(Relaxed), 1);
        count::leave(&place(key), 1);
    }
    assert_eq!(table.in_use(&count::Counts), 0);
}
