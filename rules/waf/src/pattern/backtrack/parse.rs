//! Reads a pattern as PCRE2 10.42 does, as bytes.
//!
//! More is taken than PCRE2 takes in two places: a hyphen beside a set within a class stands for itself, as in `[\w-.]`, and
//! look-behind may vary in length within a bound. Less is: no recursion, conditions, verbs, callouts, branch reset or
//! properties of Unicode; those are refused by name.

mod class;
mod escape;
mod group;

use std::fmt::Display;

use super::{
    set::{ByteSet, NEWLINE, SPACE},
    syntax::{Assertion, Class, Fold, Greed, Node, Repeat},
};

/// A pattern that was read.
#[derive(Debug)]
pub struct Parsed {
    /// All of it.
    pub root: Node,
    /// How many groups it has.
    pub groups: u32,
    /// The groups that its backreferences mean.
    pub references: Vec<u32>,
}

/// Reads a pattern.
///
/// # Errors
///
/// What is wrong with it, and where.
pub fn parse(pattern: &[u8]) -> Result<Parsed, String> {
    let mut parser = Parser::new(pattern);
    let root = parser.alternation()?;
    if !parser.rest().is_empty() {
        return parser.fail(parser.at, "closing parenthesis that no group opened");
    }
    Ok(Parsed { root, groups: parser.groups, references: parser.resolve()? })
}

/// How deep groups may lie within each other: what the parser of the linear engine takes as well.
const DEPTH_MAX: usize = 60;
/// The greatest number in a quantifier.
const TIMES_MAX: u32 = 65_535;
/// How far look-behind may reach.
const BEHIND_BYTES_MAX: usize = 255;

struct Parser<'p> {
    pattern: &'p [u8],
    at: usize,
    /// Whether it is between `\Q` and `\E`.
    quoting: bool,
    flags: Flags,
    /// Groups around this place, and look-arounds among them.
    depth: usize,
    arounds: usize,
    /// Groups opened so far that are remembered.
    groups: u32,
    names: Vec<(&'p [u8], u32)>,
    references: Vec<(Target<'p>, usize)>,
}

#[derive(Clone, Copy)]
struct Flags {
    fold: Fold,
    multi_line: bool,
    dot_all: bool,
    spacing: Spacing,
    lazy: bool,
    unnamed_groups: bool,
}

impl Flags {
    const AT_FIRST: Self = Self {
        fold: Fold::AsAsked,
        multi_line: false,
        dot_all: true,
        spacing: Spacing::Itself,
        lazy: false,
        unnamed_groups: true,
    };
}

/// What white space means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spacing {
    Itself,
    /// Nothing, outside of classes.
    Ignored,
    /// Nothing, and in classes blanks mean nothing either.
    IgnoredInClasses,
}

/// What a backreference names.
enum Target<'p> {
    Number(u32),
    Name(&'p [u8]),
}

/// What was read at a place.
enum Piece {
    /// Flags, which match nothing.
    Nothing,
    Repeatable(Node),
    NotRepeatable(Node),
}

impl<'p> Parser<'p> {
    fn new(pattern: &'p [u8]) -> Self {
        Self {
            pattern,
            at: 0,
            quoting: false,
            flags: Flags::AT_FIRST,
            depth: 0,
            arounds: 0,
            groups: 0,
            names: Vec::new(),
            references: Vec::new(),
        }
    }

    fn rest(&self) -> &'p [u8] {
        self.pattern.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    fn eat(&mut self, text: &[u8]) -> bool {
        let eaten = self.rest().starts_with(text);
        self.at += if eaten { text.len() } else { 0 };
        eaten
    }

    fn fail<T>(&self, at: usize, what: impl Display) -> Result<T, String> {
        Err(format!("{what} at byte {at}"))
    }

    fn alternation(&mut self) -> Result<Node, String> {
        let mut branches = vec![self.branch()?];
        while self.eat(b"|") {
            branches.push(self.branch()?);
        }
        Ok(single(&mut branches).unwrap_or(Node::Alternate(branches)))
    }

    fn branch(&mut self) -> Result<Node, String> {
        let mut nodes = Vec::new();
        let mut repeatable = false;
        loop {
            self.skip_ignored()?;
            let at = self.at;
            let Some(byte) = self.peek() else { break };
            if !self.quoting && matches!(byte, b'|' | b')') {
                break;
            }
            if let Some((min, max)) = self.times()? {
                let greed = self.greed()?;
                let Some(body) = nodes.pop().filter(|_| repeatable) else {
                    return self.fail(at, "quantifier behind nothing that can be repeated");
                };
                nodes.push(Node::Repeat(Box::new(Repeat { body, min, max, greed })));
                repeatable = false;
                continue;
            }
            match self.piece(byte)? {
                Piece::Nothing => repeatable = false,
                Piece::NotRepeatable(node) => (repeatable, _) = (false, nodes.push(node)),
                Piece::Repeatable(node) => (repeatable, _) = (true, nodes.push(node)),
            }
        }
        if nodes.is_empty() {
            return Ok(Node::Empty);
        }
        Ok(single(&mut nodes).unwrap_or(Node::Concat(nodes)))
    }

