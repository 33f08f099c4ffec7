//! Character data, CDATA sections and references.

use memchr::{memchr, memchr2, memmem};

use super::{
    super::{BodyError, Sink},
    Scanner, names,
};

impl<S: Sink + ?Sized> Scanner<'_, S> {
    /// Up to the next tag or reference.
    pub(super) fn character_data(&mut self) -> Result<(), BodyError> {
        let rest = self.rest();
        let Some(length) = memchr2(b'<', b'&', rest) else {
            self.give_text(self.at, self.text.len())?;
            return Err(BodyError::new(self.text.len(), "unexpected end of the document"));
        };
        let end = self.at + length;
        let run = rest.get(..length).unwrap_or_default();
        if let Some(misplaced) = memchr(b']', run).and_then(|_| memmem::find(run, b"]]>")) {
            self.give_text(self.at, self.at + misplaced)?;
            return Err(BodyError::new(self.at + misplaced, "']]>' outside of a CDATA section"));
        }
        self.give_text(self.at, end)?;
        self.at = end;
        Ok(())
    }

    /// From behind `<![CDATA[`.
    pub(super) fn cdata(&mut self) -> Result<(), BodyError> {
        let Some(length) = memmem::find(self.rest(), b"]]>") else {
            self.give_text(self.at, self.text.len())?;
            return Err(BodyError::new(self.text.len(), "CDATA section without an end"));
        };
        self.give_text(self.at, self.at + length)?;
        self.at += length + b"]]>".len();
        Ok(())
    }

    pub(super) fn text_reference(&mut self) -> Result<(), BodyError> {
        let character = self.reference()?;
        self.give_piece(character.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    /// The character that the reference stands for that comes next.
    pub(super) fn reference(&mut self) -> Result<char, BodyError> {
        let start = self.at;
        let behind = self.rest().get(1..).unwrap_or_default();
        let end = memchr(b';', behind.get(..REFERENCE_BYTES_MAX).unwrap_or(behind));
        let name = end.and_then(|end| behind.get(..end)).unwrap_or_default();
        self.at += name.len() + 2;
        let character = match name {
            b"lt" => Some('<'),
            b"gt" => Some('>'),
            b"amp" => Some('&'),
            b"quot" => Some('"'),
            b"apos" => Some('\''),
            [b'#', b'x', digits @ ..] => number(digits, 16),
            [b'#', digits @ ..] => number(digits, 10),
            [] => return Err(BodyError::new(start, "malformed reference")),
            _ => return Err(BodyError::new(start, ENTITY)),
        };
        character.ok_or(BodyError::new(start, "invalid character reference"))
    }

    /// Gives text from the document, in which a line ends in LF whatever it ended in.
    fn give_text(&mut self, start: usize, end: usize) -> Result<(), BodyError> {
        let checked = self.check_characters(start, end);
        let end = checked.as_ref().map_or_else(|error| error.offset, |()| end);
        let mut run = self.slice(start, end);
        while let Some(carriage_return) = memchr(b'\r', run) {
            let (line, rest) = run.split_at(carriage_return);
            self.give_piece(line);
            run = rest.get(1..).unwrap_or_default();
            if run.first() != Some(&b'\n') {
                self.give_piece(b"\n");
            }
        }
        self.give_piece(run);
        checked
    }

    fn give_piece(&mut self, piece: &[u8]) {
        if piece.is_empty() {
            return;
        }
        self.sink.xml_text(piece);
        if let Some(leaf) = &mut self.leaf {
            leaf.text.extend_from_slice(piece);
        }
    }

    /// XML has no control characters but tabs and line ends, and not the two last code points of the first plane.
    pub(super) fn check_characters(&self, start: usize, end: usize) -> Result<(), BodyError> {
        let run = self.slice(start, end);
        let mut from = 0;
        while let Some(found) = run.get(from..).and_then(suspect) {
            from += found;
            let character = run.get(from..).unwrap_or_default();
            if !matches!(character, [0xef, second, third, ..] if (second, third) < (&0xbf, &0xbe)) {
                return Err(BodyError::new(start + from, "invalid character"));
            }
            from += 3;
        }
        Ok(())
    }
}

/// Where the first byte is that no character of XML begins with, or that may begin one of the two.
fn suspect(run: &[u8]) -> Option<usize> {
    let is_suspect =
        |&byte: &u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r') || byte == 0xef;
    // Nearly always there is none, which can be told for many bytes at once.
    let (blocks, tail) = run.as_chunks::<32>();
    let clean = |block: &&[u8; 32]| !block.iter().fold(false, |any, byte| any | is_suspect(byte));
    let skipped = 32 * blocks.iter().take_while(clean).count();
    let rest = run.get(skipped..).unwrap_or(tail);
    rest.iter().position(is_suspect).map(|found| skipped + found)
}

fn number(digits: &[u8], radix: u32) -> Option<char> {
    let digits = digits.iter().map(|&digit| char::from(digit).to_digit(radix));
    let mut code = None;
    for digit in digits {
        code = Some(code.unwrap_or(0_u32).checked_mul(radix)?.checked_add(digit?)?);
    }
    char::from_u32(code?).filter(|&character| names::is_character(character))
}

/// Leading zeros make a reference as long as one likes; this many are more than any writer needs.
const REFERENCE_BYTES_MAX: usize = 64;

const ENTITY: &str = "reference to an entity, which is not expanded";
