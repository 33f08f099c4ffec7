//! Connections: source addresses, TCP, TLS.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
};

use nix::sys::socket::{setsockopt, sockopt};
use rustls::{
    ClientConfig, RootCertStore,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::Broken;
use crate::{
    record::Failure,
    scenario::{Protocol, Target, Trust},
};

/// Where connections of a class go, and how.
#[derive(Clone)]
pub struct Endpoint {
    address: SocketAddr,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    h2: bool,
    /// Bytes that the system may hold for a client that has not read them; `None` leaves it to the system.
    receive_buffer: Option<u32>,
}

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// In the clear.
    Plain(TcpStream),
    /// Over TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Endpoint {
    /// An endpoint; reads the certificates that are trusted.
    pub fn new(target: &Target, protocol: Protocol, trust: &Trust) -> io::Result<Self> {
        let h2 = protocol == Protocol::Http2;
        let tls = if target.tls {
            let name = ServerName::try_from(target.host.clone()).map_err(io::Error::other)?;
            let mut config = client_config(trust)?;
            config.alpn_protocols = vec![if h2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
            Some((Arc::new(config), name))
        } else {
            None
        };
        Ok(Self { address: target.address, tls, h2, receive_buffer: None })
    }

    /// The endpoint for clients that read slowly: the system holds little for them, so that the server has to.
    #[must_use]
    pub fn with_receive_buffer(self, bytes: u32) -> Self {
        Self { receive_buffer: Some(bytes), ..self }
    }

    /// The endpoint for clients that are new every time: each handshake is a whole one.
    #[must_use]
    pub fn without_resumption(mut self) -> Self {
        if let Some((config, _)) = &mut self.tls {
            Arc::make_mut(config).resumption = Resumption::disabled();
        }
        self
    }

    /// Opens a connection, from a source address if one is given.
    pub async fn connect(&self, source: Option<IpAddr>) -> Result<Stream, Broken> {
        let refused = |cause| Broken { failure: Failure::Connect, cause };
        let stream = self.tcp(source).await.map_err(refused)?;
        let Some((config, name)) = &self.tls else { return Ok(Stream::Plain(stream)) };
        let connector = TlsConnector::from(Arc::clone(config));
        let stream = connector.connect(name.clone(), stream).await;
        let stream = stream.map_err(|cause| Broken { failure: Failure::Tls, cause })?;
        if self.h2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(Broken::new(Failure::Tls, "the server did not choose HTTP/2"));
        }
        Ok(Stream::Tls(Box::new(stream)))
    }

    async fn tcp(&self, source: Option<IpAddr>) -> io::Result<TcpStream> {
        let socket = match self.address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_nodelay(true)?;
        if let Some(bytes) = self.receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        if let Some(source) = source {
            // Leaves the port to `connect`, which may share it between destinations: bind alone would run out of ports.
            setsockopt(&socket, sockopt::IpBindAddressNoPort, &true)?;
            socket.bind(SocketAddr::new(source, 0))?;
        }
        socket.connect(self.address).await
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }
}

fn client_config(trust: &Trust) -> io::Result<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::Anyone => {
            let verifier = Arc::new(Anyone(provider));
            let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
            return Ok(builder.with_no_client_auth());
        }
        Trust::System => {
            // What of the system's store cannot be read is not trusted, which shows when it is needed.
            let found = rustls_native_certs::load_native_certs().certs;
            let _ = roots.add_parsable_certificates(found);
        }
        Trust::File(path) => {
            let unread = |error| io::Error::other(format!("{}: {error}", path.display()));
            for certificate in CertificateDer::pem_file_iter(path).map_err(unread)? {
                roots.add(certificate.map_err(unread)?).map_err(io::Error::other)?;
            }
        }
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Takes every certificate, but no wrong signature: the handshake costs what it costs in earnest.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
