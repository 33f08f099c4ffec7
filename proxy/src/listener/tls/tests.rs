use std::{fs, path::Path, sync::Arc};

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, RootCertStore,
    ServerConnection,
    crypto::{CryptoProvider, aws_lc_rs},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tempfile::TempDir;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::*;
use crate::config::Certificate;

/// A directory with an authority, and certificates that it signs.
struct Ca {
    dir: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Ca {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { dir, issuer }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    fn issue(&self, file: &str, names: &[&str]) -> Certificate {
        self.issue_with(file, names, KeyPair::generate().unwrap())
    }

    fn issue_rsa(&self, file: &str, names: &[&str]) -> Certificate {
        let key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        self.issue_with(file, names, key)
    }

    fn issue_with(&self, file: &str, names: &[&str], key: KeyPair) -> Certificate {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, file);
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        let files = Certificate {
            cert: self.path(&format!("{file}.pem")),
            key: self.path(&format!("{file}.key")),
        };
        fs::write(&files.cert, cert.pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        roots
    }

    fn client(&self, provider: CryptoProvider) -> ClientConfig {
        ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots())
            .with_no_client_auth()
    }

    fn client_with_cert(&self, cert: &Certificate) -> ClientConfig {
        let chain = vec![CertificateDer::from_pem_file(&cert.cert).unwrap()];
        let key = PrivateKeyDer::from_pem_file(&cert.key).unwrap();
        ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots())
            .with_client_auth_cert(chain, key)
            .unwrap()
    }
}

fn tls(certs: Vec<Certificate>) -> ListenerTls {
    ListenerTls { min: TlsVersion::V1_2, certs, client_ca: None, client_auth: None }
}

fn both() -> BTreeSet<Protocol> {
    BTreeSet::from([Protocol::H2, Protocol::Http1])
}

fn serve(tls: &ListenerTls) -> Arc<ServerConfig> {
    server_config(tls, &both(), &ticketer().unwrap()).unwrap()
}

fn problems(tls: &ListenerTls) -> Vec<Problem> {
    server_config(tls, &both(), &ticketer().unwrap()).unwrap_err()
}

