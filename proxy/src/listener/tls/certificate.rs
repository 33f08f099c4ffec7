//! A certificate chain and its key, read from PEM files and checked against each other.

use std::{fs, io, path::Path, sync::Arc};

use rustls::{Error, InconsistentKeys, RootCertStore, crypto::CryptoProvider, sign::CertifiedKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::config::Certificate;

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Subject alternative names, DNS names in lower case and then addresses; the common name where there are none.
    pub names: Vec<String>,
    /// When it expires, in seconds since 1970-01-01T00:00:00Z.
    pub not_after: i64,
    dns_names: usize,
}

/// A certificate that can be served.
#[derive(Debug)]
pub(super) struct Loaded {
    /// Chain and key.
    pub(super) key: Arc<CertifiedKey>,
    /// What the leaf says.
    pub(super) facts: CertificateFacts,
}

impl CertificateFacts {
    /// The DNS names alone, which are what SNI can ask for (RFC 6066, 3).
    pub fn dns_names(&self) -> &[String] {
        self.names.get(..self.dns_names).unwrap_or_default()
    }

    /// Whether SNI can lead here.
    pub fn has_dns_name(&self) -> bool {
        self.dns_names > 0
    }

    fn of(leaf: &CertificateDer<'_>) -> Result<Self, String> {
        let (_, cert) = X509Certificate::from_der(leaf)
            .map_err(|error| format!("its first certificate is not X.509: {error}"))?;
        let mut names = Vec::new();
        let mut addresses = Vec::new();
        let alternative = cert
            .subject_alternative_name()
            .map_err(|error| format!("its subject alternative names cannot be read: {error}"))?;
        for name in alternative.iter().flat_map(|extension| &extension.value.general_names) {
            match name {
                GeneralName::DNSName(name) => names.push(name.to_ascii_lowercase()),
                GeneralName::IPAddress(octets) => addresses.extend(ip_text(octets)),
                _ => {}
            }
        }
        if names.is_empty() && addresses.is_empty() {
            let common = cert.subject().iter_common_name().filter_map(|name| name.as_str().ok());
            names.extend(common.map(str::to_ascii_lowercase));
        }
        let dns_names = names.len();
        names.append(&mut addresses);
        Ok(Self { names, not_after: cert.validity().not_after.timestamp(), dns_names })
    }
}

impl Loaded {
    /// Reads a chain and its key. An error names the key of the configuration that is to blame, `cert` or `key`.
    pub(super) fn read(
        cert: &Certificate,
        provider: &CryptoProvider,
    ) -> Result<Self, (&'static str, String)> {
        let chain = chain(&cert.cert).map_err(|why| ("cert", why));
        let key = private_key(&cert.key).map_err(|why| ("key", why));
        let (chain, key) = (chain?, key?);
        let Some(leaf) = chain.first() else { return Err(("cert", no_certificate(&cert.cert))) };
        let facts = CertificateFacts::of(leaf)
            .map_err(|why| ("cert", format!("{}: {why}", cert.cert.display())))?;
        let key =
            CertifiedKey::from_der(chain, key, provider).map_err(|error| blame(cert, &error))?;
        Ok(Self { key: Arc::new(key), facts })
    }
}

/// The authorities of a PEM bundle.
pub(super) fn authorities(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for cert in chain(path)? {
        roots.add(cert).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(roots)
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = read(path)?;
    let chain = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("{} is not PEM: {error}", path.display()))?;
    if chain.is_empty() { Err(no_certificate(path)) } else { Ok(chain) }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|error| match error {
        pem::Error::NoItemsFound => format!(
            "{} holds no private key in PKCS#8, PKCS#1 or SEC1; an encrypted one must be decrypted first",
            path.display()
        ),
        error => format!("{} is not PEM: {error}", path.display()),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error: io::Error| format!("cannot read {}: {error}", path.display()))
}

fn no_certificate(path: &Path) -> String {
    format!("{} holds no certificate", path.display())
}

fn blame(cert: &Certificate, error: &Error) -> (&'static str, String) {
    match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            let (key, cert) = (cert.key.display(), cert.cert.display());
            ("key", format!("{key} is not the key of the first certificate in {cert}"))
        }
        Error::InvalidCertificate(_) => ("cert", format!("{}: {error}", cert.cert.display())),
        _ => ("key", format!("{}: {error}", cert.key.display())),
    }
}

fn ip_text(octets: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Some(std::net::Ipv4Addr::from(v4).to_string());
    }
    <[u8; 16]>::try_from(octets).ok().map(|v6| std::net::Ipv6Addr::from(v6).to_string())
}
