//! What begins with a parenthesis.

use super::{
    super::syntax::{Around, Direction, Fold, Node},
    BEHIND_BYTES_MAX, DEPTH_MAX, Flags, Parser, Piece, Spacing, Target,
};

/// What we do not do.
const REFUSED: [(&[u8], &str); 10] = [
    (b"(?R", RECURSION),
    (b"(?&", RECURSION),
    (b"(?P>", RECURSION),
    (b"(?+", RECURSION),
    (b"(?(", "conditional groups are not supported"),
    (b"(?|", "branch reset groups are not supported"),
    (b"(?C", "callouts are not supported"),
    (b"(?*", "look-around that is not atomic is not supported"),
    (b"(?<*", "look-around that is not atomic is not supported"),
    (b"(?J", "several groups of one name are not supported"),
];

/// Also meant by a number behind the question mark.
const RECURSION: &str = "recursion is not supported";

/// What a group does with its body.
enum Kind {
    Plain,
    Capture(u32),
    Atomic,
    Around(Direction, bool),
}

impl<'p> Parser<'p> {
    pub(super) fn group(&mut self) -> Result<Piece, String> {
        let open = self.at;
        self.refuse()?;
        self.at += 1;
        let outer = self.flags;
        let kind = if self.eat(b"?P=") {
            let name = self.name(b')')?;
            return Ok(Piece::Repeatable(self.backref(Target::Name(name), open)));
        } else if self.eat(b"?") {
            match self.kind()? {
                Some(kind) => kind,
                None => return Ok(Piece::Nothing),
            }
        } else if self.flags.unnamed_groups {
            self.capture()
        } else {
            Kind::Plain
        };
        let body = self.body(open, &kind)?;
        self.flags = outer;
        Ok(Piece::Repeatable(match kind {
            Kind::Plain => body,
            Kind::Capture(number) => Node::Capture(number, Box::new(body)),
            Kind::Atomic => Node::Atomic(Box::new(body)),
            Kind::Around(direction, negative) => {
                Node::Around(Box::new(Around { direction, negative, body }))
            }
        }))
    }

    fn refuse(&self) -> Result<(), String> {
        let rest = self.rest();
        if let Some((_, what)) = REFUSED.iter().find(|(beginning, _)| rest.starts_with(beginning)) {
            return self.fail(self.at, what);
        }
        match rest {
            [b'(', b'*', next, ..] if next.is_ascii_alphabetic() || *next == b':' => {
                self.fail(self.at, "verbs are not supported")
            }
            [b'(', b'?', b'0'..=b'9', ..] | [b'(', b'?', b'-', b'0'..=b'9', ..] => {
                self.fail(self.at, RECURSION)
            }
            _ => Ok(()),
        }
    }

    /// What stands behind `(?`: the kind of the group, or flags for the rest of the group that is around them.
    fn kind(&mut self) -> Result<Option<Kind>, String> {
        const PLAIN: [(&[u8], Kind); 6] = [
            (b":", Kind::Plain),
            (b">", Kind::Atomic),
            (b"=", Kind::Around(Direction::Ahead, false)),
            (b"!", Kind::Around(Direction::Ahead, true)),
            (b"<=", Kind::Around(Direction::Behind, false)),
            (b"<!", Kind::Around(Direction::Behind, true)),
        ];
        for (beginning, kind) in PLAIN {
            if self.eat(beginning) {
                return Ok(Some(kind));
            }
        }
        for (beginning, end) in [(b"P<".as_slice(), b'>'), (b"<", b'>'), (b"'", b'\'')] {
            if self.eat(beginning) {
                return self.named(end).map(Some);
            }
        }
        self.flags()
    }

    fn body(&mut self, open: usize, kind: &Kind) -> Result<Node, String> {
        if self.depth == DEPTH_MAX {
            return self.fail(open, format_args!("group within more than {DEPTH_MAX} others"));
        }
        let around = usize::from(matches!(kind, Kind::Around(..)));
        self.depth += 1;
        self.arounds += around;
        let body = self.alternation()?;
        self.depth -= 1;
        self.arounds -= around;
        if !self.eat(b")") {
            return self.fail(open, "group without closing parenthesis");
        }
        if matches!(kind, Kind::Around(Direction::Behind, _)) && !reaches_back(&body) {
            let what =
                format_args!("look-behind that is not sure to end within {BEHIND_BYTES_MAX} bytes");
            return self.fail(open, what);
        }
        Ok(body)
    }

    fn capture(&mut self) -> Kind {
        self.groups += 1;
        Kind::Capture(self.groups)
    }

    fn named(&mut self, end: u8) -> Result<Kind, String> {
        let at = self.at;
        let name = self.name(end)?;
        if self.names.iter().any(|(known, _)| *known == name) {
            let name = name.escape_ascii();
            return self.fail(at, format_args!("second group of the name `{name}`"));
        }
        let kind = self.capture();
        self.names.push((name, self.groups));
        Ok(kind)
    }

    /// A name and what ends it.
    pub(super) fn name(&mut self, end: u8) -> Result<&'p [u8], String> {
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_');
        let (name, behind) = rest.split_at(length.count());
        let begins = name.first().is_some_and(|byte| !byte.is_ascii_digit());
        if !begins || behind.first() != Some(&end) {
            return self.fail(self.at, "name that is none");
        }
        self.at += name.len() + 1;
        Ok(name)
    }

    /// Flags up to `)`, which hold for the rest of the group around them, or up to `:`, which begin a group of their own.
    fn flags(&mut self) -> Result<Option<Kind>, String> {
        let mut set = true;
        let reset = self.eat(b"^");
        if reset {
            let lazy = self.flags.lazy;
            self.flags = Flags { fold: Fold::Off, dot_all: false, lazy, ..Flags::AT_FIRST };
        }
        loop {
            let at = self.at;
            let Some(byte) = self.peek() else {
                return self.fail(at, "group without closing parenthesis");
            };
            self.at += 1;
            match byte {
                b')' => return Ok(None),
                b':' => return Ok(Some(Kind::Plain)),
                b'-' if set && !reset => set = false,
                b'i' => self.flags.fold = if set { Fold::On } else { Fold::Off },
                b'm' => self.flags.multi_line = set,
                b's' => self.flags.dot_all = set,
                b'n' => self.flags.unnamed_groups = !set,
                b'U' => self.flags.lazy = set,
                b'x' => self.flags.spacing = self.spacing(set),
                b'J' => return self.fail(at, "several groups of one name are not supported"),
                _ => return self.fail(at, format_args!("unknown flag `{}`", byte.escape_ascii())),
            }
        }
    }

    /// What `x` or `xx` sets or, behind a hyphen, takes back.
    fn spacing(&mut self, set: bool) -> Spacing {
        match (set, self.eat(b"x")) {
            (false, _) => Spacing::Itself,
            (true, false) => Spacing::Ignored,
            (true, true) => Spacing::IgnoredInClasses,
        }
    }
}

fn reaches_back(body: &Node) -> bool {
    body.width().max.is_some_and(|max| max <= BEHIND_BYTES_MAX)
}
