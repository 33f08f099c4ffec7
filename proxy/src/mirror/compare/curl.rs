//! A sample as a command line that sends it again.
//!
//! The line holds for POSIX shells. Everything that a client wrote stands between single quotes, and where the request goes
//! is the variable `ORIGIN`, so that one line serves blue, green and a copy on somebody's own machine.

use std::fmt::Write;

use http::Method;

use super::sample::{Body, Sample};

/// Fields that curl sends by itself, unless it is told otherwise.
const BY_ITSELF: [&str; 3] = ["accept", "user-agent", "content-type"];

/// Fields that curl makes, which must not be there twice.
const MADE: [&str; 3] = ["content-length", "transfer-encoding", "expect"];

/// The line. What was left out of the sample is said behind it, in a comment.
pub fn line(sample: &Sample) -> String {
    let mut line = "curl -sS -g --path-as-is".to_owned();
    match sample.method {
        Method::HEAD => line += " -I",
        ref method => {
            let _ = write!(line, " -X {}", quoted(method.as_str().as_bytes()));
        }
    }
    // The space ends a range or glob at nothing: -g has turned those off, and quotes join to one word.
    let _ = write!(line, " \"$ORIGIN\"{}", quoted(&sample.target));
    let given = |name: &&str| sample.headers.iter().any(|(given, _)| given == name);
    for (name, value) in sample.headers.iter().filter(|(name, _)| !MADE.contains(&name.as_str())) {
        let field = match value.as_slice() {
            [] => format!("{name};").into_bytes(),
            value => [name.as_bytes(), b": ", value].concat(),
        };
        let _ = write!(line, " -H {}", quoted(&field));
    }
    for name in BY_ITSELF.iter().filter(|name| !given(name)) {
        let _ = write!(line, " -H '{name}:'");
    }
    match &sample.body {
        Body::Empty => {}
        // --data and --data-binary would read a file where a body begins with "@".
        Body::Text(text) => {
            let _ = write!(line, " --data-raw {}", quoted(text.as_bytes()));
        }
        Body::Left(why) => {
            let _ = write!(line, " # its body is not kept: {why}");
        }
    }
    line
}

/// One word of a shell that stands for these bytes. Bytes that are no text, and control characters, have no place in a line
/// that is printed: `?` stands for them.
fn quoted(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut word = "'".to_owned();
    for c in text.chars() {
        match c {
            '\'' => word += "'\\''",
            c if c.is_control() || c == char::REPLACEMENT_CHARACTER => word.push('?'),
            c => word.push(c),
        }
    }
    word + "'"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{sample::tests::asked, verdict::tests::answer},
        *,
    };

    /// Words of a line as a POSIX shell reads them (Shell Command Language, 2.2), for what `line` writes: single quotes,
    /// backslashes outside of them, and one variable in double quotes.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut chars) = (Vec::new(), None::<String>, line.chars());
        while let Some(c) = chars.next() {
            match c {
                ' ' => words.extend(word.take()),
                '\'' => {
                    word.get_or_insert_default().extend(chars.by_ref().take_while(|c| *c != '\''))
                }
                '"' => {
                    word.get_or_insert_default().extend(chars.by_ref().take_while(|c| *c != '"'))
                }
                '\\' => word.get_or_insert_default().extend(chars.next()),
                '$' | '`' | ';' | '&' | '|' | '<' | '>' | '(' | ')' | '\n' => {
                    panic!("{c} outside of quotes: {line}")
                }
                c => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        words
    }

    fn sample(target: &str, fields: &[(&str, &str)], body: &str) -> Sample {
        Sample::new(&asked(target, fields, body), &answer(200, &[], ""), None)
    }

    #[test]
    fn a_line_says_all_of_a_request() {
        let fields = [("content-type", "application/json"), ("x-a", ""), ("content-length", "9")];
        let line = line(&sample("/a?b=it's", &fields, r#"{"a":"@"}"#));
        assert_eq!(
            line,
            "curl -sS -g --path-as-is -X 'POST' \"$ORIGIN\"'/a?b=it'\\''s' -H 'host: a.test' \
             -H 'content-type: application/json' -H 'x-a;' -H 'accept:' -H 'user-agent:' \
             --data-raw '{\"a\":\"@\"}'"
        );
    }

    #[test]
    fn a_head_has_no_body_and_a_body_that_is_not_kept_is_told() {
        let head = Sample { method: Method::HEAD, ..sample("/", &[], "") };
        assert!(line(&head).contains(" -I \"$ORIGIN\"'/'") && !line(&head).contains("-X"));
        let left = line(&sample("/", &[], "some text"));
        assert!(left.ends_with(" # its body is not kept: neither JSON nor a form"));
    }

    proptest! {
        /// Whatever a client wrote, a shell sees one word in it, and that word says what it said.
        #[test]
        fn words_stay_words(target in "/[!-~]{0,30}", value in "[ -~]{1,30}", text in "[ -~]{0,30}") {
            let body = serde_json::json!({ "a": text }).to_string();
            let fields = [("content-type", "application/json"), ("x-a", value.trim())];
            let sample = sample(&target, &fields, &body);
            let words = words(&line(&sample));
            let target = String::from_utf8(sample.target.clone()).unwrap();
            prop_assert_eq!(&words[..6], ["curl", "-sS", "-g", "--path-as-is", "-X", "POST"]);
            prop_assert_eq!(&words[6], &format!("$ORIGIN{target}"));
            let (_, value) = sample.headers.last().unwrap();
            let value = String::from_utf8(value.clone()).unwrap();
            let field = if value.is_empty() { "x-a;".to_owned() } else { format!("x-a: {value}") };
            prop_assert!(words.contains(&field));
            prop_assert_eq!(Body::Text(words.last().unwrap().clone()), sample.body);
        }

        #[test]
        fn any_bytes_are_one_printable_word(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let word = quoted(&bytes);
            prop_assert!(!word.chars().any(char::is_control));
            prop_assert_eq!(words(&word).len(), 1);
        }
    }
}
