//! Quantifiers, unrolled as PCRE unrolls them, so that groups and empty rounds come out the same.

use super::{
    super::{
        code::{Inst, UNBOUNDED},
        syntax::{Greed, Repeat},
    },
    Compiler,
};

impl Compiler<'_> {
    pub(super) fn repeat(&mut self, repeat: &Repeat) -> Result<(), String> {
        let &Repeat { ref body, min, max, greed } = repeat;
        if let Some(set) = self.bytes(body) {
            let set = self.set(set);
            // Numbers in quantifiers have 16 bits.
            let (min, max) = (min as u16, max.unwrap_or(UNBOUNDED));
            return self.emit(Inst::Times { set, min, max, greed }).map(drop);
        }
        if greed == Greed::Possessive {
            return self.atomic(|compiler| compiler.unroll(repeat));
        }
        self.unroll(repeat)
    }

    /// The body as often as it must match, then what may follow.
    fn unroll(&mut self, repeat: &Repeat) -> Result<(), String> {
        // The last of an unbounded number is the one that is looped over.
        let copies = if repeat.max.is_none() { repeat.min.saturating_sub(1) } else { repeat.min };
        for _ in 0..copies {
            let before = self.here();
            self.node(&repeat.body)?;
            // What is nothing once is nothing a thousand times.
            if self.here() == before {
                return Ok(());
            }
        }
        match repeat.max {
            None => self.endless(repeat),
            Some(max) => self.optional(repeat, max.saturating_sub(repeat.min)),
        }
    }

    fn endless(&mut self, repeat: &Repeat) -> Result<(), String> {
        let skip = if repeat.min == 0 { Some(self.emit(Inst::Accept)?) } else { None };
        let again = self.here();
        let mark = if repeat.body.width().min == 0 { Some(self.slot()) } else { None };
        if let Some(mark) = mark {
            self.emit(Inst::Mark(mark))?;
        }
        self.node(&repeat.body)?;
        let leave = match mark {
            Some(_) => Some(self.emit(Inst::Accept)?),
            None => None,
        };
        let exit = self.here() + 1;
        self.emit(choice(repeat.greed, again, exit))?;
        if let Some(skip) = skip {
            self.settle(skip, choice(repeat.greed, again, exit));
        }
        if let (Some(at), Some(mark)) = (leave, mark) {
            self.settle(at, Inst::Leave { mark, exit });
        }
        Ok(())
    }

    fn optional(&mut self, repeat: &Repeat, copies: u32) -> Result<(), String> {
        let mut splits = Vec::new();
        for _ in 0..copies {
            splits.push(self.emit(Inst::Accept)?);
            let before = self.here();
            self.node(&repeat.body)?;
            if self.here() == before {
                break;
            }
        }
        let exit = self.here();
        for at in splits {
            self.settle(at, choice(repeat.greed, at as u32 + 1, exit));
        }
        Ok(())
    }
}

fn choice(greed: Greed, again: u32, exit: u32) -> Inst {
    match greed {
        Greed::Lazy => Inst::Split(exit, again),
        Greed::Greedy | Greed::Possessive => Inst::Split(again, exit),
    }
}
