//! Numbers as rules see them: decimal text read as C's `atoi` reads it, and written back.

/// The number that a text begins with, as `atoi` reads it: leading white space and a sign pass, and what is no number is 0.
///
/// Saturates where `atoi` would overflow.
pub fn parse(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    let value = digits.fold(0_i64, |value, digit| {
        value.saturating_mul(10).saturating_add(i64::from(digit - b'0'))
    });
    if negative { -value } else { value }
}

/// A number as decimal text, without allocation.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    digits: [u8; 20],
    begin: u8,
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        let (mut digits, mut begin, mut rest) = ([0; 20], 20, value.unsigned_abs());
        loop {
            begin -= 1;
            digits[begin] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            begin -= 1;
            digits[begin] = b'-';
        }
        Self { digits, begin: begin as u8 }
    }
}

impl Decimal {
    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.digits[usize::from(self.begin)..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_atoi_reads_them() {
        let cases: [(&[u8], i64); 8] = [
            (b"", 0),
            (b"12", 12),
            (b" \t-7x", -7),
            (b"+3", 3),
            (b"x3", 0),
            (b"1.9", 1),
            (b"- 1", 0),
            (b"99999999999999999999", i64::MAX),
        ];
        for (text, number) in cases {
            assert_eq!(parse(text), number, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn numbers_are_written_in_decimal() {
        for number in [0, 7, -1, 1234567890, i64::MAX, i64::MIN] {
            assert_eq!(Decimal::from(number).as_bytes(), number.to_string().as_bytes());
        }
    }
}
