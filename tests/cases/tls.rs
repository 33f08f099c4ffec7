//! TLS on both sides: certificates by name, versions, client certificates, renewal.

use e2e::*;

const SITE: &str = "app.test";

#[tokio::test]
async fn sni_picks_the_certificate() {
    let (origin, ca) = (Origin::named("ok").await, Ca::new());
    let certs =
        [&ca.server(&["first.test"]), &ca.server(&["*.wild.test"]), &ca.server(&["a.wild.test"])];
    let proxy = Proxy::with(Config::to(&origin).tls("", &certs)).await;
    for (name, index) in [("first.test", 0), ("b.wild.test", 1), ("a.wild.test", 2)] {
        let stream = Tls::trust(&ca).name(name).handshake(proxy.http()).await.unwrap();
        let shown = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
        assert_eq!(&shown, certs[index].cert(), "{name}");
    }
    let unknown = Tls::trust(&ca).name("unknown.test").handshake(proxy.http()).await;
    assert!(unknown.unwrap_err().to_string().contains("not valid for name"));
}

#[tokio::test]
async fn the_lowest_version_is_kept() {
    let (origin, ca) = (Origin::named("ok").await, Ca::new());
    let cert = ca.server(&[SITE]);
    let open = Proxy::with(Config::to(&origin).tls("", &[&cert])).await;
    assert!(Tls::trust(&ca).only_1_2().handshake(open.http()).await.is_ok());
    let strict = Proxy::with(Config::to(&origin).tls("min = \"1.3\",", &[&cert])).await;
    assert!(Tls::trust(&ca).only_1_2().handshake(strict.http()).await.is_err());
    assert!(Tls::trust(&ca).handshake(strict.http()).await.is_ok());
}

#[tokio::test]
async fn client_certificates_are_demanded() {
    let (origin, ca, clients, others) =
        (Origin::named("ok").await, Ca::new(), Ca::new(), Ca::new());
    let keys = format!("client_ca = {:?},", clients.path());
    let proxy = Proxy::with(Config::to(&origin).tls(&keys, &[&ca.server(&[SITE])])).await;
    let tls = Tls::trust(&ca).only_1_2();
    assert!(tls.handshake(proxy.http()).await.is_err());
    assert!(tls.clone().identity(&others.client("mallory")).handshake(proxy.http()).await.is_err());
    let mut client = Tls::trust(&ca).identity(&clients.client("alice")).connect(proxy.http()).await;
    assert_eq!(client.get("/").await.text(), "ok");
    assert_eq!(origin.count(), 1);
}

#[tokio::test]
async fn client_certificates_may_be_optional() {
    let (origin, ca, clients, others) =
        (Origin::named("ok").await, Ca::new(), Ca::new(), Ca::new());
    let keys = format!("client_ca = {:?}, client_auth = \"optional\",", clients.path());
    let proxy = Proxy::with(Config::to(&origin).tls(&keys, &[&ca.server(&[SITE])])).await;
    assert_eq!(Tls::trust(&ca).connect(proxy.http()).await.get("/").await.text(), "ok");
    let wrong = Tls::trust(&ca).only_1_2().identity(&others.client("mallory"));
    assert!(wrong.handshake(proxy.http()).await.is_err());
}

#[tokio::test]
async fn a_renewed_certificate_is_picked_up() {
    let (origin, ca) = (Origin::named("ok").await, Ca::new());
    let old = ca.server(&[SITE]);
    let proxy = Proxy::with(Config::to(&origin).tls("", &[&old])).await;
    let mut kept = Tls::trust(&ca).connect(proxy.http()).await;
    let renewed = ca.server(&[SITE]);
    assert_eq!(renewed.cert_path, old.cert_path);
    eventually("the renewed certificate", async || {
        let stream = Tls::trust(&ca).handshake(proxy.http()).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0] == *renewed.cert()
    })
    .await;
    assert_eq!(kept.get("/").await.text(), "ok");
}

