//! The managed rule set as part of a program: its files, and the pattern by which rules are loaded from them.
//!
//! What the rules are is in the folder's README. They are written to run in any engine, so nothing here knows the proxy;
//! that the files in the folder and those listed here are the same is held by a test.

use foxtrot_waf::seclang::Memory;

/// The rule files, in their order, as [`files`] has them.
pub const RULES: &str = "managed/*.conf";

/// The folder that all paths of [`files`] begin with.
pub const FOLDER: &str = "managed";

/// Rule files and the files of phrases that they name.
pub fn files() -> Memory {
    FILES.iter().map(|(name, bytes)| (format!("{FOLDER}/{name}"), *bytes)).collect()
}

/// The files of the folder, by their names in it.
const FILES: &[(&str, &[u8])] = &[
    ("000-setup.conf", include_bytes!("../000-setup.conf")),
    ("101-protocol.conf", include_bytes!("../101-protocol.conf")),
    ("102-scanners.conf", include_bytes!("../102-scanners.conf")),
    ("110-lfi.conf", include_bytes!("../110-lfi.conf")),
    ("112-ssrf.conf", include_bytes!("../112-ssrf.conf")),
    ("120-rce.conf", include_bytes!("../120-rce.conf")),
    ("130-php.conf", include_bytes!("../130-php.conf")),
    ("132-java.conf", include_bytes!("../132-java.conf")),
    ("134-nodejs.conf", include_bytes!("../134-nodejs.conf")),
    ("136-ssti.conf", include_bytes!("../136-ssti.conf")),
    ("140-sqli.conf", include_bytes!("../140-sqli.conf")),
    ("145-nosql.conf", include_bytes!("../145-nosql.conf")),
    ("147-ldap-xpath.conf", include_bytes!("../147-ldap-xpath.conf")),
    ("148-xxe.conf", include_bytes!("../148-xxe.conf")),
    ("150-xss.conf", include_bytes!("../150-xss.conf")),
    ("160-header-mail.conf", include_bytes!("../160-header-mail.conf")),
    ("170-graphql.conf", include_bytes!("../170-graphql.conf")),
    ("190-outbound.conf", include_bytes!("../190-outbound.conf")),
    ("990-targets.conf", include_bytes!("../990-targets.conf")),
    ("999-evaluate.conf", include_bytes!("../999-evaluate.conf")),
    ("data/callback-hosts.data", include_bytes!("../data/callback-hosts.data")),
    ("data/gadget-classes.data", include_bytes!("../data/gadget-classes.data")),
    ("data/scanners.data", include_bytes!("../data/scanners.data")),
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code fails by panicking")]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use foxtrot_waf::{RuleSet, seclang::Files};

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_here() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let list = |below: &str, extension: &str| -> Vec<String> {
            let entries = fs::read_dir(folder.join(below)).unwrap().map(|entry| entry.unwrap());
            let names = entries.map(|entry| entry.file_name().into_string().unwrap());
            names.filter(|name| name.ends_with(extension)).map(|n| format!("{below}{n}")).collect()
        };
        let there: BTreeSet<String> =
            list("", ".conf").into_iter().chain(list("data/", "")).collect();
        let here: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(here, there);
    }

    #[test]
    fn they_load_as_one_rule_set() {
        let rules = RuleSet::load(&files(), &[RULES]).map_err(|report| report.to_string()).unwrap();
        let names = rules.sources().iter().map(|source| source.path().display().to_string());
        let expected = FILES.iter().map(|(name, _)| format!("managed/{name}"));
        assert!(names.eq(expected.filter(|name| name.ends_with(".conf"))));
        assert!(files().read(Path::new("managed/data/scanners.data")).is_ok());
    }
}
