//! TLS to endpoints: whom we trust, who we are, which protocol ALPN chooses.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::*;

/// An authority, what it has signed, and their files.
struct Certs {
    dir: tempfile::TempDir,
    ca: CertifiedIssuer<'static, KeyPair>,
}

impl Certs {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), ca.pem()).unwrap();
        Self { dir, ca }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn ca(&self) -> String {
        format!("ca = \"{}\"", self.path("ca.pem").display())
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.ca).unwrap(), key)
    }

    fn server(&self, name: &str, alpn: &[&[u8]], client_auth: bool) -> TlsAcceptor {
        let (certificate, key) = self.issue(name);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if client_auth {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(self.ca.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Answers with the protocol that ALPN chose.
async fn serve(acceptor: TlsAcceptor) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                    serve_h2(stream).await;
                } else {
                    serve_h1(stream).await;
                }
            });
        }
    });
    address
}

async fn serve_h1(mut stream: tokio_rustls::server::TlsStream<TcpStream>) {
    let mut inbox = BytesMut::new();
    while matches!(stream.read_buf(&mut inbox).await, Ok(n) if n > 0) {
        if inbox.ends_with(b"\r\n\r\n") {
            inbox.clear();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhttp/1.1";
            stream.write_all(answer).await.unwrap();
        }
    }
}

async fn serve_h2(stream: tokio_rustls::server::TlsStream<TcpStream>) {
    let mut connection = ::h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        let mut body = respond.send_response(http::Response::new(()), false).unwrap();
        body.send_data(Bytes::from_static(b"h2"), true).unwrap();
    }
}

fn https(address: SocketAddr, keys: &str) -> Arc<Cluster> {
    compile(&format!("endpoints = [\"https://{address}\"]\nretry = {{ max = 0 }}\n{keys}"), None)
}

const BOTH: &[&[u8]] = &[b"h2", b"http/1.1"];

#[tokio::test]
async fn alpn_chooses_within_what_is_configured() {
    let certs = Certs::new();
    let both = serve(certs.server("127.0.0.1", BOTH, false)).await;
    let old = serve(certs.server("127.0.0.1", &[], false)).await;
    let tls = format!("tls = {{ {} }}", certs.ca());
    for (address, protocol, chosen) in [
        (both, "auto", "h2"),
        (both, "http/1.1", "http/1.1"),
        (both, "h2", "h2"),
        (old, "auto", "http/1.1"),
        (old, "http/1.1", "http/1.1"),
    ] {
        let cluster = https(address, &format!("protocol = \"{protocol}\"\n{tls}"));
        for _ in 0..3 {
            assert_eq!(fetch(&cluster).await, (200, chosen.into()), "{protocol}");
        }
        assert_eq!(cluster.describe().connections, 1);
    }
    let insists = https(old, &format!("protocol = \"h2\"\n{tls}"));
    let (result, _) = send(&insists, get("/")).await;
    assert!(matches!(result, Err(Error::Connect(_))), "{result:?}");
}

#[tokio::test]
async fn an_upgrade_goes_by_http_1_where_both_are_spoken() {
    let certs = Certs::new();
    let both = serve(certs.server("127.0.0.1", BOTH, false)).await;
    let cluster = https(both, &format!("tls = {{ {} }}", certs.ca()));
    assert_eq!(fetch(&cluster).await.1, "h2");
    let mut request = get("/");
    request.head.upgrade = Some(Bytes::from_static(b"websocket"));
    assert_eq!(text(ok(&cluster, request).await).await, "http/1.1");
    assert_eq!(fetch(&cluster).await.1, "h2");
}

