//! From PCRE's spelling to that of the linear engine, where the two differ and mean the same.

/// A pattern in the other spelling, or none where it asks for what only backtracking gives: look-around, backreferences,
/// possessive quantifiers, atomic groups, recursion, conditions.
///
/// - A byte beyond ASCII and `\x{HH}` stand for that byte; to the linear engine they would be characters.
/// - `{` that begins no repetition is itself.
/// - `[` within a class is itself, unless it begins a named class; so are `&&`, `--` and `~~`.
/// - `\/`, `\<` and other escapes of what needs none; `\h`, `\v`, `\R`, `\Z`, `\e`, `\cX`, octal `\NNN`.
pub fn translate(pattern: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut class = false;
    let mut repeatable = false;
    while let Some((&byte, behind)) = rest.split_first() {
        let taken = match byte {
            b'\\'
                if !class
                    && matches!(behind.first(), Some(b'1'..=b'9' | b'k' | b'g' | b'K' | b'G')) =>
            {
                return None;
            }
            b'\\' => escape(&mut out, rest, class),
            b'[' if class => within_class(&mut out, rest),
            b'[' => {
                class = true;
                open_class(&mut out, rest)
            }
            b']' if class => {
                class = false;
                out.push(']');
                1
            }
            b'&' | b'-' | b'~' if class && behind.first() == Some(&byte) => {
                out.push('\\');
                out.push(char::from(byte));
                1
            }
            b'{' if !class && !is_repetition(rest) => {
                out.push_str("\\{");
                1
            }
            b'+' if !class && repeatable => return None,
            b'(' if !class && needs_backtracking(behind) => return None,
            _ => {
                push(&mut out, byte);
                1
            }
        };
        // A `+` behind a quantifier makes it possessive.
        let quantifier = matches!(byte, b'*' | b'+' | b'?') && !opens_group(&out);
        repeatable = !class && (quantifier || byte == b'}' && out.ends_with('}'));
        rest = &rest[taken.min(rest.len())..];
    }
    Some(out)
}

/// Whether a `?` that was just written is the one behind an opening parenthesis.
fn opens_group(out: &str) -> bool {
    let Some(before) = out.strip_suffix("(?") else { return false };
    before.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 0
}

/// What stands behind an opening parenthesis, where it is more than a group.
fn needs_backtracking(behind: &[u8]) -> bool {
    let beginnings: [&[u8]; 12] =
        [b"?=", b"?!", b"?<=", b"?<!", b"?>", b"?|", b"?(", b"?R", b"?&", b"?P=", b"?P>", b"*"];
    beginnings.iter().any(|beginning| behind.starts_with(beginning))
}

fn push(out: &mut String, byte: u8) {
    if byte.is_ascii() {
        out.push(char::from(byte));
    } else {
        hex(out, byte);
    }
}

fn hex(out: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push_str("\\x");
    out.push(char::from(DIGITS[usize::from(byte >> 4)]));
    out.push(char::from(DIGITS[usize::from(byte & 15)]));
}

/// `{n}`, `{n,}`, `{n,m}`.
fn is_repetition(rest: &[u8]) -> bool {
    let Some(end) = memchr::memchr(b'}', rest) else { return false };
    let inner = &rest[1..end];
    inner.first().is_some_and(u8::is_ascii_digit)
        && inner.iter().all(|b| b.is_ascii_digit() || *b == b',')
        && inner.iter().filter(|b| **b == b',').count() <= 1
}

/// `[` and what may stand there unescaped: `^`, then `]` as a member.
fn open_class(out: &mut String, rest: &[u8]) -> usize {
    let negated = rest.get(1) == Some(&b'^');
    let member = rest.get(1 + usize::from(negated)) == Some(&b']');
    out.push_str(if negated { "[^" } else { "[" });
    if member {
        out.push_str("\\]");
    }
    1 + usize::from(negated) + usize::from(member)
}

