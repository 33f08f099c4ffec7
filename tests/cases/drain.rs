//! The end of a process: readiness goes off first, what is in flight finishes, and the exit code is 0.

use e2e::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const PATIENT: &str = "[drain]\ndelay = \"1s\"\ndeadline = \"5s\"";

#[tokio::test]
async fn an_idle_proxy_ends_at_once() {
    let origin = Origin::named("ok").await;
    let mut proxy = Proxy::to(&origin).await;
    let begun = Instant::now();
    proxy.signal("TERM");
    assert_eq!(proxy.wait_exit().await.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn interrupt_ends_it_as_well() {
    let origin = Origin::named("ok").await;
    let mut proxy = Proxy::to(&origin).await;
    proxy.signal("INT");
    assert_eq!(proxy.wait_exit().await.code(), Some(0));
}

#[tokio::test]
async fn readiness_goes_off_while_requests_are_still_served() {
    let origin = Origin::named("ok").await;
    let mut proxy = Proxy::with(Config::to(&origin).more(PATIENT)).await;
    assert_eq!(proxy.admin("GET", "/readyz").await.status, 200);
    proxy.signal("TERM");
    eventually("readyz says 503", async || proxy.admin("GET", "/readyz").await.status == 503).await;
    assert_eq!(proxy.admin("GET", "/livez").await.status, 200);
    assert_eq!(proxy.client().await.get("/").await.status, 200);
    assert_eq!(proxy.wait_exit().await.code(), Some(0));
}

#[tokio::test]
async fn a_request_in_flight_finishes() {
    let origin = Origin::slow(Duration::from_secs(1)).await;
    let mut proxy = Proxy::to(&origin).await;
    let mut client = proxy.client().await;
    let stop = async {
        origin.request(0).await;
        proxy.signal("TERM");
    };
    let (reply, ()) = tokio::join!(client.get("/"), stop);
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "slow"));
    assert_eq!(proxy.wait_exit().await.code(), Some(0));
}

#[tokio::test]
async fn a_body_in_flight_finishes() {
    let (sender, body) = body::channel();
    let body = std::sync::Mutex::new(Some(body));
    let origin = Origin::new(move |_| {
        let body = body.lock().unwrap().take().unwrap();
        async { Response::new(body) }
    })
    .await;
    let mut proxy = Proxy::to(&origin).await;
    let mut client = proxy.h2c().await;
    assert!(sender.send("one ").await);
    let response = client.request("GET", "/").open().await.unwrap();
    proxy.signal("TERM");
    assert!(sender.send("two").await);
    drop(sender);
    assert_eq!(within("the body", Reply::read(response)).await.unwrap().text(), "one two");
    drop(client);
    assert_eq!(proxy.wait_exit().await.code(), Some(0));
}

#[tokio::test]
async fn kept_connections_are_asked_to_close() {
    let origin = Origin::named("ok").await;
    let mut proxy = Proxy::with(Config::to(&origin).more(PATIENT)).await;
    let (idle, h2) = (proxy.client().await, proxy.h2c().await);
    proxy.signal("TERM");
    idle.closed().await;
    h2.closed().await;
    assert_eq!(proxy.wait_exit().await.code(), Some(0));
}

#[tokio::test]
async fn no_new_connection_is_taken_after_the_delay() {
    let origin = Origin::silent().await;
    let proxy = Proxy::with(Config::to(&origin).more("[drain]\ndeadline = \"8s\"")).await;
    let mut client = proxy.client().await;
    let call = client.request("GET", "/");
    let stop = async {
        origin.request(0).await;
        proxy.signal("TERM");
        let address = proxy.http();
        eventually("connections to be refused", async || {
            TcpStream::connect(address).await.is_err()
        })
        .await;
    };
    tokio::select! {
        _ = call.try_send() => panic!("the request ended before new connections were refused"),
        () = stop => {}
    }
}

#[tokio::test]
async fn the_deadline_cuts_what_is_left() {
    let (endless, tunnel) = (Origin::endless().await, Origin::tunnel().await);
    let routes = format!(
        "[clusters.tunnel]\nendpoints = [\"{}\"]\n[[routes]]\nmatch = {{ path = \"/ws\" }}\nto = \"cluster:tunnel\"\n\
         [drain]\ndeadline = \"500ms\"",
        tunnel.url()
    );
    let mut proxy = Proxy::with(Config::to(&endless).more(routes)).await;
    let mut client = proxy.client().await;
    let _body = client.request("GET", "/").open().await.unwrap();
    let (_, mut socket) = proxy.client().await.request("GET", "/ws").upgrade().await;
    socket.write_all(b"x").await.unwrap();
    within("the echo", socket.read_exact(&mut [0])).await.unwrap();
    let begun = Instant::now();
    proxy.signal("TERM");
    assert_eq!(proxy.wait_exit().await.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_listener_that_was_removed_before_drains_as_well() {
    let origin = Origin::slow(Duration::from_secs(1)).await;
    let more = "[listeners.extra]\nlisten = \"127.0.0.1:0\"";
    let mut proxy = Proxy::with(Config::to(&origin).more(more)).await;
    let mut client = Client::h1(proxy.addr("extra")).await;
    let stop = async {
        origin.request(0).await;
        proxy.reload_ok(Config::to(&origin)).await;
        proxy.signal("TERM");
    };
    let (reply, ()) = tokio::join!(client.get("/"), stop);
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "slow"));
    assert_eq!(proxy.wait_exit().await.code(), Some(0));
}