/// A handshake in memory.
fn handshake(
    server: &Arc<ServerConfig>,
    client: &Arc<ClientConfig>,
    name: &str,
) -> Result<(ClientConnection, ServerConnection), rustls::Error> {
    let name = name.to_owned().try_into().unwrap();
    let mut client = ClientConnection::new(Arc::clone(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    // Flights until both are silent: session tickets come after the handshake.
    loop {
        let mut flight = Vec::new();
        client.write_tls(&mut flight).unwrap();
        feed(&mut server, &flight)?;
        let mut answer = Vec::new();
        server.write_tls(&mut answer).unwrap();
        feed(&mut client, &answer)?;
        if flight.is_empty() && answer.is_empty() {
            assert!(!client.is_handshaking() && !server.is_handshaking());
            return Ok((client, server));
        }
    }
}

fn feed<D>(side: &mut rustls::ConnectionCommon<D>, mut bytes: &[u8]) -> Result<(), rustls::Error>
where
    D: rustls::SideData,
{
    while !bytes.is_empty() {
        side.read_tls(&mut bytes).unwrap();
        side.process_new_packets()?;
    }
    Ok(())
}

fn common_name(client: &ClientConnection) -> String {
    let leaf = &client.peer_certificates().unwrap()[0];
    let (_, cert) = X509Certificate::from_der(leaf).unwrap();
    cert.subject().iter_common_name().last().unwrap().as_str().unwrap().to_owned()
}

fn rsa_only() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    let algorithms = &mut provider.signature_verification_algorithms;
    algorithms.mapping = Vec::leak(
        algorithms
            .mapping
            .iter()
            .copied()
            .filter(|(scheme, _)| format!("{scheme:?}").starts_with("RSA"))
            .collect(),
    );
    provider
}

#[test]
fn sni_picks_the_exact_name_then_the_wildcard_then_the_first() {
    let ca = Ca::new();
    let server = serve(&tls(vec![
        ca.issue("default", &["default.test", "deep.sub.example.test", "other.test"]),
        ca.issue("wild", &["*.Example.test"]),
        ca.issue("exact", &["www.example.test"]),
    ]));
    let client = Arc::new(ca.client(aws_lc_rs::default_provider()));
    for (name, cert) in [
        ("www.example.test", "exact"),
        ("WWW.EXAMPLE.TEST", "exact"),
        ("api.example.test", "wild"),
        ("other.test", "default"),
        // The asterisk stands for one label.
        ("deep.sub.example.test", "default"),
    ] {
        let (client, _) = handshake(&server, &client, name).unwrap();
        assert_eq!(common_name(&client), cert, "{name}");
    }
    let unknown = handshake(&server, &client, "example.test").unwrap_err();
    assert!(unknown.to_string().contains("not valid for name"), "{unknown}");
}

#[test]
fn a_client_gets_the_certificate_that_it_can_verify() {
    let ca = Ca {
        issuer: {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            let key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
            CertifiedIssuer::self_signed(params, key).unwrap()
        },
        dir: TempDir::new().unwrap(),
    };
    let server =
        serve(&tls(vec![ca.issue_rsa("rsa", &["a.test"]), ca.issue("ecdsa", &["a.test"])]));
    for (provider, cert) in [(aws_lc_rs::default_provider(), "ecdsa"), (rsa_only(), "rsa")] {
        let client = Arc::new(ca.client(provider));
        let (client, _) = handshake(&server, &client, "a.test").unwrap();
        assert_eq!(common_name(&client), cert);
    }
}

#[test]
fn alpn_prefers_h2_and_offers_what_the_listener_offers() {
    let ca = Ca::new();
    let tls = tls(vec![ca.issue("a", &["a.test"])]);
    let mut client = ca.client(aws_lc_rs::default_provider());
    client.alpn_protocols = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
    let client = Arc::new(client);
    let (_, server) = handshake(&serve(&tls), &client, "a.test").unwrap();
    assert_eq!(server.alpn_protocol(), Some(&b"h2"[..]));
    let http1 = BTreeSet::from([Protocol::Http1]);
    let config = server_config(&tls, &http1, &ticketer().unwrap()).unwrap();
    let (_, server) = handshake(&config, &client, "a.test").unwrap();
    assert_eq!(server.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[test]
fn versions_below_the_minimum_are_refused() {
    let ca = Ca::new();
    let mut tls = tls(vec![ca.issue("a", &["a.test"])]);
    let old = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_root_certificates(ca.roots())
        .with_no_client_auth();
    let old = Arc::new(old);
    let (_, server) = handshake(&serve(&tls), &old, "a.test").unwrap();
    assert_eq!(server.protocol_version(), Some(ProtocolVersion::TLSv1_2));
    tls.min = TlsVersion::V1_3;
    assert!(handshake(&serve(&tls), &old, "a.test").is_err());
}

#[test]
fn a_session_resumes_across_a_reload_with_the_same_ticketer() {
    let ca = Ca::new();
    let ticketer = ticketer().unwrap();
    let mut tls = tls(vec![ca.issue("old", &["a.test"])]);
    let client = Arc::new(ca.client(aws_lc_rs::default_provider()));
    let before = server_config(&tls, &both(), &ticketer).unwrap();
    handshake(&before, &client, "a.test").unwrap();
    tls.certs = vec![ca.issue("new", &["a.test"])];
    let after = server_config(&tls, &both(), &ticketer).unwrap();
    let (resumed, _) = handshake(&after, &client, "a.test").unwrap();
    assert_eq!(resumed.handshake_kind(), Some(HandshakeKind::Resumed));
}

#[test]
fn client_certificates_are_verified_each_time() {
    let ca = Ca::new();
    let mut tls = tls(vec![ca.issue("a", &["a.test"])]);
    tls.client_ca = Some(ca.path("ca.pem"));
    let required = serve(&tls);
    let anonymous = Arc::new(ca.client(aws_lc_rs::default_provider()));
    assert!(handshake(&required, &anonymous, "a.test").is_err());
    let known = Arc::new(ca.client_with_cert(&ca.issue("client", &["client.test"])));
    for _ in 0..2 {
        let (client, server) = handshake(&required, &known, "a.test").unwrap();
        assert_eq!(server.peer_certificates().map(<[_]>::len), Some(1));
        assert_eq!(client.handshake_kind(), Some(HandshakeKind::Full));
    }

    tls.client_auth = Some(ClientAuth::Optional);
    let optional = serve(&tls);
    let (_, server) = handshake(&optional, &anonymous, "a.test").unwrap();
    assert!(server.peer_certificates().is_none());
    let stranger = Ca::new();
    let mut unknown = stranger.client_with_cert(&stranger.issue("client", &["client.test"]));
    unknown.resumption = rustls::client::Resumption::disabled();
    assert!(handshake(&optional, &Arc::new(unknown), "a.test").is_err());
}

#[test]
fn all_problems_are_reported_with_their_keys() {
    let ca = Ca::new();
    let (one, two) = (ca.issue("one", &["one.test"]), ca.issue("two", &["two.test"]));
    let missing = ca.path("missing.pem");
    let mut tls = tls(vec![
        Certificate { cert: one.cert.clone(), key: two.key },
        Certificate { cert: missing.clone(), key: one.key.clone() },
        Certificate { cert: one.key.clone(), key: one.key.clone() },
        Certificate { cert: one.cert.clone(), key: one.cert.clone() },
    ]);
    tls.client_ca = Some(missing);
    let problems = problems(&tls);
    let keys: Vec<&str> = problems.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        keys,
        ["certs[0].key", "certs[1].cert", "certs[2].cert", "certs[3].key", "client_ca"]
    );
    for (problem, why) in problems.iter().zip([
        "is not the key of the first certificate",
        "cannot read",
        "holds no certificate",
        "holds no private key",
        "cannot read",
    ]) {
        assert!(problem.1.contains(why), "{problem:?}");
    }
}

#[test]
fn what_would_have_no_effect_is_a_problem() {
    let ca = Ca::new();
    let address = ca.issue("address", &["127.0.0.1"]);
    let named = ca.issue("named", &["a.test"]);
    assert_eq!(problems(&tls(vec![named.clone(), address.clone()]))[0].0, "certs[1].cert");
    serve(&tls(vec![address, named.clone()]));
    let mut no_authority = tls(vec![named]);
    no_authority.client_auth = Some(ClientAuth::Required);
    assert_eq!(problems(&no_authority)[0].0, "client_auth");
    assert_eq!(problems(&tls(Vec::new()))[0].0, "certs");
}

#[test]
fn facts_and_files_are_those_of_the_configuration() {
    let ca = Ca::new();
    let mut tls = tls(vec![ca.issue("a", &["A.test", "*.a.test", "127.0.0.1", "::1"])]);
    tls.client_ca = Some(ca.path("ca.pem"));
    let compiled = compile(&tls, &both(), &ticketer().unwrap()).unwrap();
    assert_eq!(compiled.certs[0].names, ["a.test", "*.a.test", "127.0.0.1", "::1"]);
    // The end of 4095, which is what rcgen writes where it is told no other date.
    assert_eq!(compiled.certs[0].not_after, 67_090_118_400);
    let files = files(&tls);
    let names: Vec<_> = files.iter().filter_map(|file| Path::new(file).file_name()).collect();
    assert_eq!(names, ["a.pem", "a.key", "ca.pem"]);
}
