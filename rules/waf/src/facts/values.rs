//! Contents of one transaction, each distinct one once.
//!
//! A header, an argument and what a transformation makes of it are bytes that stand here once, under one id. So a chain of
//! transformations that changes nothing ends at the id it began with, chains that share a beginning share the work, and a
//! content is scanned for literals once however many rules look at it.
//!
//! Contents that come again in many transactions, as most of a browser's fields do, stay from one to the next with all that
//! is known of them: they are the first ones, below [`Values::kept`], and [`recurring`](super::recurring) says which.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use super::recurring::Recurring;
use crate::transform::{Changing, Transformation, UnicodeMap};

/// Names a content within its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(u32);

impl ValueId {
    /// The content of no bytes.
    pub const EMPTY: Self = Self(0);

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// The contents of one transaction.
#[derive(Debug)]
pub struct Values {
    bytes: Vec<u8>,
    contents: Vec<Content>,
    /// Open addressing over `contents`; a power of two, at most half full.
    table: Vec<u32>,
    /// What transformations made of each content: a row of `Transformation::COUNT` each, from the first that needed one.
    derived: Vec<u32>,
    /// What scans found: a row for each content that was scanned.
    marks: Vec<u64>,
    buffer: Vec<u8>,
    hasher: RandomState,
    kept: Kept,
    recurring: Recurring,
}

/// How much of each part stays for the next transaction.
#[derive(Debug, Default)]
struct Kept {
    contents: usize,
    bytes: usize,
    derived: usize,
    marks: usize,
    /// For each content, the links whose operators are known not to match it, as bits.
    misses: Vec<u64>,
    /// Words of such bits for each content.
    words: usize,
    /// Words of each kind of marks.
    mark_words: [usize; SCANS],
    /// Places in `derived` that lead to what does not stay.
    loose_derived: Vec<usize>,
    /// Contents whose marks, of this scan, do not stay.
    loose_marks: Vec<(u32, usize)>,
}

#[derive(Clone, Copy, Debug)]
struct Content {
    start: usize,
    length: u32,
    hash: u64,
    /// Which transformations can change it, from the first that is asked for.
    changing: Option<Changing>,
    /// Row in `derived`, `NONE` until the first transformation of these.
    derived: u32,
    /// Where its marks of each kind of scan begin, `NONE` until scanned.
    marks: [u32; SCANS],
    /// The content that it is in another case, or itself.
    case_of: u32,
}

/// How many kinds of scans there are: over requests and over responses.
pub const SCANS: usize = 2;
/// How many captures a match leaves: `TX:0` to `TX:9`.
pub const CAPTURES: usize = 10;
const NONE: u32 = u32::MAX;
const TABLE_MIN: usize = 512;
/// Longest content that is kept, in bytes.
const KEPT_LENGTH_MAX: u32 = 256;
/// How many contents are kept.
const KEPT_MAX: usize = 160;

impl Default for Values {
    fn default() -> Self {
        let mut values = Self {
            bytes: Vec::new(),
            contents: Vec::new(),
            table: vec![NONE; TABLE_MIN],
            derived: Vec::new(),
            marks: Vec::new(),
            buffer: Vec::new(),
            hasher: RandomState::default(),
            kept: Kept::default(),
            recurring: Recurring::default(),
        };
        values.forget();
        values
    }
}

impl Values {
    /// Begins a transaction under the rules of this number, which are so many links. What is known of contents is known of
    /// one set of rules.
    pub fn begin(&mut self, rules: u64, links: usize) {
        if self.recurring.turn_to(rules) {
            self.kept.words = links.div_ceil(64);
            self.forget();
        }
    }

    /// Forgets everything.
    fn forget(&mut self) {
        self.bytes.clear();
        self.contents.clear();
        self.derived.clear();
        self.marks.clear();
        self.table.fill(NONE);
        let Kept { words, mark_words, .. } = self.kept;
        self.kept = Kept { words, mark_words, ..Kept::default() };
        self.keep(&Again::default());
    }

    /// Ends a transaction: forgets what is not to be kept. Memory is kept, up to a bound.
    pub fn clear(&mut self, bytes_kept_max: usize) {
        if self.kept.contents < KEPT_MAX {
            let again = self.come_again();
            self.cut_back();
            again.iter().for_each(|content| self.keep(content));
        } else if self.recurring.is_stale() {
            self.forget();
        } else {
            self.cut_back();
        }
        shrink(&mut self.bytes, bytes_kept_max);
        shrink(&mut self.contents, bytes_kept_max);
        shrink(&mut self.derived, bytes_kept_max);
        shrink(&mut self.marks, bytes_kept_max);
        shrink(&mut self.buffer, bytes_kept_max);
        if self.table.len() > TABLE_MIN && self.table.len() * size_of::<u32>() > bytes_kept_max {
            self.rebuild(TABLE_MIN);
        }
    }

