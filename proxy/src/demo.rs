//! `foxtrot demo`: the main job on one machine, with nothing to set up.
//!
//! Two origins in this process, one blue and one green, a proxy in front of them, and a configuration in a temporary folder
//! that can be edited while it is watched.

use std::{fs, io::Write as _, net::SocketAddr, path::PathBuf};

use anyhow::Context as _;
use http::{HeaderValue, Request, Response, header::CONTENT_TYPE};
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::{config::Colour, server::Server};

/// Serves the demonstration until it is interrupted.
///
/// # Errors
/// A port is taken, or the temporary folder cannot be written.
pub async fn run() -> anyhow::Result<()> {
    let blue = origin(Colour::Blue).await?;
    let green = origin(Colour::Green).await?;
    let path = write_config(blue, green)?;
    let server = Server::start(path.clone()).await?;
    tell(&path)?;
    server.run().await;
    // The folder is ours, and in the temporary one anyway.
    let _ = path.parent().map(fs::remove_dir_all);
    Ok(())
}

fn write_config(blue: SocketAddr, green: SocketAddr) -> anyhow::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("foxtrot-demo-{}", std::process::id()));
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join("foxtrot.toml");
    let text = include_str!("../../conf/demo.toml")
        .replace("127.0.0.1:8081", &blue.to_string())
        .replace("127.0.0.1:8082", &green.to_string());
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn tell(path: &std::path::Path) -> std::io::Result<()> {
    let path = path.display();
    writeln!(
        std::io::stdout().lock(),
        "\
foxtrot serves on http://127.0.0.1:8080, its dashboard on http://127.0.0.1:9901

Try:
  curl http://127.0.0.1:8080/
  curl -H 'x-colour: green' http://127.0.0.1:8080/
  curl http://127.0.0.1:9901/status

Watch a flip: start this,
  while sleep 0.2; do curl -s http://127.0.0.1:8080/ -H \"x-user-id: $RANDOM\"; done
and change the weights in another terminal:
  sed -i 's/^weights = .*/weights = {{ blue = 0, green = 100 }}/' {path}

End with Ctrl-C."
    )
}

/// An origin that says its colour.
async fn origin(colour: Colour) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, colour));
        }
    });
    Ok(address)
}

async fn serve(stream: TcpStream, colour: Colour) -> hyper::Result<()> {
    let service = service_fn(move |request| answer(request, colour));
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
}

async fn answer(request: Request<Incoming>, colour: Colour) -> hyper::Result<Response<String>> {
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        frame?;
    }
    let mut response = Response::new(format!("hello from {colour}\n"));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response.headers_mut().insert("x-origin", HeaderValue::from_static(colour.as_str()));
    Ok(response)
}
