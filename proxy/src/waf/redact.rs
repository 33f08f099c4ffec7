//! What the audit log leaves out: secrets by their names, and card numbers by their form, before anything is written.

use std::collections::BTreeSet;

use foxtrot_waf::luhn;

use crate::key_error::KeyError;

/// What to leave out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redaction {
    /// Names of arguments, in lower case; those of JSON as the engine names them.
    arguments: BTreeSet<Vec<u8>>,
    headers: BTreeSet<Vec<u8>>,
    cookies: BTreeSet<Vec<u8>>,
}

/// What stands in the place of a secret.
pub const MARK: &[u8] = b"[redacted]";

/// Parts of names that give secrets away.
const SECRET: &[&str] = &[
    "passw",
    "passwd",
    "pwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "auth",
    "session",
    "card",
    "cvv",
    "cvc",
    "pin",
    "ssn",
    "iban",
    "credential",
    "private",
];

/// Header fields that are secrets, whatever is in them.
const SECRET_HEADERS: &[&[u8]] =
    &[b"authorization", b"proxy-authorization", b"cookie", b"set-cookie"];

impl Redaction {
    /// Reads `args:NAME`, `json:$.a.b`, `header:NAME`, `cookie:NAME`.
    pub fn parse(entries: &BTreeSet<String>) -> Result<Self, KeyError> {
        let mut redaction = Self::default();
        for entry in entries {
            let lower = entry.to_ascii_lowercase();
            let bad = || {
                let forms = "args:NAME, json:$.PATH, header:NAME, cookie:NAME";
                KeyError::new("audit.redact", format!("`{entry}` is none of {forms}"))
            };
            let (kind, name) = lower.split_once(':').ok_or_else(bad)?;
            match (kind, name.strip_prefix("$.")) {
                ("args", _) => redaction.arguments.insert(name.into()),
                ("json", Some(path)) => redaction.arguments.insert(format!("json.{path}").into()),
                ("header", _) => redaction.headers.insert(name.into()),
                ("cookie", _) => redaction.cookies.insert(name.into()),
                _ => return Err(bad()),
            };
        }
        Ok(redaction)
    }

    /// Adds what a rule has said.
    pub fn argument(&self, name: &[u8]) -> bool {
        let lower = name.to_ascii_lowercase();
        self.arguments.contains(&lower) || is_secret(&lower)
    }

    fn header(&self, name: &[u8]) -> bool {
        let lower = name.to_ascii_lowercase();
        self.headers.contains(&lower)
            || SECRET_HEADERS.contains(&lower.as_slice())
            || is_secret(&lower)
    }

    /// The value of a header field, or what stands in the place of a secret.
    pub fn field(&self, name: &[u8], value: &[u8]) -> Vec<u8> {
        // URLs stand in fields as well.
        if self.header(name) { MARK.to_vec() } else { self.target(value) }
    }

    fn cookie(&self, name: &[u8]) -> bool {
        let lower = name.to_ascii_lowercase();
        self.cookies.contains(&lower) || is_secret(&lower)
    }

    /// Whether the value of a variable, `ARGS:name`, is to be left out.
    pub fn variable(&self, variable: &[u8]) -> bool {
        let colon = memchr::memchr(b':', variable).unwrap_or(variable.len());
        let (collection, name) = variable.split_at(colon);
        let name = name.get(1..).unwrap_or_default();
        match collection {
            b"REQUEST_HEADERS" | b"RESPONSE_HEADERS" => self.header(name),
            b"REQUEST_COOKIES" => self.cookie(name),
            // A whole body or line may hold anything; what is in it is told by the rules over its parts.
            b"REQUEST_BODY" | b"FULL_REQUEST" | b"RESPONSE_BODY" => true,
            _ => self.argument(name),
        }
    }

    /// A request target whose secret arguments are left out.
    pub fn target(&self, target: &[u8]) -> Vec<u8> {
        let question = memchr::memchr(b'?', target);
        let Some((path, query)) = question.map(|at| target.split_at(at + 1)) else {
            return cards(target);
        };
        let mut out = path.to_vec();
        for (index, part) in query.split(|byte| *byte == b'&').enumerate() {
            if index > 0 {
                out.push(b'&');
            }
            match memchr::memchr(b'=', part).map(|at| part.split_at(at + 1)) {
                Some((name, _)) if self.argument(&decoded(&name[..name.len() - 1])) => {
                    out.extend_from_slice(name);
                    out.extend_from_slice(MARK);
                }
                _ => out.extend_from_slice(part),
            }
        }
        cards(&out)
    }
}

/// A name as the application reads it (the URL standard, `application/x-www-form-urlencoded`).
fn decoded(name: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> =
        name.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_encoding::percent_decode(&spaced).collect()
}

fn is_secret(lower: &[u8]) -> bool {
    SECRET.iter().any(|part| memchr::memmem::find(lower, part.as_bytes()).is_some())
}

/// The same text without card numbers: 13 to 19 digits that stand by themselves, spaces or dashes between, whose first digit
/// is one of a card's and whose checksum holds (ISO/IEC 7812-1).
pub fn cards(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let behind = at.checked_sub(1).and_then(|before| text.get(before));
        match card(rest).filter(|_| !behind.is_some_and(u8::is_ascii_alphanumeric)) {
            Some(length) => {
                out.extend_from_slice(MARK);
                at += length;
            }
            _ => {
                out.push(rest[0]);
                at += 1;
            }
        }
    }
    out
}

