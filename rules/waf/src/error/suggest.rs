//! The known word that was probably meant by an unknown one.

/// The closest word, without regard to case. `None` if none is close.
pub(crate) fn closest<'c>(
    written: &[u8],
    known: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let written = written.to_ascii_lowercase();
    if written.len() > WRITTEN_MAX {
        return None;
    }
    let ranked = known.into_iter().filter_map(|word| {
        let allowed = (written.len().max(word.len()) / 4).max(1);
        if written.len().abs_diff(word.len()) > allowed {
            return None;
        }
        let edits = distance(&written, word.to_ascii_lowercase().as_bytes());
        (edits <= allowed).then_some((edits, word))
    });
    ranked.min_by_key(|(edits, _)| *edits).map(|(_, word)| word)
}

/// Edits between two words: insert, delete, replace, swap of neighbours (optimal string alignment).
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let replace = last[j] + usize::from(from != to);
            let mut edits = replace.min(last[j + 1] + 1).min(row[j] + 1);
            let swapped = i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to;
            if swapped {
                edits = edits.min(before[j - 1] + 1);
            }
            row.push(edits);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

/// No name is as long, and the comparison takes the product of the lengths.
const WRITTEN_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_word_is_found() {
        let known = ["SecRule", "SecRuleEngine", "SecAction", "On"];
        let cases = [
            ("SecRul", Some("SecRule")),
            ("secrules", Some("SecRule")),
            ("SecRlue", Some("SecRule")),
            ("SecRuleEngin", Some("SecRuleEngine")),
            ("Sec", None),
            ("LoadModule", None),
            ("n", Some("On")),
            ("", None),
        ];
        for (written, expected) in cases {
            assert_eq!(closest(written.as_bytes(), known), expected, "{written}");
        }
        assert_eq!(closest(&[b'a'; 1000], known), None);
    }

    #[test]
    fn edits_are_counted() {
        for (a, b, edits) in
            [("", "abc", 3), ("abc", "", 3), ("ab", "ba", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(a.as_bytes(), b.as_bytes()), edits, "{a} {b}");
        }
    }
}
