//! Which rules are meant: by id, by tag, by message.

use std::collections::HashMap;

use crate::{
    bits::Bits,
    error::Problem,
    pattern::{Caches, Case, Found, Pattern},
    rule::Rule,
    seclang::ast::{self, Text},
};

/// A selection of rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// By id: inclusive ranges.
    Ids(Vec<(u64, u64)>),
    /// By a tag that is this, or has a match of this pattern.
    Tag(Vec<u8>),
    /// By a message that is this, or has a match of this pattern.
    Message(Vec<u8>),
}

impl Which {
    /// `942100`, `942100-942199`, and several of these.
    ///
    /// # Errors
    ///
    /// What is neither.
    pub fn ids(text: &Text) -> Result<Self, Problem> {
        let bad = || Problem::with(text, "no id of a rule, and no range of ids");
        let list = std::str::from_utf8(&text.bytes).map_err(|_| bad())?;
        let parts = list.split([',', ' ']).map(str::trim).filter(|part| !part.is_empty());
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let range = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (range.0 <= range.1).then_some(range)
        };
        let ranges: Option<Vec<(u64, u64)>> = parts.map(range).collect();
        ranges.filter(|ranges| !ranges.is_empty()).map(Self::Ids).ok_or_else(bad)
    }

    /// A pattern of tags.
    ///
    /// # Errors
    ///
    /// A pattern that cannot be read.
    pub fn tag(text: &Text) -> Result<Self, Problem> {
        pattern(text).map(Self::Tag)
    }

    /// A pattern of messages.
    ///
    /// # Errors
    ///
    /// A pattern that cannot be read.
    pub fn message(text: &Text) -> Result<Self, Problem> {
        pattern(text).map(Self::Message)
    }

    /// A selection as a directive has it.
    ///
    /// # Errors
    ///
    /// A pattern that cannot be read.
    pub fn compile(which: &ast::Which) -> Result<Self, Problem> {
        match which {
            ast::Which::Ids(ids) => Ok(Self::Ids(ids.clone())),
            ast::Which::Tag(text) => Self::tag(text),
            ast::Which::Message(text) => Self::message(text),
        }
    }

    /// The rules that are meant, as numbers of chain heads.
    pub fn among(&self, rules: &[Rule]) -> Bits {
        let mut matcher = Matcher::new(self);
        let mut takes = |rule: &Rule| {
            let tags = rule.meta.tags.iter().map(|tag| tag.as_bytes());
            matcher.takes(rule.meta.id, tags, Some(rule.meta.message.as_bytes()))
        };
        let heads = rules.iter().enumerate().filter(|(_, rule)| rule.meta.id != 0);
        heads.filter(|(_, rule)| takes(rule)).map(|(number, _)| number).collect()
    }
}

fn pattern(text: &Text) -> Result<Vec<u8>, Problem> {
    let bytes = text.bytes.trim_ascii().to_vec();
    match Pattern::new(&bytes, Case::Sensitive) {
        Ok(_) if !bytes.is_empty() => Ok(bytes),
        Ok(_) => Err(Problem::with(text, "an empty pattern")),
        Err(message) => Err(Problem::with(text, message)),
    }
}

/// A selection at work, on rules in whatever form.
pub struct Matcher<'w> {
    which: &'w Which,
    pattern: Option<Pattern>,
    caches: Caches,
}

impl<'w> Matcher<'w> {
    /// Compiles what the selection needs.
    pub fn new(which: &'w Which) -> Self {
        let pattern = match which {
            Which::Ids(_) => None,
            Which::Tag(text) | Which::Message(text) => Pattern::new(text, Case::Sensitive).ok(),
        };
        Self { which, pattern, caches: Caches::new(usize::MAX) }
    }

    /// Whether a rule with this id, these tags and this message is meant.
    pub fn takes<'t>(
        &mut self,
        id: u64,
        mut tags: impl Iterator<Item = &'t [u8]>,
        message: Option<&'t [u8]>,
    ) -> bool {
        match self.which {
            Which::Ids(ranges) => ranges.iter().any(|(first, last)| (*first..=*last).contains(&id)),
            Which::Tag(text) => tags.any(|tag| self.matches(text, tag)),
            Which::Message(text) => message.is_some_and(|message| self.matches(text, message)),
        }
    }

    fn matches(&mut self, text: &[u8], name: &[u8]) -> bool {
        let Self { pattern, caches, .. } = self;
        let found = pattern.as_ref().map(|pattern| pattern.is_match(caches, name, STEPS_MAX));
        text == name || found == Some(Found::Yes)
    }
}

const STEPS_MAX: usize = 1_000_000;

/// Selections that rules make while they run, each resolved once when all rules are known.
#[derive(Debug, Default)]
pub struct Masks {
    known: HashMap<Which, usize>,
    order: Vec<Which>,
}

impl Masks {
    /// The number of a selection.
    pub fn number(&mut self, which: Which) -> usize {
        let next = self.order.len();
        let order = &mut self.order;
        *self.known.entry(which).or_insert_with_key(|which| {
            order.push(which.clone());
            next
        })
    }

    /// The rules of each selection, by its number.
    pub fn resolve(&self, rules: &[Rule]) -> Vec<Bits> {
        self.order.iter().map(|which| which.among(rules)).collect()
    }
}
