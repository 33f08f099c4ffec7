//! `@eq`, `@ne`, `@ge`, `@gt`, `@le`, `@lt`: numbers, read as C's `atoi` reads them, so that what is none is 0.
//!
//! `SecRule &REQUEST_HEADERS:Host "@eq 0" "id:1,phase:1,deny"`

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `@eq`
    Equal,
    /// `@ne`
    NotEqual,
    /// `@ge`
    AtLeast,
    /// `@gt`
    More,
    /// `@le`
    AtMost,
    /// `@lt`
    Less,
}

impl Comparison {
    /// Whether it holds between the value and the operator's argument.
    pub fn holds(self, value: i64, argument: i64) -> bool {
        match self {
            Self::Equal => value == argument,
            Self::NotEqual => value != argument,
            Self::AtLeast => value >= argument,
            Self::More => value > argument,
            Self::AtMost => value <= argument,
            Self::Less => value < argument,
        }
    }
}
