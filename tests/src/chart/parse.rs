//! Templates as trees.

use std::collections::BTreeMap;

use serde_json::Value;

/// A part of a template.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(String),
    Print(Pipe),
    Assign(String, Pipe),
    /// Each branch and its condition; the last may have none.
    If(Vec<(Option<Pipe>, Vec<Node>)>),
    Range(Pipe, Vec<Node>),
}

/// Calls, each of which is given what the one before it made as its last argument.
pub(super) type Pipe = Vec<Vec<Term>>;

#[derive(Debug, Clone)]
pub(super) enum Term {
    Literal(Value),
    Function(String),
    /// Fields of the dot, where there is no variable, or of a variable; that without a name is the root.
    Path(Option<String>, Vec<String>),
    Pipe(Pipe),
}

/// What is between two delimiters, or outside of them.
enum Piece {
    Text(String),
    Action(String),
}

/// The nodes of a template; the templates that it names go to `defines`.
pub(super) fn template(
    text: &str,
    defines: &mut BTreeMap<String, Vec<Node>>,
) -> Result<Vec<Node>, String> {
    let mut pieces = pieces(text)?.into_iter();
    let (nodes, end) = block(&mut pieces, defines)?;
    match end {
        None => Ok(nodes),
        Some(end) => Err(format!("{end} without a beginning")),
    }
}

fn pieces(mut text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    while let Some((before, rest)) = text.split_once("{{") {
        let trims_before = rest.starts_with("- ");
        let before = if trims_before { before.trim_end() } else { before };
        pieces.push(Piece::Text(before.to_owned()));
        let (action, after) = rest.split_once("}}").ok_or("an action has no end")?;
        let trims_after = action.ends_with(" -");
        text = if trims_after { after.trim_start() } else { after };
        let action = if trims_before { &action[1..] } else { action };
        let action = if trims_after { &action[..action.len() - 1] } else { action };
        if !action.trim().starts_with("/*") {
            pieces.push(Piece::Action(action.trim().to_owned()));
        }
    }
    pieces.push(Piece::Text(text.to_owned()));
    Ok(pieces)
}

/// Nodes up to the action that ends them, which is returned.
fn block(
    pieces: &mut std::vec::IntoIter<Piece>,
    defines: &mut BTreeMap<String, Vec<Node>>,
) -> Result<(Vec<Node>, Option<String>), String> {
    let mut nodes = Vec::new();
    while let Some(piece) = pieces.next() {
        let action = match piece {
            Piece::Text(text) => {
                nodes.push(Node::Text(text));
                continue;
            }
            Piece::Action(action) => action,
        };
        let (word, rest) = action.split_once(' ').unwrap_or((&action, ""));
        match word {
            "end" | "else" => return Ok((nodes, Some(action))),
            "if" => nodes.push(condition(rest, pieces, defines)?),
            "range" => {
                let list = pipe(rest)?;
                nodes.push(Node::Range(list, ended(pieces, defines)?));
            }
            "define" => {
                let name = rest.trim_matches('"').to_owned();
                let body = ended(pieces, defines)?;
                defines.insert(name, body);
            }
            _ => nodes.push(match action.split_once(" := ") {
                Some((name, value)) => Node::Assign(name.to_owned(), pipe(value)?),
                None => Node::Print(pipe(&action)?),
            }),
        }
    }
    Ok((nodes, None))
}

fn ended(
    pieces: &mut std::vec::IntoIter<Piece>,
    defines: &mut BTreeMap<String, Vec<Node>>,
) -> Result<Vec<Node>, String> {
    match block(pieces, defines)? {
        (nodes, Some(end)) if end == "end" => Ok(nodes),
        (_, end) => Err(format!("expected an end, found {end:?}")),
    }
}

fn condition(
    first: &str,
    pieces: &mut std::vec::IntoIter<Piece>,
    defines: &mut BTreeMap<String, Vec<Node>>,
) -> Result<Node, String> {
    let mut branches = Vec::new();
    let mut condition = Some(pipe(first)?);
    loop {
        let (nodes, end) = block(pieces, defines)?;
        branches.push((condition, nodes));
        condition = match end.unwrap_or_default().as_str() {
            "end" => return Ok(Node::If(branches)),
            "else" => None,
            end => Some(pipe(end.strip_prefix("else if ").ok_or("an if has no end")?)?),
        };
    }
}

fn pipe(text: &str) -> Result<Pipe, String> {
    let mut words = words(text)?.into_iter();
    let (pipe, closed) = calls(&mut words)?;
    if closed { Err(format!("a parenthesis too many: {text}")) } else { Ok(pipe) }
}

/// Calls up to the end or a closing parenthesis, and whether it was that.
fn calls(words: &mut std::vec::IntoIter<String>) -> Result<(Pipe, bool), String> {
    let mut pipe = vec![Vec::new()];
    while let Some(word) = words.next() {
        let term = match word.as_str() {
            ")" => return Ok((pipe, true)),
            "|" => {
                pipe.push(Vec::new());
                continue;
            }
            "(" => match calls(words)? {
                (inner, true) => Term::Pipe(inner),
                (_, false) => return Err("a parenthesis is not closed".to_owned()),
            },
            word => term(word)?,
        };
        pipe.last_mut().unwrap().push(term);
    }
    if pipe.iter().any(Vec::is_empty) { Err("an empty call".to_owned()) } else { Ok((pipe, false)) }
}

fn term(word: &str) -> Result<Term, String> {
    let fields =
        |path: &str| path.split('.').filter(|f| !f.is_empty()).map(str::to_owned).collect();
    if word.starts_with('"') || word.starts_with(|c: char| c.is_ascii_digit()) {
        let value = serde_json::from_str(word).map_err(|problem| format!("{word}: {problem}"))?;
        return Ok(Term::Literal(value));
    }
    Ok(match word.chars().next() {
        Some('.') => Term::Path(None, fields(word)),
        Some('$') => {
            let (name, path) = word.split_at(word.find('.').unwrap_or(word.len()));
            Term::Path(Some(name.to_owned()), fields(path))
        }
        _ => Term::Function(word.to_owned()),
    })
}

fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' | '|' => 1,
            '"' => closing_quote(rest).ok_or_else(|| format!("a quote is not closed: {rest}"))?,
            _ => rest.find([' ', '(', ')', '|']).unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(length);
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    Ok(words)
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().enumerate().skip(1).find_map(|(index, byte)| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes.then_some(index + 1)
    })
}
