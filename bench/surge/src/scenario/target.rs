//! Targets: a URL, the address behind it, and whether that may be loaded.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};

use ipnet::IpNet;

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Whether over TLS.
    pub tls: bool,
    /// Host as in the URL, an IPv6 address without brackets.
    pub host: String,
    /// Host and port as the Host field has them.
    pub authority: String,
    /// Path and query of the URL, at least `/`.
    pub path: String,
    /// The address, looked up once.
    pub address: SocketAddr,
}

/// A URL, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Url {
    tls: bool,
    host: String,
    port: u16,
    authority: String,
    path: String,
}

impl Target {
    /// The target that a URL names, if it is a loopback address or one in `allowed`.
    ///
    /// A name is looked up here; every one of its addresses must be allowed, and the first is taken.
    pub fn find(url: &str, allowed: &[IpNet]) -> Result<Self, String> {
        let Url { tls, host, port, authority, path } = parse(url)?;
        let addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            // No name is made of digits alone: that is an address with a slip in it, and looking it up could take long.
            Err(_) if !host.bytes().any(|b| b.is_ascii_alphabetic()) || host.contains(':') => {
                return Err(format!("\"{host}\" is not an address"));
            }
            Err(_) => (host.as_str(), port)
                .to_socket_addrs()
                .map_err(|error| format!("cannot look up \"{host}\": {error}"))?
                .collect(),
        };
        if let Some(address) = addresses.iter().find(|a| !may_be_loaded(a.ip(), allowed)) {
            return Err(format!(
                "{} is neither a loopback address nor in `allow_targets`",
                address.ip()
            ));
        }
        let first = addresses.first().copied();
        let address = first.ok_or_else(|| format!("\"{host}\" has no address"))?;
        Ok(Self { tls, host, authority, path, address })
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }
}

/// The addresses that a number of sources have: the first of a block, without the one that names the block.
pub fn sources(block: IpNet, count: usize) -> Result<Vec<IpAddr>, String> {
    let sources: Vec<IpAddr> = block.hosts().take(count).collect();
    match sources.len() {
        found if found == count => Ok(sources),
        found => Err(format!("{block} has only {found} addresses, {count} are asked for")),
    }
}

fn may_be_loaded(address: IpAddr, allowed: &[IpNet]) -> bool {
    // `::ffff:10.0.0.1` reaches 10.0.0.1, and 0.0.0.0 this machine.
    let address = address.to_canonical();
    address.is_loopback()
        || address == IpAddr::V4(Ipv4Addr::UNSPECIFIED)
        || allowed.iter().any(|block| block.contains(&address))
}

fn parse(url: &str) -> Result<Url, String> {
    let (tls, rest) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
        (Some(rest), _) => (false, rest),
        (_, Some(rest)) => (true, rest),
        _ => {
            return Err(format!(
                "expected a URL such as \"http://127.0.0.1:8080/\", found \"{url}\""
            ));
        }
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = path.split('#').next().unwrap_or_default();
    if authority.contains('@') {
        return Err("a URL with a user name is not supported".to_owned());
    }
    let (host, port) = host_and_port(authority)
        .ok_or_else(|| format!("expected HOST or HOST:PORT, found \"{authority}\""))?;
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    if !is_path(&path) {
        return Err(format!("the path of \"{url}\" has bytes that must be percent-encoded"));
    }
    let port = port.unwrap_or(if tls { 443 } else { 80 });
    Ok(Url { tls, host: host.to_owned(), port, authority: authority.to_owned(), path })
}

fn host_and_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':')?)),
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let host_byte = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
    if host.is_empty() || !host.bytes().all(host_byte) {
        return None;
    }
    match port {
        Some(port) => Some((host, Some(port.parse().ok().filter(|port| *port > 0)?))),
        None => Some((host, None)),
    }
}

/// Whether a request line can carry this path: visible ASCII that begins with `/`.
pub fn is_path(path: &str) -> bool {
    path.starts_with('/') && path.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let url = |text| parse(text).map(|u| (u.tls, u.host, u.port, u.path));
        let expect = |tls, host: &str, port, path: &str| Ok((tls, host.into(), port, path.into()));
        assert_eq!(url("http://127.0.0.1:8080"), expect(false, "127.0.0.1", 8080, "/"));
        assert_eq!(url("https://localhost/a?b=c#d"), expect(true, "localhost", 443, "/a?b=c"));
        assert_eq!(url("http://[::1]:80?x"), expect(false, "::1", 80, "/?x"));
        for wrong in [
            "127.0.0.1:8080",
            "ftp://127.0.0.1",
            "http://",
            "http://:80",
            "http://a:0",
            "http://a:99999",
            "http://u@a/",
            "http://a/ b",
            "http://a b/",
            "http://[::1]80/",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_loopback_and_allowed_addresses_are_targets() {
        let ten: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        for (url, allowed, ok) in [
            ("http://127.0.0.1:1", &[][..], true),
            ("http://127.255.0.9:1", &[], true),
            ("http://[::1]:1", &[], true),
            ("http://localhost:1", &[], true),
            ("http://192.0.2.1:1", &[], false),
            ("http://10.0.0.1:1", &[], false),
            ("http://10.0.0.1:1", &ten[..], true),
            ("http://11.0.0.1:1", &ten, false),
            ("http://127.0.0.:1", &[], false),
            ("http://127.0.1:1", &[], false),
            ("http://[::g]:1", &[], false),
            ("http://[::ffff:192.0.2.1]:1", &ten, false),
            ("http://[::ffff:127.0.0.1]:1", &[], true),
        ] {
            assert_eq!(Target::find(url, allowed).is_ok(), ok, "{url}");
        }
    }

    #[test]
    fn sources_are_the_first_of_their_block() {
        let block = "127.0.0.0/8".parse().unwrap();
        let found = sources(block, 3).unwrap();
        assert_eq!(
            found,
            ["127.0.0.1", "127.0.0.2", "127.0.0.3"].map(|a| a.parse::<IpAddr>().unwrap())
        );
        assert!(sources("127.0.0.0/30".parse().unwrap(), 3).is_err());
    }
}