#[tokio::test]
async fn only_trusted_endpoints_of_the_right_name_are_spoken_to() {
    let (certs, others) = (Certs::new(), Certs::new());
    let named = serve(certs.server("app.internal", BOTH, false)).await;
    for (tls, trusted) in [
        (format!("{}, server_name = \"app.internal\"", certs.ca()), true),
        (certs.ca(), false),
        (format!("{}, server_name = \"app.internal\"", others.ca()), false),
    ] {
        let (result, _) = send(&https(named, &format!("tls = {{ {tls} }}")), get("/")).await;
        assert_eq!(result.is_ok(), trusted, "{tls}: {result:?}");
        if let Err(error) = result {
            assert!(
                matches!(&error, Error::Connect(what) if what.contains("certificate")),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn we_show_our_certificate_where_it_is_asked_for() {
    let certs = Certs::new();
    let (certificate, key) = certs.issue("client");
    std::fs::write(certs.path("client.pem"), certificate.pem()).unwrap();
    std::fs::write(certs.path("client.key"), key.serialize_pem()).unwrap();
    let address = serve(certs.server("127.0.0.1", &[b"http/1.1"], true)).await;
    let anonymous = https(address, &format!("tls = {{ {} }}", certs.ca()));
    assert!(send(&anonymous, get("/")).await.0.is_err());
    let keys = format!(
        "tls = {{ {}, cert = \"{}\", key = \"{}\" }}",
        certs.ca(),
        certs.path("client.pem").display(),
        certs.path("client.key").display()
    );
    assert_eq!(fetch(&https(address, &keys)).await.0, 200);
}

fn problems(tls: &str) -> Vec<(String, String)> {
    let text = format!("endpoints = [\"https://app.internal\"]\ntls = {{ {tls} }}");
    let config: config::Cluster = toml::from_str(&text).unwrap();
    Cluster::compile("test", &config, None, &Metrics::new(1)).unwrap_err()
}

#[test]
fn bad_files_are_problems_of_their_keys() {
    let certs = Certs::new();
    std::fs::write(certs.path("empty.pem"), "").unwrap();
    let (_, key) = certs.issue("client");
    std::fs::write(certs.path("other.key"), key.serialize_pem()).unwrap();
    let path = |name: &str| certs.path(name).display().to_string();
    for (tls, key) in [
        (format!("ca = \"{}\"", path("absent.pem")), "tls.ca"),
        (format!("ca = \"{}\"", path("empty.pem")), "tls.ca"),
        (format!("ca = \"{}\"", path("other.key")), "tls.ca"),
        (
            format!(
                "{}, cert = \"{}\", key = \"{}\"",
                certs.ca(),
                path("empty.pem"),
                path("other.key")
            ),
            "tls.cert",
        ),
        (
            format!(
                "{}, cert = \"{}\", key = \"{}\"",
                certs.ca(),
                path("ca.pem"),
                path("empty.pem")
            ),
            "tls.key",
        ),
        (
            format!(
                "{}, cert = \"{}\", key = \"{}\"",
                certs.ca(),
                path("ca.pem"),
                path("other.key")
            ),
            "tls.key",
        ),
        (format!("{}, server_name = \"not a name\"", certs.ca()), "tls.server_name"),
    ] {
        let found = problems(&tls);
        assert_eq!(found.len(), 1, "{tls}: {found:?}");
        assert_eq!(found[0].0, key, "{tls}: {found:?}");
    }
    let both = format!("cert = \"{}\", key = \"{}\"", path("absent.pem"), path("absent.key"));
    assert_eq!(problems(&both).len(), 2, "all at once");
}

#[tokio::test]
async fn renewed_files_of_the_same_path_are_read_again() {
    let (certs, renewed) = (Certs::new(), Certs::new());
    let address = serve(renewed.server("127.0.0.1", BOTH, false)).await;
    let keys = format!("tls = {{ {} }}", certs.ca());
    let before = https(address, &keys);
    assert!(send(&before, get("/")).await.0.is_err());
    std::fs::copy(renewed.path("ca.pem"), certs.path("ca.pem")).unwrap();
    let text = format!("endpoints = [\"https://{address}\"]\n{keys}");
    let after = compile(&text, Some(&before));
    assert_eq!(fetch(&after).await.0, 200);
    let same = compile(&text, Some(&after));
    fetch(&same).await;
    assert_eq!(same.describe().connections, 1, "what has not changed is kept");
}

#[tokio::test]
async fn large_bodies_pass_over_tls_whole() {
    const LEN: usize = 2 << 20;
    let certs = Certs::new();
    let acceptor = certs.server("127.0.0.1", &[b"http/1.1"], false);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
        let mut inbox = BytesMut::new();
        let head = loop {
            stream.read_buf(&mut inbox).await.unwrap();
            if let Some(at) = inbox.windows(4).position(|part| part == b"\r\n\r\n") {
                break at + 4;
            }
        };
        while inbox.len() < head + LEN {
            assert!(stream.read_buf(&mut inbox).await.unwrap() > 0);
        }
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {LEN}\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.write_all(&inbox[head..]).await.unwrap();
        stream.flush().await.unwrap();
        let _ = stream.read_buf(&mut inbox).await;
    });
    let cluster = https(address, &format!("tls = {{ {} }}", certs.ca()));
    let sent: Bytes = (0..LEN).map(|n| (n % 251) as u8).collect();
    let response = ok(&cluster, request(Method::PUT, "/", Body::Full(sent.clone()))).await;
    assert_eq!(response.body.collect().await.unwrap().to_bytes(), sent);
    assert_eq!(cluster.describe().endpoints[0].idle, 1);
}
