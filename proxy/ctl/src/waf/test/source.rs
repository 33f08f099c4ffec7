//! Addresses that requests come from, one for each stage, so that every line of a log tells which stage it is of.
//!
//! All of 127.0.0.0/8 is this machine. Nothing here does: it takes numbers and gives addresses, and back.

use std::{net::Ipv4Addr, ops::Range, sync::LazyLock};

use regex::bytes::Regex;

/// The addresses of a pass through a suite.
#[derive(Debug, Clone)]
pub(crate) struct Sources(Range<u32>);

/// From 127.64.0.0 on: tests send addresses such as 127.0.0.1 and 127.127.127.127, and logs repeat them.
const FIRST: u32 = 0x7f40_0000;

/// How many there are, up to 127.126.255.255.
const COUNT: u32 = 0x003f_0000;

impl Sources {
    /// Addresses for this many stages; where they begin is up to chance, so that runs beside each other differ.
    pub(crate) fn new(count: usize, chance: u64) -> Option<Self> {
        let count = u32::try_from(count).ok().filter(|&count| count < COUNT)?;
        // The remainder is less than COUNT.
        let begin = FIRST + (chance % u64::from(COUNT - count)) as u32;
        Some(Self(begin..begin + count))
    }

    /// The address of a stage.
    pub(crate) fn address(&self, stage: usize) -> Option<Ipv4Addr> {
        self.0.clone().nth(stage).map(Ipv4Addr::from)
    }

    /// The stage whose address a line names.
    pub(crate) fn stage(&self, line: &[u8]) -> Option<usize> {
        #[allow(clippy::unwrap_used, reason = "the pattern is a constant")]
        static ADDRESS: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"(?-u:\b127(?:\.[0-9]{1,3}){3}\b)").unwrap());
        let addresses = ADDRESS.find_iter(line).filter_map(|found| {
            let text = std::str::from_utf8(found.as_bytes()).ok()?;
            text.parse::<Ipv4Addr>().ok().map(u32::from)
        });
        let mut ours = addresses.filter(|address| self.0.contains(address));
        ours.next().and_then(|address| usize::try_from(address - self.0.start).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_its_stage() {
        for chance in [0, 1, u64::MAX] {
            let sources = Sources::new(5_000, chance).unwrap();
            for stage in [0, 1, 300, 4_999] {
                let address = sources.address(stage).unwrap();
                for line in [
                    format!(r#"[data "127.0.0.1"], client: {address}, server: localhost"#),
                    format!("[client {address}:12345] [id \"1\"]"),
                    format!(r#"{{"client":"{address}","rules":[]}}"#),
                ] {
                    assert_eq!(sources.stage(line.as_bytes()), Some(stage), "{line}");
                }
            }
            assert_eq!(sources.address(5_000), None);
        }
    }

    #[test]
    fn other_addresses_are_of_no_stage() {
        let sources = Sources::new(3, 0).unwrap();
        for line in
            ["", "127.0.0.1", "127.127.127.127", "1127.64.0.1", "127.64.0.3", "127.64.0.999"]
        {
            assert_eq!(sources.stage(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn there_are_only_so_many() {
        assert!(Sources::new(COUNT as usize - 1, u64::MAX).is_some());
        assert!(Sources::new(COUNT as usize, 0).is_none());
    }
}
