//! The boundary, out of the Content-Type header of the request.
//!
//! The rules are ModSecurity's and stricter than the grammar of RFC 2045: `boundary` in lower case, the only parameter
//! before which only a semicolon may stand. What follows it behind a semicolon is tolerated. One leniency is ours:
//! ModSecurity takes any `boundary` that has a `=` somewhere behind it for a second parameter, although Firefox's own
//! boundaries contain the word and a `;charset=` behind them is common.

use memchr::{memchr, memmem};

use super::{super::is_space, Flags};

/// The boundary, or what is wrong with the header.
pub(super) fn boundary<'h>(header: &'h [u8], flags: &mut Flags) -> Result<&'h [u8], &'static str> {
    if header.is_empty() {
        return Err("no Content-Type header");
    }
    if header.len() > HEADER_BYTES_MAX {
        return Err("invalid boundary in Content-Type (length)");
    }
    let (mime, parameters) = header.split_at_checked(MIME.len()).unwrap_or((header, &[]));
    if !mime.eq_ignore_ascii_case(MIME) {
        return Err("invalid MIME type in Content-Type");
    }
    let count = count_parameters(parameters);
    if count > 1 {
        return Err("multiple boundary parameters in Content-Type");
    }
    let (before, behind) = cut(parameters, NAME).ok_or(match count {
        0 => "no boundary in Content-Type",
        _ => "invalid boundary in Content-Type (case sensitivity)",
    })?;
    check_before(before, flags)?;
    let value = behind_equals(behind, flags)?;
    let boundary = unquote(value, flags)?;
    if count_parameters(boundary) > 0 {
        return Err("invalid boundary in Content-Type (content)");
    }
    let plain = if is_valid(boundary) { boundary } else { before_semicolon(boundary) };
    match plain {
        [] => Err("invalid boundary in Content-Type (empty)"),
        plain if is_valid(plain) => Ok(plain),
        _ => Err("invalid boundary in Content-Type (characters)"),
    }
}

/// How often `boundary` is named as a parameter, in whatever case, with a `=` somewhere behind it. Within a word, as in
/// Firefox's boundaries, the `=` has to come before the next semicolon.
fn count_parameters(header: &[u8]) -> usize {
    let lower = header.to_ascii_lowercase();
    let is_parameter = |&at: &usize| {
        let (before, behind) = lower.split_at(at);
        let within_word = before.last().is_some_and(|&byte| !is_space(byte) && byte != b';');
        memchr(b'=', if within_word { before_semicolon(behind) } else { behind }).is_some()
    };
    memmem::find_iter(&lower, NAME).filter(is_parameter).count()
}

fn check_before(before: &[u8], flags: &mut Flags) -> Result<(), &'static str> {
    let mut marks = before.iter().filter(|&&byte| !is_space(byte));
    flags.missing_semicolon = match marks.next() {
        None => true,
        Some(b';') => false,
        Some(_) => return Err(MALFORMED),
    };
    if marks.next().is_some() { Err(MALFORMED) } else { Ok(()) }
}

fn behind_equals<'h>(behind: &'h [u8], flags: &mut Flags) -> Result<&'h [u8], &'static str> {
    let (between, value) = cut(behind, b"=").ok_or(MALFORMED)?;
    if !between.iter().copied().all(is_space) {
        return Err("invalid boundary in Content-Type (parameter name)");
    }
    let space_first = value.first().copied().is_some_and(is_space);
    flags.boundary_whitespace = !between.is_empty() || space_first;
    Ok(value)
}

fn unquote<'h>(value: &'h [u8], flags: &mut Flags) -> Result<&'h [u8], &'static str> {
    match value {
        [b'"', boundary @ .., b'"'] => {
            flags.boundary_quoted = true;
            Ok(boundary)
        }
        [b'"', ..] | [_, .., b'"'] => Err("invalid boundary in Content-Type (quote)"),
        plain => Ok(plain),
    }
}

fn before_semicolon(boundary: &[u8]) -> &[u8] {
    memchr(b';', boundary).and_then(|end| boundary.get(..end)).unwrap_or(boundary)
}

/// RFC 2046, section 5.1.1: a space may not be the last.
fn is_valid(boundary: &[u8]) -> bool {
    let is_boundary_char =
        |&byte: &u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    boundary.iter().all(is_boundary_char) && boundary.last() != Some(&b' ')
}

fn cut<'h>(header: &'h [u8], at: &[u8]) -> Option<(&'h [u8], &'h [u8])> {
    let found = memmem::find(header, at)?;
    Some((header.get(..found)?, header.get(found + at.len()..)?))
}

