//! How the endpoints of an origin are spoken to: protocol and TLS, compiled from PEM files.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use rustls::{ClientConfig, RootCertStore, client::WebPkiServerVerifier, crypto::CryptoProvider};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};

use super::settings::Problem;
use crate::config::{ClusterTls, Origin, UpstreamProtocol};

/// How the endpoints of an origin are spoken to.
#[derive(Debug)]
pub struct Transport {
    /// Protocol as configured.
    pub protocol: UpstreamProtocol,
    /// TLS, where the origin is `https`.
    pub tls: Option<Tls>,
}

/// TLS to the endpoints of an origin.
#[derive(Debug)]
pub struct Tls {
    /// Offers what `protocol` allows.
    pub config: Arc<ClientConfig>,
    /// Offers HTTP/1.1 alone, for upgrades.
    pub http1: Arc<ClientConfig>,
    /// Name to send and to verify.
    pub server_name: ServerName<'static>,
}

/// The client configurations of a cluster, shared by its origins.
#[derive(Debug, Clone)]
pub struct Client {
    config: Arc<ClientConfig>,
    http1: Arc<ClientConfig>,
}

/// The contents of the files that `[clusters.NAME.tls]` names, which is what two TLS settings are compared by: a renewed
/// certificate often keeps its path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Files {
    ca: Option<Vec<u8>>,
    cert: Option<Vec<u8>>,
    key: Option<Vec<u8>>,
}

impl Files {
    /// Reads the files.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn read(config: &ClusterTls) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut read = |key: &'static str, path: &Option<PathBuf>| -> Option<Vec<u8>> {
            let path = path.as_deref()?;
            std::fs::read(path)
                .map_err(|error| {
                    problems.push((key.into(), format!("cannot read {}: {error}", path.display())))
                })
                .ok()
        };
        let files = Self {
            ca: read("tls.ca", &config.ca),
            cert: read("tls.cert", &config.cert),
            key: read("tls.key", &config.key),
        };
        if problems.is_empty() { Ok(files) } else { Err(problems) }
    }
}

impl Client {
    /// Compiles the settings.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub fn compile(
        protocol: UpstreamProtocol,
        config: &ClusterTls,
        files: &Files,
    ) -> Result<Self, Problem> {
        let roots = match (&files.ca, &config.ca) {
            (Some(pem), Some(path)) => {
                authorities(pem, path).map_err(|what| ("tls.ca".into(), what))?
            }
            _ => system_roots(),
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| ("tls".into(), error.to_string()))?;
        let builder = match verifier(roots, provider) {
            Ok(verifier) => builder.with_webpki_verifier(verifier),
            Err(what) => return Err(("tls.ca".into(), what)),
        };
        let mut client = match (&files.cert, &files.key) {
            (Some(cert), Some(key)) => {
                let chain = chain(cert).map_err(|what| ("tls.cert".into(), what))?;
                let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| {
                    ("tls.key".into(), format!("no private key in PEM form: {error}"))
                })?;
                builder.with_client_auth_cert(chain, key).map_err(|error| {
                    ("tls.key".into(), format!("does not fit the certificate: {error}"))
                })?
            }
            _ => builder.with_no_client_auth(),
        };
        client.alpn_protocols = vec![b"http/1.1".to_vec()];
        let http1 = Arc::new(client.clone());
        client.alpn_protocols = match protocol {
            UpstreamProtocol::Auto => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            UpstreamProtocol::Http1 => vec![b"http/1.1".to_vec()],
            UpstreamProtocol::H2 => vec![b"h2".to_vec()],
        };
        Ok(Self { config: Arc::new(client), http1 })
    }

    /// TLS to one origin.
    ///
    /// # Errors
    /// The name is none that TLS can carry.
    pub fn to_origin(&self, config: &ClusterTls, origin: &Origin) -> Result<Tls, Problem> {
        let (key, name) = match &config.server_name {
            Some(name) => ("tls.server_name", name),
            None => ("endpoints", &origin.host),
        };
        let server_name = ServerName::try_from(name.trim_end_matches('.').to_owned())
            .map_err(|_| (key.into(), format!("\"{name}\" is no name that TLS can verify")))?;
        Ok(Tls { config: self.config.clone(), http1: self.http1.clone(), server_name })
    }
}

fn authorities(pem: &[u8], path: &Path) -> Result<Arc<RootCertStore>, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| format!("bad PEM: {error}"))?;
        roots.add(certificate).map_err(|error| format!("bad certificate: {error}"))?;
    }
    if roots.is_empty() {
        return Err(format!("{} holds no certificate in PEM form", path.display()));
    }
    Ok(Arc::new(roots))
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("bad PEM: {error}"))?;
    if chain.is_empty() { Err("holds no certificate in PEM form".into()) } else { Ok(chain) }
}

fn verifier(
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, String> {
    WebPkiServerVerifier::builder_with_provider(roots, provider).build().map_err(
        |error| match error {
            rustls::client::VerifierBuilderError::NoRootAnchors => {
                "the system has no certificate authorities; name a PEM bundle".into()
            }
            error => error.to_string(),
        },
    )
}

/// The system's authorities, read once: they are some hundred files on some systems.
fn system_roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let load = || {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "a certificate authority of the system could not be read");
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        Arc::new(roots)
    };
    ROOTS.get_or_init(load).clone()
}