/// `[` among the members of a class.
fn within_class(out: &mut String, rest: &[u8]) -> usize {
    let named = rest.strip_prefix(b"[:").and_then(|name| {
        let end = name.windows(2).position(|two| two == b":]")?;
        let word = name[..end].strip_prefix(b"^").unwrap_or(&name[..end]);
        word.iter().all(u8::is_ascii_lowercase).then_some(end + 4)
    });
    match named {
        Some(length) => {
            rest[..length].iter().for_each(|byte| out.push(char::from(*byte)));
            length
        }
        None => {
            out.push_str("\\[");
            1
        }
    }
}

/// A backslash and what it escapes; returns how many bytes of the pattern that is.
fn escape(out: &mut String, rest: &[u8], class: bool) -> usize {
    let Some(&byte) = rest.get(1) else {
        out.push('\\');
        return 1;
    };
    match byte {
        b'x' => hex_escape(out, rest),
        b'0'..=b'7' if class || byte == b'0' => octal_escape(out, rest),
        b'h' if class => append(out, "\\x09\\x20\\xA0"),
        b'h' => append(out, "[\\x09\\x20\\xA0]"),
        b'H' if !class => append(out, "[^\\x09\\x20\\xA0]"),
        b'v' if class => append(out, "\\x0A-\\x0D\\x85"),
        b'v' => append(out, "[\\x0A-\\x0D\\x85]"),
        b'V' if !class => append(out, "[^\\x0A-\\x0D\\x85]"),
        b'R' if !class => append(out, "(?:\\r\\n|[\\x0A-\\x0D\\x85])"),
        b'N' if !class => append(out, "[^\\n]"),
        b'Z' if !class => append(out, "(?:\\n?\\z)"),
        b'e' => append(out, "\\x1B"),
        b'b' if class => append(out, "\\x08"),
        b'c' if rest.len() > 2 => {
            hex(out, rest[2].to_ascii_uppercase() ^ 0x40);
            3
        }
        b'Q' => quoted(out, rest),
        b'<' | b'>' => append(out, if byte == b'<' { "<" } else { ">" }),
        _ if byte.is_ascii_alphanumeric() => {
            out.push('\\');
            out.push(char::from(byte));
            2
        }
        _ if byte.is_ascii() && regex_syntax::is_escapeable_character(char::from(byte)) => {
            out.push('\\');
            out.push(char::from(byte));
            2
        }
        _ => {
            push(out, byte);
            2
        }
    }
}

fn append(out: &mut String, text: &str) -> usize {
    out.push_str(text);
    2
}

/// `\xHH` and `\x{HH}`: a byte. More than a byte is left to be refused.
fn hex_escape(out: &mut String, rest: &[u8]) -> usize {
    if rest.get(2) == Some(&b'{') {
        let digits: Vec<u8> = rest[3..].iter().copied().take_while(u8::is_ascii_hexdigit).collect();
        let end = 3 + digits.len();
        let value = digits
            .iter()
            .try_fold(0_u8, |value, digit| value.checked_mul(16)?.checked_add(digit_value(*digit)));
        if let (Some(value), Some(b'}'), false) = (value, rest.get(end), digits.is_empty()) {
            hex(out, value);
            return end + 1;
        }
        return append(out, "\\x");
    }
    let digits = rest[2..].iter().take(2).take_while(|byte| byte.is_ascii_hexdigit());
    let (count, value) = digits
        .fold((0, 0_u8), |(count, value), digit| (count + 1, value * 16 + digit_value(*digit)));
    hex(out, value);
    2 + count
}

/// `\0`, `\012`: up to three octal digits.
fn octal_escape(out: &mut String, rest: &[u8]) -> usize {
    let digits = rest[1..].iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7'));
    let (count, value) = digits
        .fold((0, 0_u16), |(count, value), digit| (count + 1, value * 8 + u16::from(digit - b'0')));
    hex(out, value as u8);
    1 + count
}

/// `\Q...\E`: as it stands.
fn quoted(out: &mut String, rest: &[u8]) -> usize {
    let text = &rest[2..];
    let end = text.windows(2).position(|two| two == b"\\E").unwrap_or(text.len());
    for &byte in &text[..end] {
        if byte.is_ascii() && regex_syntax::is_meta_character(char::from(byte)) {
            out.push('\\');
        }
        push(out, byte);
    }
    (2 + end + 2).min(rest.len())
}

fn digit_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.to_ascii_uppercase() - b'A' + 10,
    }
}
