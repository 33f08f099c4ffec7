//! What a pattern says, once its spelling and its flags are resolved.

use super::{super::Case, set::ByteSet};

/// A pattern or a part of one.
#[derive(Debug, PartialEq, Eq)]
pub enum Node {
    /// Nothing, which always matches.
    Empty,
    /// A byte.
    Byte(u8, Fold),
    /// One of several bytes.
    Class(Box<Class>),
    /// A condition on a place.
    Assert(Assertion),
    /// A group whose place is remembered under its number.
    Capture(u32, Box<Node>),
    /// A group that, once matched, is not matched in another way.
    Atomic(Box<Node>),
    /// A condition on what is before or behind a place.
    Around(Box<Around>),
    /// Something several times.
    Repeat(Box<Repeat>),
    /// One after the other.
    Concat(Vec<Node>),
    /// One or another, the first first.
    Alternate(Vec<Node>),
    /// What a group matched, once more: an index into the references of the pattern.
    Backref(usize, Fold),
    /// `\K`: the match is to begin here.
    Keep,
}

/// Whether case counts at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// As whoever compiles the pattern says.
    AsAsked,
    /// It does not, by `(?i)`.
    On,
    /// It does, by `(?-i)`.
    Off,
}

impl Fold {
    /// Whether case counts, given what was asked.
    pub fn case(self, asked: Case) -> Case {
        match self {
            Self::AsAsked => asked,
            Self::On => Case::Insensitive,
            Self::Off => Case::Sensitive,
        }
    }
}

/// A class, for either answer to whether case counts. They are the same where the pattern itself has the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Where it does.
    pub sensitive: ByteSet,
    /// Where it does not: not always the folded other, as negation comes after folding.
    pub insensitive: ByteSet,
}

impl Class {
    /// The set for this answer.
    pub fn set(&self, case: Case) -> ByteSet {
        match case {
            Case::Sensitive => self.sensitive,
            Case::Insensitive => self.insensitive,
        }
    }
}

/// A condition on a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assertion {
    /// `\A`, and `^` as a rule.
    Start,
    /// `\z`, and `$` as a rule.
    End,
    /// `\Z`: the end, or a line feed that is the last byte.
    EndOrLast,
    /// `(?m)^`: the start, or behind a line feed that is not the last byte.
    LineStart,
    /// `(?m)$`: the end, or before a line feed.
    LineEnd,
    /// `\b`.
    WordBoundary,
    /// `\B`.
    NotWordBoundary,
}

/// Look-around.
#[derive(Debug, PartialEq, Eq)]
pub struct Around {
    /// To which side.
    pub direction: Direction,
    /// Whether it must not match.
    pub negative: bool,
    /// What.
    pub body: Node,
}

/// Where look-around looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// At what follows.
    Ahead,
    /// At what precedes.
    Behind,
}

/// A quantifier.
#[derive(Debug, PartialEq, Eq)]
pub struct Repeat {
    /// What.
    pub body: Node,
    /// At least so often.
    pub min: u32,
    /// At most so often.
    pub max: Option<u32>,
    /// Which number of times is tried first.
    pub greed: Greed,
}

/// Which number of times is tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greed {
    /// The greatest.
    Greedy,
    /// The least.
    Lazy,
    /// The greatest, and no other.
    Possessive,
}

/// How many bytes something can match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    /// At least.
    pub min: usize,
    /// At most, where there is a bound.
    pub max: Option<usize>,
}

impl Width {
    const ZERO: Self = Self { min: 0, max: Some(0) };
    const ONE: Self = Self { min: 1, max: Some(1) };

    fn then(self, next: Self) -> Self {
        let max = self.max.zip(next.max).map(|(a, b)| a.saturating_add(b));
        Self { min: self.min.saturating_add(next.min), max }
    }

    fn or(self, other: Self) -> Self {
        let max = self.max.zip(other.max).map(|(a, b)| a.max(b));
        Self { min: self.min.min(other.min), max }
    }

    fn times(self, min: u32, max: Option<u32>) -> Self {
        let by = |width: usize, times: u32| width.saturating_mul(times as usize);
        let max = match (self.max, max) {
            (Some(0), _) => Some(0),
            (width, times) => width.zip(times).map(|(width, times)| by(width, times)),
        };
        Self { min: by(self.min, min), max }
    }
}

impl Node {
    /// How many bytes it can match.
    pub fn width(&self) -> Width {
        match self {
            Self::Empty | Self::Assert(_) | Self::Around(_) | Self::Keep => Width::ZERO,
            Self::Byte(..) | Self::Class(_) => Width::ONE,
            Self::Capture(_, body) | Self::Atomic(body) => body.width(),
            Self::Repeat(repeat) => repeat.body.width().times(repeat.min, repeat.max),
            Self::Concat(nodes) => nodes.iter().map(Self::width).fold(Width::ZERO, Width::then),
            Self::Alternate(nodes) => {
                nodes.iter().map(Self::width).reduce(Width::or).unwrap_or(Width::ZERO)
            }
            Self::Backref(..) => Width { min: 0, max: None },
        }
    }
}