/// How many bytes a card number at the beginning of a text takes. Digits behind it, as of a date, may follow in groups.
fn card(text: &[u8]) -> Option<usize> {
    if !matches!(text.first()?, b'2'..=b'6') {
        return None;
    }
    let (mut digits, mut found) = (Vec::with_capacity(DIGITS_MAX), None);
    for (at, byte) in text.iter().enumerate() {
        let next = text.get(at + 1);
        match byte {
            b'0'..=b'9' if digits.len() < DIGITS_MAX => {
                digits.push(u32::from(byte - b'0'));
                let alone = !next.is_some_and(u8::is_ascii_alphanumeric);
                if alone && digits.len() >= DIGITS_MIN && luhn(&digits) {
                    found = Some(at + 1);
                }
            }
            b' ' | b'-' if next.is_some_and(u8::is_ascii_digit) => {}
            _ => break,
        }
    }
    found
}

/// How many digits a card number has (ISO/IEC 7812-1, and the shortest in use).
const DIGITS_MIN: usize = 13;
const DIGITS_MAX: usize = 19;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out_of_targets() {
        let entries = ["args:q", "json:$.user.name", "header:X-Key"].map(str::to_owned);
        let redaction = Redaction::parse(&entries.into()).unwrap();
        let target = redaction.target(b"/a?q=1&id=2&PASSWORD=x&n=4111+1111");
        assert_eq!(target, b"/a?q=[redacted]&id=2&PASSWORD=[redacted]&n=4111+1111");
        let escaped = redaction.target(b"/a?%70ass%57ord=x&b%=2&%zz=1");
        assert_eq!(escaped, b"/a?%70ass%57ord=[redacted]&b%=2&%zz=1");
        assert!(redaction.variable(b"ARGS:json.user.name"));
        assert!(redaction.variable(b"REQUEST_HEADERS:x-key"));
        assert!(redaction.variable(b"REQUEST_HEADERS:Authorization"));
        assert!(!redaction.variable(b"ARGS:id"));
        assert!(Redaction::parse(&["json:a".to_owned()].into()).is_err());
    }

    #[test]
    fn card_numbers_are_left_out() {
        assert_eq!(cards(b"pay 4111 1111-1111 1111 now"), b"pay [redacted] now");
        assert_eq!(cards(b"4111111111111111 12/27"), b"[redacted] 12/27");
        assert_eq!(cards(b"4111111111111111 5500005555555559"), b"[redacted] [redacted]");
        assert_eq!(cards(b"4111111111111112"), b"4111111111111112");
        for other in [&b"id=94111111111111111"[..], b"74b67e4111111111111111", b"4111111111111111a"]
        {
            assert_eq!(cards(other), other);
        }
    }

    #[test]
    fn names_of_secrets_are_known_by_their_parts() {
        let redaction = Redaction::default();
        for name in
            ["password", "user_PASSWD", "x-api-key", "csrfToken", "cardNumber", "json.auth.id"]
        {
            assert!(redaction.argument(name.as_bytes()), "{name}");
        }
        for name in ["", "q", "name", "json.user.id", "%"] {
            assert!(!redaction.argument(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn variables_are_left_out_by_their_collection() {
        let entries = ["cookie:a", "header:b", "args:c"].map(str::to_owned);
        let redaction = Redaction::parse(&entries.into()).unwrap();
        let cases = [
            ("REQUEST_COOKIES:A", true),
            ("REQUEST_COOKIES:b", false),
            ("REQUEST_COOKIES:sessionid", true),
            ("REQUEST_HEADERS:B", true),
            ("REQUEST_HEADERS:a", false),
            ("RESPONSE_HEADERS:Set-Cookie", true),
            ("ARGS_POST:C", true),
            ("ARGS:a", false),
            ("REQUEST_BODY", true),
            ("FULL_REQUEST", true),
            ("RESPONSE_BODY", true),
            ("REQUEST_URI", false),
            ("", false),
        ];
        for (variable, left_out) in cases {
            assert_eq!(redaction.variable(variable.as_bytes()), left_out, "{variable}");
        }
    }

    proptest::proptest! {
        /// What is left has no card number, is left as it is when it is looked at again, and cards may stand anywhere.
        #[test]
        fn no_card_number_is_left(before in "[ -~]{0,12}", number in 0_u64..1_000_000_000_000, after in "[ -~]{0,12}") {
            let mut digits: Vec<u32> = format!("4{number:014}").bytes().map(|b| u32::from(b - b'0')).collect();
            let check = (0..10).find(|last| luhn(&[&digits[..], &[*last]].concat())).unwrap();
            digits.push(check);
            let card: String = digits.iter().map(u32::to_string).collect();
            let text = format!("{before}|{card}|{after}");
            let left = cards(text.as_bytes());
            proptest::prop_assert!(memchr::memmem::find(&left, card.as_bytes()).is_none());
            proptest::prop_assert_eq!(cards(&left), left);
        }

        /// Whatever the target, its path and its order stay, and to leave out twice is to leave out once.
        #[test]
        fn targets_keep_their_form(target in "/[a-z]{0,4}\\?([a-z]{1,8}=[0-9a-z]{0,20}&?){0,4}") {
            let redaction = Redaction::default();
            let left = redaction.target(target.as_bytes());
            proptest::prop_assert_eq!(redaction.target(&left), left.clone());
            let count = |text: &[u8]| text.iter().filter(|byte| **byte == b'&').count();
            proptest::prop_assert_eq!(count(&left), count(target.as_bytes()));
        }
    }
}
