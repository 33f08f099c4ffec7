//! `[limits.NAME]` as written: how much of something one key may have.

use std::{fmt, net::Ipv6Addr, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    admin::Secret,
    rollout::is_token,
    schema::suggest::closest,
    units::{ByteRate, Duration, Rate, text_value},
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
    /// Where replicas share what they know; without it each counts for itself.
    pub store: Option<LimitStore>,
}

/// Where replicas share what they know of a limit's rate.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitStore {
    /// A Redis, `"redis://HOST:PORT/DB"`, or over TLS `"rediss://..."`.
    pub redis: RedisUrl,
    /// Name of the user there.
    #[serde(default)]
    pub user: Option<String>,
    /// Password there.
    #[serde(default)]
    pub password: Option<Secret>,
    /// Longest wait for an answer, in the background. Without one, limits are local.
    #[serde(default = "default_store_timeout")]
    pub timeout: Duration,
    /// Among how many replicas the rate is divided while there is no store.
    #[serde(default = "default_replicas")]
    #[schemars(range(min = 1, max = 10_000))]
    pub replicas: u32,
}

/// Where a Redis is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

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
            store: None,
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

impl FromStr for RedisUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = |why: &str| {
            format!("expected a URL such as \"redis://127.0.0.1:6379/0\", found \"{text}\"{why}")
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| expected(""))?;
        if !matches!(scheme, "redis" | "rediss") {
            let meant = closest(scheme, ["redis", "rediss"]);
            let meant = meant.map(|word| format!(" (did you mean \"{word}://{rest}\"?)"));
            return Err(expected(&meant.unwrap_or_default()));
        }
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.contains('@') {
            return Err(
                "user and password do not belong into the URL, there are `user` and `password`"
                    .to_owned(),
            );
        }
        // Behind the brackets of an IPv6 address.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let named = !host.is_empty() && host.bytes().all(good);
        if !named && bracketed.is_none_or(|host| host.parse::<Ipv6Addr>().is_err()) {
            return Err(expected(": its host is none"));
        }
        if port.is_some_and(|port| port.parse::<u16>().map_or(true, |port| port == 0)) {
            return Err(expected(": its port is none"));
        }
        if !database.is_empty() && database.parse::<u16>().is_err() {
            return Err(expected(": behind the slash stands the number of a database"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_value!(RedisUrl, "redis-url");

fn default_store_timeout() -> Duration {
    Duration::millis(100)
}

fn default_replicas() -> u32 {
    1
}

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
    fn a_redis_is_told_from_what_is_none() {
        for text in [
            "redis://127.0.0.1:6379",
            "redis://cache.internal/3",
            "rediss://[::1]:6380/0",
            "redis://h",
        ] {
            assert_eq!(text.parse::<RedisUrl>().unwrap().to_string(), text);
        }
        for (text, why) in [
            ("redsi://h:1", "(did you mean \"redis://h:1\"?)"),
            ("http://h", "expected a URL"),
            ("127.0.0.1:6379", "expected a URL"),
            ("redis://", "host"),
            ("redis://:6379", "host"),
            ("redis://a b", "host"),
            ("redis://h:port", "port"),
            ("redis://h:65536", "port"),
            ("redis://h:1/x", "database"),
            ("redis://u:p@h", "do not belong"),
        ] {
            let error = text.parse::<RedisUrl>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

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
