//! From PCRE's spelling to that of the linear engine.
//!
//! A pattern is read as PCRE reads it and written anew from what it means, so that nothing depends on how the two differ in
//! spelling: sets are written as ranges of bytes, and no flag is left but `(?-i:)`.
//!
//! One difference stays. Where the body of a loop can match nothing, PCRE leaves the loop once it does, and the linear
//! engine goes on to the ways that follow: `(?:a?|b)*` on `ab` is `a` to PCRE and `ab` here. Whether there is a match is
//! the same. Only its end and its groups can differ, and that is not worth the loss of linear time.

use super::backtrack::{
    parse::parse,
    set::ByteSet,
    syntax::{Assertion, Class, Fold, Greed, Node, Repeat},
};

/// A pattern in the other spelling, for bytes with a dot that matches all. None where it asks for what only backtracking
/// gives: look-around, backreferences, possessive quantifiers, atomic groups, and a few places that the linear engine has no
/// condition for. None also for what is no pattern, as backtracking says what is wrong.
pub fn translate(pattern: &[u8]) -> Option<String> {
    let parsed = parse(pattern).ok()?;
    let mut out = String::with_capacity(pattern.len() * 2);
    write(&mut out, &parsed.root, Behind::MaybeNothing)?;
    Some(out)
}

/// Whether a byte must follow what is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    MaybeNothing,
    Something,
}

fn write(out: &mut String, node: &Node, behind: Behind) -> Option<()> {
    match node {
        Node::Empty => {}
        Node::Byte(byte, fold) => write_byte(out, *byte, *fold),
        Node::Class(class) => write_class(out, class)?,
        Node::Assert(assertion) => out.push_str(condition(*assertion, behind)?),
        Node::Capture(_, body) => {
            out.push('(');
            write(out, body, behind)?;
            out.push(')');
        }
        Node::Repeat(repeat) => write_repeat(out, repeat, behind)?,
        Node::Concat(nodes) => write_concat(out, nodes, behind)?,
        Node::Alternate(nodes) => {
            for (number, node) in nodes.iter().enumerate() {
                out.push_str(if number == 0 { "" } else { "|" });
                write(out, node, behind)?;
            }
        }
        Node::Atomic(_) | Node::Around(_) | Node::Backref(..) | Node::Keep => return None,
    }
    Some(())
}

fn write_concat(out: &mut String, nodes: &[Node], behind: Behind) -> Option<()> {
    // The last that takes a byte in any case; all before it have something behind them.
    let last = nodes.iter().rposition(|node| node.width().min > 0).unwrap_or(0);
    for (number, node) in nodes.iter().enumerate() {
        let behind = if number < last { Behind::Something } else { behind };
        match node {
            Node::Alternate(_) | Node::Concat(_) => write_group(out, node, behind)?,
            node => write(out, node, behind)?,
        }
    }
    Some(())
}

fn write_group(out: &mut String, node: &Node, behind: Behind) -> Option<()> {
    out.push_str("(?:");
    write(out, node, behind)?;
    out.push(')');
    Some(())
}

fn write_repeat(out: &mut String, repeat: &Repeat, behind: Behind) -> Option<()> {
    match &repeat.body {
        Node::Byte(..) | Node::Class(_) | Node::Capture(..) => write(out, &repeat.body, behind)?,
        body => write_group(out, body, behind)?,
    }
    match (repeat.min, repeat.max) {
        (0, None) => out.push('*'),
        (1, None) => out.push('+'),
        (0, Some(1)) => out.push('?'),
        (min, None) => out.push_str(&format!("{{{min},}}")),
        (min, Some(max)) if min == max => out.push_str(&format!("{{{min}}}")),
        (min, Some(max)) => out.push_str(&format!("{{{min},{max}}}")),
    }
    match repeat.greed {
        Greed::Greedy => {}
        Greed::Lazy => out.push('?'),
        Greed::Possessive => return None,
    }
    Some(())
}

fn condition(assertion: Assertion, behind: Behind) -> Option<&'static str> {
    Some(match assertion {
        Assertion::Start => "\\A",
        Assertion::End => "\\z",
        Assertion::LineEnd => "(?m:$)",
        // To PCRE, no line begins behind a line feed that is the last byte.
        Assertion::LineStart if behind == Behind::Something => "(?m:^)",
        Assertion::LineStart | Assertion::EndOrLast => return None,
        Assertion::WordBoundary => "\\b",
        Assertion::NotWordBoundary => "\\B",
    })
}

fn write_byte(out: &mut String, byte: u8, fold: Fold) {
    let letter = char::from(byte);
    match fold {
        Fold::On if byte.is_ascii_alphabetic() => {
            out.extend(['[', letter.to_ascii_uppercase(), letter.to_ascii_lowercase(), ']']);
        }
        Fold::Off if byte.is_ascii_alphabetic() => {
            out.push_str("(?-i:");
            out.push(letter);
            out.push(')');
        }
        _ => write_literal(out, byte),
    }
}

fn write_literal(out: &mut String, byte: u8) {
    let letter = char::from(byte);
    if !matches!(byte, b' '..=b'~') {
        out.push_str(&format!("\\x{byte:02X}"));
        return;
    }
    if regex_syntax::is_meta_character(letter) {
        out.push('\\');
    }
    out.push(letter);
}

/// A class, so that it is right whether or not case counts: as it is or negated, where folding gives what is meant, and
/// without folding where the pattern says so.
fn write_class(out: &mut String, class: &Class) -> Option<()> {
    let (set, inverse) = (class.sensitive, class.sensitive.complement());
    if set == ByteSet::FULL && class.insensitive == set {
        out.push('.');
    } else if set.folded() == class.insensitive {
        write_set(out, "[", set);
    } else if inverse.folded().complement() == class.insensitive {
        write_set(out, "[^", inverse);
    } else if set == class.insensitive {
        write_set(out, "(?-i:[", set);
        out.push(')');
    } else {
        return None;
    }
    Some(())
}

fn write_set(out: &mut String, open: &str, set: ByteSet) {
    // The linear engine knows no empty brackets.
    if set == ByteSet::EMPTY {
        out.push_str("[^\\x00-\\xFF]");
        return;
    }
    out.push_str(open);
    for (low, high) in set.ranges() {
        write_member(out, low);
        if low != high {
            out.push('-');
            write_member(out, high);
        }
    }
    out.push(']');
}

fn write_member(out: &mut String, byte: u8) {
    if byte.is_ascii_alphanumeric() {
        out.push(char::from(byte));
    } else {
        out.push_str(&format!("\\x{byte:02X}"));
    }
}

#[cfg(test)]
mod tests;
