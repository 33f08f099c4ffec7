//! The ways in which the tokenizers look ahead, all in one place, so that a test can count what
//! looking costs.

/// A set of bytes that answers in one load.
pub(super) struct ByteSet([bool; 256]);

impl ByteSet {
    /// The set of these bytes.
    pub(super) const fn of(members: &[u8]) -> Self {
        let mut set = [false; 256];
        let mut rest = members;
        while let Some((&byte, after)) = rest.split_first() {
            set[byte as usize] = true;
            rest = after;
        }
        Self(set)
    }

    /// The set of all other bytes.
    pub(super) const fn inverted(mut self) -> Self {
        let mut byte = 0;
        while byte < self.0.len() {
            self.0[byte] = !self.0[byte];
            byte += 1;
        }
        self
    }

    /// Whether the byte is in the set.
    pub(super) const fn has(&self, byte: u8) -> bool {
        self.0[byte as usize]
    }

    /// How many bytes at the start are members.
    pub(super) fn span(&self, bytes: &[u8]) -> usize {
        looked(bytes.iter().position(|&byte| !self.has(byte)).unwrap_or(bytes.len()))
    }

    /// How many bytes at the end are members.
    pub(super) fn trailing(&self, bytes: &[u8]) -> usize {
        looked(bytes.iter().rev().position(|&byte| !self.has(byte)).unwrap_or(bytes.len()))
    }

    /// Where the first member is; the end if there is none.
    pub(super) fn position(&self, bytes: &[u8]) -> usize {
        looked(bytes.iter().position(|&byte| self.has(byte)).unwrap_or(bytes.len()))
    }
}

/// Where the byte is first.
pub(super) fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    let found = memchr::memchr(byte, bytes);
    looked(found.unwrap_or(bytes.len()));
    found
}

/// Where either byte is first.
pub(super) fn find_either(one: u8, other: u8, bytes: &[u8]) -> Option<usize> {
    let found = memchr::memchr2(one, other, bytes);
    looked(found.unwrap_or(bytes.len()));
    found
}

/// Where the two bytes first follow each other.
pub(super) fn find_pair(pair: [u8; 2], bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + find(pair[0], bytes.get(from..)?)?;
        if bytes.get(at + 1) == Some(&pair[1]) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Where the longer text is first.
pub(super) fn find_text(text: &[u8], bytes: &[u8]) -> Option<usize> {
    let found = memchr::memmem::find(bytes, text);
    looked(found.unwrap_or(bytes.len()) + text.len());
    found
}

#[cfg(not(test))]
const fn looked(bytes: usize) -> usize {
    bytes
}

#[cfg(test)]
use counter::looked;

/// Counts the bytes that a thread looked at, for the tests of linear time.
#[cfg(test)]
pub(super) mod counter {
    use std::cell::Cell;

    thread_local!(static BYTES: Cell<usize> = const { Cell::new(0) });

    pub(super) fn looked(bytes: usize) -> usize {
        BYTES.set(BYTES.get() + bytes + 1);
        bytes
    }

    /// What the call looked at, each look costing one more than its bytes.
    pub(crate) fn cost_of(call: impl FnOnce()) -> usize {
        BYTES.set(0);
        call();
        BYTES.get()
    }
}
