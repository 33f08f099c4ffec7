//! Names to addresses, by the system's configuration. One resolver for the process: it has one cache.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::OnceLock,
    time::Duration,
};

use hickory_resolver::{TokioResolver, config::LookupIpStrategy};

use crate::{clock, error::with_causes};

/// Asks for the addresses of a name, and how long they are good.
///
/// # Errors
/// There are none, or nobody answers.
pub async fn lookup(host: &str) -> Result<(Vec<IpAddr>, Duration), String> {
    // RFC 6761, 6.3: no question to a server.
    if host.trim_end_matches('.') == "localhost"
        || host.trim_end_matches('.').ends_with(".localhost")
    {
        return Ok((vec![IpAddr::V4(Ipv4Addr::LOCALHOST)], LONG));
    }
    let resolver = resolver()?;
    let found = resolver.lookup_ip(host).await.map_err(|error| with_causes(&error))?;
    let ttl = found.valid_until().saturating_duration_since(clock::now().into_std());
    let addresses: Vec<IpAddr> = found.iter().collect();
    if addresses.is_empty() { Err("no addresses".into()) } else { Ok((addresses, ttl)) }
}

fn resolver() -> Result<&'static TokioResolver, String> {
    static RESOLVER: OnceLock<Result<TokioResolver, String>> = OnceLock::new();
    let build = || {
        let mut builder = TokioResolver::builder_tokio().map_err(|error| with_causes(&error))?;
        let options = builder.options_mut();
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        // We keep what failed: an answer that there is none should not outlive the next question.
        options.negative_max_ttl = Some(Duration::from_secs(1));
        builder.build().map_err(|error| with_causes(&error))
    };
    RESOLVER.get_or_init(build).as_ref().map_err(Clone::clone)
}

const LONG: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn localhost_needs_no_server() {
        let (addresses, _) = lookup("localhost").await.unwrap();
        assert_eq!(addresses, [IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    }
}
