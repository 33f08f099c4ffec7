//! Questions of `@rbl` to the DNS.
//!
//! Asked only for rules that ask, one at a time, and bounded: a list that does not answer lists nobody, for it must not stop
//! the traffic that it is asked about.

use std::{net::IpAddr, time::Duration};

use crate::{clock, dns};

/// How long a rule waits for its answer.
const TIME_MAX: Duration = Duration::from_millis(500);

/// The address that a name leads to (RFC 5782, 2.1); `None` where there is none, or no answer in time. The resolver keeps
/// answers for as long as they say.
pub(super) async fn ask(name: &[u8]) -> Option<IpAddr> {
    let name = std::str::from_utf8(name).ok()?;
    match tokio::time::timeout_at(clock::now() + TIME_MAX, dns::lookup(name)).await {
        Ok(Ok((addresses, _))) => addresses.into_iter().find(IpAddr::is_ipv4),
        Ok(Err(error)) => {
            tracing::debug!(name, error, "block list has no answer");
            None
        }
        Err(_) => {
            tracing::warn!(name, "block list did not answer in time");
            None
        }
    }
}
