//! "Did you mean": the closest of the names that would have been right.

/// `did you mean ...?` with the closest of the candidates, where one is close enough to be meant.
pub(crate) fn did_you_mean<'c>(
    written: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    closest(written, candidates).map(|name| format!("did you mean `{name}`?"))
}

/// The candidate with the fewest edits away from what was written; of equals the first. At most a third of its length,
/// and always one, may differ; a beginning or a continuation is one edit.
pub(crate) fn closest<'c>(
    written: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let written: Vec<char> = written.to_lowercase().chars().take(LENGTH_MAX).collect();
    let ranked = candidates.into_iter().filter_map(|candidate| {
        let letters: Vec<char> = candidate.to_lowercase().chars().collect();
        let allowed = (written.len().max(letters.len()) / 3).max(1);
        // `warning` for `warn`: the longer one only goes on where the shorter one ends.
        let shorter = written.len().min(letters.len());
        let begins = shorter >= 3 && written != letters && written[..shorter] == letters[..shorter];
        let edits = if begins { 1 } else { distance(&written, &letters) };
        (edits <= allowed).then_some((edits, candidate))
    });
    ranked.min_by_key(|(edits, _)| *edits).map(|(_, candidate)| candidate)
}

/// Edits between two words: insert, delete, replace, swap of neighbours (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut edits = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                edits = edits.min(before[j - 2] + 1);
            }
            row.push(edits);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// Characters of a written name that are looked at.
const LENGTH_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_is_meant() {
        let keys = ["endpoints", "health", "timeouts", "tls", "to"];
        for (written, meant) in [
            ("endpoint", Some("endpoints")),
            ("Timeouts", Some("timeouts")),
            ("heatlh", Some("health")),
            ("tsl", Some("tls")),
            ("t", Some("to")),
            ("to", Some("to")),
            ("tlsx", Some("tls")),
            ("end", Some("endpoints")),
            ("upstreams", None),
            ("", None),
        ] {
            assert_eq!(closest(written, keys), meant, "{written}");
        }
    }
}
