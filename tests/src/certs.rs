//! Certificates, made for one test and written into its own folder.

use std::{fs, path::PathBuf, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use rustls::{RootCertStore, ServerConfig, crypto::CryptoProvider};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;

/// An authority with a folder of its own.
pub struct Ca {
    dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
    cert: CertificateDer<'static>,
}

/// A certificate with its key, in memory and as PEM files.
#[derive(Clone)]
pub struct Identity {
    /// PEM file of the certificate.
    pub cert_path: PathBuf,
    /// PEM file of the key.
    pub key_path: PathBuf,
    cert: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Ca {
    /// A fresh authority.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "test authority");
        let key = KeyPair::generate().unwrap();
        let cert = params.self_signed(&key).unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("ca.pem"), cert.pem()).unwrap();
        Self { dir, cert: cert.der().clone(), issuer: Issuer::new(params, key) }
    }

    /// PEM file of the authority's certificate.
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// A server certificate for `names`: DNS names or addresses. Files are called after the first one.
    pub fn server(&self, names: &[&str]) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let file = names[0].replace('*', "any");
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(&file, params)
    }

    /// A client certificate with this common name.
    pub fn client(&self, name: &str) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(name, params)
    }

    /// The roots that trust this authority alone.
    pub fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.cert.clone()).unwrap();
        roots
    }

    fn sign(&self, file: &str, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        let identity = Identity {
            cert_path: self.dir.path().join(format!("{file}.crt")),
            key_path: self.dir.path().join(format!("{file}.key")),
            cert: cert.der().clone(),
            key: key.serialize_der(),
        };
        // Renamed into place, as a certificate manager does: nobody reads half a file.
        replace(&identity.key_path, key.serialize_pem().as_bytes());
        replace(&identity.cert_path, cert.pem().as_bytes());
        identity
    }
}

impl Default for Ca {
    fn default() -> Self {
        Self::new()
    }
}

impl Identity {
    /// The certificate in DER.
    pub fn cert(&self) -> &CertificateDer<'static> {
        &self.cert
    }

    /// The key.
    pub fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }

    /// `{ cert = "...", key = "..." }`, as a listener's `certs` has it.
    pub fn toml(&self) -> String {
        format!("{{ cert = {:?}, key = {:?} }}", self.cert_path, self.key_path)
    }

    /// How a TLS origin with this certificate is set up.
    pub fn server_config(&self, alpn: &[&str]) -> Arc<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.cert.clone()], self.key())
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

/// The one crypto provider, named so that no process-wide default is needed.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Replaces a file atomically.
pub fn replace(path: &std::path::Path, content: &[u8]) {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    fs::write(&fresh, content).unwrap();
    fs::rename(&fresh, path).unwrap();
}
