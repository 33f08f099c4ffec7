//! The codes of findings. Data only; docs/waf-lint.md has an example of each.

/// A kind of finding.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The word that names it; it stays the same.
    pub word: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it says, in a few words.
    pub says: &'static str,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The rules do what they say; the author may want to know something about it.
    Note,
    /// Something does not do what its author must have meant.
    Warning,
}

impl Severity {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
        }
    }
}

use Severity::{Note, Warning};

/// All of them, in the order of the alphabet.
pub const CODES: &[Code] = &[
    code("backtracking", Note, "a pattern that does not run in linear time"),
    code("capture-nothing", Note, "`capture` by an operator that captures nothing"),
    code("capture-unread", Note, "`capture` whose captures no rule reads"),
    code("ctl-too-late", Warning, "a `ctl` that comes when what it changes has happened"),
    code("marker-behind", Warning, "`skipAfter` to a marker that stands before the rule"),
    code("never-matches", Warning, "an operator that can match no value that it is given"),
    code("no-capture", Warning, "a capture is read that no rule before has taken"),
    code("no-database", Note, "`@geoLookup` where no database is named"),
    code("no-literal", Note, "a pattern that each value has to be searched for"),
    code("no-message", Warning, "a rule that blocks and does not say why"),
    code("no-severity", Note, "a rule that blocks without a severity"),
    code("no-such-marker", Warning, "`skipAfter` to a marker that does not exist"),
    code("no-such-rule", Warning, "rules are taken away or changed that do not exist"),
    code("no-tag", Note, "a rule that blocks without a tag"),
    code("none-not-first", Warning, "`t:none` behind other transformations, which it cuts off"),
    code("removed-too-late", Warning, "a rule is taken away at a time when it has run"),
    code("too-early", Warning, "a variable is looked at in a phase in which it has no value yet"),
    code("twin", Note, "two rules that match the same"),
    code("tx-never-read", Note, "a variable of TX that is set and never read"),
    code("tx-never-set", Warning, "a variable of TX that is read and never set"),
    code("unreachable", Warning, "a rule that cannot be reached"),
];

const fn code(word: &'static str, severity: Severity, says: &'static str) -> Code {
    Code { word, severity, says }
}
