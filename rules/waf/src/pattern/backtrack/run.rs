//! Runs a program on an input.
//!
//! Ways not tried yet are on a stack of our own, never on that of the thread. Only look-around and atomic groups call
//! themselves, as deep as the pattern nests them.

mod inner;

use super::{
    super::{Case, Found, GROUPS, Groups},
    code::{Group, Inst, UNBOUNDED},
    program::Program,
    set::{ByteSet, WORD},
    syntax::{Assertion, Greed},
};

impl Program {
    /// Looks for the pattern.
    ///
    /// A step is an instruction; comparing many bytes in one takes a step more for every eight. Places that the first byte
    /// or literal of the pattern rules out as starts take none, they are passed over once.
    pub fn search(&self, input: &[u8], steps_max: usize, groups: &mut Groups) -> Found {
        *groups = [None; GROUPS];
        let mut next = self.starts.next(input, 0);
        if next.is_none() {
            return Found::No;
        }
        let mut run = Run::new(self, input, steps_max);
        while let Some(start) = next {
            match run.run(0, start, None) {
                Err(Exhausted) => return Found::Limit,
                Ok(Some(end)) => {
                    run.report(start, end, groups);
                    return Found::Yes;
                }
                Ok(None) => next = self.starts.next(input, start + 1),
            }
        }
        Found::No
    }
}

/// The bound on steps, or on what waits on the stack, is reached.
struct Exhausted;

/// Entries of the stack, so that their memory is bounded whatever the bound on steps: 24 bytes each.
const STACK_MAX: usize = 1 << 18;

/// How many bytes are compared for a step.
const BYTES_PER_STEP: usize = 8;

/// A slot without place.
const UNSET: usize = usize::MAX;

struct Run<'a> {
    program: &'a Program,
    input: &'a [u8],
    steps: usize,
    slots: Vec<usize>,
    stack: Vec<Entry>,
}

/// What to do when the current way fails.
#[derive(Clone, Copy)]
enum Entry {
    /// Go on here.
    Way { code: u32, at: usize },
    /// Give one byte of a repetition back, down to a place, and go on.
    Less { code: u32, at: usize, least: usize },
    /// Take one byte more into a repetition, up to a place, and go on. The code is the repetition's.
    More { code: u32, at: usize, most: usize },
    /// What a slot was.
    Slot { slot: u32, was: usize },
}

impl<'a> Run<'a> {
    fn new(program: &'a Program, input: &'a [u8], steps: usize) -> Self {
        Self { program, input, steps, slots: vec![UNSET; program.slots], stack: Vec::new() }
    }

    fn report(&self, start: usize, end: usize, groups: &mut Groups) {
        let kept = self.program.keep.and_then(|slot| self.slot(slot));
        groups[0] = Some((kept.unwrap_or(start), end));
        for (place, group) in groups.iter_mut().skip(1).zip(&self.program.groups) {
            *place = self.span(*group);
        }
    }

    /// Runs the code from a place to the next `Accept` that holds, and says where the input then is. Where an end is given,
    /// it must be that.
    ///
    /// What was put on the stack stays there if something was found: the caller commits or undoes it.
    fn run(
        &mut self,
        code: usize,
        at: usize,
        end: Option<usize>,
    ) -> Result<Option<usize>, Exhausted> {
        let (mut code, mut at) = (code, at);
        let base = self.stack.len();
        loop {
            self.spend(1)?;
            let Some(&inst) = self.program.code.get(code) else { return Ok(None) };
            if matches!(inst, Inst::Accept | Inst::AcceptAtomic) && end.is_none_or(|end| end == at)
            {
                return Ok(Some(at));
            }
            match self.step(inst, code, at)? {
                Some(on) => (code, at) = on,
                None => match self.back(base)? {
                    Some(on) => (code, at) = on,
                    None => return Ok(None),
                },
            }
        }
    }

    /// Runs one instruction. The place in the code and in the input to go on at, none where the way fails.
    #[inline]
    fn step(
        &mut self,
        inst: Inst,
        code: usize,
        at: usize,
    ) -> Result<Option<(usize, usize)>, Exhausted> {
        let on = code + 1;
        Ok(match inst {
            Inst::Byte(byte) => (self.input.get(at) == Some(&byte)).then_some((on, at + 1)),
            Inst::Set(number) => {
                let set = self.set(number);
                self.input.get(at).filter(|byte| set.contains(**byte)).map(|_| (on, at + 1))
            }
            Inst::Literal { begin, length } => {
                let (begin, length) = (begin as usize, length as usize);
                self.spend(length / BYTES_PER_STEP)?;
                let text = self.program.text.get(begin..begin + length).unwrap_or_default();
                let rest = self.input.get(at..).unwrap_or_default();
                rest.starts_with(text).then_some((on, at + length))
            }
            Inst::Times { .. } => self.times(inst, code, at)?.map(|at| (on, at)),
            Inst::Split(first, second) => {
                self.push(Entry::Way { code: second, at })?;
                Some((first as usize, at))
            }
            Inst::Jump(to) => Some((to as usize, at)),
            Inst::Assert(assertion) => holds(assertion, self.input, at).then_some((on, at)),
            Inst::Mark(slot) => {
                self.remember(slot, at)?;
                Some((on, at))
            }
            Inst::Close(group) => {
                let begin = self.slots.get(group.open() as usize).copied().unwrap_or(UNSET);
                self.remember(group.begin(), begin)?;
                self.remember(group.end(), at)?;
                Some((on, at))
            }
            Inst::Leave { mark, exit } => {
                let moved = self.slot(mark) != Some(at);
                Some((if moved { on } else { exit as usize }, at))
            }
            Inst::Backref(group, case) => self.repeated(group, case, at)?.map(|at| (on, at)),
            Inst::Atomic { next } => self.atomic(on, at)?.map(|at| (next as usize, at)),
            Inst::Ahead { negative, next } => {
                let found = self.run_inner(on, at, None, negative)?;
                (found != negative).then_some((next as usize, at))
            }
            Inst::Behind(number) => self.behind(number, at)?.map(|next| (next, at)),
            Inst::Accept | Inst::AcceptAtomic => None,
        })
    }

