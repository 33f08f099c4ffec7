//! What the code says of the bytes that come next: where a match can begin, and which repetitions need not be tried shorter.

use memchr::memmem::Finder;

use super::{
    code::{Inst, UNBOUNDED},
    program::Program,
    set::{ByteSet, NEWLINE},
    syntax::{Assertion, Greed},
};

/// Where a match can begin.
#[derive(Debug)]
pub(super) enum Starts {
    Anywhere,
    /// At the first byte only.
    Beginning,
    /// Where one of these is.
    One([u8; 1]),
    Two([u8; 2]),
    Three([u8; 3]),
    Set(ByteSet),
    /// Where this is.
    Literal(Box<Finder<'static>>),
}

impl Starts {
    /// The first place from `from` on.
    pub(super) fn next(&self, input: &[u8], from: usize) -> Option<usize> {
        let rest = input.get(from..)?;
        let skipped = match self {
            Self::Anywhere => Some(0),
            Self::Beginning => (from == 0).then_some(0),
            Self::One([a]) => memchr::memchr(*a, rest),
            Self::Two([a, b]) => memchr::memchr2(*a, *b, rest),
            Self::Three([a, b, c]) => memchr::memchr3(*a, *b, *c, rest),
            Self::Set(set) => rest.iter().position(|byte| set.contains(*byte)),
            Self::Literal(finder) => finder.find(rest),
        };
        skipped.map(|skipped| from + skipped)
    }
}

/// Where matches of a program can begin.
pub(super) fn of(program: &Program) -> Starts {
    let mut explorer = Explorer::new(program);
    if is_anchored(program, &mut explorer) {
        return Starts::Beginning;
    }
    if let Some(literal) = literal(program) {
        return Starts::Literal(Box::new(Finder::new(literal).into_owned()));
    }
    let next = explorer.next(0, Walls::None);
    if next.nothing || next.end {
        return Starts::Anywhere;
    }
    match *next.bytes.iter().take(4).collect::<Vec<_>>() {
        [a] => Starts::One([a]),
        [a, b] => Starts::Two([a, b]),
        [a, b, c] => Starts::Three([a, b, c]),
        _ => Starts::Set(next.bytes),
    }
}

/// Whether every match begins at the start: by an assertion on every way, or because what begins by skipping anything would
/// have matched from there already.
fn is_anchored(program: &Program, explorer: &mut Explorer<'_>) -> bool {
    let skips = match program.code.first() {
        Some(&Inst::Times { set, min: 0, max: UNBOUNDED, greed }) => {
            greed != Greed::Possessive && program.sets.get(usize::from(set)) == Some(&ByteSet::FULL)
        }
        _ => false,
    };
    let next = explorer.next(0, Walls::Start);
    skips || (next.start && !next.nothing && !next.end && next.bytes == ByteSet::EMPTY)
}

/// The literal that every match begins with.
fn literal(program: &Program) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        at = match program.code.get(at)? {
            Inst::Mark(_) | Inst::Assert(_) => at + 1,
            Inst::Ahead { next, .. } => *next as usize,
            Inst::Behind(number) => program.behinds.get(*number as usize)?.next as usize,
            Inst::Literal { begin, length } => {
                let text = program.text.get(*begin as usize..)?;
                return text.get(..*length as usize);
            }
            _ => return None,
        }
    }
}

/// Makes repetitions possessive where what follows begins with none of their bytes: a shorter one could not go on.
pub(super) fn possess(program: &mut Program) {
    let mut explorer = Explorer::new(program);
    let possessive = |(at, inst): (usize, &Inst)| {
        let &Inst::Times { set, greed: Greed::Greedy, .. } = inst else { return None };
        let next = explorer.next(at + 1, Walls::None);
        let set = program.sets.get(usize::from(set))?;
        (!next.nothing && next.bytes.is_disjoint(set)).then_some(at)
    };
    let found: Vec<usize> = program.code.iter().enumerate().filter_map(possessive).collect();
    for at in found {
        if let Some(Inst::Times { greed, .. }) = program.code.get_mut(at) {
            *greed = Greed::Possessive;
        }
    }
}

