//! The table of gates as a release engineer writes it, checked: every mistake is an error with its place.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use super::{
    path::Path,
    table::{Condition, Events, Metric, Must, Of, Part},
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: u32,
    gates: BTreeMap<String, WrittenGate>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenGate {
    #[serde(default)]
    precondition: Vec<WrittenCondition>,
    #[serde(default)]
    verification: Vec<WrittenCondition>,
    #[serde(default)]
    rollback: Vec<WrittenCondition>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCondition {
    name: String,
    source: Source,
    value: Option<String>,
    metric: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    of: Option<BTreeMap<String, String>>,
    over: Option<String>,
    quantile: Option<f64>,
    kind: Option<String>,
    rollout: Option<String>,
    fields: Option<BTreeMap<String, Scalar>>,
    within: Option<String>,
    is: Option<Scalar>,
    at_least: Option<Amount>,
    at_most: Option<Amount>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    Status,
    Clusters,
    Rollouts,
    Waf,
    Metrics,
    Events,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Bool(bool),
    Whole(i64),
    Number(f64),
    Text(String),
}

/// A number, or a time in seconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Amount {
    Number(f64),
    Time(String),
}

/// Longer would be an observation, not a question; and callers give up.
const OVER_MAX: Duration = Duration::from_secs(600);

/// Gates and their conditions, by name.
pub(super) fn read(text: &str) -> Result<BTreeMap<String, Vec<Condition>>, String> {
    let written: Written = toml::from_str(text).map_err(|error| with_help(&error))?;
    if written.schema != 1 {
        return Err(format!("schema: expected 1, found {}", written.schema));
    }
    let mut gates = BTreeMap::new();
    for (name, gate) in written.gates {
        let conditions = gate.checked(&name)?;
        gates.insert(name, conditions);
    }
    if gates.is_empty() { Err("there is no gate".to_owned()) } else { Ok(gates) }
}

impl WrittenGate {
    fn checked(self, gate: &str) -> Result<Vec<Condition>, String> {
        let parts = [
            (Part::Precondition, self.precondition),
            (Part::Verification, self.verification),
            (Part::Rollback, self.rollback),
        ];
        let mut conditions = Vec::new();
        for (part, written) in parts {
            for (index, written) in written.into_iter().enumerate() {
                let place = format!("gates.{gate}.{}[{index}] ({})", part.as_str(), written.name);
                let checked = written.checked(part).map_err(|why| format!("{place}: {why}"))?;
                conditions.push(checked);
            }
        }
        match conditions.is_empty() {
            true => Err(format!("gates.{gate}: has no condition, so nothing could fail")),
            false => Ok(conditions),
        }
    }
}

impl WrittenCondition {
    fn checked(self, part: Part) -> Result<Condition, String> {
        if self.name.trim().is_empty() {
            return Err("name: say in a few words what must be so".to_owned());
        }
        self.only_its_own()?;
        let must = Must {
            is: self.is.as_ref().map(Scalar::plain),
            at_least: self.at_least.as_ref().map(Amount::number).transpose()?,
            at_most: self.at_most.as_ref().map(Amount::number).transpose()?,
        };
        if must.is.is_none() && must.at_least.is_none() && must.at_most.is_none() {
            return Err("demands nothing: give is, at_least or at_most".to_owned());
        }
        let name = self.name.clone();
        let of = match self.source {
            Source::Metrics => Of::Metric(self.metric()?),
            Source::Events => self.events()?,
            source => {
                let place = self.value.as_deref().ok_or("value: name a place in what it says")?;
                Of::Json { path: source.path(), place: Path::read(place)? }
            }
        };
        Ok(Condition { part, name, of, must })
    }

    /// A key that a source does not read would be without effect.
    fn only_its_own(&self) -> Result<(), String> {
        let metrics = ["metric", "labels", "of", "over", "quantile"];
        let events = ["kind", "rollout", "fields", "within"];
        let own: &[&str] = match self.source {
            Source::Metrics => &metrics,
            Source::Events => &["value", "kind", "rollout", "fields", "within"],
            _ => &["value"],
        };
        let given = [
            ("value", self.value.is_some()),
            ("metric", self.metric.is_some()),
            ("labels", self.labels.is_some()),
            ("of", self.of.is_some()),
            ("over", self.over.is_some()),
            ("quantile", self.quantile.is_some()),
            ("kind", self.kind.is_some()),
            ("rollout", self.rollout.is_some()),
            ("fields", self.fields.is_some()),
            ("within", self.within.is_some()),
        ];
        let strange = given.iter().find(|(key, given)| *given && !own.contains(key));
        let Some((key, _)) = strange else { return Ok(()) };
        let of = match key {
            key if metrics.contains(key) => "metrics",
            key if events.contains(key) => "events",
            _ => "what is JSON",
        };
        Err(format!("{key}: is for {of}, and has no effect here"))
    }

