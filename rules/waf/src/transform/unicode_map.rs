//! What a code page makes of characters it lacks: the map that `urlDecodeUni` asks.
//!
//! A Windows application that receives U+2215 in a code page without it gets a slash instead. ModSecurity ships a
//! table of such replacements, `unicode.mapping`, which `SecUnicodeMapFile FILE CODEPAGE` names.

use std::collections::BTreeMap;

/// The replacements of one code page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnicodeMap {
    /// Sorted by code. Some hundreds: a search in few cache lines beats a table of all codes that is hardly used.
    bytes: Vec<(u16, u8)>,
}

/// Why a map cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UnicodeMapError {
    /// The file has no section for the code page.
    #[error("no section for code page {code_page}; the file has {}", list(.known))]
    CodePage {
        /// The one asked for.
        code_page: u32,
        /// Those that the file has, in its order.
        known: Vec<u32>,
    },
    /// Something that is neither a heading nor, below a heading, a pair of hexadecimal numbers.
    #[error("line {line}: expected a code page and pairs like 00a1:21, found {found:?}")]
    Pair {
        /// From 1.
        line: usize,
        /// What is there, with what is not UTF-8 replaced.
        found: String,
    },
}

impl UnicodeMap {
    /// Reads the section of a code page, for instance 20127, from the text of a map file.
    ///
    /// A section is headed by a line that begins with the number of its code page and holds its name; pairs `CODE:BYTE`
    /// in hexadecimal follow. Lines that begin with `(` name code pages without pairs, `#` begins a comment. The
    /// whole file is checked, whichever section is asked for.
    ///
    /// # Errors
    ///
    /// When the file has no such section, or has a line that is none of the above.
    pub fn parse(text: &[u8], code_page: u32) -> Result<Self, UnicodeMapError> {
        let mut bytes = BTreeMap::from(FULL_STOPS);
        let mut known = Vec::new();
        for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            match words.clone().next() {
                None | Some([b'(' | b'#', ..]) => continue,
                Some(word) => {
                    if let Some(heading) = decimal(word) {
                        known.push(heading);
                        continue;
                    }
                }
            }
            let section = known.last();
            words.try_for_each(|word| {
                let (section, pair) = section.zip(pair(word)).ok_or_else(|| fault(number, word))?;
                if *section == code_page {
                    let (code, byte) = pair;
                    bytes.insert(code, byte);
                }
                Ok(())
            })?;
        }
        if !known.contains(&code_page) {
            return Err(UnicodeMapError::CodePage { code_page, known });
        }
        Ok(Self { bytes: bytes.into_iter().collect() })
    }

    /// What the code page has in the place of a character.
    pub fn byte(&self, code: u16) -> Option<u8> {
        let place = self.bytes.binary_search_by_key(&code, |&(code, _)| code).ok()?;
        self.bytes.get(place).map(|&(_, byte)| byte)
    }
}

/// Characters that host names take for a full stop (RFC 3490, section 3.1), in every map as ModSecurity has them.
const FULL_STOPS: [(u16, u8); 4] = [(0x002e, b'.'), (0x3002, b'.'), (0xff0e, b'.'), (0xff61, b'.')];

fn decimal(word: &[u8]) -> Option<u32> {
    str::from_utf8(word).ok()?.parse().ok()
}

fn pair(word: &[u8]) -> Option<(u16, u8)> {
    let (code, byte) = str::from_utf8(word).ok()?.split_once(':')?;
    Some((u16::from_str_radix(code, 16).ok()?, u8::from_str_radix(byte, 16).ok()?))
}

fn fault(number: usize, word: &[u8]) -> UnicodeMapError {
    UnicodeMapError::Pair { line: number + 1, found: String::from_utf8_lossy(word).into_owned() }
}

fn list(known: &[u32]) -> String {
    if known.is_empty() {
        return "none".to_owned();
    }
    known.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"(Old)\r\n\r\n\r\n# ours\n1250  (East)\n00a1:21 2215:5c\n\n\
        20127 (US)\n00a1:22 2215:2f\n 2044:2F 3002:2c\n";

    #[test]
    fn one_section_is_read() {
        let map = UnicodeMap::parse(TEXT, 20127).unwrap();
        assert_eq!(map.byte(0x00a1), Some(0x22));
        assert_eq!(map.byte(0x2215), Some(b'/'));
        assert_eq!(map.byte(0x2044), Some(b'/'));
        assert_eq!(map.byte(0x2216), None);
        assert_eq!(UnicodeMap::parse(TEXT, 1250).unwrap().byte(0x2215), Some(b'\\'));
    }

    #[test]
    fn full_stops_are_there_unless_the_section_says_otherwise() {
        let map = UnicodeMap::parse(TEXT, 20127).unwrap();
        assert_eq!((map.byte(0xff61), map.byte(0x3002)), (Some(b'.'), Some(b',')));
    }

    #[test]
    fn errors_name_what_is_wrong() {
        let error = UnicodeMap::parse(TEXT, 65001).unwrap_err().to_string();
        assert_eq!(error, "no section for code page 65001; the file has 1250, 20127");
        let error = UnicodeMap::parse(b"", 1250).unwrap_err().to_string();
        assert_eq!(error, "no section for code page 1250; the file has none");
        for (text, found) in [
            (&b"1250 (East)\n00a1:21 00a2"[..], "00a2"),
            (b"1250 (East)\n00a1:121", "00a1:121"),
            (b"1250 (East)\n100a1:21", "100a1:21"),
            (b"1250 (East)\n:", ":"),
            (b"1250 (East)\nna\xefve", "na\u{fffd}ve"),
        ] {
            let error = UnicodeMap::parse(text, 1250).unwrap_err();
            assert_eq!(error, UnicodeMapError::Pair { line: 2, found: found.to_owned() });
        }
    }

    #[test]
    fn a_fault_in_another_section_is_a_fault() {
        assert!(UnicodeMap::parse(b"1250 (East)\n00a1:21\n1251 (Else)\nzz:21\n", 1250).is_err());
        assert!(UnicodeMap::parse(b"00a1:2g\n1250 (East)\n", 1250).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_may_come(text: Vec<u8>, code_page: u32) {
            let _ = UnicodeMap::parse(&text, code_page);
        }

        #[test]
        fn fragments_may_come(words in proptest::collection::vec("[0-9a-f:()# \n]{0,9}", 0..9)) {
            if let Ok(map) = UnicodeMap::parse(words.concat().as_bytes(), 7) {
                proptest::prop_assert!(map.bytes.is_sorted_by(|one, two| one.0 < two.0));
            }
        }
    }
}
