//! `@beginsWith`, `@contains`, `@containsWord`, `@endsWith`, `@streq`, `@strmatch`, `@within`: plain strings, case kept.
//!
//! `SecRule REQUEST_METHOD "!@within %{tx.allowed_methods}" "id:1,phase:1,deny"`

use memchr::memmem;

use super::Context;

/// How a value is compared with a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextMatch {
    /// The value begins with the argument.
    Begins,
    /// The argument occurs in the value: `@contains` and `@strmatch`.
    Contains,
    /// It occurs, and no letter, digit or underscore stands right before or behind it.
    ContainsWord,
    /// The value ends with the argument.
    Ends,
    /// They are the same.
    Equals,
    /// The value occurs in the argument.
    Within,
}

impl TextMatch {
    /// Whether the value matches the context's argument.
    pub fn evaluate(self, value: &[u8], cx: &mut Context<'_>) -> bool {
        let found = self.find(value, cx.argument);
        cx.groups[0] = found;
        found.is_some()
    }

    /// Where in the value the match is.
    fn find(self, value: &[u8], argument: &[u8]) -> Option<(usize, usize)> {
        let at = |begin: usize| (begin, begin + argument.len());
        match self {
            Self::Begins => value.starts_with(argument).then(|| at(0)),
            Self::Contains => memmem::find(value, argument).map(at),
            Self::ContainsWord => word(value, argument).map(at),
            Self::Ends => value.ends_with(argument).then(|| at(value.len() - argument.len())),
            Self::Equals => (value == argument).then(|| at(0)),
            Self::Within => memmem::find(argument, value).map(|_| (0, value.len())),
        }
    }
}

fn word(value: &[u8], word: &[u8]) -> Option<usize> {
    let part = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    memmem::find_iter(value, word).find(|begin| {
        let before = begin.checked_sub(1).and_then(|at| value.get(at));
        !part(before) && !part(value.get(begin + word.len()))
    })
}
