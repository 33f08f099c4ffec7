//! The configuration as one tree of values, each of which knows the file and the bytes that it was written in.
//!
//! Several files merge into one [`Document`], and `like` copies one cluster into another; positions survive both. What
//! the values mean is not known here: that is [`super::schema`] and [`super::check`]. Nothing here touches the disk.

mod key_path;
mod like;
mod merge;
mod parse;
mod source;

use std::{collections::BTreeMap, ops::Range, sync::Arc};

pub(crate) use key_path::path;
pub use key_path::{KeyPath, Segment};
pub(super) use merge::merge;
pub(super) use parse::parse;
pub use source::{FileId, Location, Source, SourceMap};

use super::diagnostic::{Finding, Problem, Report};

/// A merged configuration with the files that it came from.
#[derive(Debug, Clone)]
pub struct Document {
    /// The texts that locations refer to.
    pub sources: Arc<SourceMap>,
    /// The top table.
    pub root: Node,
    /// Clusters that another one names in `like`.
    pub templates: std::collections::BTreeSet<String>,
}

/// A value and where it was written.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it was written.
    pub origin: Origin,
}

/// A TOML value.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text.
    String(String),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A date, a time, or both.
    Datetime(toml::value::Datetime),
    /// A list.
    Array(Vec<Node>),
    /// Keys and values.
    Table(BTreeMap<String, Node>),
}

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: FileId,
    /// Bytes of the key; those of the value where there is none, as in an array.
    pub key: Range<usize>,
    /// Bytes of the value; for a table with a header those of the header.
    pub value: Range<usize>,
    /// Whether `like` copied the value from another cluster.
    pub inherited: bool,
}

/// Which part of an entry to point at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its key.
    Key,
    /// Its value.
    Value,
}

impl Document {
    /// The node at a path.
    pub fn find(&self, path: &KeyPath) -> Option<&Node> {
        let (node, depth) = self.closest(path);
        (depth == path.segments().len()).then_some(node)
    }

    /// Where the value at a path was written, or the closest table or array around it that exists.
    pub fn locate(&self, path: &KeyPath) -> Location {
        self.locate_part(path, Part::Value)
    }

    /// Like [`Document::locate`], with a choice between key and value. What stands in for a missing node is always
    /// pointed at as a value.
    pub fn locate_part(&self, path: &KeyPath, part: Part) -> Location {
        let (node, depth) = self.closest(path);
        let part = if depth == path.segments().len() { part } else { Part::Value };
        node.origin.location(part)
    }

    /// Gives each problem its place, and makes a report of them.
    pub fn report(&self, problems: Vec<Problem>) -> Report {
        let findings = problems.into_iter().map(|problem| self.find_place(problem)).collect();
        Report::new(Arc::clone(&self.sources), findings)
    }

    pub(super) fn find_place(&self, problem: Problem) -> Finding {
        let part = if problem.at_key { Part::Key } else { Part::Value };
        let location = self.locate_part(&problem.path, part);
        let inherited = self.closest(&problem.path).0.origin.inherited;
        Finding { problem, location, inherited, also: None }
    }

    /// The deepest node on the way along a path, and how many segments lead to it.
    fn closest(&self, path: &KeyPath) -> (&Node, usize) {
        let mut node = &self.root;
        for (depth, segment) in path.segments().iter().enumerate() {
            let Some(child) = node.child(segment) else { return (node, depth) };
            node = child;
        }
        (node, path.segments().len())
    }
}

impl Node {
    /// The entry that a segment leads to.
    pub fn child(&self, segment: &Segment) -> Option<&Self> {
        match (&self.value, segment) {
            (Value::Table(table), Segment::Key(key)) => table.get(key),
            (Value::Array(items), Segment::Index(index)) => items.get(*index),
            (Value::Array(items), Segment::Item(text)) => items.iter().find(|i| i.says(text)),
            _ => None,
        }
    }

    /// The same, for change.
    pub fn child_mut(&mut self, segment: &Segment) -> Option<&mut Self> {
        match (&mut self.value, segment) {
            (Value::Table(table), Segment::Key(key)) => table.get_mut(key),
            (Value::Array(items), Segment::Index(index)) => items.get_mut(*index),
            (Value::Array(items), Segment::Item(text)) => items.iter_mut().find(|i| i.says(text)),
            _ => None,
        }
    }

    /// The node at a path below this one, for change.
    pub fn find_mut(&mut self, path: &KeyPath) -> Option<&mut Self> {
        path.segments().iter().try_fold(self, |node, segment| node.child_mut(segment))
    }

    /// The entries, if this is a table.
    pub fn as_table(&self) -> Option<&BTreeMap<String, Self>> {
        if let Value::Table(table) = &self.value { Some(table) } else { None }
    }

    /// The entries for change, if this is a table.
    pub fn as_table_mut(&mut self) -> Option<&mut BTreeMap<String, Self>> {
        if let Value::Table(table) = &mut self.value { Some(table) } else { None }
    }

    /// The text, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    /// Whether this is a leaf that is written like a text.
    fn says(&self, text: &str) -> bool {
        match &self.value {
            Value::String(own) => own == text,
            Value::Integer(own) => own.to_string() == text,
            _ => false,
        }
    }

    /// The value without its places.
    pub fn to_toml(&self) -> toml::Value {
        match &self.value {
            Value::String(text) => toml::Value::String(text.clone()),
            Value::Integer(number) => toml::Value::Integer(*number),
            Value::Float(number) => toml::Value::Float(*number),
            Value::Boolean(flag) => toml::Value::Boolean(*flag),
            Value::Datetime(time) => toml::Value::Datetime(*time),
            Value::Array(items) => items.iter().map(Self::to_toml).collect::<Vec<_>>().into(),
            Value::Table(table) => toml::Value::Table(
                table.iter().map(|(key, node)| (key.clone(), node.to_toml())).collect(),
            ),
        }
    }
}

impl Value {
    /// What a value of this kind is called in messages, with its article.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number with a fraction",
            Self::Boolean(_) => "a boolean",
            Self::Datetime(_) => "a date or time",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
        }
    }
}

impl Origin {
    /// The place of the key or of the value.
    pub fn location(&self, part: Part) -> Location {
        let span = if part == Part::Key { &self.key } else { &self.value };
        Location { file: self.file, span: span.clone() }
    }
}

#[cfg(test)]
mod tests;
