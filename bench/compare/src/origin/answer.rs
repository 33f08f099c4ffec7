//! Answers, made once for each length.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use bytes::Bytes;

/// Answers that were sent before.
#[derive(Clone, Default)]
pub struct Answers(Rc<RefCell<BTreeMap<usize, Answer>>>);

/// An answer of HTTP/1.1, ready to be sent.
#[derive(Clone)]
pub struct Answer {
    /// Head and body.
    pub bytes: Bytes,
    /// Where the body begins.
    pub body_at: usize,
}

impl Answers {
    /// The answer for the target of a request.
    pub fn to(&self, target: &str) -> Answer {
        let len = length(target);
        self.0.borrow_mut().entry(len).or_insert_with(|| answer(len)).clone()
    }
}

/// The length that a target asks for.
fn length(target: &str) -> usize {
    let path = target.split('?').next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    last.parse().ok().filter(|len| *len <= LONGEST).unwrap_or(128)
}

fn answer(len: usize) -> Answer {
    let head = format!(
        "HTTP/1.1 200 OK\r\ndate: Mon, 23 Nov 2026 12:00:00 GMT\r\ncontent-type: text/plain\r\ncontent-length: {len}\r\n\r\n"
    );
    let body_at = head.len();
    Answer { bytes: [head.into_bytes(), vec![b'x'; len]].concat().into(), body_at }
}

const LONGEST: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_path_is_the_length() {
        for (target, expected) in [
            ("/10240", 10_240),
            ("/route-00042/5?x=7", 5),
            ("http://h/9", 9),
            ("/catalogue/item?id=/3", 128),
            ("/99999999999", 128),
            ("", 128),
        ] {
            assert_eq!(length(target), expected, "{target}");
        }
        let answer = Answers::default().to("/5");
        assert_eq!(answer.bytes.get(answer.body_at..), Some(&b"xxxxx"[..]));
    }
}
