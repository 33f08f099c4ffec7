//! Contents of one transaction, each distinct one once.
//!
//! A header, an argument and what a transformation makes of it are bytes that stand here once, under one id. So a chain of
//! transformations that changes nothing ends at the id it began with, chains that share a beginning share the work, and a
//! content is scanned for literals once however many rules look at it.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

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
}

#[derive(Clone, Copy, Debug)]
struct Content {
    start: usize,
    length: u32,
    hash: u32,
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
const TABLE_MIN: usize = 256;

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
        };
        values.add(b"");
        values
    }
}

impl Values {
    /// Forgets everything but keeps the memory, up to a bound, for the next transaction.
    pub fn clear(&mut self, bytes_kept_max: usize) {
        self.bytes.clear();
        self.contents.clear();
        self.derived.clear();
        self.marks.clear();
        shrink(&mut self.bytes, bytes_kept_max);
        shrink(&mut self.contents, bytes_kept_max);
        shrink(&mut self.derived, bytes_kept_max);
        shrink(&mut self.marks, bytes_kept_max);
        shrink(&mut self.buffer, bytes_kept_max);
        if self.table.len() * size_of::<u32>() > bytes_kept_max.max(TABLE_MIN * 4) {
            self.table = vec![NONE; TABLE_MIN];
        } else {
            self.table.fill(NONE);
        }
        self.add(b"");
    }

    /// The id of a content.
    pub fn add(&mut self, content: &[u8]) -> ValueId {
        // Half of the hash finds the slot and the other half tells apart what shares one.
        let hash = self.hasher.hash_one(content);
        let (short, mask) = ((hash >> 32) as u32, self.table.len() - 1);
        let mut slot = hash as usize & mask;
        while self.table[slot] != NONE {
            let id = ValueId(self.table[slot]);
            if self.contents[id.index()].hash == short && self.get(id) == content {
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
            hash: short,
            changing: None,
            derived: NONE,
            marks: [NONE; SCANS],
            case_of: id,
        });
        self.table[slot] = id;
        if self.contents.len() * 2 > self.table.len() {
            self.grow();
        }
        ValueId(id)
    }

    fn grow(&mut self) {
        let mask = self.table.len() * 2 - 1;
        self.table.clear();
        self.table.resize(mask + 1, NONE);
        for (id, content) in self.contents.iter().enumerate() {
            let bytes = &self.bytes[content.start..content.start + content.length as usize];
            let mut slot = self.hasher.hash_one(bytes) as usize & mask;
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
        if changed
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

    /// Room for what a scan finds in a content: where it begins, the content, and `words` words of zero.
    pub fn new_marks(
        &mut self,
        id: ValueId,
        scan: usize,
        words: usize,
    ) -> (usize, &[u8], &mut [u64]) {
        let begin = self.marks.len();
        self.marks.resize(begin + words, 0);
        let content = self.contents[id.index()];
        self.contents[id.index()].marks[scan] = begin as u32;
        self.contents[content.case_of as usize].marks[scan] = begin as u32;
        let bytes = &self.bytes[content.start..content.start + content.length as usize];
        (begin, bytes, &mut self.marks[begin..])
    }
}

fn shrink<T>(buffer: &mut Vec<T>, bytes_max: usize) {
    if buffer.capacity() * size_of::<T>() > bytes_max {
        buffer.shrink_to(bytes_max / size_of::<T>());
    }
}
