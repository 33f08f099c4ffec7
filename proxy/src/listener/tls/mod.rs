//! TLS of a listener: from the configuration as written to what rustls serves with.
//!
//! Files are read here and only here, when a snapshot is compiled; a renewed certificate comes into force because the
//! watcher asks for another snapshot. Which certificate a handshake gets is `resolver`'s.

mod certificate;
mod resolver;

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use rustls::{
    ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs},
    server::{NoServerSessionStorage, ProducesTickets, WebPkiClientVerifier},
    version::{TLS12, TLS13},
};

pub use certificate::CertificateFacts;

use crate::config::{ClientAuth, ListenerTls, Protocol, TlsVersion};
use certificate::Loaded;

/// What is wrong: the key relative to `tls`, such as `certs[1].key`, and why.
pub type Problem = (String, String);

/// TLS of a listener, ready to serve.
#[derive(Debug, Clone)]
pub struct ServerTls {
    /// What handshakes are made with.
    pub config: Arc<ServerConfig>,
    /// The certificates, in the order of the configuration, for status and metrics.
    pub certs: Vec<CertificateFacts>,
}

/// The one ticketer of the process, to be kept across reloads: with another one, every client that comes back would pay for
/// a full handshake after each renewal of a certificate (rust-rpxy#603).
///
/// # Errors
/// No randomness is to be had for its keys.
pub fn ticketer() -> Result<Arc<dyn ProducesTickets>, rustls::Error> {
    aws_lc_rs::Ticketer::new()
}

/// What handshakes of a listener are made with; [`compile`] without the facts.
///
/// # Errors
/// As [`compile`].
pub fn server_config(
    tls: &ListenerTls,
    protocols: &BTreeSet<Protocol>,
    ticketer: &Arc<dyn ProducesTickets>,
) -> Result<Arc<ServerConfig>, Vec<Problem>> {
    compile(tls, protocols, ticketer).map(|tls| tls.config)
}

/// Reads the files that `tls` names and makes a listener's TLS of them.
///
/// # Errors
/// All that is wrong, at once: files that cannot be read, keys that do not belong to their certificate, certificates that no
/// name leads to.
pub fn compile(
    tls: &ListenerTls,
    protocols: &BTreeSet<Protocol>,
    ticketer: &Arc<dyn ProducesTickets>,
) -> Result<ServerTls, Vec<Problem>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let (certs, mut problems) = load_all(tls, &provider);
    let verifier = match client_verifier(tls, &provider) {
        Ok(verifier) => Some(verifier),
        Err(problem) => {
            problems.push(problem);
            None
        }
    };
    let (Some(verifier), true) = (verifier, problems.is_empty()) else { return Err(problems) };

    let facts = certs.iter().map(|cert| cert.facts.clone()).collect();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions(tls.min))
        .map_err(|error| vec![("min".to_owned(), error.to_string())])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(resolver::BySni::new(&certs)));
    config.alpn_protocols = alpn(protocols);
    // A replayed request must never reach an upstream (RFC 8470): no early data.
    config.max_early_data_size = 0;
    resumption(&mut config, tls, ticketer);
    Ok(ServerTls { config: Arc::new(config), certs: facts })
}

/// The files that [`compile`] reads, for the watcher.
pub fn files(tls: &ListenerTls) -> Vec<PathBuf> {
    let pairs = tls.certs.iter().flat_map(|cert| [&cert.cert, &cert.key]);
    pairs.chain(&tls.client_ca).cloned().collect()
}

fn load_all(tls: &ListenerTls, provider: &CryptoProvider) -> (Vec<Loaded>, Vec<Problem>) {
    let mut certs = Vec::new();
    let mut problems = Vec::new();
    for (index, cert) in tls.certs.iter().enumerate() {
        match Loaded::read(cert, provider) {
            Ok(loaded) if index > 0 && !loaded.facts.has_dns_name() => problems.push((
                format!("certs[{index}].cert"),
                "has no DNS name, so that SNI never leads to it; put it first to make it the default"
                    .to_owned(),
            )),
            Ok(loaded) => certs.push(loaded),
            Err((key, why)) => problems.push((format!("certs[{index}].{key}"), why)),
        }
    }
    if tls.certs.is_empty() {
        problems.push(("certs".to_owned(), "needs at least one certificate".to_owned()));
    }
    (certs, problems)
}

fn client_verifier(
    tls: &ListenerTls,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, Problem> {
    let Some(path) = &tls.client_ca else {
        // Without authorities nobody would be verified, although it was asked for: that must not pass in silence.
        return match tls.client_auth {
            Some(_) => Err(("client_auth".to_owned(), "needs `client_ca`".to_owned())),
            None => Ok(WebPkiClientVerifier::no_client_auth()),
        };
    };
    let problem = |why: String| ("client_ca".to_owned(), why);
    let roots = certificate::authorities(path).map_err(problem)?;
    let builder =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let builder = match tls.client_auth.unwrap_or_default() {
        ClientAuth::Required => builder,
        ClientAuth::Optional => builder.allow_unauthenticated(),
    };
    builder.build().map_err(|error| problem(format!("{}: {error}", path.display())))
}

/// Resumption is by tickets alone: the session cache of rustls is behind one lock for all workers, and is lost with each
/// reload. A resumed session skips the check of the client's certificate, so that mTLS has neither.
fn resumption(config: &mut ServerConfig, tls: &ListenerTls, ticketer: &Arc<dyn ProducesTickets>) {
    config.session_storage = Arc::new(NoServerSessionStorage {});
    if tls.client_ca.is_some() {
        config.send_tls13_tickets = 0;
    } else {
        config.ticketer = Arc::clone(ticketer);
    }
}

fn versions(min: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    static FROM_1_2: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
    match min {
        TlsVersion::V1_2 => &FROM_1_2,
        TlsVersion::V1_3 => &FROM_1_2[..1],
    }
}

/// In the order in which we prefer them: h2 first.
fn alpn(protocols: &BTreeSet<Protocol>) -> Vec<Vec<u8>> {
    let name = |protocol: &Protocol| match protocol {
        Protocol::H2 => b"h2".to_vec(),
        Protocol::Http1 => b"http/1.1".to_vec(),
    };
    protocols.iter().map(name).collect()
}

#[cfg(test)]
mod tests;
