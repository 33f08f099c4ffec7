//! Look-around and atomic groups: runs within a run.

use super::{
    super::code::{Arm, Behind},
    Entry, Exhausted, Run,
};

impl Run<'_> {
    pub(super) fn atomic(&mut self, code: usize, at: usize) -> Result<Option<usize>, Exhausted> {
        let base = self.stack.len();
        let end = self.run(code, at, None)?;
        self.commit(base);
        Ok(end)
    }

    /// Whether the code matches. What it remembered is kept, unless that is not wanted.
    pub(super) fn run_inner(
        &mut self,
        code: usize,
        at: usize,
        end: Option<usize>,
        forget: bool,
    ) -> Result<bool, Exhausted> {
        let base = self.stack.len();
        let found = self.run(code, at, end)?.is_some();
        if forget {
            self.undo(base)
        } else {
            self.commit(base)
        }
        Ok(found)
    }

    /// Look-behind: each arm from each place that it can have begun at, the farthest first.
    pub(super) fn behind(&mut self, number: u32, at: usize) -> Result<Option<usize>, Exhausted> {
        let program = self.program;
        let Some(Behind { negative, arms, next }) = program.behinds.get(number as usize) else {
            return Ok(None);
        };
        for &Arm { begin, min, max } in arms {
            for width in (min..=max.min(at)).rev() {
                if self.run_inner(begin as usize, at - width, Some(at), *negative)? {
                    return Ok((!negative).then_some(*next as usize));
                }
            }
        }
        Ok(negative.then_some(*next as usize))
    }

    /// Drops the ways that were put on the stack since `base`; what slots were stays.
    fn commit(&mut self, base: usize) {
        let mut kept = base;
        for at in base..self.stack.len() {
            if matches!(self.stack[at], Entry::Slot { .. }) {
                self.stack.swap(kept, at);
                kept += 1;
            }
        }
        self.stack.truncate(kept);
    }

    /// Drops what was put on the stack since `base`, and gives the slots what they were.
    fn undo(&mut self, base: usize) {
        while self.stack.len() > base {
            if let Some(Entry::Slot { slot, was }) = self.stack.pop() {
                self.restore(slot, was);
            }
        }
    }
}
