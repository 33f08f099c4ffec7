//! A rule's target, compiled: a variable, and which of its members.

use std::sync::OnceLock;

use super::{Scalar, Set, Source, Unknown, Variable};
use crate::{
    error::{Problem, closest},
    pattern::{Caches, Case, Found, Pattern},
    seclang::ast,
    state::tx::{Name, Names},
};

/// A variable and which of its members.
#[derive(Debug)]
pub struct Target {
    /// The variable.
    pub variable: Variable,
    /// Which members.
    pub selector: Selector,
    /// Of a member of `TX`, its name in lower case.
    pub tx_name: Box<[u8]>,
}

/// Which members of a collection.
#[derive(Debug)]
pub enum Selector {
    /// All of them, or the one value.
    All,
    /// Those of this name, compared without case.
    Name(Box<[u8]>),
    /// Those whose name has a match.
    Pattern(Box<Pattern>),
    /// The member of `TX` of this name.
    Tx(Name),
    /// The members of `TX` whose name has a match.
    TxPattern(Box<TxPattern>),
}

/// A pattern for names of `TX`.
#[derive(Debug)]
pub struct TxPattern {
    pattern: Pattern,
    /// Worked out once, when it is first asked for: by then all rules are known.
    known: OnceLock<Box<[Name]>>,
}

impl TxPattern {
    /// What it takes of the names that rules write out, and of captures.
    pub fn known(&self, names: &Names, caches: &mut Caches) -> &[Name] {
        self.known.get_or_init(|| {
            let mut taken = Vec::new();
            for name in names.all() {
                if self.takes(&names.text(name), caches) {
                    taken.push(name);
                }
            }
            taken.into()
        })
    }

    /// Whether it takes a name.
    pub fn takes(&self, name: &[u8], caches: &mut Caches) -> bool {
        self.pattern.is_match(caches, name, STEPS_MAX) == Found::Yes
    }
}

impl Selector {
    /// Whether a member of this name is selected; not for the one of `TX`.
    pub fn takes(&self, name: &[u8], caches: &mut Caches) -> bool {
        match self {
            Self::All => true,
            Self::Name(wanted) => wanted.eq_ignore_ascii_case(name),
            Self::Pattern(pattern) => pattern.is_match(caches, name, STEPS_MAX) == Found::Yes,
            Self::TxPattern(pattern) => pattern.takes(name, caches),
            Self::Tx(_) => false,
        }
    }
}

/// Steps of a selector's pattern that needs backtracking.
const STEPS_MAX: usize = 100_000;

impl Target {
    /// Compiles a target, whatever is asked of it.
    ///
    /// # Errors
    ///
    /// What is wrong with it: an unknown variable, a selector where there are no members, a bad pattern.
    pub fn compile(target: &ast::Target, names: &mut Names) -> Result<Self, Problem> {
        if target.name.eq_ignore_ascii_case("XML") {
            return xml(target);
        }
        let variable = variable(target)?;
        if target.selector.is_some() && !variable.source.is_collection() {
            let message = format!("{} has no members to select from", variable.name);
            return Err(Problem::new(target.place, target.name.len(), message));
        }
        let selector = match &target.selector {
            None => Selector::All,
            Some(ast::Selector::Name(name)) if variable.source == Source::Tx => {
                Selector::Tx(names.name(&name.bytes))
            }
            Some(ast::Selector::Name(name)) => Selector::Name(name.bytes.clone().into()),
            Some(ast::Selector::Pattern(pattern)) => {
                let compiled = Pattern::new(&pattern.bytes, Case::Insensitive);
                let compiled = compiled.map_err(|message| Problem::with(pattern, message))?;
                match variable.source {
                    Source::Tx => Selector::TxPattern(Box::new(TxPattern {
                        pattern: compiled,
                        known: OnceLock::new(),
                    })),
                    _ => Selector::Pattern(Box::new(compiled)),
                }
            }
        };
        let tx_name = match (&target.selector, &selector) {
            (Some(ast::Selector::Name(name)), Selector::Tx(_)) => name.bytes.to_ascii_lowercase(),
            _ => Vec::new(),
        };
        Ok(Self { variable, selector, tx_name: tx_name.into() })
    }
}

fn variable(target: &ast::Target) -> Result<Variable, Problem> {
    let problem = |message: String| Problem::new(target.place, target.name.len(), message);
    Variable::from_name(&target.name).map_err(|unknown| match unknown {
        Unknown::Refused(why) => {
            problem(format!("variable {} is not supported", target.name)).note(why)
        }
        Unknown::Name => {
            let close = closest(target.name.as_bytes(), Variable::names());
            problem(format!("unknown variable `{}`", target.name))
                .maybe_note(close.map(|name| format!("did you mean `{name}`?")))
        }
    })
}

/// `XML:/*` and `XML://@*`, which all rule sets in the field use; no other path can be evaluated.
fn xml(target: &ast::Target) -> Result<Target, Problem> {
    let path = match &target.selector {
        Some(ast::Selector::Name(path) | ast::Selector::Pattern(path)) => path.bytes.as_slice(),
        None => b"",
    };
    let variable = match path {
        b"/*" => Variable { name: "XML:/*", source: Source::Scalar(Scalar::XmlText) },
        b"//@*" => Variable { name: "XML://@*", source: Source::Values(Set::XmlAttributes) },
        _ => {
            let message = "XML takes the paths `/*` (all text) and `//@*` (all attribute values)";
            return Err(Problem::new(target.place, target.name.len(), message)
                .note("other XPath expressions are not evaluated"));
        }
    };
    Ok(Target { variable, selector: Selector::All, tx_name: Box::default() })
}
