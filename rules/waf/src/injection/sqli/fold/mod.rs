//! Folding: what many tokens say, said by five.
//!
//! Arithmetic, lists, casts, unary signs, repeated strings and parentheses lengthen an attack
//! without changing it. Folding takes them away while the tokens are read, so that the five
//! that remain are those that matter, and the list of fingerprints stays finite.
//!
//! Tokens wait in slots. Those before `settled` are part of the result; the two or three from
//! there on are looked at, and either fold or let `settled` go on by one. A fold may make what
//! is before it foldable again, and so mostly begins anew at the first slot.
//!
//! What a fold takes away is always the newest tokens, even if it looked at older ones: with
//! few exceptions they are the same. The method is kept to the letter, since the list of
//! fingerprints was made with it.

mod pairs;
mod triples;

use super::{
    fingerprint::TOKENS_MAX,
    token::{Kind, Token},
    tokenizer::Tokenizer,
};

/// What an input comes to.
pub(super) struct Folded<'a> {
    slots: [Token<'a>; SLOTS],
    length: usize,
}

impl<'a> Folded<'a> {
    /// Reads tokens until five are settled or the input ends.
    pub(super) fn read(tokens: &mut Tokenizer<'a>) -> Self {
        let mut folder = Folder::new(tokens);
        folder.run();
        let mut folded = Self { slots: folder.slots, length: folder.settled };
        folded.uncover_comment();
        folded
    }

    /// The tokens that are left, five at most; none if the input says nothing.
    pub(super) fn tokens(&self) -> &[Token<'a>] {
        self.slots.get(..self.length).unwrap_or(&self.slots)
    }

    /// A backtick that nothing follows ends a statement as a comment does, in PHP's MySQL.
    fn uncover_comment(&mut self) {
        if let Some([_, _, .., last]) = self.slots.get_mut(..self.length)
            && last.kind == Kind::Bareword
            && last.text.is_empty()
            && (last.opened, last.closed) == (b'`', 0)
        {
            last.kind = Kind::Comment;
        }
    }
}

struct Folder<'a, 't> {
    tokens: &'t mut Tokenizer<'a>,
    slots: [Token<'a>; SLOTS],
    /// How many slots are taken.
    filled: usize,
    /// How many of these are done with.
    settled: usize,
    /// The last comment, if no other token came after it. Comments take no slot, but one at the
    /// end is part of the result.
    comment: Option<Token<'a>>,
    ended: bool,
}

/// What looking at tokens came to.
#[derive(PartialEq, Eq)]
enum Outcome {
    /// They folded, or changed: look again.
    Again,
    /// Nothing to fold here.
    Stuck,
    /// The input is evil: no need to look further.
    Evil,
}

impl<'a, 't> Folder<'a, 't> {
    fn new(tokens: &'t mut Tokenizer<'a>) -> Self {
        let slots = [Token::new(Kind::Unknown, b""); SLOTS];
        Self { tokens, slots, filled: 0, settled: 0, comment: None, ended: false }
    }

    fn run(&mut self) {
        if !self.begin() {
            return;
        }
        loop {
            if self.filled >= TOKENS_MAX && self.is_mere_arithmetic() {
                self.forget_arithmetic();
            }
            if self.ended || self.settled >= TOKENS_MAX {
                break;
            }
            match self.step() {
                Outcome::Again => {}
                Outcome::Stuck => self.settled += 1,
                Outcome::Evil => return,
            }
        }
        self.settled = self.filled;
        if let Some(comment) = self.comment
            && self.settled < TOKENS_MAX
        {
            self.slots[self.settled] = comment;
            self.settled += 1;
        }
        self.settled = self.settled.min(TOKENS_MAX);
    }

    /// Reads the first token behind comments, opening parentheses, types and unary operators:
    /// these are how an attack begins that continues a statement, and say nothing of it. False
    /// if there is no other.
    fn begin(&mut self) -> bool {
        while self.read_one() {
            let [first, ..] = &self.slots;
            let skipped = matches!(first.kind, Kind::Comment | Kind::LeftParen | Kind::SqlType);
            if !skipped && !first.is_unary() {
                self.filled = 1;
                return true;
            }
        }
        false
    }

    /// Reads a token into the first free slot, without taking it; false at the end.
    #[inline(never)] // The one place that the tokenizer is made part of.
    fn read_one(&mut self) -> bool {
        match (self.tokens.next(), self.slots.get_mut(self.filled)) {
            (Some(token), Some(slot)) => {
                *slot = token;
                true
            }
            _ => false,
        }
    }

    /// Looks at two tokens, then at three.
    fn step(&mut self) -> Outcome {
        if !self.wait_for(2) {
            self.settled = self.filled;
            return Outcome::Again;
        }
        match self.fold_two() {
            Outcome::Stuck => {}
            outcome => return outcome,
        }
        if !self.wait_for(3) {
            self.settled = self.filled;
            return Outcome::Again;
        }
        self.fold_three()
    }

    /// Reads until so many tokens wait; false if there are not so many, or no slots for them.
    fn wait_for(&mut self, wanted: usize) -> bool {
        while !self.ended && self.filled < SLOTS && self.filled - self.settled < wanted {
            if !self.read_one() {
                self.ended = true;
                break;
            }
            let token = self.slots[self.filled];
            if token.kind == Kind::Comment {
                self.comment = Some(token);
            } else {
                self.comment = None;
                self.filled += 1;
            }
        }
        self.filled - self.settled >= wanted
    }

    /// The slot so many behind the settled ones. Callers have waited for it.
    fn at(&mut self, index: usize) -> &mut Token<'a> {
        &mut self.slots[(self.settled + index).min(SLOTS - 1)]
    }

    /// Takes the newest tokens away, and looks from the first slot again.
    fn drop_and_restart(&mut self, count: usize) -> Outcome {
        self.filled -= count;
        self.settled = 0;
        Outcome::Again
    }

    /// Takes the newest token away, and looks from one slot earlier.
    fn drop_and_step_back(&mut self) -> Outcome {
        self.filled -= 1;
        self.settled = self.settled.saturating_sub(1);
        Outcome::Again
    }

    /// Whether the first five tokens are a value, an operator and a value in parentheses, or
    /// the middle of such a thing: no more than the first of them.
    fn is_mere_arithmetic(&self) -> bool {
        use Kind::{Bareword, Comma, LeftParen, Number, Operator, RightParen};
        let [a, b, c, d, e, _] = self.slots.map(|token| token.kind);
        matches!(
            (a, b, c, d, e),
            // 1 + (2), 1, (2)
            (Number, Operator | Comma, LeftParen, Number, RightParen)
            // a + (b), a + (1)
            | (Bareword, Operator, LeftParen, Bareword | Number, RightParen)
            // 1), (2
            | (Number, RightParen, Comma, LeftParen, Number)
            // a) + (b
            | (Bareword, RightParen, Operator, LeftParen, Bareword)
        )
    }

    fn forget_arithmetic(&mut self) {
        if self.filled > TOKENS_MAX {
            self.slots[1] = self.slots[TOKENS_MAX];
            self.filled = 2;
        } else {
            self.filled = 1;
        }
        self.settled = 0;
    }
}

/// One more than a fingerprint has, since the kind of the fifth token may depend on a sixth.
const SLOTS: usize = TOKENS_MAX + 1;
