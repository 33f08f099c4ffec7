//! Places in JSON: the way to a value, and which of them may differ.
//!
//! A place is folded: all items of an array are one place, and so are members whose names are numbers or identifiers. What
//! differs in a thousand items is one finding then, and not a thousand.

use std::fmt::Write;

use crate::config::{Ignored, compare::Step};

/// The way from the root of a document to a value.
#[derive(Debug, Default)]
pub(super) struct Way<'v> {
    steps: Vec<Toward<'v>>,
    /// Hash of the folded place of each step, so that a place can be told from others without being written.
    hashes: Vec<u64>,
}

#[derive(Debug, Clone, Copy)]
enum Toward<'v> {
    Member(&'v str),
    Item,
}

impl<'v> Way<'v> {
    pub(super) fn enter_member(&mut self, name: &'v str) {
        self.push(Toward::Member(name), folded(name));
    }

    pub(super) fn enter_item(&mut self) {
        self.push(Toward::Item, "[]");
    }

    fn push(&mut self, step: Toward<'v>, folded: &str) {
        self.hashes.push(xxhash_rust::xxh3::xxh3_64_with_seed(folded.as_bytes(), self.hash()));
        self.steps.push(step);
    }

    pub(super) fn back(&mut self) {
        self.steps.pop();
        self.hashes.pop();
    }

    /// Tells folded places apart.
    pub(super) fn hash(&self) -> u64 {
        self.hashes.last().copied().unwrap_or_default()
    }

    /// Names of members on the way.
    pub(super) fn names(&self) -> impl Iterator<Item = &'v str> {
        self.steps.iter().filter_map(|step| match step {
            Toward::Member(name) => Some(*name),
            Toward::Item => None,
        })
    }

    /// The folded place, as `ignore` takes it.
    pub(super) fn text(&self) -> String {
        let mut text = "$".to_owned();
        for step in &self.steps {
            let step = match step {
                Toward::Item => Step::Items,
                Toward::Member(name) if folded(name) == ANY => Step::Any,
                Toward::Member(name) => Step::Name(folded(name).to_owned()),
            };
            let _ = write!(text, "{step}");
        }
        text
    }
}

/// A name as it stands in a place.
fn folded(name: &str) -> &str {
    let id = |b: u8| b.is_ascii_hexdigit() || b == b'-';
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    if !name.is_empty() && digits == name.len()
        || name.len() >= ID_BYTES_MIN && digits > 0 && name.bytes().all(id)
    {
        return ANY;
    }
    name.get(..name.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or_default()
}

const ANY: &str = "*";

/// Hexadecimal names from here on are identifiers: a UUID has 36 bytes, an object identifier 24.
const ID_BYTES_MIN: usize = 16;

/// Of a longer name the beginning stands for it.
const NAME_BYTES_MAX: usize = 64;

/// The places that may differ, as a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Node {
    /// Whether all below is ignored.
    whole: bool,
    next: Vec<(Step, usize)>,
}

impl Ignore {
    /// The places among what is ignored.
    pub fn new<'i>(ignored: impl IntoIterator<Item = &'i Ignored>) -> Self {
        let mut ignore = Self { nodes: vec![Node::default()] };
        for ignored in ignored {
            if let Ignored::Json(steps) = ignored {
                let at = steps.iter().fold(ROOT, |at, step| ignore.grow(at, step));
                ignore.nodes[at].whole = true;
            }
        }
        ignore
    }

    fn grow(&mut self, at: usize, step: &Step) -> usize {
        if let Some((_, next)) = self.nodes[at].next.iter().find(|(known, _)| known == step) {
            return *next;
        }
        let next = self.nodes.len();
        self.nodes.push(Node::default());
        self.nodes[at].next.push((step.clone(), next));
        next
    }

    /// Where a walk begins.
    pub(super) fn start(&self) -> Position {
        let mut position = Position::default();
        position.enter(self, ROOT);
        position
    }
}

const ROOT: usize = 0;

/// The branches of the tree that a walk is on, and whether one of them has ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Position {
    nodes: smallvec::SmallVec<[usize; 4]>,
    pub(super) ignored: bool,
}

impl Position {
    fn enter(&mut self, ignore: &Ignore, at: usize) {
        let Some(node) = ignore.nodes.get(at) else { return };
        self.ignored |= node.whole;
        if !node.next.is_empty() {
            self.nodes.push(at);
        }
    }

    pub(super) fn member(&self, ignore: &Ignore, name: &str) -> Self {
        self.next(ignore, |step| match step {
            Step::Name(known) => known == name,
            Step::Any => true,
            Step::Items => false,
        })
    }

    pub(super) fn item(&self, ignore: &Ignore) -> Self {
        self.next(ignore, |step| *step == Step::Items)
    }

    /// No more branches than the tree has leaves, whatever the document.
    fn next(&self, ignore: &Ignore, takes: impl Fn(&Step) -> bool) -> Self {
        let mut position = Self::default();
        for node in self.nodes.iter().filter_map(|at| ignore.nodes.get(*at)) {
            for (_, next) in node.next.iter().filter(|(step, _)| takes(step)) {
                position.enter(ignore, *next);
            }
        }
        position
    }
}
