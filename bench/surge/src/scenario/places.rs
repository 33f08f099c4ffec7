//! Names in braces that stand for what is known only once a run is being set up: `{origin.blue}`, `{stack.http}`, `{config}`.

use std::collections::BTreeMap;

use super::suggest::did_you_mean;

/// What names in braces stand for.
#[derive(Debug, Clone, Default)]
pub struct Places {
    known: BTreeMap<String, String>,
    /// Whether a stack is still to say where it listens: any name of its own stands for [`NOWHERE`] until then.
    pending: bool,
}

impl Places {
    /// No names.
    pub fn new() -> Self {
        Self::default()
    }

    /// The places of a scenario that is read but not set up.
    pub fn pending(origins: &[&str], stack: bool) -> Self {
        let mut places = Self { pending: stack, ..Self::default() };
        origins.iter().for_each(|name| places.set(&format!("origin.{name}"), NOWHERE));
        if stack {
            places.set("folder", NOWHERE);
            places.set("config", NOWHERE);
        }
        places
    }

    /// Says what a name stands for.
    pub fn set(&mut self, name: &str, place: impl Into<String>) {
        self.known.insert(name.to_owned(), place.into());
    }

    /// The text with places in the place of names. What is in braces and is not the form of a name stays; a name that stands for
    /// nothing is an error.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            filled.push_str(before);
            let name = behind.split_once('}').filter(|(name, _)| is_name(name));
            let Some((name, after)) = name else {
                filled.push('{');
                rest = behind;
                continue;
            };
            filled.push_str(self.find(name)?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn find(&self, name: &str) -> Result<&str, String> {
        if let Some(place) = self.known.get(name) {
            return Ok(place);
        }
        if self.pending && name.starts_with("stack.") {
            return Ok(NOWHERE);
        }
        let hint = did_you_mean(name, self.known.keys().map(String::as_str));
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        Err(format!("{{{name}}} stands for nothing here{hint}"))
    }
}

/// `folder`, `config`, `origin.NAME` and `stack.NAME` have the form of a name; `{host}` in the text of a configuration has not.
fn is_name(text: &str) -> bool {
    let part = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    match text.split_once('.') {
        Some(("origin" | "stack", name)) => part(name),
        Some(_) => false,
        None => matches!(text, "folder" | "config"),
    }
}

/// An address where nothing is looked for.
const NOWHERE: &str = "127.0.0.1:1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in_and_other_braces_stay() {
        let mut places = Places::new();
        places.set("origin.blue", "127.0.0.1:8081");
        places.set("config", "/tmp/x.toml");
        for (text, filled) in [
            ("http://{origin.blue}/", "http://127.0.0.1:8081/"),
            ("weights = { blue = 100 }", "weights = { blue = 100 }"),
            ("https://{host}{path}", "https://{host}{path}"),
            ("{config} {{config}", "/tmp/x.toml {/tmp/x.toml"),
            ("{", "{"),
            ("}{", "}{"),
        ] {
            assert_eq!(places.fill(text).as_deref(), Ok(filled), "{text}");
        }
        let error = places.fill("{origin.bleu}").unwrap_err();
        assert!(error.contains("did you mean `origin.blue`"), "{error}");
        assert!(places.fill("{stack.http}").is_err() && places.fill("{folder}").is_err());
    }

    #[test]
    fn a_stack_that_is_still_to_start_may_listen_on_any_name() {
        let places = Places::pending(&["blue"], true);
        assert!(places.fill("http://{stack.https}{stack.admin}{origin.blue}").is_ok());
        assert!(places.fill("{origin.green}").is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_filled_or_refused(text in "[{}a-z.]{0,40}") {
            let _ = Places::pending(&["a"], true).fill(&text);
        }
    }
}
