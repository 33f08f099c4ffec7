//! `[rollouts.NAME.compare]` as written: what of a shadow's answers is compared with the primary's, and how much may differ.

use std::{collections::BTreeSet, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    rollout::is_token,
    units::{Percent, Size, text_value},
};

/// How answers of the shadow are compared with the primary's.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Compare {
    /// Differences in these fail the comparison. Others are counted and shown.
    pub assert: BTreeSet<Aspect>,
    /// What may differ: `"$.path"` within JSON and all below it, `"header:NAME"`.
    pub ignore: BTreeSet<Ignored>,
    /// Header fields that are compared; `"*"` for all that do not belong to the connection.
    pub headers: BTreeSet<String>,
    /// Answers that are longer are not compared as JSON.
    pub max_body: Size,
    /// Lengths of bodies that differ by no more than this share are alike.
    pub size_percent: Percent,
    /// Share of the copies that go to the primary's cluster as well: what differs between two answers of that is noise.
    pub noise_percent: Percent,
    /// Share of compared requests that may differ in what is asserted.
    pub tolerance: Percent,
    /// No verdict before so many requests have been compared.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub min_requests: u32,
    /// The shadow's time to the first byte over the primary's, in the middle of all requests, that `latency` allows.
    #[schemars(range(min = 1, max = 100))]
    pub latency_ratio: f64,
}

/// A document that blue and green both serve, compared when somebody asks for the rollout's parity.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parity {
    /// Path of the document.
    pub path: String,
    /// What of it may differ, `"$.path"`.
    #[serde(default)]
    pub ignore: BTreeSet<Ignored>,
}

/// Something in which two answers can differ.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// The status, and whether there is an answer.
    Status,
    /// Header fields.
    Headers,
    /// Bodies in JSON, by structure and value.
    Json,
    /// Length of the body.
    Size,
    /// Time to the first byte.
    Latency,
}

/// Something that may differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ignored {
    /// `"$.items[].price"`: a place in JSON, and all below it.
    Json(Vec<Step>),
    /// `"header:NAME"`, in lower case.
    Header(String),
}

/// A step into JSON.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// `.name` or `["name"]`: a member.
    Name(String),
    /// `.*`: each member.
    Any,
    /// `[]`: each item.
    Items,
}

impl Default for Compare {
    fn default() -> Self {
        Self {
            assert: BTreeSet::from([Aspect::Status, Aspect::Json]),
            ignore: BTreeSet::new(),
            headers: BTreeSet::from(["*".to_owned()]),
            max_body: Size(256 << 10),
            size_percent: Percent::whole(10),
            noise_percent: Percent::whole(1),
            tolerance: Percent::whole(0),
            min_requests: 50,
            latency_ratio: 1.5,
        }
    }
}

impl Aspect {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Status, Self::Headers, Self::Json, Self::Size, Self::Latency];

    /// The word in configuration and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Headers => "headers",
            Self::Json => "json",
            Self::Size => "size",
            Self::Latency => "latency",
        }
    }
}

impl FromStr for Ignored {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let steps = match (text.strip_prefix('$'), text.strip_prefix("header:")) {
            (Some(path), _) => steps(path).map(Self::Json),
            (_, Some(name)) if is_token(name) => Some(Self::Header(name.to_ascii_lowercase())),
            _ => None,
        };
        steps.ok_or_else(|| {
            format!("expected \"$.path\", \"$.items[].name\" or \"header:NAME\", found \"{text}\"")
        })
    }
}

fn steps(mut path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    while !path.is_empty() {
        let (step, rest) = step(path)?;
        steps.push(step);
        path = rest;
    }
    Some(steps)
}

/// The first step of a path, and what follows it.
fn step(path: &str) -> Option<(Step, &str)> {
    if let Some(rest) = path.strip_prefix("[]") {
        return Some((Step::Items, rest));
    }
    if let Some(rest) = path.strip_prefix("[") {
        // A name of any characters, as JSON writes it.
        let mut names = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        let name = names.next()?.ok()?;
        let rest = rest.get(names.byte_offset()..)?.strip_prefix(']')?;
        return Some((Step::Name(name), rest));
    }
    let rest = path.strip_prefix('.')?;
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (name, rest) = rest.split_at_checked(end)?;
    match name {
        "" => None,
        "*" => Some((Step::Any, rest)),
        _ => Some((Step::Name(name.to_owned()), rest)),
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Json(steps) => {
                f.write_str("$")?;
                steps.iter().try_for_each(|step| step.fmt(f))
            }
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str(".*"),
            Self::Items => f.write_str("[]"),
            Self::Name(name) if is_plain(name) => write!(f, ".{name}"),
            Self::Name(name) => write!(f, "[{}]", serde_json::Value::from(name.as_str())),
        }
    }
}

/// Whether a name can stand behind a dot.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| !c.is_control() && !matches!(c, '.' | '[' | ']' | '"' | '*' | ' ');
    !name.is_empty() && name.chars().all(plain)
}

text_value!(Ignored, "ignored");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_back_as_they_are_written() {
        for text in
            ["$", "$.ts", "$.items[].price", "$[].a", "$.*.b", "$[\"a.b\"].c", "header:date"]
        {
            assert_eq!(text.parse::<Ignored>().unwrap().to_string(), text);
        }
        assert_eq!("header:Date".parse(), Ok(Ignored::Header("date".to_owned())));
        assert_eq!("$[\"a\"]".parse::<Ignored>().unwrap().to_string(), "$.a");
    }

    #[test]
    fn what_is_no_path_is_told() {
        for text in
            ["", "ts", "$ts", "$.", "$..a", "$.a[0]", "$[\"a]", "$[\"a\"", "header:", "header:a b"]
        {
            assert!(text.parse::<Ignored>().is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_name_reads_back(names in proptest::collection::vec(".{0,8}", 0..4)) {
            let steps = names.into_iter().map(Step::Name).collect();
            let ignored = Ignored::Json(steps);
            proptest::prop_assert_eq!(ignored.to_string().parse(), Ok(ignored));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let _ = text.parse::<Ignored>();
        }
    }
}