    /// Passes over what means nothing: comments, white space where it is ignored, and the ends of quotes.
    fn skip_ignored(&mut self) -> Result<(), String> {
        loop {
            if self.quoting {
                self.quoting = !self.eat(b"\\E");
                if self.quoting {
                    return Ok(());
                }
            }
            if self.eat(b"\\E") {
                continue;
            }
            if self.eat(b"\\Q") {
                self.quoting = true;
            } else if self.rest().starts_with(b"(?#") {
                let Some(length) = memchr::memchr(b')', self.rest()) else {
                    return self.fail(self.at, "comment without end");
                };
                self.at += length + 1;
            } else if !self.skip_white() {
                return Ok(());
            }
        }
    }

    fn skip_white(&mut self) -> bool {
        const WHITE: ByteSet = SPACE.or(ByteSet::of(b"\x85"));
        if self.flags.spacing == Spacing::Itself {
            return false;
        }
        let length = match self.peek() {
            Some(b'#') => memchr::memchr(b'\n', self.rest()).unwrap_or(self.rest().len()),
            Some(byte) if WHITE.contains(byte) => 1,
            _ => return false,
        };
        self.at += length;
        true
    }

    /// The numbers of a quantifier, where there is one.
    fn times(&mut self) -> Result<Option<(u32, Option<u32>)>, String> {
        let times = match self.peek() {
            _ if self.quoting => return Ok(None),
            Some(b'*') => (0, None),
            Some(b'+') => (1, None),
            Some(b'?') => (0, Some(1)),
            Some(b'{') => return self.counted(),
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(times))
    }

    /// `{n}`, `{n,}` or `{n,m}`; a brace that begins anything else is itself.
    fn counted(&mut self) -> Result<Option<(u32, Option<u32>)>, String> {
        let (at, rest) = (self.at, self.rest());
        let Some((min, behind)) = digits(rest.get(1..).unwrap_or_default()) else {
            return Ok(None);
        };
        let (max, behind) = match behind.strip_prefix(b",") {
            None => (Some(min), behind),
            Some(behind) => digits(behind).map_or((None, behind), |(max, rest)| (Some(max), rest)),
        };
        let Some(behind) = behind.strip_prefix(b"}") else { return Ok(None) };
        if max.unwrap_or(min).max(min) > TIMES_MAX {
            return self.fail(at, format_args!("quantifier with a number above {TIMES_MAX}"));
        }
        if max.is_some_and(|max| max < min) {
            return self.fail(at, "quantifier with its numbers out of order");
        }
        self.at += rest.len() - behind.len();
        Ok(Some((min, max)))
    }

    fn greed(&mut self) -> Result<Greed, String> {
        self.skip_ignored()?;
        Ok(match self.peek() {
            Some(b'+') if !self.quoting => {
                self.at += 1;
                Greed::Possessive
            }
            Some(b'?') if !self.quoting => {
                self.at += 1;
                if self.flags.lazy { Greed::Greedy } else { Greed::Lazy }
            }
            _ if self.flags.lazy => Greed::Lazy,
            _ => Greed::Greedy,
        })
    }

    fn piece(&mut self, byte: u8) -> Result<Piece, String> {
        let node = match byte {
            _ if self.quoting => Node::Byte(byte, self.flags.fold),
            b'(' => return self.group(),
            b'[' => return self.class(),
            b'\\' => return self.escape(),
            b'.' if self.flags.dot_all => class(ByteSet::FULL),
            b'.' => class(NEWLINE.complement()),
            b'^' | b'$' => {
                self.at += 1;
                return Ok(Piece::NotRepeatable(Node::Assert(self.line(byte))));
            }
            _ => Node::Byte(byte, self.flags.fold),
        };
        self.at += 1;
        Ok(Piece::Repeatable(node))
    }

    /// What `^` and `$` mean.
    fn line(&self, byte: u8) -> Assertion {
        match (byte, self.flags.multi_line) {
            (b'^', false) => Assertion::Start,
            (b'^', true) => Assertion::LineStart,
            (_, false) => Assertion::End,
            (_, true) => Assertion::LineEnd,
        }
    }

    /// The groups that were referred to, which may stand behind the reference.
    fn resolve(&self) -> Result<Vec<u32>, String> {
        let resolve = |(target, at): &(Target<'p>, usize)| match target {
            Target::Number(number) if (1..=self.groups).contains(number) => Ok(*number),
            Target::Number(number) => self
                .fail(*at, format_args!("backreference to group {number}, which does not exist")),
            Target::Name(name) => match self.names.iter().find(|(known, _)| known == name) {
                Some((_, number)) => Ok(*number),
                None => {
                    let name = name.escape_ascii();
                    self.fail(*at, format_args!("backreference to `{name}`, which does not exist"))
                }
            },
        };
        self.references.iter().map(resolve).collect()
    }
}

fn single(nodes: &mut Vec<Node>) -> Option<Node> {
    if nodes.len() == 1 { nodes.pop() } else { None }
}

/// A class that the case of letters does not change.
fn class(set: ByteSet) -> Node {
    Node::Class(Box::new(Class { sensitive: set, insensitive: set }))
}

/// A decimal number, however long, and what is behind it.
fn digits(text: &[u8]) -> Option<(u32, &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(length).filter(|_| length > 0)?;
    let value = digits.iter().fold(0_u32, |value, digit| {
        value.saturating_mul(10).saturating_add(u32::from(digit - b'0'))
    });
    Some((value, rest))
}