    /// A repetition of a set: the place behind as many bytes as are tried first.
    fn times(&mut self, inst: Inst, code: usize, at: usize) -> Result<Option<usize>, Exhausted> {
        let Inst::Times { set, min, max, greed } = inst else { return Ok(None) };
        let least = at + usize::from(min);
        let most = if max == UNBOUNDED { usize::MAX } else { at.saturating_add(max as usize) };
        let most = most.min(self.input.len());
        if least > most {
            return Ok(None);
        }
        let wanted = if greed == Greed::Lazy { least } else { most };
        let taken = run_length(&self.set(set), self.input.get(at..wanted).unwrap_or_default());
        self.spend(taken / BYTES_PER_STEP)?;
        let end = at + taken;
        if end < least {
            return Ok(None);
        }
        match greed {
            Greed::Greedy if end > least => {
                self.push(Entry::Less { code: code as u32 + 1, at: end, least })?;
            }
            Greed::Lazy if most > least => {
                self.push(Entry::More { code: code as u32, at: end, most })?;
            }
            _ => {}
        }
        Ok(Some(end))
    }

    /// The next way to try of those that were put on the stack since `base`.
    fn back(&mut self, base: usize) -> Result<Option<(usize, usize)>, Exhausted> {
        while self.stack.len() > base {
            let Some(entry) = self.stack.pop() else { break };
            match entry {
                Entry::Slot { slot, was } => self.restore(slot, was),
                Entry::Way { code, at } => return Ok(Some((code as usize, at))),
                Entry::Less { code, at, least } => {
                    let at = at - 1;
                    if at > least {
                        self.push(Entry::Less { code, at, least })?;
                    }
                    return Ok(Some((code as usize, at)));
                }
                Entry::More { code, at, most } => {
                    self.spend(1)?;
                    let code = code as usize;
                    let Some(&Inst::Times { set, .. }) = self.program.code.get(code) else { break };
                    let set = self.set(set);
                    if !self.input.get(at).is_some_and(|byte| set.contains(*byte)) {
                        continue;
                    }
                    let at = at + 1;
                    if at < most {
                        self.push(Entry::More { code: code as u32, at, most })?;
                    }
                    return Ok(Some((code + 1, at)));
                }
            }
        }
        Ok(None)
    }

    /// What the group matched, once more: the place behind it.
    fn repeated(
        &mut self,
        group: Group,
        case: Case,
        at: usize,
    ) -> Result<Option<usize>, Exhausted> {
        let Some((begin, end)) = self.span(group) else { return Ok(None) };
        let length = end - begin;
        self.spend(length / BYTES_PER_STEP)?;
        let (Some(was), Some(is)) = (self.input.get(begin..end), self.input.get(at..at + length))
        else {
            return Ok(None);
        };
        let same = match case {
            Case::Sensitive => was == is,
            Case::Insensitive => was.eq_ignore_ascii_case(is),
        };
        Ok(same.then_some(at + length))
    }

    fn spend(&mut self, steps: usize) -> Result<(), Exhausted> {
        self.steps = self.steps.checked_sub(steps).ok_or(Exhausted)?;
        Ok(())
    }

    fn push(&mut self, entry: Entry) -> Result<(), Exhausted> {
        if self.stack.len() == STACK_MAX {
            return Err(Exhausted);
        }
        self.stack.push(entry);
        Ok(())
    }

    fn remember(&mut self, slot: u32, at: usize) -> Result<(), Exhausted> {
        let Some(place) = self.slots.get_mut(slot as usize) else { return Ok(()) };
        let was = std::mem::replace(place, at);
        self.push(Entry::Slot { slot, was })
    }

    fn restore(&mut self, slot: u32, was: usize) {
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = was;
        }
    }

    fn slot(&self, slot: u32) -> Option<usize> {
        self.slots.get(slot as usize).copied().filter(|at| *at != UNSET)
    }

    fn span(&self, group: Group) -> Option<(usize, usize)> {
        self.slot(group.begin()).zip(self.slot(group.end()))
    }

    fn set(&self, number: u16) -> ByteSet {
        self.program.sets.get(usize::from(number)).copied().unwrap_or(ByteSet::EMPTY)
    }
}

/// How many of the bytes, from the first on, are of the set.
fn run_length(set: &ByteSet, bytes: &[u8]) -> usize {
    if *set == ByteSet::FULL {
        return bytes.len();
    }
    bytes.iter().position(|byte| !set.contains(*byte)).unwrap_or(bytes.len())
}

fn holds(assertion: Assertion, input: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| input.get(at));
    let next = input.get(at);
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| WORD.contains(*byte));
    match assertion {
        Assertion::Start => at == 0,
        Assertion::End => next.is_none(),
        Assertion::EndOrLast => next.is_none() || input.get(at..) == Some(b"\n"),
        Assertion::LineStart => at == 0 || (before == Some(&b'\n') && next.is_some()),
        Assertion::LineEnd => matches!(next, None | Some(b'\n')),
        Assertion::WordBoundary => is_word(before) != is_word(next),
        Assertion::NotWordBoundary => is_word(before) == is_word(next),
    }
}
