//! "Did you mean": the closest of the words that would have been right.

/// `did you mean ...?` with the closest of the candidates, where one is close enough to be meant.
pub fn did_you_mean<'c>(
    written: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    closest(written, candidates).map(|name| format!("did you mean `{name}`?"))
}

/// The candidate that takes the fewest edits, if those are at most a third of the longer word, or one.
fn closest<'c>(written: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let written: String = written.to_lowercase().chars().take(LENGTH_MAX).collect();
    let rank = |candidate: &'c str| {
        let allowed = (written.len().max(candidate.len()) / 3).max(1);
        let edits = edits(&written, candidate);
        (edits <= allowed).then_some((edits, candidate))
    };
    candidates.into_iter().filter_map(rank).min_by_key(|(edits, _)| *edits).map(|(_, name)| name)
}

/// Characters inserted, deleted or replaced to make one word of the other (Levenshtein), one row at a time.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(to.chars()) {
            let replaced = diagonal + usize::from(a != b);
            diagonal = *cell;
            left = replaced.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Characters of a written word that are looked at.
const LENGTH_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_word_is_meant() {
        let words = ["rate", "ramp_to", "burst", "connections", "for"];
        for (written, meant) in [
            ("rat", Some("rate")),
            ("conections", Some("connections")),
            ("Bursts", Some("burst")),
            ("ramp-to", Some("ramp_to")),
            ("duration", None),
        ] {
            assert_eq!(closest(written, words), meant, "{written}");
        }
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("abc", ""), 3);
    }
}
