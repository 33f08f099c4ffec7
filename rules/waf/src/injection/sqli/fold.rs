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

use super::{
    fingerprint::TOKENS_MAX,
    keywords,
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
        let Some(first) = self.first_of_substance() else { return };
        self.slots[0] = first;
        self.filled = 1;
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

    /// The first token behind comments, opening parentheses, types and unary operators: these
    /// are how an attack begins that continues a statement, and say nothing of it.
    fn first_of_substance(&mut self) -> Option<Token<'a>> {
        loop {
            let token = self.tokens.next()?;
            let skipped = matches!(token.kind, Kind::Comment | Kind::LeftParen | Kind::SqlType);
            if !skipped && !token.is_unary() {
                return Some(token);
            }
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
            match self.tokens.next() {
                None => self.ended = true,
                Some(token) if token.kind == Kind::Comment => self.comment = Some(token),
                Some(token) => {
                    self.comment = None;
                    self.slots[self.filled] = token;
                    self.filled += 1;
                }
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

    /// Five tokens that are a value, an operator and a value in parentheses: no more than the
    /// first of them.
    fn is_mere_arithmetic(&self) -> bool {
        let [a, b, c, d, e, ..] = &self.slots;
        matches!(
            (a.kind, b.kind, c.kind, d.kind, e.kind),
            // 1 + (2), 1, (2)
            (Kind::Number, Kind::Operator | Kind::Comma, Kind::LeftParen, Kind::Number, Kind::RightParen)
            // a + (b), a + (1)
            | (Kind::Bareword, Kind::Operator, Kind::LeftParen, Kind::Bareword | Kind::Number, Kind::RightParen)
            // 1), (2
            | (Kind::Number, Kind::RightParen, Kind::Comma, Kind::LeftParen, Kind::Number)
            // a) + (b
            | (Kind::Bareword, Kind::RightParen, Kind::Operator, Kind::LeftParen, Kind::Bareword)
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

    fn fold_two(&mut self) -> Outcome {
        match self.fold_repeated() {
            Outcome::Stuck => {}
            outcome => return outcome,
        }
        if let Some(merged) = merge(*self.at(0), *self.at(1)) {
            *self.at(0) = merged;
            return self.drop_and_step_back();
        }
        match self.reinterpret() {
            Some(outcome) => outcome,
            None => self.fold_wrapping(),
        }
    }

    /// What says the same again, or nothing.
    fn fold_repeated(&mut self) -> Outcome {
        let (left, right) = (*self.at(0), *self.at(1));
        match (left.kind, right.kind) {
            // 'a' 'b' is one string; nothing is between ;;
            (Kind::String, Kind::String) | (Kind::Semicolon, Kind::Semicolon) => {
                self.filled -= 1;
                Outcome::Again
            }
            // = -1, and NOT x, or int x
            (Kind::Operator | Kind::Logic, kind) if right.is_unary() || kind == Kind::SqlType => {
                self.drop_and_restart(1)
            }
            (Kind::LeftParen, _) if right.is_unary() => self.drop_and_step_back(),
            _ => Outcome::Stuck,
        }
    }

    /// Words whose kind depends on what follows; none if this is no such word.
    fn reinterpret(&mut self) -> Option<Outcome> {
        let (left, right) = (*self.at(0), *self.at(1));
        let parenthesis = right.kind == Kind::LeftParen;
        match (left.kind, right.kind) {
            // ; IF is a statement to Transact-SQL, and a function anywhere else.
            (Kind::Semicolon, Kind::Function) if begins_with_if(right) => {
                self.at(1).kind = Kind::Tsql;
                Some(Outcome::Again)
            }
            // A value without parentheses, a function with.
            (Kind::Bareword | Kind::Variable, Kind::LeftParen) if is_niladic(left) => {
                self.at(0).kind = Kind::Function;
                Some(Outcome::Again)
            }
            // IN ( is an operator; otherwise it may be part of IN BOOLEAN MODE.
            (Kind::Keyword, _) if left.is("IN") || left.is("NOT IN") => {
                self.at(0).kind = if parenthesis { Kind::Operator } else { Kind::Bareword };
                Some(Outcome::Again)
            }
            // x LIKE y, or LIKE(x, y)
            (Kind::Operator, _) if left.is("LIKE") || left.is("NOT LIKE") => {
                if parenthesis {
                    self.at(0).kind = Kind::Function;
                }
                Some(Outcome::Stuck)
            }
            // There are too many collations to list; what they have in common is the `_`.
            (Kind::Collate, Kind::Bareword) => {
                if until_nul(right.text).contains(&b'_') {
                    self.at(1).kind = Kind::SqlType;
                    self.settled = 0;
                }
                Some(Outcome::Stuck)
            }
            _ => None,
        }
    }

    /// What stands around values without changing them.
    fn fold_wrapping(&mut self) -> Outcome {
        let (left, right) = (*self.at(0), *self.at(1));
        match (left.kind, right.kind) {
            // A cast: the type goes, the value stays.
            (
                Kind::SqlType,
                Kind::Bareword
                | Kind::Number
                | Kind::SqlType
                | Kind::LeftParen
                | Kind::Function
                | Kind::Variable
                | Kind::String,
            ) => {
                *self.at(0) = right;
                self.drop_and_restart(1)
            }
            // Transact-SQL reads \%1 as 0 % 1,
            (Kind::Backslash, _) if right.is_arithmetic() => {
                self.at(0).kind = Kind::Number;
                self.drop_and_restart(0)
            }
            // and \1 as 1.
            (Kind::Backslash, _) => {
                *self.at(0) = right;
                self.drop_and_restart(1)
            }
            (Kind::LeftParen, Kind::LeftParen) | (Kind::RightParen, Kind::RightParen) => {
                self.drop_and_restart(1)
            }
            // MySQL takes { ``.``.x } for x, which nobody means well.
            (Kind::LeftBrace, Kind::Bareword) if right.text.is_empty() => {
                self.at(1).kind = Kind::Evil;
                self.settled += 2;
                Outcome::Evil
            }
            // { d '2001-01-01' } is ODBC's way to write the string.
            (Kind::LeftBrace, Kind::Bareword) => self.drop_and_restart(2),
            (_, Kind::RightBrace) => self.drop_and_restart(1),
            _ => Outcome::Stuck,
        }
    }

    fn fold_three(&mut self) -> Outcome {
        let (left, middle, right) = (*self.at(0), *self.at(1), *self.at(2));
        if is_one_value(left, middle, right) {
            return self.drop_and_restart(2);
        }
        if middle.is_unary() {
            match self.fold_sign(left, right) {
                Outcome::Stuck => {}
                outcome => return outcome,
            }
        }
        match (left.kind, middle.kind, right.kind) {
            // SELECT .`x`
            (Kind::Expression, Kind::Dot, Kind::Bareword) => self.drop_middle(right),
            // USER() is a function, and takes no arguments: USER(x is something else.
            (Kind::Function, Kind::LeftParen, kind)
                if kind != Kind::RightParen && left.is("USER") =>
            {
                self.at(0).kind = Kind::Bareword;
                Outcome::Stuck
            }
            _ => Outcome::Stuck,
        }
    }

    /// A unary operator between two tokens.
    fn fold_sign(&mut self, left: Token<'a>, right: Token<'a>) -> Outcome {
        match (left.kind, right.kind) {
            // SELECT -(, LIMIT -(, and , -(
            (Kind::Expression | Kind::Group | Kind::Comma, Kind::LeftParen) => {
                self.drop_middle(right)
            }
            // SELECT -1, LIMIT -1, FROM -f
            (
                Kind::Keyword | Kind::Expression | Kind::Group,
                Kind::Number | Kind::Bareword | Kind::Variable | Kind::String | Kind::Function,
            ) => self.drop_middle(right),
            // 1, -1 is a list, which folds; the comma may have been the first.
            (Kind::Comma, Kind::Number | Kind::Bareword | Kind::Variable | Kind::String) => {
                *self.at(1) = right;
                self.drop_and_restart(3)
            }
            // 1, -f(1) stays a list, since what is in the parentheses is to be read.
            (Kind::Comma, Kind::Function) => self.drop_middle(right),
            _ => Outcome::Stuck,
        }
    }

    fn drop_middle(&mut self, right: Token<'a>) -> Outcome {
        *self.at(1) = right;
        self.drop_and_restart(1)
    }
}

/// Whether three tokens say no more than the first of them.
fn is_one_value(left: Token<'_>, middle: Token<'_>, right: Token<'_>) -> bool {
    use Kind::{
        Bareword, Comma, Dot, LeftParen, Logic, Number, Operator, SqlType, String, Variable,
    };
    match (left.kind, middle.kind, right.kind) {
        // 1 + 1, a + 1, @a + b
        (Number | Bareword, Operator, Number | Bareword)
        | (Variable, Operator, Variable | Number | Bareword) => true,
        // + a +, AND a AND
        (Operator, middle, Operator) => middle != LeftParen,
        (Logic, _, Logic) => true,
        // 'a'::text
        (Bareword | Number | Variable | String, Operator, SqlType) => middle.text == b"::",
        // 1, 2
        (Bareword | Number | String | Variable, Comma, Number | Bareword | String | Variable) => {
            true
        }
        // schema.table
        (Bareword, Dot, Bareword) => true,
        _ => false,
    }
}

/// One token for two words that are a phrase: UNION ALL, IS NOT.
fn merge<'a>(left: Token<'a>, right: Token<'a>) -> Option<Token<'a>> {
    if !is_wordlike(left.kind) || !(is_wordlike(right.kind) || right.kind == Kind::Logic) {
        return None;
    }
    let phrase = keywords::phrase(left.text, right.text)?;
    Some(Token { kind: phrase.kind, text: phrase.text, ..left })
}

fn is_wordlike(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Keyword
            | Kind::Bareword
            | Kind::Operator
            | Kind::Union
            | Kind::Function
            | Kind::Expression
            | Kind::Tsql
            | Kind::SqlType
    )
}

/// Whether the token is a function to MySQL or Transact-SQL when it has parentheses, although
/// it is a value or a common name of a column without.
fn is_niladic(token: Token<'_>) -> bool {
    const NAMES: [&str; 11] = [
        "USER_ID",
        "USER_NAME",
        "DATABASE",
        "PASSWORD",
        "USER",
        "CURRENT_USER",
        "CURRENT_DATE",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "LOCALTIME",
        "LOCALTIMESTAMP",
    ];
    NAMES.iter().any(|name| token.is(name))
}

fn begins_with_if(token: Token<'_>) -> bool {
    matches!(token.text, [b'I' | b'i', b'F' | b'f', ..])
}

fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// One more than a fingerprint has, since the kind of the fifth token may depend on a sixth.
const SLOTS: usize = TOKENS_MAX + 1;
