//! Wildcards in paths: `*`, `?` and `[...]`, within one file or directory name, as shells have them.
//!
//! A name that begins with a dot is found only by a pattern that does so too. There is no `**` and no escape.

/// Whether a name has wildcards.
pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// Whether a name is of a pattern. Quadratic in the lengths at worst, and names are short.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut pattern, mut name) = (pattern.as_slice(), name.as_slice());
    // What to go on with if the part behind the last `*` does not match here: `*` takes one character more.
    let mut again: Option<(&[char], &[char])> = None;
    loop {
        let step = match (pattern, name) {
            ([], []) => return true,
            (['*', behind @ ..], _) => {
                again = Some((behind, name));
                Some((behind, name))
            }
            (_, [first, rest @ ..]) => one(pattern, *first).map(|behind| (behind, rest)),
            _ => None,
        };
        let step = step.or_else(|| {
            let (behind, from) = again?;
            let (_, from) = from.split_first()?;
            again = Some((behind, from));
            again
        });
        let Some(step) = step else { return false };
        (pattern, name) = step;
    }
}

/// What is behind the first part of a pattern, if that part stands for this character.
fn one(pattern: &[char], found: char) -> Option<&[char]> {
    let (first, rest) = pattern.split_first()?;
    match first {
        '?' => Some(rest),
        '[' => match class(rest, found) {
            Some((is_in, behind)) => is_in.then_some(behind),
            None => (found == '[').then_some(rest),
        },
        _ => (*first == found).then_some(rest),
    }
}

/// Whether a character is in a class, and what is behind its bracket. `None` if the bracket is not closed.
fn class(inner: &[char], found: char) -> Option<(bool, &[char])> {
    let (negated, mut inner) = match inner {
        ['!' | '^', inner @ ..] => (true, inner),
        _ => (false, inner),
    };
    let (mut is_in, mut first) = (false, true);
    loop {
        match inner {
            // A bracket that comes first is one of the characters.
            [']', behind @ ..] if !first => return Some((is_in != negated, behind)),
            [from, '-', to, behind @ ..] if *to != ']' => {
                is_in |= (*from..=*to).contains(&found);
                inner = behind;
            }
            [one, behind @ ..] => {
                is_in |= *one == found;
                inner = behind;
            }
            [] => return None,
        }
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_as_shells_do() {
        let cases = [
            ("*.conf", "a.conf", true),
            ("*.conf", "a.confx", false),
            ("*.conf", ".conf", false),
            (".*", ".conf", true),
            ("*", "", true),
            ("a*b*c", "aXbXbc", true),
            ("a*b*c", "acb", false),
            ("?", "a", true),
            ("?", "", false),
            ("?", ".", false),
            ("[a-c]1", "b1", true),
            ("[a-c]1", "d1", false),
            ("[!a-c]1", "d1", true),
            ("[^a-c]1", "a1", false),
            ("[]x]", "]", true),
            ("[a-]", "-", true),
            ("[", "[", true),
            ("[ab", "[ab", true),
            ("[!", "!", false),
            ("**", "ab", true),
            ("REQUEST-9??-*.conf", "REQUEST-901-INITIALIZATION.conf", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
        assert!(is_pattern("a?") && is_pattern("[") && !is_pattern("a.conf"));
    }

    #[test]
    fn many_stars_do_not_take_forever() {
        let (pattern, name) = ("*a".repeat(100) + "b", "a".repeat(250));
        assert!(!matches(&pattern, &name));
    }
}
