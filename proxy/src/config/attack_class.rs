//! Classes of attacks: the words by which a configuration demands that they are blocked.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! classes {
    ($($(#[$doc:meta])* $class:ident = $name:literal,)*) => {
        /// A class of attacks, as the probes of the posture know it.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize,
            JsonSchema,
        )]
        pub enum AttackClass {
            $($(#[$doc])* #[serde(rename = $name)] $class,)*
        }

        impl AttackClass {
            /// All classes, in the order in which they are told.
            pub const ALL: &[Self] = &[$(Self::$class),*];

            /// The word for it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$class => $name,)*
                }
            }
        }
    };
}

classes! {
    /// SQL injection.
    Sqli = "sqli",
    /// Operators of document databases.
    Nosql = "nosql",
    /// Script injection.
    Xss = "xss",
    /// Files of the server, by path.
    Lfi = "lfi",
    /// Files of other servers, to be included.
    Rfi = "rfi",
    /// Commands of a Unix shell.
    RceUnix = "rce_unix",
    /// Commands of Windows.
    RceWindows = "rce_windows",
    /// PHP code.
    Php = "php",
    /// Java code and its expressions.
    Java = "java",
    /// Look-ups of Log4j.
    Log4shell = "log4shell",
    /// Code for Node.js.
    Nodejs = "nodejs",
    /// Expressions for a template engine.
    Ssti = "ssti",
    /// Addresses that only the server can reach.
    Ssrf = "ssrf",
    /// External entities of XML.
    Xxe = "xxe",
    /// Filters of a directory.
    Ldap = "ldap",
    /// Line ends that begin a header of the response.
    Crlf = "crlf",
    /// Tools that look for holes.
    Scanner = "scanner",
    /// Requests that break the rules of HTTP.
    Protocol = "protocol",
    /// Session identifiers that an attacker chooses.
    SessionFixation = "session_fixation",
    /// Commands of mail protocols.
    Mail = "mail",
    /// Objects to be unpacked.
    Deserialisation = "deserialisation",
    /// Scripts to be uploaded.
    Upload = "upload",
}

impl fmt::Display for AttackClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
