//! `@validateByteRange`, `@validateUrlEncoding`, `@validateUtf8Encoding`: they match what is not valid.

/// Bytes that a value may have.
#[derive(Debug)]
pub struct ByteRange(Box<[bool; 256]>);

impl ByteRange {
    /// Reads `10,13,32-126`.
    ///
    /// # Errors
    ///
    /// What is no byte and no range of bytes.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut allowed = Box::new([false; 256]);
        for part in text.split(',').map(str::trim) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let byte = |text: &str| {
                let number = text.trim().parse::<u8>();
                number.map_err(|_| format!("`{part}` is no byte and no range of bytes, 0 to 255"))
            };
            let (first, last) = (byte(first)?, byte(last)?);
            if first > last {
                return Err(format!("range `{part}` ends before it begins"));
            }
            (first..=last).for_each(|byte| allowed[usize::from(byte)] = true);
        }
        Ok(Self(allowed))
    }

    /// Whether a value has a byte that it may not have.
    pub fn is_left_by(&self, value: &[u8]) -> bool {
        value.iter().any(|byte| !self.0[usize::from(*byte)])
    }
}

/// Whether a `%` is not followed by two hexadecimal digits.
pub fn is_badly_url_encoded(value: &[u8]) -> bool {
    memchr::memchr_iter(b'%', value).any(|at| {
        let digits = value.get(at + 1..at + 3);
        !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Whether a value is no UTF-8: also overlong forms, surrogates, and what is beyond the last code point.
pub fn is_badly_utf8_encoded(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_err()
}
