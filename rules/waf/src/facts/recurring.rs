//! Which contents come again from one transaction to the next.
//!
//! A content is taken to come again when it was there before: a small table has a trace of what was last seen, so that
//! what a client makes up each time anew passes by and takes no place. Only speed depends on it.

/// What was seen.
#[derive(Debug, Default)]
pub struct Recurring {
    /// The rules that all this is about.
    rules: u64,
    /// By a part of the hash, another part of it.
    seen: Vec<u32>,
    /// Transactions since the set was full.
    transactions: u32,
}

/// How many traces there are: a power of two.
const SEEN: usize = 1_024;

/// How many transactions a full set of contents serves before it gives way to another.
const STALE_AFTER: u32 = 10_000;

impl Recurring {
    /// Whether the rules are others than before.
    pub fn turn_to(&mut self, rules: u64) -> bool {
        std::mem::replace(&mut self.rules, rules) != rules
    }

    /// Whether a content of this hash was there before. Now it is.
    pub fn has_seen(&mut self, hash: u64) -> bool {
        self.seen.resize(SEEN, 0);
        // The low bits find its place among the contents; these are the others.
        let (at, trace) = ((hash >> 48) as usize % SEEN, (hash >> 16) as u32 | 1);
        std::mem::replace(&mut self.seen[at], trace) == trace
    }

    /// Whether a full set of contents is to give way, at the end of a transaction.
    pub fn is_stale(&mut self) -> bool {
        self.transactions += 1;
        let stale = self.transactions >= STALE_AFTER;
        if stale {
            self.transactions = 0;
        }
        stale
    }
}
