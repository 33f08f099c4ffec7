//! Reading of TOML tables key by key, so that every problem of a scenario is found in one go and keeps its place.
//!
//! Knows nothing of what the keys mean: that is [`super::load`]'s.

use std::{cell::RefCell, ops::Range, ops::RangeInclusive, str::FromStr};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{problem::Problem, suggest::did_you_mean};

/// A value and where it was written.
#[derive(Debug, Clone)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// The bytes of it.
    pub span: Range<usize>,
}

/// A table that is being read.
pub struct Table<'t> {
    entries: &'t DeTable<'t>,
    /// The whole table, or its header.
    pub span: Range<usize>,
    path: String,
    problems: &'t RefCell<Vec<Problem>>,
    known: RefCell<Vec<&'static str>>,
}

impl<'t> Table<'t> {
    /// The table of a whole document.
    pub fn root(entries: &'t DeTable<'t>, problems: &'t RefCell<Vec<Problem>>) -> Self {
        Self { entries, span: 0..0, path: String::new(), problems, known: RefCell::default() }
    }

    /// Reports a problem with what stands at `span` under a key of this table; of the table itself if that is empty.
    pub fn report(
        &self,
        span: Range<usize>,
        key: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let problem = Problem { span, path: self.path_of(key), message: message.into(), help };
        self.problems.borrow_mut().push(problem);
    }

    /// Reports that a key is missing.
    pub fn missing(&self, key: &str) {
        self.report(self.span.clone(), "", format!("missing key `{key}`"), None);
    }

