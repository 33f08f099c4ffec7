//! What a piece of SQL is made of, as far as the detector tells it apart.

/// How many bytes of a token are kept. Longer ones count as they are, but what is compared of
/// them is only this much.
pub(super) const TEXT_MAX: usize = 31;

/// What a token is. Its number is the letter by which fingerprints name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// A word that only structures a statement: FROM, WHERE, INTO OUTFILE.
    Keyword = b'k',
    /// UNION and its like, which join one SELECT to another.
    Union = b'U',
    /// What ends a condition and orders the result: GROUP BY, LIMIT, HAVING.
    Group = b'B',
    /// What begins a statement or expression: SELECT, INSERT, SET, CASE.
    Expression = b'E',
    /// The name of a type: INT, VARCHAR, and the character sets of MySQL.
    SqlType = b't',
    /// The name of a function.
    Function = b'f',
    /// Any other word, or a quoted name.
    Bareword = b'n',
    /// A number in any notation; TRUE and FALSE count as such.
    Number = b'1',
    /// A variable (`@x`), or a word that acts as one, such as `CURRENT_USER` and NULL.
    Variable = b'v',
    /// A quoted string.
    String = b's',
    /// An operator, as a sign or as a word: `=`, LIKE, IS NOT.
    Operator = b'o',
    /// What joins conditions: AND, OR, XOR, `&&`, `||`.
    Logic = b'&',
    /// A comment.
    Comment = b'c',
    /// COLLATE, after which comes the name of a collation.
    Collate = b'A',
    /// `(`
    LeftParen = b'(',
    /// `)`
    RightParen = b')',
    /// `{`, which begins ODBC's escapes.
    LeftBrace = b'{',
    /// `}`
    RightBrace = b'}',
    /// `.`
    Dot = b'.',
    /// `,`
    Comma = b',',
    /// `:`
    Colon = b':',
    /// `;`
    Semicolon = b';',
    /// What begins a statement by itself, mostly in Transact-SQL: EXEC, WHILE, DROP.
    Tsql = b'T',
    /// A byte with no meaning in SQL.
    Unknown = b'?',
    /// What no two databases read alike and no honest client writes: it decides at once.
    Evil = b'X',
    /// `\`
    Backslash = b'\\',
}

/// One token. Its text is a piece of the input, or an entry of the table of words for what was
/// merged of two.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// What opened the string: a quote, `u`, `q` or `$`; 0 if nothing did.
    pub(super) opened: u8,
    /// What closed the string; 0 if the input ended before.
    pub(super) closed: u8,
    /// At most [`TEXT_MAX`] bytes.
    pub(super) text: &'a [u8],
}

impl<'a> Token<'a> {
    /// A token without quotes.
    pub(super) fn new(kind: Kind, text: &'a [u8]) -> Self {
        Self::quoted(kind, text, 0, 0)
    }

    /// A token between quotes, of which 0 stands for none.
    pub(super) fn quoted(kind: Kind, text: &'a [u8], opened: u8, closed: u8) -> Self {
        Self { kind, opened, closed, text: text.get(..TEXT_MAX).unwrap_or(text) }
    }

    /// Whether the text is this word, in any case.
    pub(super) fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word.as_bytes())
    }

    /// The first byte of the text; 0 if it is empty.
    pub(super) fn first(&self) -> u8 {
        self.text.first().copied().unwrap_or(0)
    }

    /// Whether it is an operator that may stand before a value and change little of it.
    pub(super) fn is_unary(&self) -> bool {
        self.kind == Kind::Operator
            && (matches!(self.text, b"+" | b"-" | b"!" | b"~" | b"!!") || self.is("NOT"))
    }

    /// Whether it is an operator of arithmetic.
    pub(super) fn is_arithmetic(&self) -> bool {
        self.kind == Kind::Operator && matches!(self.text, b"*" | b"/" | b"-" | b"+" | b"%")
    }
}
