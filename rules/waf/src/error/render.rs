//! Problems as text frames in the manner of rustc: message, place, the line itself with what is wrong marked, and what to do.
//!
//! Lines may be long, as patterns are: of such a line the part around the mark is shown. A character is taken to be one column
//! wide.

use super::Problem;
use crate::seclang::{Sources, ast::Place};

/// A problem with its frames, under a word for what it is, without a line end.
pub(super) fn problem(word: &str, problem: &Problem, sources: &Sources) -> String {
    let places = problem.also.iter().map(|(place, ..)| place).chain([&problem.place]);
    let last = places.map(|place| place.line).max().unwrap_or_default();
    let gutter = last.to_string().len();
    let mut out = format!("{word}: {}", clean(&problem.message));
    frame(&mut out, sources, gutter, problem.place, problem.len);
    if let Some(note) = &problem.note {
        if problem.place.line > 0 {
            out.push_str(&format!("\n{:gutter$} |", ""));
        }
        out.push_str(&format!("\n{:gutter$} = help: {}", "", clean(note)));
    }
    for (place, len, label) in &problem.also {
        out.push_str(&format!("\nnote: {}", clean(label)));
        frame(&mut out, sources, gutter, *place, *len);
    }
    out
}

/// A text without what could move a terminal's cursor or turn its writing around.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(clean_char).collect()
}

fn frame(out: &mut String, sources: &Sources, gutter: usize, place: Place, len: usize) {
    out.push_str(&format!("\n{:gutter$}--> {}", "", clean(&sources.name(place))));
    let Some(line) = sources.line(place) else { return };
    let column = usize::try_from(place.column.saturating_sub(1)).unwrap_or(usize::MAX);
    let Excerpt { text, before, marked } = excerpt(line, column, len);
    let (marks, number) = ("^".repeat(marked.max(1)), place.line);
    out.push_str(&format!("\n{:gutter$} |", ""));
    out.push_str(format!("\n{number:gutter$} | {text}").trim_end());
    out.push_str(&format!("\n{:gutter$} | {:before$}{marks}", "", ""));
}

/// What is shown of a line.
struct Excerpt {
    text: String,
    /// Characters before the mark.
    before: usize,
    /// Characters that are marked.
    marked: usize,
}

fn excerpt(line: &[u8], column: usize, len: usize) -> Excerpt {
    let column = column.min(line.len());
    let start = if column > WIDTH_MAX / 2 { column - WIDTH_MAX / 4 } else { 0 };
    let end = line.len().min(start + WIDTH_MAX);
    let mark_end = column.saturating_add(len).min(end);
    let part = |from: usize, to: usize| {
        String::from_utf8_lossy(line.get(from..to).unwrap_or_default())
            .chars()
            .map(clean_char)
            .collect::<String>()
    };
    let (before, marked, behind) =
        (part(start, column), part(column, mark_end), part(mark_end, end));
    let cut_before = if start > 0 { "..." } else { "" };
    let cut_behind = if end < line.len() { "..." } else { "" };
    Excerpt {
        text: format!("{cut_before}{before}{marked}{behind}{cut_behind}"),
        before: cut_before.len() + before.chars().count(),
        marked: marked.chars().count(),
    }
}

fn clean_char(found: char) -> char {
    match found {
        '\t' => ' ',
        // Control characters, and those that change the direction of writing.
        _ if found.is_control() => '\u{fffd}',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => '\u{fffd}',
        _ => found,
    }
}

/// How many bytes of a line are shown.
const WIDTH_MAX: usize = 120;
