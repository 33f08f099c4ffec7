//! Which certificate a handshake gets: by SNI, and by what the client can verify.

use std::{collections::HashMap, sync::Arc};

use rustls::{
    SignatureAlgorithm, SignatureScheme,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::certificate::Loaded;

type ByName = HashMap<String, Vec<Arc<CertifiedKey>>>;

/// Certificates by name: the exact name goes before a wildcard, a wildcard before the default.
///
/// A name may have several, as one ECDSA and one RSA; a client gets the cheapest to sign with that it can verify.
#[derive(Debug)]
pub(super) struct BySni {
    exact: ByName,
    /// By what follows `*.`; the asterisk stands for exactly one label (RFC 9525, 6.3).
    wildcard: ByName,
    /// The first of the configuration, and those that share a name with it.
    default: Vec<Arc<CertifiedKey>>,
}

impl BySni {
    /// From certificates in the order of the configuration.
    pub(super) fn new(certs: &[Loaded]) -> Self {
        let (mut exact, mut wildcard) = (ByName::new(), ByName::new());
        let mut default = siblings_of_first(certs);
        for cert in certs {
            for name in cert.facts.dns_names() {
                let (names, name) = match name.strip_prefix("*.") {
                    Some(parent) => (&mut wildcard, parent),
                    None => (&mut exact, name.as_str()),
                };
                names.entry(name.to_owned()).or_default().push(Arc::clone(&cert.key));
            }
        }
        for keys in exact.values_mut().chain(wildcard.values_mut()).chain([&mut default]) {
            keys.sort_by_key(|key| cost(key));
        }
        Self { exact, wildcard, default }
    }

    fn choose(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // rustls gives SNI in lower case and without addresses.
        let exact = name.and_then(|name| self.exact.get(name));
        let parent = name.and_then(|name| name.split_once('.')).map(|(_, parent)| parent);
        let wildcard = parent.and_then(|parent| self.wildcard.get(parent));
        let named = || exact.into_iter().chain(wildcard).flatten();
        let verifiable = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(schemes).is_some();
        // A certificate that the client cannot verify fails the handshake with the right alert; a wrong name would not.
        let key = match named().next() {
            Some(first) => named().find(verifiable).unwrap_or(first),
            None => self.default.iter().find(verifiable).or(self.default.first())?,
        };
        Some(Arc::clone(key))
    }
}

impl ResolvesServerCert for BySni {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name(), hello.signature_schemes())
    }
}

fn siblings_of_first(certs: &[Loaded]) -> Vec<Arc<CertifiedKey>> {
    let Some((first, rest)) = certs.split_first() else { return Vec::new() };
    let shares_name = |cert: &&Loaded| {
        cert.facts.dns_names().iter().any(|name| first.facts.dns_names().contains(name))
    };
    let siblings = rest.iter().filter(shares_name);
    std::iter::once(first).chain(siblings).map(|cert| Arc::clone(&cert.key)).collect()
}

/// An RSA-2048 signature costs some twenty times one of P-256.
fn cost(key: &CertifiedKey) -> u8 {
    match key.key.algorithm() {
        SignatureAlgorithm::ECDSA | SignatureAlgorithm::ED25519 => 0,
        _ => 1,
    }
}