/// What can come next.
#[derive(Debug)]
struct Next {
    /// Bytes.
    bytes: ByteSet,
    /// The end of the input, by an assertion.
    end: bool,
    /// Anything, as the pattern can match without a further byte.
    nothing: bool,
    /// A wall was met.
    start: bool,
}

/// What is not looked behind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walls {
    None,
    /// The assertion of the start.
    Start,
}

struct Explorer<'p> {
    program: &'p Program,
    /// Which exploration saw an instruction last.
    seen: Vec<u32>,
    exploration: u32,
    open: Vec<usize>,
}

/// Instructions that one exploration may see, so that a large pattern takes no quadratic time.
const SEEN_MAX: usize = 512;

impl<'p> Explorer<'p> {
    fn new(program: &'p Program) -> Self {
        Self { program, seen: vec![0; program.code.len()], exploration: 0, open: Vec::new() }
    }

    /// What can come next at a place in the code. Assertions only take ways away, so that they are passed.
    fn next(&mut self, at: usize, walls: Walls) -> Next {
        let mut next = Next { bytes: ByteSet::EMPTY, end: false, nothing: false, start: false };
        self.exploration += 1;
        self.open.clear();
        self.open.push(at);
        let mut budget = SEEN_MAX;
        while let Some(at) = self.open.pop() {
            let Some(seen) = self.seen.get_mut(at) else { continue };
            if std::mem::replace(seen, self.exploration) == self.exploration {
                continue;
            }
            let inst = self.program.code.get(at).copied();
            match inst.filter(|_| budget > 0) {
                Some(inst) => self.visit(at, inst, walls, &mut next),
                None => next.nothing = true,
            }
            budget = budget.saturating_sub(1);
        }
        next
    }

    fn visit(&mut self, at: usize, inst: Inst, walls: Walls, next: &mut Next) {
        let mut bytes = |set: ByteSet| next.bytes = next.bytes.or(set);
        let set = |number: u16| self.program.sets.get(usize::from(number)).copied();
        match inst {
            Inst::Accept | Inst::Backref(..) => next.nothing = true,
            Inst::Byte(byte) => bytes(ByteSet::range(byte, byte)),
            Inst::Set(number) => bytes(set(number).unwrap_or(ByteSet::FULL)),
            Inst::Literal { begin, .. } => {
                let first = self.program.text.get(begin as usize);
                bytes(first.map_or(ByteSet::FULL, |byte| ByteSet::range(*byte, *byte)));
            }
            Inst::Times { set: number, min, max, .. } => {
                if max > 0 {
                    bytes(set(number).unwrap_or(ByteSet::FULL));
                }
                if min == 0 {
                    self.open.push(at + 1);
                }
            }
            Inst::Split(first, second) => self.open.extend([first as usize, second as usize]),
            Inst::Jump(to) | Inst::Ahead { next: to, .. } => self.open.push(to as usize),
            Inst::Assert(Assertion::Start) if walls == Walls::Start => next.start = true,
            Inst::Assert(Assertion::End) => next.end = true,
            Inst::Assert(Assertion::EndOrLast | Assertion::LineEnd) => {
                next.end = true;
                bytes(NEWLINE);
            }
            Inst::Leave { exit, .. } => self.open.extend([at + 1, exit as usize]),
            Inst::Behind(number) => {
                let behind = self.program.behinds.get(number as usize);
                self.open.extend(behind.map(|behind| behind.next as usize));
            }
            Inst::Assert(_)
            | Inst::Mark(_)
            | Inst::Close(_)
            | Inst::AcceptAtomic
            | Inst::Atomic { .. } => self.open.push(at + 1),
        }
    }
}
