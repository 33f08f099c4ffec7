//! Statements as written. What they mean for each other is for the ruleset to say.

use std::fmt;

/// Where something is written. `file` is an index into the files that were read (`Sources`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Which of the files that were read.
    pub file: u32,
    /// Line, from 1: the physical line, also within a statement continued with a backslash. 0 is the file as a whole.
    pub line: u32,
    /// Column in bytes, from 1.
    pub column: u32,
}

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Where its first word is.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
}

/// What a statement is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `SecRule VARIABLES "OPERATOR" "ACTIONS"`.
    Rule {
        /// The variables, in order, exclusions among them.
        targets: Vec<Target>,
        /// The operator.
        operator: Operator,
        /// The actions, in order; none where the third argument is left out.
        actions: Vec<Action>,
    },
    /// `SecAction "ACTIONS"`.
    Action(Vec<Action>),
    /// `SecDefaultAction "ACTIONS"`.
    DefaultAction(Vec<Action>),
    /// `SecMarker NAME`.
    Marker(Text),
    /// `SecRuleUpdateTargetById ID "TARGETS"` and its relatives by tag and message.
    UpdateTarget {
        /// Which rules.
        which: Which,
        /// What is added, or with `!` taken away.
        targets: Vec<Target>,
        /// A third argument: the target that is replaced.
        replaced: Option<Vec<Target>>,
    },
    /// `SecRuleUpdateActionById ID[:OFFSET] "ACTIONS"`.
    UpdateAction {
        /// The rule.
        id: u64,
        /// Which link of its chain, 0 the head.
        link: usize,
        /// The actions that are put in the place of those of the same name.
        actions: Vec<Action>,
    },
    /// `SecRuleRemoveById`, `SecRuleRemoveByTag`, `SecRuleRemoveByMsg`.
    Remove(Which),
    /// Any other directive, and its arguments without their quotes. Their number, and words and numbers among them, fit the
    /// entry of [`directive`](super::directive).
    Directive {
        /// The name as the manual spells it, whatever the case of the letters in the file.
        name: String,
        /// The arguments.
        arguments: Vec<Text>,
    },
}

/// Which rules a directive is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Which {
    /// Those with these ids: single ones and inclusive ranges.
    Ids(Vec<(u64, u64)>),
    /// Those with a tag that matches this pattern.
    Tag(Text),
    /// Those with a message that matches this pattern.
    Message(Text),
}

/// Bytes from a rule file, without quotes and with escapes undone, and where they begin.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// Where it begins, behind an opening quote.
    pub place: Place,
    /// The bytes: files are not required to be UTF-8.
    pub bytes: Vec<u8>,
}

/// One variable of a rule's list.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Where it begins.
    pub place: Place,
    /// What is asked of it.
    pub modifier: Modifier,
    /// Name of the variable or collection as written; compared without case.
    pub name: String,
    /// What stands behind the colon.
    pub selector: Option<Selector>,
}

/// What is asked of a variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Modifier {
    /// Its values.
    #[default]
    Values,
    /// `&`: how many values there are.
    Count,
    /// `!`: its values are left out.
    Exclude,
}

/// Which members of a collection.
#[derive(Clone, Debug, PartialEq)]
pub enum Selector {
    /// The one of this name; of `XML`, the nodes of this path.
    Name(Text),
    /// Those whose name matches: what is between the slashes of `/pattern/` or `'/pattern/'`, where `\/` stands for `/`.
    Pattern(Text),
}

/// The operator of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Operator {
    /// Where it begins, behind the opening quote.
    pub place: Place,
    /// `!`: the rule matches where the operator does not.
    pub negated: bool,
    /// Name without `@` as written; compared without case. `rx` where none is written.
    pub name: String,
    /// What stands behind the name, without the white space between. White space at the end belongs to it: there are patterns
    /// that end in a space, and mean it.
    pub argument: Text,
}

/// One action.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Where it begins.
    pub place: Place,
    /// Name as written; compared without case.
    pub name: String,
    /// What stands behind the colon, without single quotes around it.
    pub argument: Option<Text>,
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?}@{}:{}",
            String::from_utf8_lossy(&self.bytes),
            self.place.line,
            self.place.column
        )
    }
}
