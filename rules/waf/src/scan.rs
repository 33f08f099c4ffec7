//! One pass over a value that says which literals of all patterns are in it, and so which rules need not look at it.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::{facts::ValueId, facts::Values, pattern::prefilter::Clause};

/// Number of a clause within its scan.
pub type ClauseId = u32;

/// The literals of many clauses, and how to find them all at once.
#[derive(Debug, Default)]
pub struct Scan {
    /// Which of a value's rows of marks is this scan's.
    kind: usize,
    automaton: Option<AhoCorasick>,
    /// For each literal of the automaton, the clauses that it satisfies: a range of `satisfied`.
    literals: Vec<(u32, u32)>,
    satisfied: Vec<ClauseId>,
    single: SingleBytes,
    words: usize,
    /// Clauses that cannot be looked for, and so hold.
    always: Vec<ClauseId>,
}

/// Bytes that satisfy some clause by themselves.
#[derive(Debug)]
struct SingleBytes {
    /// For each byte, the bit of its number.
    bits: [u64; 256],
    /// By number, the clauses: a range of `satisfied`.
    clauses: Vec<(u32, u32)>,
}

/// How many single bytes a scan looks for.
const SINGLE_MAX: usize = 64;

impl Default for SingleBytes {
    fn default() -> Self {
        Self { bits: [0; 256], clauses: Vec::new() }
    }
}

impl SingleBytes {
    /// Adds a byte, and its capital if it is a small letter: literals are in lower case, values need not be. False
    /// where there are too many.
    fn add(&mut self, byte: u8, clauses: (u32, u32)) -> bool {
        let number = self.clauses.len();
        if number == SINGLE_MAX {
            return false;
        }
        for byte in [byte, byte.to_ascii_uppercase()] {
            self.bits[usize::from(byte)] |= 1 << number;
        }
        self.clauses.push(clauses);
        true
    }

    /// The numbers of those in a text, as bits.
    fn within(&self, text: &[u8]) -> u64 {
        text.iter().fold(0, |found, byte| found | self.bits[usize::from(*byte)])
    }
}

/// Which of the two scans a phase's rules share: over what comes from the client, or over the response too.
pub fn kind(phase: u8) -> usize {
    usize::from(phase > 2)
}

/// Collects clauses until the scan is built.
#[derive(Debug, Default)]
pub struct Builder {
    clauses: Vec<Clause>,
    known: std::collections::BTreeMap<Clause, ClauseId>,
}

impl Builder {
    /// The number of a clause; equal ones have the same.
    pub fn add(&mut self, clause: Clause) -> ClauseId {
        let next = self.clauses.len() as ClauseId;
        let clauses = &mut self.clauses;
        *self.known.entry(clause).or_insert_with_key(|clause| {
            clauses.push(clause.clone());
            next
        })
    }

    /// The scan. Literals that are too many for an automaton are left out: their clauses hold for every value.
    pub fn build(self, kind: usize) -> Scan {
        let mut by_literal = std::collections::BTreeMap::<&[u8], Vec<ClauseId>>::new();
        for (id, clause) in self.clauses.iter().enumerate() {
            for literal in clause {
                by_literal.entry(literal).or_default().push(id as ClauseId);
            }
        }
        let mut scan = Scan { kind, words: self.clauses.len().div_ceil(64), ..Scan::default() };
        let mut patterns = Vec::new();
        for (literal, ids) in &by_literal {
            let begin = scan.satisfied.len() as u32;
            scan.satisfied.extend(ids);
            let range = (begin, scan.satisfied.len() as u32);
            if let [byte] = literal[..] {
                if !scan.single.add(byte, range) {
                    scan.always.extend(ids);
                }
            } else {
                scan.literals.push(range);
                patterns.push(*literal);
            }
        }
        if !patterns.is_empty() {
            let built = AhoCorasick::builder()
                .match_kind(MatchKind::Standard)
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .ascii_case_insensitive(true)
                .build(&patterns);
            match built {
                Ok(automaton) => scan.automaton = Some(automaton),
                Err(_) => scan.always = (0..self.clauses.len() as ClauseId).collect(),
            }
        }
        scan
    }
}

impl Scan {
    /// Words of 64 clauses each that a value's marks take.
    pub fn words(&self) -> usize {
        self.words
    }

    /// The clauses that a value satisfies, as bits; each value is scanned once.
    #[inline]
    pub fn marks<'v>(&self, values: &'v mut Values, id: ValueId) -> &'v [u64] {
        let begin = match values.scanned(id, self.kind) {
            Some(begin) => begin,
            None => self.look(values, id),
        };
        values.marks(begin, self.words)
    }

    #[inline(never)]
    fn look(&self, values: &mut Values, id: ValueId) -> usize {
        let (begin, bytes, marks) = values.new_marks(id, self.kind, self.words);
        self.look_for_bytes(bytes, marks);
        self.look_for_literals(bytes, marks);
        for clause in &self.always {
            marks[*clause as usize / 64] |= 1 << (clause % 64);
        }
        begin
    }

    fn look_for_bytes(&self, input: &[u8], marks: &mut [u64]) {
        let mut found = self.single.within(input);
        while found != 0 {
            self.satisfy(self.single.clauses[found.trailing_zeros() as usize], marks);
            found &= found - 1;
        }
    }

    fn look_for_literals(&self, input: &[u8], marks: &mut [u64]) {
        let Some(automaton) = &self.automaton else { return };
        // A value of many hits has the same ones again and again.
        let mut last = usize::MAX;
        for found in automaton.find_overlapping_iter(input) {
            let literal = found.pattern().as_usize();
            if literal != last {
                last = literal;
                self.satisfy(self.literals[literal], marks);
            }
        }
    }

    fn satisfy(&self, (begin, end): (u32, u32), marks: &mut [u64]) {
        for clause in &self.satisfied[begin as usize..end as usize] {
            marks[*clause as usize / 64] |= 1 << (clause % 64);
        }
    }
}

/// Whether all of these clauses are among the marks.
pub fn all(clauses: &[ClauseId], marks: &[u64]) -> bool {
    clauses.iter().all(|clause| marks[*clause as usize / 64] >> (clause % 64) & 1 == 1)
}
