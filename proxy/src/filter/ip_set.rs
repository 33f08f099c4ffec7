//! A set of address blocks, as sorted ranges: a lookup is one binary search.
//!
//! An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`, what a dual-stack socket reports) is the IPv4 address that it maps, in
//! blocks and in questions alike. `::/0` therefore holds no IPv4 address.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use crate::config::Cidr;

/// A set of addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IpSet {
    v4: Box<[(u32, u32)]>,
    v6: Box<[(u128, u128)]>,
}

impl IpSet {
    /// All addresses of `blocks`.
    pub fn new(blocks: &[Cidr]) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for block in blocks {
            match block.0 {
                IpNet::V4(block) => {
                    v4.push((block.network().to_bits(), block.broadcast().to_bits()))
                }
                IpNet::V6(block) => {
                    let (first, last) = (block.network(), block.broadcast());
                    match (first.to_ipv4_mapped(), last.to_ipv4_mapped()) {
                        (Some(first), Some(last)) => v4.push((first.to_bits(), last.to_bits())),
                        _ => v6.push((first.to_bits(), last.to_bits())),
                    }
                }
            }
        }
        Self { v4: merge(v4), v6: merge(v6) }
    }

    /// Whether `address` is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => holds(&self.v4, address.to_bits()),
            IpAddr::V6(address) => self.contains_v6(address),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Whether every address of a family is one of them.
    pub fn has_whole_family(&self) -> bool {
        self.v4.contains(&(0, u32::MAX)) || self.v6.contains(&(0, u128::MAX))
    }

    fn contains_v6(&self, address: Ipv6Addr) -> bool {
        match address.to_ipv4_mapped() {
            Some(mapped) => holds(&self.v4, mapped.to_bits()),
            None => holds(&self.v6, address.to_bits()),
        }
    }
}

fn holds<T: Ord + Copy>(ranges: &[(T, T)], address: T) -> bool {
    let at = ranges.partition_point(|&(first, _)| first <= address);
    at.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|&(_, last)| address <= last)
}

/// Sorted, without overlaps.
fn merge<T: Ord + Copy>(mut ranges: Vec<(T, T)>) -> Box<[(T, T)]> {
    ranges.sort_unstable();
    let mut merged: Vec<(T, T)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(before) if first <= before.1 => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(blocks: &[&str]) -> IpSet {
        IpSet::new(&blocks.iter().map(|block| block.parse().unwrap()).collect::<Vec<_>>())
    }

    fn contains(set: &IpSet, address: &str) -> bool {
        set.contains(address.parse().unwrap())
    }

    #[test]
    fn blocks_hold_their_ends() {
        let set = set(&["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1", "2001:db8::/32"]);
        for (address, expected) in [
            ("9.255.255.255", false),
            ("10.0.0.0", true),
            ("10.1.2.3", true),
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("192.0.2.1", true),
            ("192.0.2.2", false),
            ("2001:db8::", true),
            ("2001:db8:ffff::1", true),
            ("2001:db9::", false),
        ] {
            assert_eq!(contains(&set, address), expected, "{address}");
        }
    }

    #[test]
    fn mapped_addresses_are_ipv4() {
        assert!(contains(&set(&["10.0.0.0/8"]), "::ffff:10.1.2.3"));
        assert!(contains(&set(&["::ffff:10.0.0.0/104"]), "10.1.2.3"));
        assert!(!contains(&set(&["::/0"]), "10.1.2.3"));
        assert!(!contains(&set(&["10.0.0.0/8"]), "::10.1.2.3"));
    }

    #[test]
    fn whole_families_and_nothing() {
        assert!(contains(&set(&["0.0.0.0/0"]), "255.255.255.255"));
        assert!(contains(&set(&["::/0"]), "::"));
        assert!(!contains(&set(&[]), "127.0.0.1"));
        assert!(set(&[]).is_empty());
        assert!(set(&["10.0.0.0/8", "0.0.0.0/0"]).has_whole_family());
        assert!(set(&["::/0"]).has_whole_family());
        assert!(!set(&["10.0.0.0/8", "2001:db8::/32"]).has_whole_family());
    }

    proptest! {
        #[test]
        fn the_set_agrees_with_its_blocks(
            blocks in prop::collection::vec((any::<u32>(), 0_u8..=32), 0..12),
            near in any::<u32>(),
            pick in any::<prop::sample::Index>(),
        ) {
            let blocks: Vec<Cidr> = blocks
                .into_iter()
                .map(|(bits, len)| Cidr(IpNet::new(IpAddr::V4(bits.into()), len).unwrap().trunc()))
                .collect();
            let set = IpSet::new(&blocks);
            let mut addresses = vec![near];
            if !blocks.is_empty() && let IpNet::V4(block) = pick.get(&blocks).0 {
                let (first, last) = (block.network().to_bits(), block.broadcast().to_bits());
                addresses.extend([first, last, first.wrapping_sub(1), last.wrapping_add(1)]);
            }
            for address in addresses {
                let address = IpAddr::V4(address.into());
                let expected = blocks.iter().any(|block| block.0.contains(&address));
                prop_assert_eq!(set.contains(address), expected, "{}", address);
            }
        }
    }
}
