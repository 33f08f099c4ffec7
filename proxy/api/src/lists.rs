//! `/lists`: allow and deny lists that are changed while the proxy runs.

use serde::{Deserialize, Serialize};

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ListName {
    /// Clients that no deny list turns away, and that no rule of the WAF looks at.
    Allow,
    /// Clients that are answered 403.
    Deny,
}

/// What `POST /lists` is to do: put a block on a list for some time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ListChange {
    /// Which list.
    pub list: ListName,
    /// Address or address block, `"203.0.113.0/24"`.
    pub block: String,
    /// How long: `"10m"`, from a second to 365 days.
    #[serde(rename = "for")]
    pub lasts: String,
    /// Why, at most 200 bytes. For people; nothing reads it.
    #[serde(default)]
    pub reason: String,
}

/// A block on a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct ListEntry {
    /// Which list.
    pub list: ListName,
    /// Address or address block.
    pub block: String,
    /// When it was put there, in milliseconds since 1970-01-01T00:00:00Z.
    pub since: u64,
    /// When it ends, likewise.
    pub until: u64,
    /// Why.
    pub reason: String,
}

impl ListName {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}