    fn metric(self) -> Result<Metric, String> {
        if self.quantile.is_some_and(|quantile| !(quantile > 0.0 && quantile < 1.0)) {
            return Err("quantile: expected more than 0 and less than 1".to_owned());
        }
        if self.quantile.is_some() && self.of.is_some() {
            return Err("of: a quantile is no share of anything".to_owned());
        }
        let over = self.over.as_deref().map(duration).transpose()?;
        if over.is_some_and(|over| over.is_zero() || over > OVER_MAX) {
            return Err("over: expected more than nothing and at most 10m".to_owned());
        }
        Ok(Metric {
            name: self.metric.ok_or("metric: name one of docs/metrics.md")?,
            labels: self.labels.unwrap_or_default(),
            over,
            of: self.of,
            quantile: self.quantile,
        })
    }

    fn events(self) -> Result<Of, String> {
        let fields = self.fields.unwrap_or_default().into_iter();
        let what = Events {
            kind: self.kind.ok_or("kind: name a kind of event")?,
            rollout: self.rollout,
            fields: fields.map(|(key, value)| (key, value.plain())).collect(),
        };
        let within = self.within.as_deref().map(duration).transpose()?;
        match (self.value.as_deref().unwrap_or("count"), within) {
            ("count", within) => Ok(Of::EventCount { what, within }),
            ("age", None) => Ok(Of::EventAge(what)),
            ("age", Some(_)) => Err("within: bounds a count, an age has its own".to_owned()),
            (other, _) => Err(format!("value: expected count or age, found `{other}`")),
        }
    }
}

impl Source {
    fn path(self) -> &'static str {
        match self {
            Self::Clusters => "/clusters",
            Self::Rollouts => "/rollouts",
            Self::Waf => "/waf",
            Self::Status | Self::Metrics | Self::Events => "/status",
        }
    }
}

impl Scalar {
    fn plain(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Whole(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Text(value) => value.clone(),
        }
    }
}

impl Amount {
    fn number(&self) -> Result<f64, String> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Time(text) => duration(text).map(|time| time.as_secs_f64()),
        }
    }
}

/// A whole number and a unit, as in the proxy's own configuration.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("expected a time such as \"10s\" or \"48h\", found \"{text}\"");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(milliseconds).map(Duration::from_millis).ok_or_else(wrong)
}

/// The error with its place, and what was meant where a word is only mistyped.
fn with_help(error: &toml::de::Error) -> String {
    let message = error.message();
    let mut words = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown").then(|| words.next()).flatten();
    let near = unknown.and_then(|unknown| {
        words.map(|known| (distance(unknown, known), known)).min().filter(|(far, _)| *far <= 2)
    });
    match near {
        Some((_, known)) => format!("{error}  = help: did you mean `{known}`?"),
        None => error.to_string().trim_end().to_owned(),
    }
}

/// Letters to add, take away or change (Levenshtein, one row).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (to, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let changed = diagonal + usize::from(from != *to);
            diagonal = *cell;
            left = changed.min(left + 1).min(*cell + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(condition: &str) -> String {
        let text = format!("schema = 1\n[[gates.stage.verification]]\nname = \"n\"\n{condition}\n");
        read(&text).unwrap_err()
    }

    #[test]
    fn mistakes_are_said_with_their_place() {
        for (condition, expected) in [
            ("souce = \"status\"", "did you mean `source`?"),
            ("source = \"metric\"", "did you mean `metrics`?"),
            (
                "source = \"status\"\nvalue = \"ready\"",
                "gates.stage.verification[0] (n): demands nothing",
            ),
            ("source = \"status\"\nis = true", "value: name a place"),
            ("source = \"status\"\nvalue = \"a[0]\"\nis = 1", "expected [*] or [FIELD=VALUE]"),
            ("source = \"status\"\nvalue = \"a\"\nover = \"1s\"\nis = 1", "over: is for metrics"),
            ("source = \"metrics\"\nkind = \"x\"\nis = 1", "kind: is for events"),
            ("source = \"metrics\"\nis = 1", "metric: name one"),
            ("source = \"metrics\"\nmetric = \"m\"\nover = \"11m\"\nis = 1", "at most 10m"),
            ("source = \"metrics\"\nmetric = \"m\"\nquantile = 95\nis = 1", "less than 1"),
            (
                "source = \"events\"\nvalue = \"age\"\nkind = \"start\"\nat_least = \"2 days\"",
                "such as \"10s\"",
            ),
            ("source = \"events\"\nat_most = 0", "kind: name a kind"),
        ] {
            let problem = refused(condition);
            assert!(problem.contains(expected), "{condition}: {problem}");
        }
        assert!(refused("souce = 1").contains("line 4"), "{}", refused("souce = 1"));
        let empty = read("schema = 1\n[gates.dev]\n").unwrap_err();
        assert!(empty.contains("nothing could fail"), "{empty}");
        assert!(read("schema = 2\n[gates]").is_err());
    }

    #[test]
    fn words_are_near_or_far() {
        for (a, b, expected) in [("", "abc", 3), ("souce", "source", 1), ("kitten", "sitting", 3)] {
            assert_eq!(distance(a, b), expected);
        }
    }
}