    /// Contents of this transaction that rules have looked at, and that were there before.
    fn come_again(&mut self) -> Vec<Again> {
        let mut again = Vec::new();
        for content in &self.contents[self.kept.contents..] {
            let looked_at = content.marks[0] != NONE || content.derived != NONE;
            if !looked_at
                || content.length > KEPT_LENGTH_MAX
                || !self.recurring.has_seen(content.hash)
            {
                continue;
            }
            let bytes = &self.bytes[content.start..content.start + content.length as usize];
            let marks = std::array::from_fn(|scan| {
                let begin = content.marks[scan];
                (begin != NONE)
                    .then(|| self.marks(begin as usize, self.kept.mark_words[scan]).into())
            });
            again.push(Again { bytes: bytes.into(), changing: content.changing, marks });
        }
        again
    }

    /// Takes back everything that is not kept. What was added last goes first, so that each gap in the table is at the end of
    /// its run.
    fn cut_back(&mut self) {
        let mask = self.table.len() - 1;
        for id in (self.kept.contents..self.contents.len()).rev() {
            let mut slot = self.contents[id].hash as usize & mask;
            while self.table[slot] != id as u32 {
                slot = (slot + 1) & mask;
            }
            self.table[slot] = NONE;
        }
        let kept = &mut self.kept;
        self.contents.truncate(kept.contents);
        self.bytes.truncate(kept.bytes);
        self.derived.truncate(kept.derived);
        self.marks.truncate(kept.marks);
        for slot in kept.loose_derived.drain(..) {
            self.derived[slot] = NONE;
        }
        for (id, scan) in kept.loose_marks.drain(..) {
            self.contents[id as usize].marks[scan] = NONE;
        }
    }

    /// Keeps a content, behind those that are kept.
    fn keep(&mut self, again: &Again) {
        if self.kept.contents >= KEPT_MAX {
            return;
        }
        let id = self.add(&again.bytes);
        if id.index() < self.kept.contents {
            return;
        }
        // Its room for what transformations make of it stays as well.
        self.derived_row(id);
        self.contents[id.index()].changing = again.changing;
        for (scan, marks) in again.marks.iter().enumerate() {
            if let Some(marks) = marks {
                self.contents[id.index()].marks[scan] = self.marks.len() as u32;
                self.marks.extend_from_slice(marks);
            }
        }
        let kept = &mut self.kept;
        kept.contents = self.contents.len();
        kept.bytes = self.bytes.len();
        kept.derived = self.derived.len();
        kept.marks = self.marks.len();
        kept.misses.resize(kept.contents * kept.words, 0);
    }

    /// The id of a content.
    pub fn add(&mut self, content: &[u8]) -> ValueId {
        let (hash, mask) = (self.hasher.hash_one(content), self.table.len() - 1);
        let mut slot = hash as usize & mask;
        while self.table[slot] != NONE {
            let id = ValueId(self.table[slot]);
            if self.contents[id.index()].hash == hash && self.get(id) == content {
                return id;
            }
            slot = (slot + 1) & mask;
        }
        let id = self.contents.len() as u32;
        let start = self.bytes.len();
        self.bytes.extend_from_slice(content);
        let length = content.len() as u32;
        self.contents.push(Content {
            start,
            length,
            hash,
            changing: None,
            derived: NONE,
            marks: [NONE; SCANS],
            case_of: id,
        });
        self.table[slot] = id;
        if self.contents.len() * 2 > self.table.len() {
            self.rebuild(self.table.len() * 2);
        }
        ValueId(id)
    }

    fn rebuild(&mut self, size: usize) {
        let mask = size - 1;
        self.table.clear();
        self.table.resize(size, NONE);
        for (id, content) in self.contents.iter().enumerate() {
            let mut slot = content.hash as usize & mask;
            while self.table[slot] != NONE {
                slot = (slot + 1) & mask;
            }
            self.table[slot] = id as u32;
        }
    }

    /// The bytes of a content.
    pub fn get(&self, id: ValueId) -> &[u8] {
        let content = &self.contents[id.index()];
        &self.bytes[content.start..content.start + content.length as usize]
    }

    /// The id of a part of a content.
    pub fn part(&mut self, id: ValueId, begin: usize, end: usize) -> ValueId {
        let part = self.get(id).get(begin..end).unwrap_or_default().to_vec();
        self.add(&part)
    }

