//! Prometheus text (exposition format 0.0.4), as far as tests ask about it.

use std::collections::BTreeMap;

/// All samples of one scrape.
#[derive(Debug, Default)]
pub struct Metrics {
    samples: Vec<Sample>,
}

/// One line.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Name, `_bucket`, `_sum` or `_count` included.
    pub name: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Value.
    pub value: f64,
}

impl Metrics {
    /// Reads a scrape; a line that is not in the format fails the test.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let sample = |line: &str| parse_line(line).unwrap_or_else(|| panic!("no sample: {line}"));
        Self { samples: lines.map(sample).collect() }
    }

    /// The sum of all samples of `name` that have these labels; 0 without any.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.find(name, labels).map(|sample| sample.value).sum()
    }

    /// Whether there is any sample of `name`.
    pub fn has(&self, name: &str) -> bool {
        self.find(name, &[]).next().is_some()
    }

    /// The samples of `name` that have these labels.
    pub fn find(&self, name: &str, labels: &[(&str, &str)]) -> impl Iterator<Item = &Sample> {
        let holds = |sample: &Sample| {
            sample.name == name
                && labels.iter().all(|(k, v)| sample.labels.get(*k).is_some_and(|found| found == v))
        };
        self.samples.iter().filter(move |sample| holds(sample)).collect::<Vec<_>>().into_iter()
    }
}

fn parse_line(line: &str) -> Option<Sample> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    Some(Sample {
        name: name.to_owned(),
        labels: parse_labels(labels.strip_suffix('}')?)?,
        value: value.replace("Inf", "inf").parse().ok()?,
    })
}

fn parse_labels(mut rest: &str) -> Option<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    while !rest.is_empty() {
        let (name, tail) = rest.split_once("=\"")?;
        let end = closing_quote(tail)?;
        labels.insert(name.to_owned(), tail[..end].replace("\\\"", "\"").replace("\\\\", "\\"));
        rest = tail[end + 1..].trim_start_matches(',');
    }
    Some(labels)
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_found_by_name_and_labels() {
        let scrape =
            "# HELP a b\na{x=\"1\",y=\"q\\\"r\"} 2\na{x=\"2\"} 3\nb 4\nc_bucket{le=\"+Inf\"} 5\n";
        let metrics = Metrics::parse(scrape);
        assert_eq!(metrics.value("a", &[]), 5.0);
        assert_eq!(metrics.value("a", &[("y", "q\"r")]), 2.0);
        assert_eq!(metrics.value("c_bucket", &[("le", "+Inf")]), 5.0);
        assert!(metrics.has("b") && !metrics.has("d"));
    }
}
