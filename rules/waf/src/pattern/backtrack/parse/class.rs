//! Classes in brackets.

use super::{
    super::{
        set::{ALPHA, ByteSet, posix},
        syntax::{Class, Fold, Node},
    },
    Parser, Piece, Spacing, escape,
};

/// A member of a class as it is spelled.
enum Member {
    Byte(u8),
    /// A set, and the set where case does not count.
    Set(ByteSet, ByteSet),
    /// A hyphen that is not escaped: it may make a range.
    Hyphen,
}

/// The members so far.
struct Members {
    class: Class,
    /// The byte that a hyphen would make a range from.
    low: Option<u8>,
    /// Whether a hyphen did.
    ranging: bool,
}

impl Members {
    const NONE: Self = Self {
        class: Class { sensitive: ByteSet::EMPTY, insensitive: ByteSet::EMPTY },
        low: None,
        ranging: false,
    };

    fn add(&mut self, sensitive: ByteSet, insensitive: ByteSet) {
        self.class.sensitive = self.class.sensitive.or(sensitive);
        self.class.insensitive = self.class.insensitive.or(insensitive);
    }

    fn add_range(&mut self, low: u8, high: u8) {
        let set = ByteSet::range(low, high);
        self.add(set, set.folded());
    }

    /// Takes the next member; none where it ends a range that is out of order.
    fn push(&mut self, member: Member) -> Option<()> {
        match (member, self.low) {
            (Member::Hyphen, Some(_)) if !self.ranging => self.ranging = true,
            (Member::Hyphen, low) => return self.push_byte(b'-', low),
            (Member::Byte(byte), low) => return self.push_byte(byte, low),
            (Member::Set(sensitive, insensitive), _) => {
                self.end_range();
                self.add(sensitive, insensitive);
                self.low = None;
            }
        }
        Some(())
    }

    fn push_byte(&mut self, byte: u8, low: Option<u8>) -> Option<()> {
        let low = low.filter(|_| self.ranging);
        if low.is_some_and(|low| low > byte) {
            return None;
        }
        self.add_range(low.unwrap_or(byte), byte);
        self.low = if self.ranging { None } else { Some(byte) };
        self.ranging = false;
        Some(())
    }

    /// A hyphen that no byte followed was itself.
    fn end_range(&mut self) {
        if std::mem::take(&mut self.ranging) {
            self.add_range(b'-', b'-');
        }
    }
}

impl Parser<'_> {
    pub(super) fn class(&mut self) -> Result<Piece, String> {
        let open = self.at;
        if posix_end(self.rest()).is_some() {
            return self.fail(open, "named class outside of a class");
        }
        self.at += 1;
        self.skip_in_class();
        let negated = !self.quoting && self.eat(b"^");
        let mut members = Members::NONE;
        let mut first = true;
        loop {
            self.skip_in_class();
            let at = self.at;
            if !first && !self.quoting && self.eat(b"]") {
                break;
            }
            first = false;
            let member = self.member(open)?;
            if members.push(member).is_none() {
                return self.fail(at, "range out of order");
            }
        }
        members.end_range();
        Ok(Piece::Repeatable(Node::Class(Box::new(self.fold(members.class, negated)))))
    }

    fn fold(&self, class: Class, negated: bool) -> Class {
        let sign = |set: ByteSet| if negated { set.complement() } else { set };
        let (sensitive, insensitive) = (sign(class.sensitive), sign(class.insensitive));
        match self.flags.fold {
            Fold::AsAsked => Class { sensitive, insensitive },
            Fold::On => Class { sensitive: insensitive, insensitive },
            Fold::Off => Class { sensitive, insensitive: sensitive },
        }
    }

    /// Passes over what means nothing: quotes and, where they are ignored, blanks.
    fn skip_in_class(&mut self) {
        let blanks = self.flags.spacing == Spacing::IgnoredInClasses;
        loop {
            if self.eat(b"\\E") {
                self.quoting = false;
            } else if !self.quoting && self.eat(b"\\Q") {
                self.quoting = true;
            } else if !self.quoting && blanks && matches!(self.peek(), Some(b' ' | b'\t')) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    fn member(&mut self, open: usize) -> Result<Member, String> {
        let rest = self.rest();
        let Some(&byte) = rest.first() else {
            return self.fail(open, "class without closing bracket");
        };
        let member = match byte {
            _ if self.quoting => Member::Byte(byte),
            b'-' => Member::Hyphen,
            b'[' if posix_end(rest).is_some() => return self.named_class(rest),
            b'\\' => return self.escaped_member(rest),
            _ => Member::Byte(byte),
        };
        self.at += 1;
        Ok(member)
    }

    fn escaped_member(&mut self, rest: &[u8]) -> Result<Member, String> {
        let letter = rest.get(1).copied().unwrap_or_default();
        if let Some(set) = escape::set(letter) {
            self.at += 2;
            return Ok(Member::Set(set, set));
        }
        match letter {
            b'b' => {
                self.at += 2;
                Ok(Member::Byte(0x08))
            }
            b'p' | b'P' => self.fail(self.at, "properties of Unicode are not supported"),
            _ => self.escaped_byte().map(Member::Byte),
        }
    }

    /// `[:name:]` or `[:^name:]`. Where case does not count, upper and lower mean any letter, also if negated.
    fn named_class(&mut self, rest: &[u8]) -> Result<Member, String> {
        let end = posix_end(rest).unwrap_or_default();
        let name = rest.get(2..end).filter(|_| rest.starts_with(b"[:")).unwrap_or_default();
        let (negated, name) = match name.strip_prefix(b"^") {
            Some(name) => (true, name),
            None => (false, name),
        };
        let Some(set) = posix(name) else {
            return self.fail(self.at, "unknown named class");
        };
        self.at += end + 2;
        let folded = if matches!(name, b"upper" | b"lower") { ALPHA } else { set };
        Ok(if negated {
            Member::Set(set.complement(), folded.complement())
        } else {
            Member::Set(set, folded)
        })
    }
}

/// Where the name ends that `[:`, `[.` or `[=` begins, if the same mark and a bracket close it before any other bracket.
fn posix_end(rest: &[u8]) -> Option<usize> {
    let [b'[', mark @ (b':' | b'.' | b'='), ..] = rest else { return None };
    let mut at = 2;
    loop {
        match (rest.get(at)?, rest.get(at + 1)?) {
            (b'\\', b'\\' | b']') => at += 2,
            (b']', _) => return None,
            (b'[', next) if next == mark => return None,
            (byte, b']') if byte == mark => return Some(at),
            _ => at += 1,
        }
    }
}
