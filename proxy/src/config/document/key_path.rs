//! The way from the top of a configuration to one of its values, as operators write it: `clusters.blue.endpoints[0]`.

use std::fmt;

/// The way from the top of a document to a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPath(Vec<Segment>);

/// One step of a [`KeyPath`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// Into a table.
    Key(String),
    /// Into an array, from 0.
    Index(usize),
    /// Into an array, to the entry with this text: for sets, which forget their order.
    Item(String),
}

/// A [`KeyPath`] from names and indices: `path!["clusters", name, "endpoints", 0]`.
macro_rules! key_path {
    ($($segment:expr),* $(,)?) => {
        $crate::config::document::KeyPath::from_iter([
            $($crate::config::document::Segment::from($segment)),*
        ])
    };
}
pub(crate) use key_path as path;

impl KeyPath {
    /// The top of the document.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// The steps, outermost first.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// This path and one step more.
    #[must_use]
    pub fn join(&self, segment: impl Into<Segment>) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment.into());
        Self(segments)
    }

    /// This path and a step to the array entry with this text.
    #[must_use]
    pub fn item(&self, text: impl Into<String>) -> Self {
        self.join(Segment::Item(text.into()))
    }

    /// This path and the steps of a key below it, such as `certs[1].key`. None of its names has a dot.
    #[must_use]
    pub fn below(&self, key: &str) -> Self {
        let mut path = self.clone();
        for part in key.split(['.', '[', ']']).filter(|part| !part.is_empty()) {
            match part.parse::<usize>() {
                Ok(index) => path.push(index),
                Err(_) => path.push(part),
            }
        }
        path
    }

    /// Goes one step further.
    pub fn push(&mut self, segment: impl Into<Segment>) {
        self.0.push(segment.into());
    }

    /// Goes one step back.
    pub fn pop(&mut self) {
        self.0.pop();
    }

    /// Whether this is the top of the document.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Segment> for KeyPath {
    fn from_iter<I: IntoIterator<Item = Segment>>(segments: I) -> Self {
        Self(segments.into_iter().collect())
    }
}

impl From<&str> for Segment {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<&String> for Segment {
    fn from(key: &String) -> Self {
        Self::Key(key.clone())
    }
}

impl From<String> for Segment {
    fn from(key: String) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Item(text) => write!(f, "[{text:?}]")?,
                Segment::Key(key) => {
                    if i > 0 {
                        f.write_str(".")?;
                    }
                    write_key(f, key)?;
                }
            }
        }
        Ok(())
    }
}

/// Writes a key as TOML has it: bare where that is allowed, else quoted.
fn write_key(f: &mut fmt::Formatter<'_>, key: &str) -> fmt::Result {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if !key.is_empty() && key.bytes().all(bare) { f.write_str(key) } else { write!(f, "{key:?}") }
}
