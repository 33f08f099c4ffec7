//! Where in a JSON document a condition looks: `last_reload.result`, `[name=green].endpoints[*].state`.

use serde_json::Value;

/// A place, or many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    /// All items of a list.
    All,
    /// Items of a list whose field has this value.
    Where(String, String),
}

impl Path {
    /// Reads a path.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let (inner, after) = inner
                    .split_once(']')
                    .ok_or_else(|| format!("`{text}`: a bracket is not closed"))?;
                steps.push(match inner.split_once('=') {
                    Some((field, value)) => Step::Where(field.to_owned(), value.to_owned()),
                    None if inner == "*" => Step::All,
                    None => return Err(format!("`{text}`: expected [*] or [FIELD=VALUE]")),
                });
                rest = after.strip_prefix('.').unwrap_or(after);
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                let (field, after) = rest.split_at(end);
                if field.is_empty() {
                    return Err(format!("`{text}`: a name is missing"));
                }
                steps.push(Step::Field(field.to_owned()));
                rest = after.strip_prefix('.').unwrap_or(after);
            }
        }
        if steps.is_empty() { Err("names no place".to_owned()) } else { Ok(Self(steps)) }
    }

    /// What is there; nothing where the document has no such place.
    pub(super) fn find<'a>(&self, document: &'a Value) -> Vec<&'a Value> {
        self.0.iter().fold(vec![document], |values, step| {
            values.into_iter().flat_map(|value| step.from(value)).collect()
        })
    }
}

impl Step {
    fn from<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        match self {
            Self::Field(name) => value.get(name).into_iter().collect(),
            Self::All => items.iter().collect(),
            Self::Where(name, expected) => {
                let is = |item: &&Value| item.get(name).is_some_and(|it| plain(it) == *expected);
                items.iter().filter(is).collect()
            }
        }
    }
}

/// A value as people write it.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_found() {
        let document = json!([
            { "name": "blue", "endpoints": [{ "state": "healthy" }], "n": 1 },
            { "name": "green", "endpoints": [{ "state": "healthy" }, { "state": "ejected" }] },
        ]);
        let find = |path: &str| {
            Path::read(path).unwrap().find(&document).into_iter().map(plain).collect::<Vec<_>>()
        };
        assert_eq!(find("[name=green].endpoints[*].state"), ["healthy", "ejected"]);
        assert_eq!(find("[*].name"), ["blue", "green"]);
        assert_eq!(find("[n=1].name"), ["blue"]);
        assert_eq!(find("[name=red].name"), [""; 0]);
        assert_eq!(find("name"), [""; 0]);
    }

    #[test]
    fn paths_that_make_no_sense_are_refused() {
        for path in ["", "a..b", ".a", "[", "[x]", "a[0]"] {
            assert!(Path::read(path).is_err(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_borne(text in r"[a.\[\]=*]{0,20}") {
            let _ = Path::read(&text).map(|path| path.find(&json!([{ "a": [1] }])).len());
        }
    }
}
