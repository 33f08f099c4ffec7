//! Paths that an origin may read otherwise than they are written.
//!
//! Routes match a path as it is written, and origins get it as it is written. But many origins decode what needs no escape
//! (RFC 3986, 6.2.2.2), drop the parameters of segments (`/admin;x`, as servlet containers do), resolve dot segments
//! (RFC 3986, 5.2.4), merge slashes, and take `\` for `/`; some do only a part of it, and a chain of two may decode twice.
//! To them `/public/..%2fadmin`, `/%61dmin` and `/x/..;/admin` are `/admin`. Which reading is right is the origin's affair;
//! that all of them lead to one route is ours, or a route that guards `/admin` could be walked around.
//!
//! Not read otherwise: letter case, escapes of anything but path syntax and unreserved characters, a third decoding.

use smallvec::SmallVec;

/// Other readings of a path, without repetition: at most [`READINGS_MAX`].
pub type Readings = SmallVec<[Vec<u8>; 4]>;

/// All combinations of what an origin may do, but to do nothing.
pub const READINGS_MAX: usize = Escapes::ALL.len() * Parameters::ALL.len() * Dots::ALL.len() - 1;

/// The other readings of `path`; none, and nothing allocated, for nearly all paths.
pub fn other_readings(path: &[u8]) -> Readings {
    let mut readings = Readings::new();
    if !has_marks(path) {
        return readings;
    }
    for escapes in Escapes::ALL {
        for parameters in Parameters::ALL {
            let plain = plain(path, escapes, parameters);
            for dots in Dots::ALL {
                let reading = resolve(&plain, dots);
                if reading != path && !readings.contains(&reading) {
                    readings.push(reading);
                }
            }
        }
    }
    readings
}

/// What an origin decodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escapes {
    Kept,
    /// Unreserved characters.
    Unreserved,
    /// Slashes too, and `\` is one.
    Slashes,
    /// All of this, in what somebody before it has decoded already.
    Twice,
}

/// What an origin does with `;` and what follows it in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parameters {
    Kept,
    Dropped,
}

/// What an origin does with `.`, `..` and empty segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dots {
    Kept,
    /// As RFC 3986 has it: an empty segment is one.
    Resolved,
    /// Behind merging slashes.
    Merged,
}

impl Escapes {
    const ALL: [Self; 4] = [Self::Kept, Self::Unreserved, Self::Slashes, Self::Twice];

    /// What `byte` is to the origin where it was escaped; `None` where it stays so.
    fn meaning(self, byte: u8) -> Option<u8> {
        let slashes = matches!(self, Self::Slashes | Self::Twice);
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                (self != Self::Kept).then_some(byte)
            }
            b'/' | b'\\' => slashes.then_some(b'/'),
            // What the first of two leaves to the second.
            b'%' | b';' => (self == Self::Twice).then_some(byte),
            _ => None,
        }
    }
}

impl Parameters {
    const ALL: [Self; 2] = [Self::Kept, Self::Dropped];
}

impl Dots {
    const ALL: [Self; 3] = [Self::Kept, Self::Resolved, Self::Merged];
}

/// Whether anything in `path` could be read otherwise: the one look that every path gets.
fn has_marks(path: &[u8]) -> bool {
    path.iter().enumerate().any(|(at, b)| match b {
        b'/' => match path.get(at + 1) {
            Some(b'/') => true,
            Some(b'.') => matches!(path.get(at + 2), None | Some(b'/' | b'.')),
            _ => false,
        },
        b'%' => match escaped(path, at) {
            // Of no account unless it begins an escape once it is decoded.
            Some(b'%') => path.get(at + 3).is_some_and(u8::is_ascii_hexdigit),
            Some(byte) => Escapes::Twice.meaning(byte).is_some(),
            None => path.get(at + 1) == Some(&b'%'),
        },
        b'\\' | b';' => true,
        _ => false,
    })
}

/// The byte that the escape at `at` stands for.
fn escaped(path: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*path.get(at)?).to_digit(16);
    // Two hexadecimal digits make a byte.
    Some((digit(at + 1)? * 16 + digit(at + 2)?) as u8)
}

/// Parameters are dropped before escapes are decoded, as servlet containers do: `%2f` does not end one.
fn plain(path: &[u8], escapes: Escapes, parameters: Parameters) -> Vec<u8> {
    let mut plain = if escapes == Escapes::Twice { decode(path, escapes) } else { path.to_vec() };
    if parameters == Parameters::Dropped {
        let mut inside = false;
        plain.retain(|&byte| {
            inside = byte != b'/' && (inside || byte == b';');
            !inside
        });
    }
    decode(&plain, if escapes == Escapes::Twice { Escapes::Slashes } else { escapes })
}

