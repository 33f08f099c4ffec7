//! What three tokens fold to.

use super::{Folder, Outcome};
use crate::injection::sqli::token::{Kind, Token};

impl<'a> Folder<'a, '_> {
    pub(super) fn fold_three(&mut self) -> Outcome {
        let (left, middle, right) = (*self.at(0), *self.at(1), *self.at(2));
        if is_one_value(left, middle, right) {
            return self.drop_and_restart(2);
        }
        if middle.is_unary() {
            match self.fold_sign(left, right) {
                Outcome::Stuck => {}
                outcome => return outcome,
            }
        }
        match (left.kind, middle.kind, right.kind) {
            // SELECT .`x`
            (Kind::Expression, Kind::Dot, Kind::Bareword) => self.drop_middle(right),
            // USER() is a function, and takes no arguments: USER(x is something else.
            (Kind::Function, Kind::LeftParen, kind)
                if kind != Kind::RightParen && left.is("USER") =>
            {
                self.at(0).kind = Kind::Bareword;
                Outcome::Stuck
            }
            _ => Outcome::Stuck,
        }
    }

    /// A unary operator between two tokens.
    fn fold_sign(&mut self, left: Token<'a>, right: Token<'a>) -> Outcome {
        match (left.kind, right.kind) {
            // SELECT -(, LIMIT -(, and , -(
            (Kind::Expression | Kind::Group | Kind::Comma, Kind::LeftParen) => {
                self.drop_middle(right)
            }
            // SELECT -1, LIMIT -1, FROM -f
            (
                Kind::Keyword | Kind::Expression | Kind::Group,
                Kind::Number | Kind::Bareword | Kind::Variable | Kind::String | Kind::Function,
            ) => self.drop_middle(right),
            // 1, -1 is a list, which folds; the comma may have been the first.
            (Kind::Comma, Kind::Number | Kind::Bareword | Kind::Variable | Kind::String) => {
                *self.at(1) = right;
                self.drop_and_restart(3)
            }
            // 1, -f(1) stays a list, since what is in the parentheses is to be read.
            (Kind::Comma, Kind::Function) => self.drop_middle(right),
            _ => Outcome::Stuck,
        }
    }

    fn drop_middle(&mut self, right: Token<'a>) -> Outcome {
        *self.at(1) = right;
        self.drop_and_restart(1)
    }
}

/// Whether three tokens say no more than the first of them.
fn is_one_value(left: Token<'_>, middle: Token<'_>, right: Token<'_>) -> bool {
    use Kind::{
        Bareword, Comma, Dot, LeftParen, Logic, Number, Operator, SqlType, String, Variable,
    };
    match (left.kind, middle.kind, right.kind) {
        // 1 + 1, a + 1, @a + b
        (Number | Bareword, Operator, Number | Bareword)
        | (Variable, Operator, Variable | Number | Bareword) => true,
        // + a +, AND a AND
        (Operator, middle, Operator) => middle != LeftParen,
        (Logic, _, Logic) => true,
        // 'a'::text
        (Bareword | Number | Variable | String, Operator, SqlType) => middle.text == b"::",
        // 1, 2
        (Bareword | Number | String | Variable, Comma, Number | Bareword | String | Variable) => {
            true
        }
        // schema.table
        (Bareword, Dot, Bareword) => true,
        _ => false,
    }
}
