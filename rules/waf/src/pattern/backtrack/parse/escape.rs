//! What begins with a backslash.

use super::{
    super::{
        set::{ByteSet, DIGIT, HORIZONTAL, NEWLINE, SPACE, VERTICAL, WORD},
        syntax::{Assertion, Node},
    },
    Parser, Piece, Target, class, digits,
};

impl<'p> Parser<'p> {
    /// An escape outside of a class.
    pub(super) fn escape(&mut self) -> Result<Piece, String> {
        let at = self.at;
        let Some(&letter) = self.rest().get(1) else {
            return self.fail(at, "backslash at the end");
        };
        if let Some(number) = self.numbered(letter) {
            return Ok(Piece::Repeatable(self.backref(Target::Number(number), at)));
        }
        if letter == b'N' {
            self.refuse_name()?;
        }
        let set = set(letter).or(match letter {
            b'N' => Some(NEWLINE.complement()),
            b'C' => Some(ByteSet::FULL),
            _ => None,
        });
        if let Some(set) = set {
            self.at += 2;
            return Ok(Piece::Repeatable(class(set)));
        }
        if let Some(assertion) = assertion(letter) {
            self.at += 2;
            return Ok(Piece::NotRepeatable(Node::Assert(assertion)));
        }
        match letter {
            b'g' | b'k' => {
                self.at += 2;
                let target = if letter == b'g' { self.g_target() } else { self.k_target() };
                let target = target?;
                Ok(Piece::Repeatable(self.backref(target, at)))
            }
            b'K' if self.arounds > 0 => self.fail(at, "\\K within look-around"),
            b'K' => {
                self.at += 2;
                Ok(Piece::NotRepeatable(Node::Keep))
            }
            b'R' => {
                self.at += 2;
                Ok(Piece::Repeatable(line_end()))
            }
            b'X' | b'p' | b'P' => self.fail(at, "properties of Unicode are not supported"),
            _ => {
                let byte = self.escaped_byte()?;
                Ok(Piece::Repeatable(Node::Byte(byte, self.flags.fold)))
            }
        }
    }

    /// `\N{...}` is a character by its name, unless the braces are a quantifier.
    fn refuse_name(&mut self) -> Result<(), String> {
        let at = self.at;
        self.at += 2;
        if self.peek() == Some(b'{') && self.counted()?.is_none() {
            return self.fail(at, "characters by name are not supported");
        }
        self.at = at;
        Ok(())
    }

    pub(super) fn backref(&mut self, target: Target<'p>, at: usize) -> Node {
        self.references.push((target, at));
        Node::Backref(self.references.len() - 1, self.flags.fold)
    }

    /// `\1` to `\9`, and further where there are so many groups before or no octal digit begins it.
    fn numbered(&mut self, first: u8) -> Option<u32> {
        let (number, behind) = digits(self.rest().get(1..)?).filter(|_| first != b'0')?;
        if number >= 10 && first < b'8' && number > self.groups {
            return None;
        }
        self.at = self.pattern.len() - behind.len();
        Some(number)
    }

