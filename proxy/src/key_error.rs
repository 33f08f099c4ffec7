//! What is wrong with one key of the configuration, as said by the code that gives the key its effect.
//!
//! File, line and column are added by [`crate::config`], which knows where the key stands.

/// A key that cannot take effect as written, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct KeyError {
    /// Path of the key within the table that is being compiled, such as `match.path_regex` within a route.
    pub key: String,
    /// What is wrong with it and what to write instead.
    pub message: String,
}

impl KeyError {
    /// An error at `key`.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into() }
    }
}
