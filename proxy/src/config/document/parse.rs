//! TOML text to a tree with places. All syntax errors of a text are found at once.

use std::collections::BTreeMap;

use toml::de::{DeInteger, DeTable, DeValue};

use super::{FileId, KeyPath, Location, Node, Origin, SourceMap, Value};
use crate::config::diagnostic::{Finding, Problem};

/// Parses one file of the map. On errors the tree is not fit for use: it holds only what could be made sense of.
pub(in crate::config) fn parse(sources: &SourceMap, file: FileId) -> Result<Node, Vec<Finding>> {
    let text = sources.source(file).map_or("", |source| &source.text);
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut parser = Parser { file, findings: Vec::new() };
    for error in errors {
        parser.report(error.span().unwrap_or(0..0), format!("not TOML: {}", error.message()));
    }
    let entries = parser.table(table.get_ref());
    if !parser.findings.is_empty() {
        return Err(parser.findings);
    }
    let origin = Origin { file, key: 0..0, value: 0..0, inherited: false };
    Ok(Node { value: Value::Table(entries), origin })
}

struct Parser {
    file: FileId,
    findings: Vec<Finding>,
}

impl Parser {
    fn table(&mut self, table: &DeTable<'_>) -> BTreeMap<String, Node> {
        let entries = table.iter().map(|(key, value)| {
            let node = self.node(value.get_ref(), key.span(), value.span());
            (key.get_ref().clone().into_owned(), node)
        });
        entries.collect()
    }

    fn node(&mut self, value: &DeValue<'_>, key: Span, span: Span) -> Node {
        let value = self.value(value, &span);
        Node { value, origin: Origin { file: self.file, key, value: span, inherited: false } }
    }

    fn value(&mut self, value: &DeValue<'_>, span: &Span) -> Value {
        match value {
            DeValue::String(text) => Value::String(text.clone().into_owned()),
            DeValue::Integer(number) => Value::Integer(self.integer(number, span)),
            // Every float of TOML's grammar is one of Rust's; what overflows is infinite, which no range admits.
            DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(flag) => Value::Boolean(*flag),
            DeValue::Datetime(time) => Value::Datetime(*time),
            DeValue::Table(table) => Value::Table(self.table(table)),
            DeValue::Array(items) => {
                let node =
                    |item: &toml::Spanned<_>| self.node(item.get_ref(), item.span(), item.span());
                Value::Array(items.iter().map(node).collect())
            }
        }
    }

    fn integer(&mut self, number: &DeInteger<'_>, span: &Span) -> i64 {
        i64::from_str_radix(number.as_str(), number.radix()).unwrap_or_else(|_| {
            self.report(span.clone(), format!("integer {number} is out of range"));
            0
        })
    }

    fn report(&mut self, span: Span, message: String) {
        let location = Location { file: self.file, span };
        self.findings.push(Finding::new(Problem::at(KeyPath::root(), message), location));
    }
}

type Span = std::ops::Range<usize>;
