//! Rules on their way from statements to their compiled form: what directives further on can still change.

use crate::seclang::ast::{self, Place};

/// A rule as it will be, in the words of its file.
#[derive(Clone, Debug)]
pub struct Draft {
    pub place: Place,
    pub targets: Vec<ast::Target>,
    /// None of `SecAction`, which always matches.
    pub operator: Option<ast::Operator>,
    pub actions: Vec<ast::Action>,
    /// For each phase, which of the `SecDefaultAction`s before it counts.
    pub defaults: [Option<usize>; super::PHASES],
    /// Whether it is a further link of the chain that the draft before it belongs to.
    pub link: bool,
}

impl Draft {
    /// The argument of the first action of this name.
    pub fn action(&self, name: &str) -> Option<&ast::Action> {
        self.actions.iter().find(|action| action.name.eq_ignore_ascii_case(name))
    }

    /// The arguments of all actions of this name.
    pub fn arguments(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let named =
            self.actions.iter().filter(move |action| action.name.eq_ignore_ascii_case(name));
        named.filter_map(|action| action.argument.as_ref()).map(|text| text.bytes.as_slice())
    }

    /// The id of a head.
    pub fn id(&self) -> Option<u64> {
        let argument = self.action("id")?.argument.as_ref()?;
        std::str::from_utf8(&argument.bytes).ok()?.trim().parse().ok()
    }

    /// Whether another link follows.
    pub fn is_chained(&self) -> bool {
        self.action("chain").is_some()
    }
}
