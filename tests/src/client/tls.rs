//! TLS clients.

use std::{io, net::SocketAddr, sync::Arc};

use rustls::{ClientConfig, SupportedProtocolVersion};
use rustls_pki_types::ServerName;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Client, connect};
use crate::{
    certs::{Ca, Identity, provider},
    wait::within,
};

/// A TLS client in the making: SNI `app.test`, ALPN `h2` before `http/1.1`.
#[derive(Clone)]
pub struct Tls {
    roots: Arc<rustls::RootCertStore>,
    name: String,
    alpn: Vec<Vec<u8>>,
    identity: Option<Identity>,
    versions: Vec<&'static SupportedProtocolVersion>,
}

impl Tls {
    /// Trusts this authority.
    pub fn trust(ca: &Ca) -> Self {
        Self {
            roots: Arc::new(ca.roots()),
            name: "app.test".into(),
            alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            identity: None,
            versions: vec![&rustls::version::TLS13, &rustls::version::TLS12],
        }
    }

    /// Sends this SNI and expects this name.
    pub fn name(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// Offers these protocols.
    pub fn alpn(mut self, protocols: &[&str]) -> Self {
        self.alpn = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        self
    }

    /// Shows this certificate when asked.
    pub fn identity(mut self, identity: &Identity) -> Self {
        self.identity = Some(identity.clone());
        self
    }

    /// Speaks TLS 1.2 only.
    pub fn only_1_2(mut self) -> Self {
        self.versions = vec![&rustls::version::TLS12];
        self
    }

    /// The handshake alone. TLS 1.3 clients learn that their certificate is refused only when they read.
    pub async fn handshake(&self, addr: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
        self.handshake_over(connect(addr).await).await
    }

    /// Connects and speaks what ALPN chose.
    pub async fn connect(&self, addr: SocketAddr) -> Client {
        self.connect_behind(addr, b"").await
    }

    /// As [`Tls::connect`], with these bytes before the handshake: a PROXY header.
    pub async fn connect_behind(&self, addr: SocketAddr, prefix: &[u8]) -> Client {
        let mut stream = connect(addr).await;
        stream.write_all(prefix).await.unwrap();
        let stream = self.handshake_over(stream).await.expect("a TLS handshake");
        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let mut client = if h2 {
            Client::over_h2(stream, "https").await
        } else {
            Client::over_h1(stream, "https").await
        };
        client.host.clone_from(&self.name);
        client
    }

    async fn handshake_over(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(self.name.clone()).unwrap();
        let connector = TlsConnector::from(Arc::new(self.config()));
        within("a TLS handshake", connector.connect(name, stream)).await
    }

    fn config(&self) -> ClientConfig {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_root_certificates(self.roots.clone());
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => builder
                .with_client_auth_cert(vec![identity.cert().clone()], identity.key())
                .unwrap(),
        };
        config.alpn_protocols.clone_from(&self.alpn);
        config
    }
}
