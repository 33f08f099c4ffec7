//! Variables: what a rule can look at, by the names of the ModSecurity reference manual.

mod names_data;
pub mod target;

pub use names_data::{Scalar, Set};
pub use target::{Selector, Target, TxPattern};

/// Where the values of a variable come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// One value.
    Scalar(Scalar),
    /// The values of a set.
    Values(Set),
    /// The names of a set.
    Names(Set),
    /// `ARGS`: those of the query, then those of the body.
    Args,
    /// `ARGS_NAMES`.
    ArgsNames,
    /// `TX`: what rules of this transaction have set.
    Tx,
    /// `IP`, `GLOBAL` and the like: what rules of this and earlier transactions have set.
    Persistent(Persistent),
    /// `MATCHED_VAR`: the value that matched last.
    MatchedVar,
    /// `MATCHED_VAR_NAME`.
    MatchedVarName,
    /// `MATCHED_VARS`: all values that matched in this chain.
    MatchedVars,
    /// `MATCHED_VARS_NAMES`.
    MatchedVarsNames,
    /// `RULE`: the rule at hand.
    Rule,
    /// `ENV`: what rules of this transaction have set by `setenv`. The process' environment is none of a rule's business.
    Env,
    /// `DURATION`: microseconds since the transaction began.
    Duration,
    /// `HIGHEST_SEVERITY`: of the rules that matched; 255 if none did.
    HighestSeverity,
}

/// Collections that outlive a transaction, each member of which is found by a key that `initcol` and its like name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Persistent {
    /// `GLOBAL`
    Global,
    /// `RESOURCE`
    Resource,
    /// `IP`
    Ip,
    /// `SESSION`
    Session,
    /// `USER`
    User,
}

impl Persistent {
    /// How many there are.
    pub const COUNT: usize = 5;

    /// The collection of this name, compared without case.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Global, Self::Resource, Self::Ip, Self::Session, Self::User];
        all.into_iter().find(|one| one.name().eq_ignore_ascii_case(name))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "GLOBAL",
            Self::Resource => "RESOURCE",
            Self::Ip => "IP",
            Self::Session => "SESSION",
            Self::User => "USER",
        }
    }
}

/// A variable as the manual names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variable {
    /// The name, in capitals: what `MATCHED_VAR_NAME` begins with.
    pub name: &'static str,
    /// Where its values come from.
    pub source: Source,
}

impl Variable {
    /// The variable of this name, compared without case.
    ///
    /// # Errors
    ///
    /// Why there is none: not known, or known and refused.
    pub fn from_name(name: &str) -> Result<Self, Unknown> {
        let found =
            names_data::VARIABLES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        if let Some(&(name, source)) = found {
            return Ok(Self { name, source });
        }
        let refused =
            names_data::REFUSED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        Err(refused.map_or(Unknown::Name, |(_, why)| Unknown::Refused(why)))
    }

    /// Every name, for "did you mean".
    pub fn names() -> impl Iterator<Item = &'static str> {
        names_data::VARIABLES.iter().map(|(name, _)| *name)
    }
}

/// Why a name is none of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Nobody knows it.
    Name,
    /// ModSecurity has it and this engine has not, and why.
    Refused(&'static str),
}

impl Source {
    /// Whether it has members, which a selector can choose among.
    pub fn is_collection(self) -> bool {
        !matches!(
            self,
            Self::Scalar(_)
                | Self::MatchedVar
                | Self::MatchedVarName
                | Self::Duration
                | Self::HighestSeverity
        )
    }

    /// Whether rules can change it while a phase runs. What cannot is transformed and scanned once for all rules.
    pub fn is_volatile(self) -> bool {
        // A place is known once a rule has asked for it.
        matches!(self, Self::Values(Set::Geo) | Self::Names(Set::Geo))
            || !matches!(
                self,
                Self::Scalar(_) | Self::Values(_) | Self::Names(_) | Self::Args | Self::ArgsNames
            )
    }
}
