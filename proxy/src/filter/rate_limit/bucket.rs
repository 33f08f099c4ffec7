//! A token bucket as one word: the generic cell rate algorithm (ITU-T I.371, annex A) over the time at which the bucket will
//! be full again.
//!
//! A word is that time in nanoseconds, and in its lowest bit whether its key has come back since it got the word. A time that
//! has passed is a full bucket, which is also what a key that was never seen has: this is why a word may then be given to
//! another key and nothing is lost.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::table::{Meaning, Place, Reuse};

/// What tokens are worth in time: the bucket gains `tokens` in `period`, and holds `burst`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    tokens: u64,
    period_ns: u64,
    burst: u64,
    burst_span: Span,
}

/// Tokens as the time that it takes to gain them, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span(pub u64);

/// There is no room. When there will be, and what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    /// From now until what was asked for is there, if nobody takes it before.
    pub wait: Span,
    /// Whole tokens that are there.
    pub left: u64,
}

impl Bucket {
    /// A bucket that gains `tokens` in `period_ns` and holds `burst`. Neither may be zero.
    pub fn new(tokens: u64, period_ns: u64, burst: u64) -> Self {
        let bucket = Self { tokens, period_ns, burst, burst_span: Span(0) };
        Self { burst_span: bucket.span(burst), ..bucket }
    }

    /// Most tokens that it holds.
    pub fn burst(&self) -> u64 {
        self.burst
    }

    /// Time in which an empty bucket fills.
    pub fn burst_span(&self) -> Span {
        self.burst_span
    }

    /// The time that `tokens` take to come.
    pub fn span(&self, tokens: u64) -> Span {
        let (rate, period) = (u128::from(self.tokens.max(1)), u128::from(self.period_ns));
        let span = (u128::from(tokens) * period + rate / 2) / rate;
        Span(u64::try_from(span).unwrap_or(SPAN_MAX).clamp(1, SPAN_MAX))
    }

    /// Whole tokens that come in `span`.
    pub fn tokens(&self, span: Span) -> u64 {
        let tokens = u128::from(span.0) * u128::from(self.tokens);
        u64::try_from(tokens / u128::from(self.period_ns.max(1))).unwrap_or(u64::MAX)
    }

    /// Takes what is worth `cost`, and says what is left.
    ///
    /// # Errors
    /// It is not there. Nothing was taken.
    pub fn take(&self, place: &Place<'_>, now: u64, cost: Span) -> Result<Span, Full> {
        let limit = now + self.burst_span.0;
        let charged = charge(place, now, |full_at| {
            let next = full_at + cost.0;
            (next <= limit).then_some(next)
        });
        match charged {
            Ok(next) => Ok(Span(limit - next)),
            Err(full_at) => Err(Full {
                wait: Span((full_at + cost.0).saturating_sub(limit)),
                left: self.tokens(Span(limit.saturating_sub(full_at))),
            }),
        }
    }

    /// Takes what is worth `cost`, though it may not be there: what comes next waits the longer.
    pub fn force(&self, place: &Place<'_>, now: u64, cost: Span) {
        // Nobody is made to pay for more than that, or one odd number would close a key for ever.
        let most = now + DEBT_MAX;
        let _ = charge(place, now, |full_at| Some((full_at + cost.0).min(most)));
    }

    /// From now until the bucket is above empty.
    pub fn wait(&self, place: &Place<'_>, now: u64) -> Span {
        Span(full_at(place, now).saturating_sub(now + self.burst_span.0))
    }

    /// Gives back what was taken for a request that another limit has refused.
    pub fn give_back(&self, place: &Place<'_>, now: u64, cost: Span) {
        let back = |word: &AtomicU64| {
            let _ = word.fetch_update(Relaxed, Relaxed, |old| {
                let full_at = old >> 1;
                (full_at > now).then(|| pack(full_at.saturating_sub(cost.0), old & 1 == 1))
            });
        };
        match place {
            Place::Own { word, .. } => back(word),
            // What others have taken since is not told apart: they keep paying.
            Place::Shared(_) => {}
        }
    }

    /// Raises the time at which the bucket is full, where somebody who counts for more than us says so.
    pub fn raise(&self, place: &Place<'_>, now: u64, debt: Span) {
        // Far more than replicas can have let pass before they heard of each other.
        let most = self.burst_span.0.saturating_mul(16).clamp(DEBT_MAX, SPAN_MAX);
        let least = now + debt.0.min(most);
        let _ = charge(place, now, |full_at| (full_at < least).then_some(least));
    }
}

/// The words of buckets at a point in time.
#[derive(Debug, Clone, Copy)]
pub struct At(pub u64);

impl Meaning for At {
    fn reuse(&self, word: u64) -> Reuse {
        match (word >> 1 > self.0, word & 1 == 1) {
            (true, _) => Reuse::Never,
            (false, true) => Reuse::Last,
            (false, false) => Reuse::Now,
        }
    }

    fn inherit(&self, shared: u64) -> Option<u64> {
        (shared >> 1 > self.0).then_some(shared)
    }
}

/// Puts `next` of the time at which the bucket is full in its place, or says that time where `next` has nothing to say.
fn charge(place: &Place<'_>, now: u64, next: impl Fn(u64) -> Option<u64>) -> Result<u64, u64> {
    match place {
        Place::Own { word, fresh, .. } => own(word, *fresh, now, next),
        Place::Shared(words) => shared(words, now, next),
    }
}

