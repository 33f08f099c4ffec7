//! Macros: `%{TX.score}` within texts, replaced by values while rules run.

use crate::{
    error::Problem,
    seclang::ast::{self, Place, Text},
    state::tx::Names,
    variable::Target,
};

/// A text with macros in it.
#[derive(Debug, Default)]
pub struct Macro {
    pieces: Box<[Piece]>,
}

/// A piece of a text.
#[derive(Debug)]
pub enum Piece {
    /// Bytes as they are.
    Bytes(Box<[u8]>),
    /// The first value of a variable, or nothing.
    Value(Target),
}

impl Macro {
    /// Compiles a text.
    ///
    /// # Errors
    ///
    /// A macro that names no variable.
    pub fn compile(text: &Text, names: &mut Names) -> Result<Self, Problem> {
        let mut pieces = Vec::new();
        let mut rest = text.bytes.as_slice();
        while let Some((before, inner, behind)) = next_macro(rest) {
            if !before.is_empty() {
                pieces.push(Piece::Bytes(before.into()));
            }
            // A text over several lines has its macros' places only roughly.
            let place = Place { column: text.place.column + offset(text, inner), ..text.place };
            pieces.push(Piece::Value(Target::compile(&target(inner, place), names)?));
            rest = behind;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Bytes(rest.into()));
        }
        Ok(Self { pieces: pieces.into() })
    }

    /// The pieces, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The whole text, where it has no macro.
    pub fn literal(&self) -> Option<&[u8]> {
        match &*self.pieces {
            [] => Some(b""),
            [Piece::Bytes(bytes)] => Some(bytes),
            _ => None,
        }
    }

    /// The variables that it names, and nothing else of it.
    pub fn into_targets(self) -> Vec<Target> {
        let pieces = self.pieces.into_iter();
        pieces
            .filter_map(|piece| match piece {
                Piece::Value(target) => Some(target),
                Piece::Bytes(_) => None,
            })
            .collect()
    }

    /// The variables that it names.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value(target) => Some(target),
            Piece::Bytes(_) => None,
        })
    }
}

/// Whether a text has a macro.
pub fn has_macro(text: &[u8]) -> bool {
    next_macro(text).is_some()
}

/// What stands before the first macro, within it, and behind it.
fn next_macro(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let begin = memchr::memmem::find(text, b"%{")?;
    let (before, rest) = text.split_at_checked(begin)?;
    let inner = rest.get(2..)?;
    let end = memchr::memchr(b'}', inner)?;
    Some((before, inner.get(..end)?, inner.get(end + 1..)?))
}

fn offset(text: &Text, inner: &[u8]) -> u32 {
    (inner.as_ptr() as usize).saturating_sub(text.bytes.as_ptr() as usize) as u32
}

/// `NAME`, `NAME.member` or `NAME:member`.
fn target(inner: &[u8], place: Place) -> ast::Target {
    let split = inner.iter().position(|byte| matches!(byte, b'.' | b':'));
    let (name, member) = match split.and_then(|at| inner.split_at_checked(at)) {
        Some((name, member)) => (name, member.get(1..)),
        None => (inner, None),
    };
    let selector = member
        .filter(|member| !member.is_empty())
        .map(|member| ast::Selector::Name(Text { place, bytes: member.to_vec() }));
    let name = String::from_utf8_lossy(name).into_owned();
    ast::Target { place, modifier: ast::Modifier::Values, name, selector }
}
