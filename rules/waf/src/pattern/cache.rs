//! What patterns learn while they run: lazily built states, one set per worker.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU32, Ordering},
};

use foldhash::fast::FixedState;
use regex_automata::meta::{Cache, Regex};

/// Numbers of patterns, so that a worker finds the cache of each. They are given once and never again.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A number for a new pattern.
pub(super) fn next_number() -> u32 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The caches of one worker, for the patterns it has run.
///
/// Their memory is bounded: once the bound is passed, all are dropped and built anew as patterns run again.
#[derive(Debug)]
pub struct Caches {
    /// By number of the pattern. Numbers are ours, so the hash need not withstand anybody.
    caches: HashMap<u32, Cache, FixedState>,
    bytes: usize,
    bytes_max: usize,
    /// Searches until memory is added up again.
    until_check: u32,
    dropped: u64,
}

/// How many searches may pass between two looks at the memory.
const CHECK_EVERY: u32 = 4096;

impl Caches {
    /// Empty caches that hold at most about this many bytes.
    pub fn new(bytes_max: usize) -> Self {
        let caches = HashMap::default();
        Self { caches, bytes: 0, bytes_max, until_check: CHECK_EVERY, dropped: 0 }
    }

    /// The cache of a pattern.
    pub(super) fn of(&mut self, number: u32, regex: &Regex) -> &mut Cache {
        self.until_check -= 1;
        if self.until_check == 0 {
            self.until_check = CHECK_EVERY;
            self.check();
        }
        self.caches.entry(number).or_insert_with(|| regex.create_cache())
    }

    /// Adds up the memory, and drops all caches where it is more than it may be.
    fn check(&mut self) {
        self.bytes = self.caches.values().map(Cache::memory_usage).sum();
        if self.bytes > self.bytes_max {
            self.caches.clear();
            self.dropped += 1;
        }
    }

    /// Drops all: the patterns that come are others.
    pub fn clear(&mut self) {
        self.caches.clear();
    }

    /// Bytes as of the last look, and how often the bound was passed.
    pub fn usage(&self) -> (usize, u64) {
        (self.bytes, self.dropped)
    }
}
