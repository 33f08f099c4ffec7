//! `[limits.NAME]` as written: how much of something one key may have.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    rollout::is_token,
    schema::suggest::closest,
    units::{ByteRate, Rate, text_value},
};

/// How much one key may have. It needs `rate`, `concurrency` or `bandwidth`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limit {
    /// What is counted by: requests that agree in all of these share a bucket.
    #[schemars(length(min = 1, max = 8))]
    pub key: Vec<LimitKey>,
    /// What becomes of requests that lack a header field, a cookie or a tenant of `key`.
    pub missing: MissingKey,
    /// Requests of one key, over time.
    pub rate: Option<Rate>,
    /// Requests of one key at once; by default what `rate` lets pass in a second, and at least one.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub burst: Option<u32>,
    /// Requests of one key that may be under way at once.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub concurrency: Option<u32>,
    /// Bytes of bodies of one key, both ways together. More is not refused, it is held up.
    pub bandwidth: Option<ByteRate>,
    /// Keys that may owe something at once. The memory is taken at the load, and no more later.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub max_keys: u32,
    /// Whether nothing is refused, only counted and logged.
    pub dry_run: bool,
}

/// A part of a request that limits are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitKey {
    /// `"client_ip"`: the client's address, behind trusted proxies the one that they report; of IPv6 its /64.
    ClientIp,
    /// `"constant"`: nothing, one bucket for all.
    Constant,
    /// `"cookie:NAME"`: the value of a cookie.
    Cookie(String),
    /// `"header:NAME"`: the values of a header field.
    Header(String),
    /// `"host"`: the host, without port.
    Host,
    /// `"method"`: the method.
    Method,
    /// `"path"`: the path, without query.
    Path,
    /// `"route"`: the route.
    Route,
    /// `"tenant"`: the tenant.
    Tenant,
}

/// What becomes of requests that lack a part of the key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingKey {
    /// They have it in common that they lack it.
    #[default]
    Share,
    /// They are not limited.
    Skip,
}

impl Default for Limit {
    fn default() -> Self {
        Self {
            key: vec![LimitKey::ClientIp],
            missing: MissingKey::Share,
            rate: None,
            burst: None,
            concurrency: None,
            bandwidth: None,
            max_keys: 100_000,
            dry_run: false,
        }
    }
}

impl Limit {
    /// Requests of one key at once, written or not.
    pub fn burst(&self) -> u32 {
        let per_second = self.rate.map_or(1, |rate| rate.count / rate.per.as_secs().max(1));
        self.burst.unwrap_or_else(|| u32::try_from(per_second).unwrap_or(u32::MAX).max(1))
    }
}

impl FromStr for LimitKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("cookie", name)) if is_token(name) => {
                return Ok(Self::Cookie(name.to_owned()));
            }
            Some(("header", name)) if is_token(name) => {
                return Ok(Self::Header(name.to_ascii_lowercase()));
            }
            _ => {}
        }
        let known = WORDS.iter().find(|(word, _)| *word == text);
        known.map(|(_, key)| key.clone()).ok_or_else(|| unknown(text))
    }
}

impl fmt::Display for LimitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cookie(name) => write!(f, "cookie:{name}"),
            Self::Header(name) => write!(f, "header:{name}"),
            word => {
                f.write_str(WORDS.iter().find(|(_, key)| key == word).map_or("", |(word, _)| *word))
            }
        }
    }
}

text_value!(LimitKey, "limit-key");

fn unknown(text: &str) -> String {
    let words = WORDS.iter().map(|(word, _)| *word);
    let kind = text.split_once(':').map(|(kind, _)| kind);
    let meant = match kind {
        Some(kind) => closest(kind, ["header", "cookie"]).map(|kind| format!("{kind}:NAME")),
        None => closest(text, words.clone()).map(str::to_owned),
    };
    let meant = meant.map(|word| format!(" (did you mean \"{word}\"?)")).unwrap_or_default();
    let words: String = words.map(|word| format!("\"{word}\", ")).collect();
    format!("expected {words}\"cookie:NAME\" or \"header:NAME\", found \"{text}\"{meant}")
}

const WORDS: [(&str, LimitKey); 7] = [
    ("client_ip", LimitKey::ClientIp),
    ("constant", LimitKey::Constant),
    ("host", LimitKey::Host),
    ("method", LimitKey::Method),
    ("path", LimitKey::Path),
    ("route", LimitKey::Route),
    ("tenant", LimitKey::Tenant),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_print_what_they_parse() {
        for text in ["client_ip", "constant", "host", "method", "path", "route", "tenant"]
            .into_iter()
            .chain(["cookie:Session", "header:x-api-key"])
        {
            assert_eq!(text.parse::<LimitKey>().unwrap().to_string(), text);
        }
        for (text, meant) in [
            ("client_id", Some("\"client_ip\"")),
            ("heder:x", Some("\"header:NAME\"")),
            ("header:", None),
            ("", None),
        ] {
            let error = text.parse::<LimitKey>().unwrap_err();
            let said = meant.map(|meant| format!("(did you mean {meant}?)"));
            assert!(said.is_none_or(|said| error.ends_with(&said)), "{error}");
        }
    }
}