fn own(
    word: &AtomicU64,
    fresh: bool,
    now: u64,
    next: impl Fn(u64) -> Option<u64>,
) -> Result<u64, u64> {
    let mut old = word.load(Relaxed);
    loop {
        let full_at = (old >> 1).max(now);
        let new = next(full_at).ok_or(full_at)?;
        match word.compare_exchange_weak(old, pack(new, !fresh), Relaxed, Relaxed) {
            Ok(_) => return Ok(new),
            Err(now_there) => old = now_there,
        }
    }
}

/// As count-min sketches with conservative update do it (Estan and Varghese 2002): the key owes at most what the lesser of
/// its words says, and both say at least what it owes from now on.
fn shared(
    words: &[&AtomicU64; 2],
    now: u64,
    next: impl Fn(u64) -> Option<u64>,
) -> Result<u64, u64> {
    loop {
        let [a, b] = words.map(|word| word.load(Relaxed));
        let (lesser, old, other) =
            if a <= b { (words[0], a, words[1]) } else { (words[1], b, words[0]) };
        let full_at = (old >> 1).max(now);
        let new = next(full_at).ok_or(full_at)?;
        if lesser.compare_exchange_weak(old, pack(new, false), Relaxed, Relaxed).is_ok() {
            other.fetch_max(pack(new, false), Relaxed);
            return Ok(new);
        }
    }
}

fn full_at(place: &Place<'_>, now: u64) -> u64 {
    match place {
        Place::Own { word, .. } => (word.load(Relaxed) >> 1).max(now),
        Place::Shared([a, b]) => (a.load(Relaxed).min(b.load(Relaxed)) >> 1).max(now),
    }
}

fn pack(full_at: u64, known: bool) -> u64 {
    full_at << 1 | u64::from(known)
}

/// A thousand years would do; sums of two of these and the present stay below 2^63.
const SPAN_MAX: u64 = 1 << 61;

/// An hour.
const DEBT_MAX: u64 = 3_600_000_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn own_place(word: &AtomicU64) -> Place<'_> {
        Place::Own { word, index: 0, fresh: false }
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let (bucket, word) = (Bucket::new(100, SECOND, 200), AtomicU64::new(0));
        let one = bucket.span(1);
        let place = own_place(&word);
        let passed = (0..1_000).filter(|_| bucket.take(&place, SECOND, one).is_ok()).count();
        assert_eq!(passed, 200);
        let full = bucket.take(&place, SECOND, one).unwrap_err();
        assert_eq!(full, Full { wait: Span(10_000_000), left: 0 });
        // Ten seconds at a thousand per second: a thousand of them pass.
        let times = (0..10_000).map(|n| SECOND + n * 1_000_000);
        assert_eq!(times.filter(|now| bucket.take(&place, *now, one).is_ok()).count(), 999);
    }

    #[test]
    fn a_request_may_cost_several_and_what_is_left_is_told() {
        let (bucket, word) = (Bucket::new(60, 60 * SECOND, 10), AtomicU64::new(0));
        let place = own_place(&word);
        let left = bucket.take(&place, SECOND, bucket.span(7)).unwrap();
        assert_eq!(bucket.tokens(left), 3);
        let full = bucket.take(&place, SECOND, bucket.span(5)).unwrap_err();
        assert_eq!(full, Full { wait: Span(2 * SECOND), left: 3 });
        assert!(bucket.take(&place, SECOND + full.wait.0, bucket.span(5)).is_ok());
        bucket.give_back(&place, 3 * SECOND, bucket.span(5));
        assert_eq!(bucket.take(&place, 3 * SECOND, bucket.span(6)).unwrap_err().left, 5);
    }

    #[test]
    fn what_is_taken_by_force_is_paid_for() {
        let (bucket, word) = (Bucket::new(1_000, SECOND, 100), AtomicU64::new(0));
        let place = own_place(&word);
        assert_eq!(bucket.wait(&place, SECOND), Span(0));
        bucket.force(&place, SECOND, bucket.span(1_100));
        assert_eq!(bucket.wait(&place, SECOND), Span(SECOND));
        bucket.raise(&place, SECOND, Span(SECOND));
        assert_eq!(bucket.wait(&place, SECOND), Span(SECOND));
        bucket.raise(&place, SECOND, Span(2 * SECOND));
        assert_eq!(bucket.wait(&place, SECOND), Span(1_900_000_000));
    }

    #[test]
    fn rates_are_exact_to_a_tenth_of_a_percent() {
        for (tokens, period) in [(3, 1), (7, 1), (999_999, 1), (1_000_000, 1), (1, 86_400)] {
            let bucket = Bucket::new(tokens, period * SECOND, 1);
            let exact = (period * SECOND) as f64 / tokens as f64;
            assert!((bucket.span(1).0 as f64 / exact - 1.0).abs() < 0.001, "{tokens} {period}");
        }
    }

    proptest! {
        #[test]
        fn shared_words_never_give_a_key_more_than_its_own_would(
            steps in prop::collection::vec((0u64..20_000_000, 0usize..3, 1u64..4), 1..200),
        ) {
            let bucket = Bucket::new(100, SECOND, 5);
            let shared: [AtomicU64; 3] = Default::default();
            let own: [AtomicU64; 3] = Default::default();
            let mut now = SECOND;
            for (pause, key, cost) in steps {
                now += pause;
                let cost = bucket.span(cost);
                // Three keys over three words, each over two of them.
                let place = Place::Shared([&shared[key], &shared[(key + 1) % 3]]);
                let alone = bucket.take(&own_place(&own[key]), now, cost);
                if alone.is_err() {
                    prop_assert!(bucket.take(&place, now, cost).is_err());
                } else if bucket.take(&place, now, cost).is_err() {
                    // Refused for what others took: it has not been charged, so its own is not either.
                    bucket.give_back(&own_place(&own[key]), now, cost);
                }
            }
        }
    }
}
