//! Calls to the admin server: one connection per call, over HTTP/1.1.

use std::{env, fmt, fs, path::Path, str::FromStr, time::Duration};

use bytes::Bytes;
use foxtrot_api::ApiError;
use http::{Method, Request, StatusCode, Uri, header, uri::Authority};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{net::TcpStream, time};

use crate::failure::Failure;

/// Where a server is.
#[derive(Debug, Clone)]
pub(crate) struct Address(Authority);

/// The admin server.
#[derive(Debug)]
pub(crate) struct Admin {
    address: Address,
    token: Option<String>,
}

/// An answer: what it says, and the bytes that say so.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    pub(crate) value: T,
    pub(crate) body: Bytes,
}

/// To make a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(3);

/// To the end of the answer; the server gives up on a call after 30 s.
const CALL_TIME_MAX: Duration = Duration::from_secs(35);

/// A scrape of many clusters is a few MiB.
const BODY_BYTES_MAX: usize = 64 << 20;

/// Environment variable that holds the token.
const TOKEN_VARIABLE: &str = "FOXTROT_ADMIN_TOKEN";

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected a URL such as http://127.0.0.1:9901".to_owned();
        let uri: Uri = text.parse().map_err(|_| expected())?;
        let plain = uri.scheme_str() == Some("http") && matches!(uri.path(), "" | "/");
        let authority = uri.authority().filter(|_| plain && uri.query().is_none());
        authority.filter(|at| !at.as_str().contains('@')).cloned().map(Self).ok_or_else(expected)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}

impl Address {
    /// Name or address, without the brackets of IPv6.
    pub(crate) fn host(&self) -> &str {
        let host = self.0.host();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    /// Port, by default that of HTTP.
    pub(crate) fn port(&self) -> u16 {
        self.0.port_u16().unwrap_or(80)
    }
}

/// The token of a file, else of the environment, else none.
pub(crate) fn token(file: Option<&Path>) -> Result<Option<String>, Failure> {
    let text = match file {
        Some(path) => Some(fs::read_to_string(path).map_err(|error| {
            Failure::Usage(format!("--token-file: cannot read {}: {error}", path.display()))
        })?),
        None => env::var(TOKEN_VARIABLE).ok(),
    };
    Ok(text.map(|text| text.trim().to_owned()).filter(|token| !token.is_empty()))
}

impl Admin {
    /// The server at an address.
    pub(crate) fn new(address: Address, token: Option<String>) -> Self {
        Self { address, token }
    }

    /// Where it is.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Asks for something that is no JSON.
    pub(crate) async fn text(&self, path: &str) -> Result<String, Failure> {
        match self.call(Method::GET, path, Bytes::new()).await? {
            (StatusCode::OK, body) => String::from_utf8(body.into())
                .map_err(|_| Failure::Failed(format!("{}{path} is no text", self.address))),
            (status, body) => Err(self.refused(status, &body)),
        }
    }

    /// Asks for something.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>, Failure> {
        match self.call(Method::GET, path, Bytes::new()).await? {
            (StatusCode::OK, body) => self.read(body),
            (status, body) => Err(self.refused(status, &body)),
        }
    }

    /// Asks for a change. A change that is refused for what it is, and not for how it was asked for, is an answer.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>, Failure> {
        match self.call(Method::POST, path, Bytes::new()).await? {
            (StatusCode::OK | StatusCode::UNPROCESSABLE_ENTITY, body) => self.read(body),
            (status, body) => Err(self.refused(status, &body)),
        }
    }

    /// Asks for a change that takes more words.
    pub(crate) async fn post_json<T: DeserializeOwned>(
        &self,
        path: &str,
        change: &impl Serialize,
    ) -> Result<Answer<T>, Failure> {
        let change = serde_json::to_vec(change)
            .map_err(|error| Failure::Usage(format!("cannot be asked for: {error}")))?;
        match self.call(Method::POST, path, change.into()).await? {
            (StatusCode::OK, body) => self.read(body),
            (status, body) => Err(self.refused(status, &body)),
        }
    }

    /// Asks for something to be taken away.
    pub(crate) async fn delete<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Answer<T>, Failure> {
        match self.call(Method::DELETE, path, Bytes::new()).await? {
            (StatusCode::OK, body) => self.read(body),
            (status, body) => Err(self.refused(status, &body)),
        }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), Failure> {
        let request = self.request(method, path, body)?;
        let exchange = async {
            let stream = self.connect().await?;
            exchange(stream, request).await.map_err(|error| self.unreachable(error))
        };
        match time::timeout(CALL_TIME_MAX, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(self.unreachable("no answer in time")),
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.0.as_str())
            .header(header::USER_AGENT, concat!("foxctl/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        // Only the token is not ours.
        request.body(Full::new(body)).map_err(|_| {
            Failure::Usage("the token holds characters that no header can carry".to_owned())
        })
    }

    async fn connect(&self) -> Result<TcpStream, Failure> {
        let at = (self.address.host(), self.address.port());
        match time::timeout(CONNECT_TIME_MAX, TcpStream::connect(at)).await {
            Ok(stream) => stream.map_err(|error| self.unreachable(error)),
            Err(_) => Err(self.unreachable("no connection in time")),
        }
    }

    fn unreachable(&self, why: impl std::fmt::Display) -> Failure {
        Failure::Unreachable(format!("admin server at {}: {why}", self.address))
    }

    fn refused(&self, status: StatusCode, body: &[u8]) -> Failure {
        let why = serde_json::from_slice::<ApiError>(body)
            .map_or_else(|_| format!("is it foxtrot's at {}?", self.address), |body| body.error);
        let hint = match status {
            StatusCode::UNAUTHORIZED => "; give it with --token-file or FOXTROT_ADMIN_TOKEN",
            _ => "",
        };
        Failure::Failed(format!("admin server answered {status}: {why}{hint}"))
    }

    fn read<T: DeserializeOwned>(&self, body: Bytes) -> Result<Answer<T>, Failure> {
        let value = serde_json::from_slice(&body).map_err(|error| {
            let at = &self.address;
            Failure::Failed(format!(
                "admin server at {at} answered otherwise than foxtrot does: {error}"
            ))
        })?;
        Ok(Answer { value, body })
    }
}

async fn exchange(
    stream: TcpStream,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Its error comes out of the sender as well.
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await?.to_bytes();
    Ok((head.status, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_scheme_host_and_port() {
        for url in ["http://127.0.0.1:9901", "http://[::1]:9901/", "http://admin.internal"] {
            assert!(url.parse::<Address>().is_ok(), "{url}");
        }
        for url in [
            "",
            "127.0.0.1:9901",
            "https://127.0.0.1:9901",
            "http://127.0.0.1:9901/status",
            "http://127.0.0.1:9901/?a",
            "http://user@127.0.0.1:9901",
        ] {
            assert!(url.parse::<Address>().is_err(), "{url}");
        }
    }
}
