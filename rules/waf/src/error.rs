//! What is wrong with rules: problems by place, and a report that shows the line of each.
//!
//! Nothing here decides what is wrong.

mod render;
mod suggest;

use std::fmt;

use crate::seclang::{Sources, ast::Place, ast::Text};

pub(crate) use suggest::closest;

/// Something wrong at a place in a rule file.
///
/// Messages are lower case, have no full stop, and say what is wrong; the note says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it begins. Line 0 is the file as a whole.
    pub place: Place,
    /// How many bytes are concerned, as written. Of a part that goes over lines, the first line is shown.
    pub len: usize,
    /// What is wrong.
    pub message: String,
    /// What to do, or why.
    pub note: Option<String>,
    /// Other places that have to do with it: where they begin, how long they are, and what is there.
    pub also: Vec<(Place, usize, String)>,
}

/// Everything that is wrong with a set of rules, in the order in which it was written.
#[derive(Clone, Debug)]
pub struct Report {
    problems: Vec<Problem>,
    sources: Sources,
}

impl Problem {
    /// A problem with `len` bytes at a place.
    pub fn new(place: Place, len: usize, message: impl Into<String>) -> Self {
        Self { place, len, message: message.into(), note: None, also: Vec::new() }
    }

    /// A problem with a text.
    pub fn with(text: &Text, message: impl Into<String>) -> Self {
        Self::new(text.place, text.bytes.len(), message)
    }

    /// Adds what to do.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Adds what to do, where something is known.
    #[must_use]
    pub fn maybe_note(mut self, note: Option<String>) -> Self {
        self.note = note.or(self.note);
        self
    }

    /// Adds another place that has to do with it.
    #[must_use]
    pub fn also(mut self, place: Place, len: usize, label: impl Into<String>) -> Self {
        self.also.push((place, len, label.into()));
        self
    }

    /// Puts places that were counted on over the end of a line to the line where they are.
    pub(crate) fn settle(&mut self, sources: &Sources) {
        self.place = sources.settled(self.place);
        self.also.iter_mut().for_each(|(place, ..)| *place = sources.settled(*place));
    }

    /// The problem with the lines that it is about, without a line end.
    pub fn render(&self, sources: &Sources) -> String {
        self.render_as("error", sources)
    }

    /// The same under another word than `error`.
    pub fn render_as(&self, word: &str, sources: &Sources) -> String {
        render::problem(word, self, sources)
    }
}

impl Report {
    /// Sorts problems by place.
    pub fn new(mut problems: Vec<Problem>, sources: Sources) -> Self {
        problems.iter_mut().for_each(|problem| problem.settle(&sources));
        problems.sort_by_key(|problem| problem.place);
        Self { problems, sources }
    }

    /// The problems, at least one.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The files that they are in.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// One line: how many problems, and the first.
    pub fn summary(&self) -> String {
        let Some(first) = self.problems.first() else { return "no problems".to_owned() };
        let first = format!("{}: {}", self.sources.name(first.place), first.message);
        let first = render::clean(&first);
        match self.problems.len() {
            1 => first,
            n => format!("{n} problems, the first: {first}"),
        }
    }
}

/// All problems with the lines that they are about, and an empty line between.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let between = if index == 0 { "" } else { "\n\n" };
            write!(f, "{between}{}", problem.render(&self.sources))?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}

#[cfg(test)]
mod tests;
