//! What is known of each directive of the ModSecurity manual: its arguments, and what becomes of it here.
//!
//! Nothing is read and dropped in silence. A directive is carried out, or it asks for nothing that this engine could do
//! otherwise and its entry says why, or it is refused with the reason. The entries are in `directives_data.rs`; the table in
//! the manual is made from them.

use super::directives_data::DIRECTIVES;

/// One directive.
#[derive(Debug)]
pub struct Directive {
    /// Its name as the manual spells it.
    pub name: &'static str,
    /// Fewest and most arguments.
    pub arguments: (usize, usize),
    /// What its arguments may be.
    pub values: Values,
    /// What becomes of it.
    pub class: Class,
    /// What it does; of a refused one, why, and what to do instead; of one without effect, why it has none.
    pub says: &'static str,
}

/// What becomes of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It is or changes rules, or reads files with rules.
    Rules,
    /// The engine does as it says.
    Setting,
    /// Accepted, because what it asks for holds anyway or has no object in an embedded engine.
    WithoutEffect,
    /// Not accepted.
    Refused,
}

/// What the arguments of a directive may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Anything; who uses it checks further.
    Text,
    /// A decimal number.
    Number,
    /// One of these words, without regard to case.
    Words(&'static [&'static str]),
    /// One of the first words; the second ones are known, but refused for the reason that the entry gives.
    Only(&'static [&'static str], &'static [&'static str]),
}

/// The number of arguments of a directive that takes any number.
pub const MANY: usize = usize::MAX;

/// All directives, in the order of the alphabet.
pub fn all() -> &'static [Directive] {
    DIRECTIVES
}

/// The directive of this name, without regard to case.
pub fn find(name: &[u8]) -> Option<&'static Directive> {
    let lower = |byte: &u8| byte.to_ascii_lowercase();
    let order = |directive: &Directive| directive.name.bytes().map(|b| b.to_ascii_lowercase());
    let found = DIRECTIVES.binary_search_by(|entry| order(entry).cmp(name.iter().map(lower)));
    found.ok().and_then(|index| DIRECTIVES.get(index))
}

impl Class {
    /// A word for tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Setting => "setting",
            Self::WithoutEffect => "without effect",
            Self::Refused => "refused",
        }
    }
}

impl Directive {
    /// "1 argument", "2 or 3 arguments", "at least 1 argument".
    pub(super) fn arity(&self) -> String {
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        match self.arguments {
            (0, 0) => "no arguments".to_owned(),
            (min, max) if min == max => format!("{min} argument{}", plural(min)),
            (min, MANY) => format!("at least {min} argument{}", plural(min)),
            (min, max) => format!("{min} or {max} arguments"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_name() {
        for entry in all() {
            for name in [entry.name.to_owned(), entry.name.to_uppercase()] {
                let found = find(name.as_bytes()).map(|found| found.name);
                assert_eq!(found, Some(entry.name), "the table is not in order at {name}");
            }
        }
        assert!(find(b"SecRul").is_none() && find(b"").is_none() && find(b"SecRules").is_none());
    }

    #[test]
    fn entries_are_sound() {
        for Directive { name, arguments: (min, max), values, class, says } in all() {
            assert!(
                min <= max && (*max <= min + 1 || *max == MANY),
                "{name}: arity() has no words for it"
            );
            let fragment =
                says.ends_with(|last: char| last.is_alphanumeric() || ")`".contains(last));
            assert!(fragment && !says.contains(". "), "{name}: {says}");
            let first = says.chars().next().unwrap();
            let word = says.split(' ').next().unwrap();
            assert!(
                first.is_lowercase() || word.to_uppercase() == word || word.contains('`'),
                "{name}: {says}"
            );
            assert!(*class != Class::Refused || *values == Values::Text, "{name}: {values:?}");
        }
    }
}
