//! The instructions that a pattern is compiled to.

use super::{
    super::Case,
    syntax::{Assertion, Greed},
};

/// An instruction. Numbers are places in the code, unless something else is said.
#[derive(Clone, Copy, Debug)]
pub(super) enum Inst {
    /// The whole pattern, the body of look-around or one arm of look-behind has matched.
    Accept,
    /// The body of the atomic group has matched.
    AcceptAtomic,
    Byte(u8),
    /// One of a set, by number.
    Set(u16),
    /// Bytes of the text.
    Literal {
        begin: u32,
        length: u32,
    },
    /// One of a set, several times.
    Times {
        set: u16,
        min: u16,
        /// `UNBOUNDED` is no bound.
        max: u32,
        greed: Greed,
    },
    /// First one way, then the other.
    Split(u32, u32),
    Jump(u32),
    Assert(Assertion),
    /// Remembers the place in a slot.
    Mark(u32),
    /// Remembers the group, whose begin is marked.
    Close(Group),
    /// Leaves the loop if its body matched nothing.
    Leave {
        mark: u32,
        exit: u32,
    },
    /// What a group matched.
    Backref(Group, Case),
    /// A group whose body follows, up to `next`.
    Atomic {
        next: u32,
    },
    /// Look-ahead whose body follows, up to `next`.
    Ahead {
        negative: bool,
        next: u32,
    },
    /// Look-behind, by number.
    Behind(u32),
}

/// No bound on how often.
pub(super) const UNBOUNDED: u32 = u32::MAX;

/// The first of three slots of a group: where it opened last, then its begin and its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group(u32);

impl Group {
    pub(super) const SLOTS: usize = 3;

    pub(super) fn at(slot: usize) -> Self {
        Self(slot as u32)
    }

    pub(super) fn open(self) -> u32 {
        self.0
    }

    pub(super) fn begin(self) -> u32 {
        self.0 + 1
    }

    pub(super) fn end(self) -> u32 {
        self.0 + 2
    }
}

/// Look-behind.
#[derive(Debug)]
pub(super) struct Behind {
    pub(super) negative: bool,
    pub(super) arms: Vec<Arm>,
    pub(super) next: u32,
}

/// One way of look-behind to match.
#[derive(Debug)]
pub(super) struct Arm {
    pub(super) begin: u32,
    /// How many bytes it can match.
    pub(super) min: usize,
    pub(super) max: usize,
}