    /// Whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// A string.
    pub fn text(&self, key: &'static str) -> Option<Placed<&'t str>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(Placed { value: text.as_ref(), span: value.span() }),
            other => self.wrong(key, value, "a string", other),
        }
    }

    /// A string in a form of its own.
    pub fn parsed<T: FromStr<Err = String>>(&self, key: &'static str) -> Option<Placed<T>> {
        let Placed { value, span } = self.text(key)?;
        match value.parse() {
            Ok(value) => Some(Placed { value, span }),
            Err(message) => {
                self.report(span, key, message, None);
                None
            }
        }
    }

    /// One of several words.
    pub fn word<T: Copy>(&self, key: &'static str, words: &[(&'static str, T)]) -> Option<T> {
        let Placed { value, span } = self.text(key)?;
        if let Some((_, meant)) = words.iter().find(|(word, _)| *word == value) {
            return Some(*meant);
        }
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let message = format!("expected one of {}, found \"{value}\"", names.join(", "));
        self.report(span, key, message, did_you_mean(value, names));
        None
    }

    /// `true` or `false`.
    pub fn flag(&self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            other => self.wrong(key, value, "true or false", other),
        }
    }

    /// A whole number.
    pub fn integer(&self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.value(key)?;
        let DeValue::Integer(number) = value.get_ref() else {
            return self.wrong(key, value, "a whole number", value.get_ref());
        };
        let parsed = u64::from_str_radix(number.as_str(), number.radix()).ok();
        let found = parsed.filter(|number| range.contains(number));
        if found.is_none() {
            let (low, high) = (range.start(), range.end());
            let message = format!("expected a number from {low} to {high}, found {number}");
            self.report(value.span(), key, message, None);
        }
        found
    }

    /// A number above or equal to 0, whole or not.
    pub fn number(&self, key: &'static str) -> Option<f64> {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            other => return self.wrong(key, value, "a number", other),
        };
        let found = number.filter(|n: &f64| (0.0..=1e6).contains(n));
        if found.is_none() {
            self.report(value.span(), key, "expected a number from 0 to 1000000", None);
        }
        found
    }

    /// An array of strings. One that is not a string is reported and left out.
    pub fn texts(&self, key: &'static str) -> Vec<Placed<&'t str>> {
        let items = self.items(key);
        let texts = items.iter().filter_map(|item| match item.get_ref() {
            DeValue::String(text) => Some(Placed { value: text.as_ref(), span: item.span() }),
            other => self.wrong(key, item, "a string", other),
        });
        texts.collect()
    }

    /// A table below a key.
    pub fn table(&self, key: &'static str) -> Option<Table<'t>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Table(entries) => Some(self.below(entries, value.span(), self.path_of(key))),
            other => self.wrong(key, value, "a table", other),
        }
    }

    /// An array of tables below a key.
    pub fn tables(&self, key: &'static str) -> Vec<Table<'t>> {
        let items = self.items(key);
        let tables = items.iter().enumerate().filter_map(|(i, item)| match item.get_ref() {
            DeValue::Table(entries) => {
                let path = format!("{}[{i}]", self.path_of(key));
                Some(self.below(entries, item.span(), path))
            }
            other => self.wrong(key, item, "a table", other),
        });
        tables.collect()
    }

    /// The keys of a table, if there is one. Reads and reports nothing.
    pub fn names(&self, key: &str) -> Vec<&'t str> {
        match self.entries.get(key).map(Spanned::get_ref) {
            Some(DeValue::Table(entries)) => {
                entries.keys().map(|name| name.get_ref().as_ref()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A string in a table below a key, if both are there. Reads and reports nothing.
    pub fn peek(&self, table: &str, key: &str) -> Option<&'t str> {
        match self.entries.get(table).map(Spanned::get_ref) {
            Some(DeValue::Table(entries)) => entries.get(key)?.get_ref().as_str(),
            _ => None,
        }
    }

    /// The entries of a table whose keys are free names; each must be a table.
    pub fn named(&self, key: &'static str) -> Vec<(Placed<&'t str>, Table<'t>)> {
        let Some(table) = self.table(key) else { return Vec::new() };
        let entries = table.entries.iter().filter_map(|(name, value)| {
            let placed = Placed { value: name.get_ref().as_ref(), span: name.span() };
            match value.get_ref() {
                DeValue::Table(entries) => {
                    let path = table.path_of(placed.value);
                    // Of a table with a header the name is the best place; its span may run over its keys.
                    Some((placed.clone(), table.below(entries, name.span(), path)))
                }
                other => table.wrong(placed.value, value, "a table", other),
            }
        });
        entries.collect()
    }

    /// The entries of a table whose keys are free names and whose values are strings.
    pub fn pairs(&self, key: &'static str) -> Vec<(Placed<&'t str>, Placed<&'t str>)> {
        let Some(table) = self.table(key) else { return Vec::new() };
        let pairs = table.entries.iter().filter_map(|(name, value)| match value.get_ref() {
            DeValue::String(text) => Some((
                Placed { value: name.get_ref().as_ref(), span: name.span() },
                Placed { value: text.as_ref(), span: value.span() },
            )),
            other => table.wrong(name.get_ref(), value, "a string", other),
        });
        pairs.collect()
    }

    /// Reports the keys that nobody asked for.
    pub fn finish(self) {
        let known = self.known.borrow();
        for (name, _) in self.entries.iter() {
            let name_text = name.get_ref().as_ref();
            if !known.contains(&name_text) {
                let help = did_you_mean(name_text, known.iter().copied()).unwrap_or_else(|| {
                    let mut known = known.clone();
                    known.sort_unstable();
                    format!("known here: {}", known.join(", "))
                });
                self.report(name.span(), name_text, "unknown key", Some(help));
            }
        }
    }

    fn below(&self, entries: &'t DeTable<'t>, span: Range<usize>, path: String) -> Table<'t> {
        Table { entries, span, path, problems: self.problems, known: RefCell::default() }
    }

    fn value(&self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.known.borrow_mut().push(key);
        self.entries.get(key)
    }

    fn items(&self, key: &'static str) -> &'t [Spanned<DeValue<'t>>] {
        let Some(value) = self.value(key) else { return &[] };
        match value.get_ref() {
            DeValue::Array(items) => items,
            other => self.wrong(key, value, "an array", other).unwrap_or_default(),
        }
    }

    fn wrong<T>(
        &self,
        key: &str,
        at: &Spanned<DeValue<'_>>,
        expected: &str,
        found: &DeValue<'_>,
    ) -> Option<T> {
        let found = match found {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        self.report(at.span(), key, format!("expected {expected}, found {found}"), None);
        None
    }

    fn path_of(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", key) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }
}