const MIME: &[u8] = b"multipart/form-data";
const NAME: &[u8] = b"boundary";
const HEADER_BYTES_MAX: usize = 1024;
const MALFORMED: &str = "invalid boundary in Content-Type (malformed)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_found_and_judged() {
        let long = format!("multipart/form-data; boundary={}", "b".repeat(1000));
        let flags = |set: fn(&mut Flags)| {
            let mut flags = Flags::default();
            set(&mut flags);
            flags
        };
        let plain = || Flags::default();
        let table: &[(&str, Result<&str, &str>, Flags)] = &[
            ("multipart/form-data; boundary=b", Ok("b"), plain()),
            ("Multipart/Form-Data;boundary=-x'()+_,./:=? y", Ok("-x'()+_,./:=? y"), plain()),
            ("multipart/form-data \t;\x0b boundary=b", Ok("b"), plain()),
            ("multipart/form-data; boundary=b; charset=utf-8", Ok("b"), plain()),
            (
                "multipart/form-data;boundary=----geckoformboundary4a7acee3;charset=UTF-8",
                Ok("----geckoformboundary4a7acee3"),
                plain(),
            ),
            (
                "multipart/form-data; boundary=\"b c\"",
                Ok("b c"),
                flags(|f| f.boundary_quoted = true),
            ),
            (
                "multipart/form-data; boundary = b",
                Ok(" b"),
                flags(|f| f.boundary_whitespace = true),
            ),
            ("multipart/form-data; boundary =b", Ok("b"), flags(|f| f.boundary_whitespace = true)),
            ("multipart/form-data boundary=b", Ok("b"), flags(|f| f.missing_semicolon = true)),
            ("", Err("no Content-Type header"), plain()),
            ("multipart/form-dat", Err("invalid MIME type in Content-Type"), plain()),
            ("multipart/mixed; boundary=b", Err("invalid MIME type in Content-Type"), plain()),
            ("multipart/form-data", Err("no boundary in Content-Type"), plain()),
            ("multipart/form-data; boundary", Err(MALFORMED), plain()),
            (
                "multipart/form-data; Boundary=b",
                Err("invalid boundary in Content-Type (case sensitivity)"),
                plain(),
            ),
            (
                "multipart/form-data; boundary=b; boundary=c",
                Err("multiple boundary parameters in Content-Type"),
                plain(),
            ),
            (
                "multipart/form-data; boundary=b;boundary; charset=utf-8",
                Err("multiple boundary parameters in Content-Type"),
                plain(),
            ),
            (
                "multipart/form-data; boundary=b; xboundary-=c",
                Err("multiple boundary parameters in Content-Type"),
                plain(),
            ),
            (
                "multipart/form-data; boundary=b; BOUNDARY*0 =c",
                Err("multiple boundary parameters in Content-Type"),
                plain(),
            ),
            (
                "multipart/form-data; charset=x; boundary=b",
                Err("invalid boundary in Content-Type (malformed)"),
                plain(),
            ),
            (
                "multipart/form-data;; boundary=b",
                Err("invalid boundary in Content-Type (malformed)"),
                plain(),
            ),
            (
                "multipart/form-datax; boundary=b",
                Err("invalid boundary in Content-Type (malformed)"),
                plain(),
            ),
            (
                "multipart/form-data; boundary x=b",
                Err("invalid boundary in Content-Type (parameter name)"),
                plain(),
            ),
            (
                "multipart/form-data; boundary*=b",
                Err("invalid boundary in Content-Type (parameter name)"),
                plain(),
            ),
            (
                "multipart/form-data; boundary=\"b",
                Err("invalid boundary in Content-Type (quote)"),
                plain(),
            ),
            (
                "multipart/form-data; boundary=b\"",
                Err("invalid boundary in Content-Type (quote)"),
                plain(),
            ),
            (
                "multipart/form-data; boundary=\"b\"; x=y",
                Err("invalid boundary in Content-Type (quote)"),
                plain(),
            ),
            (
                "multipart/form-data; boundary=\"\"",
                Err("invalid boundary in Content-Type (empty)"),
                flags(|f| f.boundary_quoted = true),
            ),
            (
                "multipart/form-data; boundary=",
                Err("invalid boundary in Content-Type (empty)"),
                plain(),
            ),
            (
                "multipart/form-data; boundary=;x",
                Err("invalid boundary in Content-Type (empty)"),
                plain(),
            ),
            (
                "multipart/form-data; boundary=b ",
                Err("invalid boundary in Content-Type (characters)"),
                plain(),
            ),
            (
                "multipart/form-data; boundary=b*c",
                Err("invalid boundary in Content-Type (characters)"),
                plain(),
            ),
            ("multipart/form-data; boundary=b,c boundary", Ok("b,c boundary"), plain()),
            (&long, Err("invalid boundary in Content-Type (length)"), plain()),
        ];
        for (header, expected, expected_flags) in table {
            let mut flags = Flags::default();
            let found = boundary(header.as_bytes(), &mut flags);
            assert_eq!(found, expected.map(str::as_bytes), "{header}");
            assert_eq!(flags, *expected_flags, "{header}");
        }
    }
}
