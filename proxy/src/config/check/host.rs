//! Host names as configuration writes them: in routes, in rewrites, in SNI.

use std::net::{IpAddr, Ipv6Addr};

/// Checks a name or address without port.
pub(super) fn check_exact(host: &str) -> Result<(), String> {
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if host.parse::<IpAddr>().is_ok() || bracketed.is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok())
    {
        return Ok(());
    }
    if host.contains("://") {
        return Err(format!("\"{host}\" is a URL, write the host alone"));
    }
    if let Some((name, port)) = host.rsplit_once(':')
        && port.bytes().all(|b| b.is_ascii_digit())
    {
        return Err(format!("\"{host}\" has a port, write \"{name}\""));
    }
    if let Some(name) = host.strip_suffix('.') {
        return Err(format!("\"{host}\" ends with a dot, write \"{name}\""));
    }
    if host.is_empty() || host.len() > 253 || !host.split('.').all(is_label) {
        return Err(format!("\"{}\" is neither a host name nor an address", host.escape_debug()));
    }
    Ok(())
}

/// Checks a condition on hosts: a name, an address, or `*.` and a name.
pub(super) fn check_pattern(host: &str) -> Result<(), String> {
    if host == "*" {
        return Err("\"*\" is what an absent host means, leave the key out".to_owned());
    }
    let name = host.strip_prefix("*.").unwrap_or(host);
    if name.contains('*') {
        return Err(format!(
            "\"{host}\": `*` may stand for the first part only, as in \"*.{}\"",
            { name.rsplit_once('*').map_or(name, |(_, rest)| rest.trim_start_matches('.')) }
        ));
    }
    if name.len() < host.len() && name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Err(format!("\"{host}\": an address has no names below it"));
    }
    check_exact(name)
}

/// Checks a host with or without port, as a Host field has it (RFC 9110, 7.2).
pub(super) fn check_authority(text: &str) -> Result<(), String> {
    let port = |port: &str| port.parse::<u16>().is_ok_and(|port| port != 0);
    match text.rsplit_once(':') {
        Some((host, number)) if port(number) && !host.contains(':') => check_exact(host),
        Some((host, number)) if port(number) && host.starts_with('[') && host.ends_with(']') => {
            check_exact(host)
        }
        _ => check_exact(text),
    }
}

/// A label of a DNS name; underscores are found in practice.
fn is_label(label: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=63).contains(&label.len())
        && label.bytes().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}
