//! What two tokens fold to.

use super::{Folder, Outcome};
use crate::injection::sqli::{
    keywords,
    token::{Kind, Token},
};

impl<'a> Folder<'a, '_> {
    pub(super) fn fold_two(&mut self) -> Outcome {
        match self.fold_repeated() {
            Outcome::Stuck => {}
            outcome => return outcome,
        }
        if let Some(merged) = merge(*self.at(0), *self.at(1)) {
            *self.at(0) = merged;
            return self.drop_and_step_back();
        }
        match self.reinterpret() {
            Some(outcome) => outcome,
            None => self.fold_wrapping(),
        }
    }

    /// What says the same again, or nothing.
    fn fold_repeated(&mut self) -> Outcome {
        let (left, right) = (*self.at(0), *self.at(1));
        match (left.kind, right.kind) {
            // 'a' 'b' is one string; nothing is between ;;
            (Kind::String, Kind::String) | (Kind::Semicolon, Kind::Semicolon) => {
                self.filled -= 1;
                Outcome::Again
            }
            // = -1, and NOT x, or int x
            (Kind::Operator | Kind::Logic, kind) if right.is_unary() || kind == Kind::SqlType => {
                self.drop_and_restart(1)
            }
            (Kind::LeftParen, _) if right.is_unary() => self.drop_and_step_back(),
            _ => Outcome::Stuck,
        }
    }

    /// Words whose kind depends on what follows; none if this is no such word.
    fn reinterpret(&mut self) -> Option<Outcome> {
        let (left, right) = (*self.at(0), *self.at(1));
        let parenthesis = right.kind == Kind::LeftParen;
        match (left.kind, right.kind) {
            // ; IF is a statement to Transact-SQL, and a function anywhere else.
            (Kind::Semicolon, Kind::Function) if begins_with_if(right) => {
                self.at(1).kind = Kind::Tsql;
                Some(Outcome::Again)
            }
            // A value without parentheses, a function with.
            (Kind::Bareword | Kind::Variable, Kind::LeftParen) if is_niladic(left) => {
                self.at(0).kind = Kind::Function;
                Some(Outcome::Again)
            }
            // IN ( is an operator; otherwise it may be part of IN BOOLEAN MODE.
            (Kind::Keyword, _) if left.is("IN") || left.is("NOT IN") => {
                self.at(0).kind = if parenthesis { Kind::Operator } else { Kind::Bareword };
                Some(Outcome::Again)
            }
            // x LIKE y, or LIKE(x, y)
            (Kind::Operator, _) if left.is("LIKE") || left.is("NOT LIKE") => {
                if parenthesis {
                    self.at(0).kind = Kind::Function;
                }
                Some(Outcome::Stuck)
            }
            // There are too many collations to list; what they have in common is the `_`.
            (Kind::Collate, Kind::Bareword) => {
                if until_nul(right.text).contains(&b'_') {
                    self.at(1).kind = Kind::SqlType;
                    self.settled = 0;
                }
                Some(Outcome::Stuck)
            }
            _ => None,
        }
    }

    /// What stands around values without changing them.
    fn fold_wrapping(&mut self) -> Outcome {
        let (left, right) = (*self.at(0), *self.at(1));
        match (left.kind, right.kind) {
            // A cast: the type goes, the value stays.
            (
                Kind::SqlType,
                Kind::Bareword
                | Kind::Number
                | Kind::SqlType
                | Kind::LeftParen
                | Kind::Function
                | Kind::Variable
                | Kind::String,
            ) => {
                *self.at(0) = right;
                self.drop_and_restart(1)
            }
            // Transact-SQL reads \%1 as 0 % 1,
            (Kind::Backslash, _) if right.is_arithmetic() => {
                self.at(0).kind = Kind::Number;
                self.drop_and_restart(0)
            }
            // and \1 as 1.
            (Kind::Backslash, _) => {
                *self.at(0) = right;
                self.drop_and_restart(1)
            }
            (Kind::LeftParen, Kind::LeftParen) | (Kind::RightParen, Kind::RightParen) => {
                self.drop_and_restart(1)
            }
            // MySQL takes { ``.``.x } for x, which nobody means well.
            (Kind::LeftBrace, Kind::Bareword) if right.text.is_empty() => {
                self.at(1).kind = Kind::Evil;
                self.settled += 2;
                Outcome::Evil
            }
            // { d '2001-01-01' } is ODBC's way to write the string.
            (Kind::LeftBrace, Kind::Bareword) => self.drop_and_restart(2),
            (_, Kind::RightBrace) => self.drop_and_restart(1),
            _ => Outcome::Stuck,
        }
    }
}

/// One token for two words that are a phrase: UNION ALL, IS NOT.
fn merge<'a>(left: Token<'a>, right: Token<'a>) -> Option<Token<'a>> {
    if !is_wordlike(left.kind) || !(is_wordlike(right.kind) || right.kind == Kind::Logic) {
        return None;
    }
    let phrase = keywords::phrase(left.text, right.text)?;
    Some(Token { kind: phrase.kind, text: phrase.text, ..left })
}

fn is_wordlike(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Keyword
            | Kind::Bareword
            | Kind::Operator
            | Kind::Union
            | Kind::Function
            | Kind::Expression
            | Kind::Tsql
            | Kind::SqlType
    )
}

/// Whether the token is a function to MySQL or Transact-SQL when it has parentheses, although
/// it is a value or a common name of a column without.
fn is_niladic(token: Token<'_>) -> bool {
    const NAMES: [&str; 11] = [
        "USER_ID",
        "USER_NAME",
        "DATABASE",
        "PASSWORD",
        "USER",
        "CURRENT_USER",
        "CURRENT_DATE",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "LOCALTIME",
        "LOCALTIMESTAMP",
    ];
    NAMES.iter().any(|name| token.is(name))
}

fn begins_with_if(token: Token<'_>) -> bool {
    matches!(token.text, [b'I' | b'i', b'F' | b'f', ..])
}

fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|&byte| byte == 0).next().unwrap_or_default()
}
