//! `@ipMatch`, `@ipMatchFromFile`: addresses and blocks, by sorted ranges, so that a million of them cost a binary search.
//!
//! `SecRule REMOTE_ADDR "@ipMatch 192.0.2.0/24,2001:db8::/32" "id:1,phase:1,deny"`

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// A set of addresses.
#[derive(Debug, Default)]
pub struct Addresses {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl Addresses {
    /// The set of these blocks, each an address or a block in CIDR notation.
    ///
    /// # Errors
    ///
    /// What is neither.
    pub fn parse<'t>(blocks: impl Iterator<Item = &'t str>) -> Result<Self, String> {
        let mut addresses = Self::default();
        for block in blocks {
            let net = block.parse::<IpNet>().or_else(|_| block.parse::<IpAddr>().map(IpNet::from));
            match net.map_err(|_| format!("`{block}` is no address and no block of addresses"))? {
                IpNet::V4(net) => addresses.v4.push((net.network().into(), net.broadcast().into())),
                IpNet::V6(net) => addresses.v6.push((net.network().into(), net.broadcast().into())),
            }
        }
        merge(&mut addresses.v4);
        merge(&mut addresses.v6);
        Ok(addresses)
    }

    /// Whether the set has this address; what is no address is in no set.
    pub fn contains(&self, value: &[u8]) -> bool {
        match parse_address(value) {
            Some(IpAddr::V4(address)) => holds(&self.v4, address.into()),
            Some(IpAddr::V6(address)) => holds(&self.v6, address.into()),
            None => false,
        }
    }
}

/// An address from text; one of IPv4 in the form of IPv6 is the former.
pub fn parse_address(value: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(value).ok()?.trim();
    match text.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => Some(IpAddr::V4(address)),
        IpAddr::V6(address) => Some(mapped(address).map_or(IpAddr::V6(address), IpAddr::V4)),
    }
}

fn mapped(address: Ipv6Addr) -> Option<Ipv4Addr> {
    address.to_ipv4_mapped()
}

/// Sorts ranges and joins those that touch.
fn merge<T: Copy + Ord>(ranges: &mut Vec<(T, T)>) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, last| {
        let joined = next.0 <= last.1;
        if joined {
            last.1 = last.1.max(next.1);
        }
        joined
    });
}

fn holds<T: Copy + Ord>(ranges: &[(T, T)], address: T) -> bool {
    let behind = ranges.partition_point(|(first, _)| *first <= address);
    behind.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, last)| address <= *last)
}