    /// What a transformation makes of a content.
    #[inline]
    pub fn derive(
        &mut self,
        id: ValueId,
        transformation: Transformation,
        unicode: Option<&UnicodeMap>,
    ) -> ValueId {
        if !self.changing(id).contains(transformation) {
            return id;
        }
        let slot = self.derived_row(id) + transformation.index();
        match self.derived[slot] {
            NONE => self.derive_anew(id, transformation, unicode, slot),
            known => ValueId(known),
        }
    }

    #[inline(never)]
    fn derive_anew(
        &mut self,
        id: ValueId,
        transformation: Transformation,
        unicode: Option<&UnicodeMap>,
        slot: usize,
    ) -> ValueId {
        let mut buffer = std::mem::take(&mut self.buffer);
        let changed = transformation.apply(self.get(id), unicode, &mut buffer);
        let result = if changed { self.add(&buffer) } else { id };
        self.buffer = buffer;
        self.derived[slot] = result.0;
        let stays = |id: ValueId| id.index() < self.kept.contents;
        if stays(id) && !stays(result) {
            self.kept.loose_derived.push(slot);
        }
        if changed
            && !stays(result)
            && matches!(transformation, Transformation::Lowercase | Transformation::Uppercase)
        {
            self.contents[result.index()].case_of = self.contents[id.index()].case_of;
        }
        result
    }

    /// Which transformations can change a content.
    #[inline]
    pub fn changing(&mut self, id: ValueId) -> Changing {
        match self.contents[id.index()].changing {
            Some(changing) => changing,
            None => self.look_what_changes(id),
        }
    }

    #[inline(never)]
    fn look_what_changes(&mut self, id: ValueId) -> Changing {
        let changing = Changing::of(self.get(id));
        self.contents[id.index()].changing = Some(changing);
        changing
    }

    #[inline]
    fn derived_row(&mut self, id: ValueId) -> usize {
        let content = &mut self.contents[id.index()];
        if content.derived == NONE {
            content.derived = (self.derived.len() / Transformation::COUNT) as u32;
            self.derived.resize(self.derived.len() + Transformation::COUNT, NONE);
        }
        content.derived as usize * Transformation::COUNT
    }

    /// What a scan found in a content, if it was scanned: where its words begin. Scans take no notice of case.
    #[inline]
    pub fn scanned(&self, id: ValueId, scan: usize) -> Option<usize> {
        let content = &self.contents[id.index()];
        let begin = match content.marks[scan] {
            NONE => self.contents[content.case_of as usize].marks[scan],
            begin => begin,
        };
        (begin != NONE).then_some(begin as usize)
    }

    /// What was found there: `words` words.
    #[inline]
    pub fn marks(&self, begin: usize, words: usize) -> &[u64] {
        &self.marks[begin..begin + words]
    }

    /// Whether the operator of this link is known not to match a content.
    #[inline]
    pub fn is_miss(&self, id: ValueId, link: usize) -> bool {
        let word = self.kept.misses.get(id.index() * self.kept.words + link / 64);
        id.index() < self.kept.contents && word.is_some_and(|word| word >> (link % 64) & 1 == 1)
    }

    /// Remembers that the operator of this link does not match a content, where that is of use to later transactions.
    #[inline]
    pub fn miss(&mut self, id: ValueId, link: usize) {
        if id.index() < self.kept.contents
            && let Some(word) = self.kept.misses.get_mut(id.index() * self.kept.words + link / 64)
        {
            *word |= 1 << (link % 64);
        }
    }

    /// Room for what a scan finds in a content: where it begins, the content, and `words` words of zero.
    pub fn new_marks(
        &mut self,
        id: ValueId,
        scan: usize,
        words: usize,
    ) -> (usize, &[u8], &mut [u64]) {
        let begin = self.marks.len();
        self.marks.resize(begin + words, 0);
        self.kept.mark_words[scan] = words;
        let content = self.contents[id.index()];
        for id in [id.0, content.case_of] {
            self.contents[id as usize].marks[scan] = begin as u32;
            if (id as usize) < self.kept.contents {
                self.kept.loose_marks.push((id, scan));
            }
        }
        let bytes = &self.bytes[content.start..content.start + content.length as usize];
        (begin, bytes, &mut self.marks[begin..])
    }
}

/// A content that has come again.
#[derive(Default)]
struct Again {
    bytes: Box<[u8]>,
    changing: Option<Changing>,
    marks: [Option<Box<[u64]>>; SCANS],
}

fn shrink<T>(buffer: &mut Vec<T>, bytes_max: usize) {
    if buffer.capacity() * size_of::<T>() > bytes_max {
        buffer.shrink_to(bytes_max / size_of::<T>());
    }
}

#[cfg(test)]
mod tests;