#[tokio::test]
async fn a_broken_renewal_keeps_the_old_certificate() {
    let (origin, ca) = (Origin::named("ok").await, Ca::new());
    let old = ca.server(&[SITE]);
    let config = Config::to(&origin).tls("", &[&old]);
    let proxy = Proxy::with(&config).await;
    certs::replace(&old.cert_path, b"garbage");
    let reply = proxy.reload(&config).await;
    assert!(!reply.status.is_success(), "{}", reply.text());
    assert_eq!(Tls::trust(&ca).connect(proxy.http()).await.get("/").await.text(), "ok");
}

#[tokio::test]
async fn a_silent_handshake_ends() {
    let (origin, ca) = (Origin::named("ok").await, Ca::new());
    let config = Config::to(&origin).tls("", &[&ca.server(&[SITE])]);
    let proxy = Proxy::with(config.listener("timeouts = { handshake = \"200ms\" }")).await;
    let mut raw = Raw::connect(proxy.http()).await;
    raw.expect_closed().await;
}

#[tokio::test]
async fn the_oldest_of_too_many_handshakes_gives_way() {
    let (origin, ca) = (Origin::named("ok").await, Ca::new());
    let config = Config::to(&origin).tls("", &[&ca.server(&[SITE])]);
    let proxy = Proxy::with(config.listener("limits = { handshakes = 2 }")).await;
    let refused = [("listener", "http"), ("reason", "handshakes")];
    let accepted = async |count| {
        let labels = [("listener", "http")];
        proxy.metric_reaches("foxtrot_connections_total", &labels, count).await;
    };
    let mut oldest = Raw::connect(proxy.http()).await;
    accepted(1.0).await;
    let silent = Raw::connect(proxy.http()).await;
    accepted(2.0).await;
    let mut honest = Tls::trust(&ca).connect(proxy.http()).await;
    assert_eq!(honest.get("/").await.text(), "ok");
    oldest.expect_closed().await;
    // What has shaken hands is no handshake any more: there is room for another.
    assert_eq!(Tls::trust(&ca).connect(proxy.http()).await.get("/").await.text(), "ok");
    assert!(silent.is_quiet());
    assert_eq!(proxy.metric("foxtrot_connections_refused_total", &refused).await, 1.0);
    assert_eq!(honest.get("/").await.text(), "ok");
}

#[tokio::test]
async fn origins_are_spoken_to_over_tls() {
    let (ca, others) = (Ca::new(), Ca::new());
    for (alpn, version) in
        [(&["h2", "http/1.1"][..], Version::HTTP_2), (&["http/1.1"], Version::HTTP_11)]
    {
        let origin = Origin::echo_tls(&ca.server(&["localhost"]), alpn).await;
        let proxy =
            Proxy::with(Config::to(&origin).cluster(format!("tls = {{ ca = {:?} }}", ca.path())))
                .await;
        assert_eq!(proxy.client().await.get("/").await.status, 200);
        assert_eq!(origin.request(0).await.version, version);
        let distrust = format!("tls = {{ ca = {:?} }}", others.path());
        let proxy = Proxy::with(Config::to(&origin).cluster(distrust)).await;
        assert_eq!(proxy.client().await.get("/").await.status, 502);
    }
}

#[tokio::test]
async fn the_name_of_an_origin_is_verified() {
    let ca = Ca::new();
    let origin = Origin::echo_tls(&ca.server(&["internal.test"]), &["http/1.1"]).await;
    let tls = |more| format!("tls = {{ ca = {:?}{more} }}", ca.path());
    let proxy = Proxy::with(Config::to(&origin).cluster(tls(""))).await;
    assert_eq!(proxy.client().await.get("/").await.status, 502);
    let proxy =
        Proxy::with(Config::to(&origin).cluster(tls(", server_name = \"internal.test\""))).await;
    assert_eq!(proxy.client().await.get("/").await.status, 200);
}
