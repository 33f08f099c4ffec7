//! Paths that an origin may read otherwise than they are written.
//!
//! Routes match a path as it is written, and origins get it as it is written. But many origins resolve dot segments
//! (RFC 3986, 5.2.4), merge slashes, take `\` for `/`, and decode `%2e`, `%2f` and `%5c` before they do: to them
//! `/public/..%2fadmin` is `/admin`. Which reading is right is the origin's affair; that both lead to one route is ours,
//! or a route that guards `/admin` could be walked around.

/// The other reading of `path`; `None` if there is none, as for nearly all paths.
pub fn other_reading(path: &[u8]) -> Option<Vec<u8>> {
    if !has_marks(path) {
        return None;
    }
    let mut segments: Vec<&[u8]> = Vec::new();
    let plain = decode(path);
    for segment in plain.split(|&b| b == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let mut reading = Vec::with_capacity(plain.len());
    for segment in &segments {
        reading.push(b'/');
        reading.extend_from_slice(segment);
    }
    let ends_open = matches!(plain.rsplit(|&b| b == b'/').next(), Some(b"" | b"." | b".."));
    if ends_open || reading.is_empty() {
        reading.push(b'/');
    }
    (reading != path).then_some(reading)
}

/// Whether anything in `path` could be read otherwise: the one look that every path gets.
fn has_marks(path: &[u8]) -> bool {
    path.iter().enumerate().any(|(at, b)| match b {
        b'/' => matches!(path.get(at + 1), Some(b'/' | b'.')),
        b'%' => escaped(path.get(at + 1..at + 3)).is_some(),
        b'\\' => true,
        _ => false,
    })
}

/// The byte that an escape of path syntax stands for.
fn escaped(hex: Option<&[u8]>) -> Option<u8> {
    match hex? {
        [b'2', b'e' | b'E'] => Some(b'.'),
        [b'2', b'f' | b'F'] => Some(b'/'),
        [b'5', b'c' | b'C'] => Some(b'/'),
        _ => None,
    }
}

/// Decodes path syntax, and nothing else.
fn decode(path: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = path.get(at) {
        let decoded = if byte == b'%' { escaped(path.get(at + 1..at + 3)) } else { None };
        at += if decoded.is_some() { 3 } else { 1 };
        plain.push(decoded.unwrap_or(if byte == b'\\' { b'/' } else { byte }));
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn syntax_is_read_as_an_origin_may() {
        for (path, reading) in [
            ("/public/../admin", "/admin"),
            ("/public/..%2fadmin", "/admin"),
            ("/public/%2E%2e/admin", "/admin"),
            ("//admin", "/admin"),
            ("/a/./b", "/a/b"),
            ("/a\\..\\admin", "/admin"),
            ("/a%5Cb", "/a/b"),
            ("/a/..", "/"),
            ("/a/b/.", "/a/b/"),
            ("/../../etc/passwd", "/etc/passwd"),
        ] {
            let other = other_reading(path.as_bytes());
            assert_eq!(other.as_deref(), Some(reading.as_bytes()), "{path}");
        }
    }

    #[test]
    fn ordinary_paths_have_one_reading() {
        for path in ["/", "/a/b.css", "/a%20b", "/.well-known/x", "/a..b/c", "/a/", "*"] {
            assert_eq!(other_reading(path.as_bytes()), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn a_reading_has_no_other(path in "/[a./%2eEfF5cC\\\\]{0,24}") {
            if let Some(reading) = other_reading(path.as_bytes()) {
                prop_assert!(reading.starts_with(b"/"));
                let again = other_reading(&reading);
                // Decoding once may uncover another escape, as of `%%32e`; the rest is settled.
                prop_assert!(again.is_none() || reading.contains(&b'%'));
            }
        }
    }
}