    /// Behind `\g`: a number, a distance or, in braces, a name as well.
    fn g_target(&mut self) -> Result<Target<'p>, String> {
        let at = self.at;
        if matches!(self.peek(), Some(b'<' | b'\'')) {
            return self.fail(at, "recursion is not supported");
        }
        let braces = self.eat(b"{");
        let sign = if self.eat(b"-") {
            Some(b'-')
        } else if self.eat(b"+") {
            Some(b'+')
        } else {
            None
        };
        let Some((number, behind)) = digits(self.rest()) else {
            return match (braces, sign) {
                (true, None) => self.name(b'}').map(Target::Name),
                _ => self.fail(at, "\\g without number or name"),
            };
        };
        self.at = self.pattern.len() - behind.len();
        if braces && !self.eat(b"}") {
            return self.fail(at, "\\g{ without closing brace");
        }
        Ok(Target::Number(match sign {
            _ if number == 0 => 0,
            None => number,
            Some(b'+') => self.groups.saturating_add(number),
            Some(_) => (self.groups + 1).saturating_sub(number),
        }))
    }

    /// Behind `\k`: a name.
    fn k_target(&mut self) -> Result<Target<'p>, String> {
        for (open, close) in [(b"<", b'>'), (b"'", b'\''), (b"{", b'}')] {
            if self.eat(open) {
                return self.name(close).map(Target::Name);
            }
        }
        self.fail(self.at, "\\k without name")
    }

    /// An escape that stands for a byte, within a class or without.
    pub(super) fn escaped_byte(&mut self) -> Result<u8, String> {
        let at = self.at;
        let [_, letter, behind @ ..] = self.rest() else {
            return self.fail(at, "backslash at the end");
        };
        self.at += 2;
        Ok(match letter {
            b'a' => 0x07,
            b'e' => 0x1B,
            b'f' => 0x0C,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'0'..=b'7' => {
                self.at -= 1;
                return self.code(at, 8, 3);
            }
            b'o' if !behind.starts_with(b"{") => return self.fail(at, "\\o without braces"),
            b'o' => return self.braced_code(at, 8),
            b'x' if behind.starts_with(b"{") => return self.braced_code(at, 16),
            b'x' => return self.code(at, 16, 2),
            b'c' => {
                let Some(&control) = behind.first().filter(|byte| (b' '..=b'~').contains(byte))
                else {
                    return self.fail(at, "\\c without a printable byte");
                };
                self.at += 1;
                control.to_ascii_uppercase() ^ 0x40
            }
            b'8' | b'9' => *letter,
            _ if letter.is_ascii_alphanumeric() => {
                let letter = char::from(*letter);
                return self.fail(at, format_args!("unknown escape \\{letter}"));
            }
            _ => *letter,
        })
    }

    /// `{...}` around the digits of a byte.
    fn braced_code(&mut self, at: usize, radix: u32) -> Result<u8, String> {
        self.at += 1;
        let before = self.at;
        let byte = self.code(at, radix, usize::MAX)?;
        if self.at == before || !self.eat(b"}") {
            return self.fail(at, "escape in braces that are not closed or hold no number");
        }
        Ok(byte)
    }

    /// A byte of at most so many digits; no digit is zero.
    fn code(&mut self, at: usize, radix: u32, digits_max: usize) -> Result<u8, String> {
        let digits = self.rest().iter().map_while(|byte| char::from(*byte).to_digit(radix));
        let (count, value) = digits.take(digits_max).fold((0, 0_u32), |(count, value), digit| {
            (count + 1, value.saturating_mul(radix).saturating_add(digit))
        });
        self.at += count;
        match u8::try_from(value) {
            Ok(byte) => Ok(byte),
            Err(_) => self.fail(at, "escape of more than a byte"),
        }
    }
}

/// The sets that have a letter, within a class or without.
pub(super) fn set(letter: u8) -> Option<ByteSet> {
    let set = match letter.to_ascii_lowercase() {
        b'd' => DIGIT,
        b'h' => HORIZONTAL,
        b's' => SPACE,
        b'v' => VERTICAL,
        b'w' => WORD,
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() { set.complement() } else { set })
}

/// The conditions that have a letter. `\G` is where the search began, which is the start.
fn assertion(letter: u8) -> Option<Assertion> {
    Some(match letter {
        b'A' | b'G' => Assertion::Start,
        b'z' => Assertion::End,
        b'Z' => Assertion::EndOrLast,
        b'b' => Assertion::WordBoundary,
        b'B' => Assertion::NotWordBoundary,
        _ => return None,
    })
}

/// `\R`: `\r\n` is one line end and never taken apart.
fn line_end() -> Node {
    let byte = |byte| class(ByteSet::of(&[byte]));
    let both = Node::Concat(vec![byte(b'\r'), byte(b'\n')]);
    Node::Atomic(Box::new(Node::Alternate(vec![both, class(VERTICAL)])))
}
