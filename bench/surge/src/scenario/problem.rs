//! What is wrong with a scenario, and where it was written: frames for people, entries for programs.

use std::{fmt, ops::Range};

use annotate_snippets::{
    AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet,
    normalize_untrusted_str as clean,
};
use serde::Serialize;

/// Something wrong with the text at a place.
///
/// Messages are lower case, have no full stop, and say what is wrong; `help` says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The bytes it is about.
    pub span: Range<usize>,
    /// The key, as `client.shop.timeout`; empty where the text is not TOML.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// All that is wrong with a scenario, in the order in which it was written, with the text that it quotes.
#[derive(Debug, Clone)]
pub struct Report {
    file: String,
    text: String,
    problems: Vec<Problem>,
}

/// A problem for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The key.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Report {
    /// Problems of a file with this text, put in order.
    pub fn new(file: &str, text: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.span.start);
        problems.dedup();
        Self { file: file.to_owned(), text: text.to_owned(), problems }
    }

    /// A file that cannot be read.
    pub fn unreadable(file: &str, error: &std::io::Error) -> Self {
        let message = format!("cannot be read: {error}");
        let problem = Problem { span: 0..0, path: String::new(), message, help: None };
        Self { file: file.to_owned(), text: String::new(), problems: vec![problem] }
    }

    /// The problems, in order.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The problems for programs.
    pub fn entries(&self) -> Vec<Entry> {
        let entry = |problem: &Problem| {
            let (line, column) = self.position(problem.span.start);
            Entry {
                file: self.file.clone(),
                line,
                column,
                path: problem.path.clone(),
                message: problem.message.clone(),
                help: problem.help.clone(),
            }
        };
        self.problems.iter().map(entry).collect()
    }

    /// All problems with the lines that they are about, in colour.
    pub fn coloured(&self) -> String {
        self.render(&Renderer::styled())
    }

    fn render(&self, renderer: &Renderer) -> String {
        let frames = self.problems.iter().map(|problem| renderer.render(&[self.group(problem)]));
        frames.collect::<Vec<_>>().join("\n\n")
    }

    fn group<'a>(&'a self, problem: &'a Problem) -> Group<'a> {
        let title = match problem.path.as_str() {
            "" => clean(&problem.message),
            path => clean(&format!("{path}: {}", problem.message)),
        };
        let group = Level::ERROR.primary_title(title).element(self.frame(problem));
        match &problem.help {
            Some(help) => group.element(Level::HELP.message(clean(help))),
            None => group,
        }
    }

    /// The first line of the place, marked; a place without text is named only.
    fn frame<'a>(&'a self, problem: &Problem) -> Element<'a> {
        let start = boundary(&self.text, problem.span.start);
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line = self.text[line_start..].lines().next().unwrap_or_default();
        let (number, column) = self.position(start);
        if line.is_empty() {
            return Origin::path(&self.file).line(number).char_column(column).into();
        }
        let end = boundary(&self.text, problem.span.end).clamp(start, line_start + line.len());
        let mark = AnnotationKind::Primary.span(start - line_start..end - line_start);
        Snippet::source(line).path(&self.file).line_start(number).annotation(mark).into()
    }

    /// Line and column of a byte, both from 1.
    fn position(&self, byte: usize) -> (usize, usize) {
        let before = &self.text[..boundary(&self.text, byte)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// All problems with the lines that they are about, without colour.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Renderer::plain()))
    }
}

impl std::error::Error for Report {}

/// The closest character boundary at or before a byte.
fn boundary(text: &str, byte: usize) -> usize {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}