fn decode(path: &[u8], escapes: Escapes) -> Vec<u8> {
    let mut plain = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = path.get(at) {
        let decoded = if byte == b'%' {
            escaped(path, at).and_then(|byte| escapes.meaning(byte))
        } else {
            None
        };
        at += if decoded.is_some() { 3 } else { 1 };
        let slash = byte == b'\\' && escapes.meaning(byte).is_some();
        plain.push(decoded.unwrap_or(if slash { b'/' } else { byte }));
    }
    plain
}

fn resolve(path: &[u8], dots: Dots) -> Vec<u8> {
    if dots == Dots::Kept {
        return path.to_vec();
    }
    let mut segments: Vec<&[u8]> = Vec::new();
    let behind_root = path.strip_prefix(b"/").unwrap_or(path);
    for segment in behind_root.split(|&b| b == b'/') {
        match segment {
            b"." => {}
            b".." => drop(segments.pop()),
            b"" if dots == Dots::Merged => {}
            segment => segments.push(segment),
        }
    }
    let last = behind_root.rsplit(|&b| b == b'/').next();
    let ends_open = matches!(last, Some(b"." | b".."))
        || (dots == Dots::Merged && matches!(last, Some(b"")) && !segments.is_empty());
    if ends_open {
        segments.push(b"");
    }
    let mut reading = Vec::with_capacity(path.len());
    for segment in &segments {
        reading.push(b'/');
        reading.extend_from_slice(segment);
    }
    if reading.is_empty() {
        reading.push(b'/');
    }
    reading
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reads_as(path: &str, reading: &str) -> bool {
        other_readings(path.as_bytes()).iter().any(|other| other == reading.as_bytes())
    }

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
            assert!(reads_as(path, reading), "{path}");
        }
    }

    #[test]
    fn unreserved_characters_need_no_escape() {
        for (path, reading) in [
            ("/%61dmin", "/admin"),
            ("/%41%2d%5F%7e%39", "/A-_~9"),
            ("/a/%2e%2E/%61dmin", "/admin"),
            // An origin that decodes these and leaves slashes and dots alone.
            ("/%61dmin/x%2f..%2f..", "/admin/x%2f..%2f.."),
            ("/%61dmin/..", "/admin/.."),
        ] {
            assert!(reads_as(path, reading), "{path}");
        }
    }

    #[test]
    fn parameters_may_be_dropped() {
        for (path, reading) in [
            ("/admin;x", "/admin"),
            ("/admin;x=1/y;z", "/admin/y"),
            ("/x/..;/admin", "/admin"),
            ("/x/%2e.;a=b/%61dmin", "/admin"),
            ("/;a/admin", "/admin"),
            ("/a;b%2fadmin", "/a"),
            ("/a;b%2fadmin", "/a;b/admin"),
        ] {
            assert!(reads_as(path, reading), "{path}");
        }
    }

    #[test]
    fn escapes_of_escapes_are_decoded_once_more() {
        for (path, reading) in [
            ("/x/%252e%252e/admin", "/admin"),
            ("/x/..%252fadmin", "/admin"),
            ("/%2561dmin", "/admin"),
            ("/%%361dmin", "/admin"),
            ("/admin%3bx", "/admin"),
            ("/x/..%3b/admin", "/admin"),
        ] {
            assert!(reads_as(path, reading), "{path}");
        }
    }

    #[test]
    fn slashes_may_count_as_segments() {
        assert!(reads_as("/x//../admin", "/x/admin"));
        assert!(reads_as("/x//../admin", "/admin"));
    }

    #[test]
    fn ordinary_paths_have_one_reading() {
        for path in [
            "/",
            "/a/b.css",
            "/a%20b",
            "/caf%C3%A9",
            "/100%25",
            "/100%25/x",
            "/100%",
            "/.well-known/x",
            "/a..b/c",
            "/a/",
            "/a,b:c@d!$&'()*+=",
            "*",
        ] {
            assert!(!has_marks(path.as_bytes()), "{path}");
            assert!(other_readings(path.as_bytes()).is_empty(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn readings_are_few_rooted_and_different(path in "/[a./%2eEfF5cC;61\\\\]{0,24}") {
            let readings = other_readings(path.as_bytes());
            prop_assert!(readings.len() <= READINGS_MAX);
            for (at, reading) in readings.iter().enumerate() {
                prop_assert!(reading.starts_with(b"/"));
                prop_assert!(reading != path.as_bytes());
                prop_assert!(!readings[..at].contains(reading));
            }
        }

        #[test]
        fn what_has_no_marks_means_itself(path in "/[ab./%21456cC;]{0,8}") {
            if has_marks(path.as_bytes()) {
                return Ok(());
            }
            // An escaped percent sign that begins no escape is itself, written either way.
            let same = |path: &[u8]| String::from_utf8_lossy(path).replace("%25", "%");
            for escapes in Escapes::ALL {
                for parameters in Parameters::ALL {
                    for dots in Dots::ALL {
                        let reading = resolve(&plain(path.as_bytes(), escapes, parameters), dots);
                        prop_assert_eq!(same(&reading), same(path.as_bytes()));
                    }
                }
            }
        }
    }
}
