//! Metrics as `/metrics` gives them: the Prometheus text format, as far as foxtrot writes it.

use std::collections::BTreeMap;

use crate::{client::Admin, failure::Failure};

/// What a scrape said.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Samples(Vec<Sample>);

/// One series and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Samples {
    /// What a server says now.
    pub(crate) async fn of_server(admin: &Admin) -> Result<Self, Failure> {
        Self::read(&admin.text("/metrics").await?).map_err(Failure::Failed)
    }

    /// Reads a scrape; the error is the line that makes no sense.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines
            .map(|line| sample(line).ok_or_else(|| format!("no metric: {line}")))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether there is any series of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|sample| sample.name == name)
    }

    /// Series of this name that have these labels, among others.
    pub(crate) fn of<'a>(
        &'a self,
        name: &'a str,
        labels: &'a BTreeMap<String, String>,
    ) -> impl Iterator<Item = &'a Sample> {
        let fits = move |sample: &&Sample| {
            let has = |(key, value): (&String, &String)| sample.labels.get(key) == Some(value);
            sample.name == name && labels.iter().all(has)
        };
        self.0.iter().filter(fits)
    }
}

/// `name{label="value",...} value`, and perhaps a time.
fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    let mut rest = match rest.strip_prefix('{') {
        Some(inner) => self::labels(inner, &mut labels)?,
        None => rest,
    }
    .split_ascii_whitespace();
    let value = rest.next()?.parse().ok()?;
    (!name.is_empty()).then(|| Sample { name: name.to_owned(), labels, value })
}

/// Reads labels, and gives what comes after their brace.
fn labels<'a>(mut text: &'a str, labels: &mut BTreeMap<String, String>) -> Option<&'a str> {
    loop {
        if let Some(rest) = text.strip_prefix('}') {
            return Some(rest);
        }
        let (name, rest) = text.split_once("=\"")?;
        let (value, rest) = quoted(rest)?;
        labels.insert(name.to_owned(), value);
        text = rest.strip_prefix(',').unwrap_or(rest);
    }
}

/// A value up to its quote, and what comes after that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn series_are_found_by_name_and_labels() {
        let text = "# HELP a b\n# TYPE a counter\na{x=\"1\",y=\"q\\\"\\\\\\n, }\"} 2\na{x=\"2\",} 3 1700000\nb 1e3\nc +Inf\n";
        let samples = Samples::read(text).unwrap();
        let labels = |x: &str| BTreeMap::from([("x".to_owned(), x.to_owned())]);
        let values = |x: &str| samples.of("a", &labels(x)).map(|s| s.value).collect::<Vec<_>>();
        assert_eq!((values("1"), values("2"), values("3")), (vec![2.0], vec![3.0], vec![]));
        let one = labels("1");
        let odd = samples.of("a", &one).next().unwrap();
        assert_eq!(odd.labels["y"], "q\"\\\n, }");
        assert!(samples.has("b") && !samples.has("d"));
        assert_eq!(samples.of("c", &BTreeMap::new()).next().unwrap().value, f64::INFINITY);
    }

    proptest! {
        #[test]
        fn any_text_is_borne(text in ".{0,80}") {
            let _ = Samples::read(&text);
            let _ = Samples::read(&format!("a{{{text}"));
        }
    }
}
