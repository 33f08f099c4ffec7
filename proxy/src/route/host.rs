//! Hosts: exact names, wildcards, and the index over both.
//!
//! A host is compared without case, port and trailing dot. IPv6 literals stand in brackets and are compared by address,
//! not by spelling. `*.example.com` means every name below `example.com`, however deep, and not `example.com` itself.

use std::{borrow::Cow, collections::HashMap, net::Ipv6Addr};

/// `match.host`, in the form in which requests are compared with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HostPattern {
    /// This name.
    Exact(Box<[u8]>),
    /// Every name below this one.
    Below(Box<[u8]>),
    /// Every host, and none.
    Any,
}

/// Values by host.
#[derive(Debug)]
pub struct HostIndex<T> {
    exact: HashMap<Box<[u8]>, T, foldhash::fast::RandomState>,
    below: HashMap<Box<[u8]>, T, foldhash::fast::RandomState>,
    /// The lengths that occur in `below`, longest first: what a name costs to look up depends on the configuration and
    /// not on how many dots a client writes.
    below_lens: Vec<usize>,
    any: T,
}

impl HostPattern {
    /// Reads `match.host`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.to_ascii_lowercase();
        if let Some(literal) = ipv6_literal(&text) {
            return Ok(Self::Exact(literal.into_bytes().into()));
        }
        let name = text.strip_suffix('.').unwrap_or(&text);
        let (name, wildcard) = match name.strip_prefix("*.") {
            Some(rest) => (rest, true),
            None => (name, false),
        };
        check_name(name, &text)?;
        let name = name.as_bytes().into();
        Ok(if wildcard { Self::Below(name) } else { Self::Exact(name) })
    }

    /// Whether a host in the form of [`normal`] is meant.
    pub fn holds(&self, host: &[u8]) -> bool {
        match self {
            Self::Exact(name) => **name == *host,
            Self::Below(name) => is_below(host, name),
            Self::Any => true,
        }
    }
}

impl<T: Default> Default for HostIndex<T> {
    fn default() -> Self {
        Self {
            exact: HashMap::default(),
            below: HashMap::default(),
            below_lens: Vec::new(),
            any: T::default(),
        }
    }
}

impl<T: Default> HostIndex<T> {
    /// The value of a pattern, created if it is new.
    pub fn entry(&mut self, pattern: &HostPattern) -> &mut T {
        match pattern {
            HostPattern::Exact(name) => self.exact.entry(name.clone()).or_default(),
            HostPattern::Below(name) => {
                if let Err(at) = self.below_lens.binary_search_by(|len| name.len().cmp(len)) {
                    self.below_lens.insert(at, name.len());
                }
                self.below.entry(name.clone()).or_default()
            }
            HostPattern::Any => &mut self.any,
        }
    }
}

impl<T> HostIndex<T> {
    /// The first answer of `ask`, which is given the values for `host` from the most specific to the least. `host` is as
    /// [`normal`] returns it.
    pub fn find<R>(&self, host: &[u8], mut ask: impl FnMut(&T) -> Option<R>) -> Option<R> {
        if let Some(found) = self.exact.get(host).and_then(&mut ask) {
            return Some(found);
        }
        for &len in &self.below_lens {
            let Some(suffix) = host.len().checked_sub(len).and_then(|at| host.get(at..)) else {
                continue;
            };
            if is_below(host, suffix)
                && let Some(found) = self.below.get(suffix).and_then(&mut ask)
            {
                return Some(found);
            }
        }
        ask(&self.any)
    }

    /// All values, to finish them.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.exact.values_mut().chain(self.below.values_mut()).chain([&mut self.any])
    }
}

/// The form of a request's host that patterns are compared with: no trailing dot, IPv6 literals as RFC 5952 writes them.
/// `host` is in lower case and has no port.
pub fn normal(host: &[u8]) -> Cow<'_, [u8]> {
    if host.first() == Some(&b'[')
        && let Some(literal) = std::str::from_utf8(host).ok().and_then(ipv6_literal)
    {
        return Cow::Owned(literal.into_bytes());
    }
    Cow::Borrowed(host.strip_suffix(b".").unwrap_or(host))
}

fn is_below(host: &[u8], name: &[u8]) -> bool {
    host.strip_suffix(name).is_some_and(|head| head.len() > 1 && head.ends_with(b"."))
}

fn ipv6_literal(text: &str) -> Option<String> {
    let inner = text.strip_prefix('[').map_or(Some(text), |rest| rest.strip_suffix(']'))?;
    inner.parse::<Ipv6Addr>().ok().map(|address| format!("[{address}]"))
}

fn check_name(name: &str, text: &str) -> Result<(), String> {
    const NAME_BYTES_MAX: usize = 253;
    let problem = if name.is_empty() {
        "a host is not empty; leave `host` out to match every host"
    } else if name.len() > NAME_BYTES_MAX {
        "a host has at most 253 characters"
    } else if name.contains('*') {
        "`*` may only be the whole first label, as in \"*.example.com\""
    } else if name.contains(':') || name.contains('[') {
        "a host is written without port; which port is served is the listener's affair"
    } else if name.split('.').any(str::is_empty) {
        "a host has no empty labels"
    } else if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
        "a host consists of letters, digits, `-`, `_` and `.`; write other names in punycode"
    } else {
        return Ok(());
    };
    Err(format!("{problem}, found \"{text}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(pattern: &str, host: &str) -> bool {
        HostPattern::parse(pattern).unwrap().holds(&normal(host.as_bytes()))
    }

    #[test]
    fn case_and_trailing_dot_do_not_matter() {
        assert!(holds("API.Example.com", "api.example.com"));
        assert!(holds("api.example.com.", "api.example.com"));
        assert!(holds("api.example.com", "api.example.com."));
        assert!(!holds("api.example.com", "xapi.example.com"));
    }

    #[test]
    fn a_wildcard_means_names_below_only() {
        for (host, expected) in [
            ("a.example.com", true),
            ("a.b.example.com", true),
            ("example.com", false),
            (".example.com", false),
            ("aexample.com", false),
            ("a.example.com.evil", false),
        ] {
            assert_eq!(holds("*.example.com", host), expected, "{host}");
        }
    }

    #[test]
    fn ipv6_literals_are_compared_by_address() {
        assert!(holds("[2001:db8::1]", "[2001:db8:0:0:0:0:0:1]"));
        assert!(holds("2001:DB8::1", "[2001:db8::1]"));
        assert!(!holds("[2001:db8::1]", "[2001:db8::2]"));
    }

    #[test]
    fn malformed_hosts_are_refused() {
        for text in [
            "",
            ".",
            "*",
            "*.",
            "a.*.b",
            "a*.b",
            "a..b",
            "a:80",
            "[::1]:80",
            "a b",
            "a/b",
            "bücher.de",
        ] {
            assert!(HostPattern::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_most_specific_host_is_asked_first() {
        let mut index = HostIndex::<Vec<&str>>::default();
        for name in ["*.com", "*.example.com", "a.example.com"] {
            index.entry(&HostPattern::parse(name).unwrap()).push(name);
        }
        index.entry(&HostPattern::Any).push("any");
        let mut asked = Vec::new();
        index.find(b"a.example.com", |names| {
            asked.extend(names.iter().copied());
            None::<()>
        });
        assert_eq!(asked, ["a.example.com", "*.example.com", "*.com", "any"]);
    }
}
