//! `allow` and `deny`: clients that no rule looks at, and clients that are turned away.

use std::{fs, net::IpAddr, str::FromStr};

use crate::{config::Cidr, filter::ip_set::IpSet, key_error::KeyError};

/// Both lists.
#[derive(Debug, Default)]
pub(super) struct Lists {
    allow: IpSet,
    deny: IpSet,
    /// Blocks of `allow` and of `deny`, as written.
    pub(super) blocks: [usize; 2],
}

/// What the lists say of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    No,
    Allowed,
    Denied,
}

impl Lists {
    /// Reads the lists, and the files that they name.
    pub(super) fn compile(allow: &[String], deny: &[String]) -> Result<Self, Vec<KeyError>> {
        let mut errors = Vec::new();
        let mut list = |key: &str, entries: &[String]| {
            let mut blocks = Vec::new();
            for (index, entry) in entries.iter().enumerate() {
                if let Err(message) = read(entry, &mut blocks) {
                    errors.push(KeyError::new(format!("{key}[{index}]"), message));
                }
            }
            (IpSet::new(&blocks), blocks.len())
        };
        let (allow, deny) = (list("allow", allow), list("deny", deny));
        let lists = Self { allow: allow.0, deny: deny.0, blocks: [allow.1, deny.1] };
        if errors.is_empty() { Ok(lists) } else { Err(errors) }
    }

    /// Whether `allow` holds every address of a family.
    pub(super) fn allows_everybody(&self) -> bool {
        self.allow.has_whole_family()
    }

    /// What holds for a client: `allow` goes before `deny`.
    pub(super) fn find(&self, client: IpAddr) -> Listed {
        if self.allow.contains(client) {
            Listed::Allowed
        } else if self.deny.contains(client) {
            Listed::Denied
        } else {
            Listed::No
        }
    }
}

impl super::Policy {
    /// Whether the client is on `allow`.
    pub fn allows(&self, client: IpAddr) -> bool {
        self.shared.lists.find(client) == Listed::Allowed
    }
}

/// The file of an entry, if it names one.
pub(super) fn file(entry: &str) -> Option<&str> {
    entry.strip_prefix('@')
}

fn read(entry: &str, blocks: &mut Vec<Cidr>) -> Result<(), String> {
    let Some(path) = file(entry) else {
        blocks.push(Cidr::from_str(entry)?);
        return Ok(());
    };
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?;
    for (line, number) in text.lines().zip(1..) {
        let block = line.split('#').next().unwrap_or_default().trim();
        if !block.is_empty() {
            let block = Cidr::from_str(block).map_err(|e| format!("{path}, line {number}: {e}"))?;
            blocks.push(block);
        }
    }
    Ok(())
}
