//! Connections: kept or not, from many addresses, over TLS, as HTTP/2.

use std::{fs, sync::Arc};

use rcgen::generate_simple_self_signed;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    origin::{Manner, Origin},
    run, run_at,
};

#[test]
fn without_keep_alive_every_request_has_its_connection() {
    let origin = Origin::plain();
    let text = |load: &str| {
        format!(
            "target = \"{{}}\"\n[[phase]]\nfor = \"300ms\"\n{load}\n[client.a]\nkeepalive = false"
        )
    };
    let report = run(&text("rate = \"200/s\""), &origin);
    assert_eq!((report.total.answered, origin.connections()), (60, 60));
    let report = run(&text("connections = 3"), &origin);
    assert_eq!(report.total.answered as usize, origin.connections() - 60);
}

#[test]
fn requests_come_from_as_many_addresses_as_asked_for() {
    for load in
        ["rate = \"100/s\"", "connections = 30", "rate = \"100/s\"\n[client.b]\nkeepalive = false"]
    {
        let origin = Origin::plain();
        let text = format!(
            "target = \"{{}}\"\nthreads = 2\n[[phase]]\nfor = \"500ms\"\n{load}\n[client.a]\nconnections_max = 8\n\
             sources = {{ from = \"127.1.2.0/24\", count = 20 }}"
        );
        let report = run(&text, &origin);
        assert_eq!(report.total.failed, 0, "{:?}", report.total.causes);
        let sources = origin.seen.sources.lock().unwrap();
        let seen = sources.iter().filter(|a| a.to_string().starts_with("127.1.2.")).count();
        assert_eq!(seen, 20, "{load}: {sources:?}");
    }
}

#[test]
fn bodies_arrive_whole() {
    let origin = Origin::plain();
    let text = r#"
        target = "{}"
        [[phase]]
        for = "300ms"
        rate = "100/s"
        [client.a]
        requests = [{ method = "POST", path = "/up", body_size = "1MiB" }, { path = "/big" }]
    "#;
    let report = run(text, &origin);
    assert_eq!((report.total.answered, report.total.failed), (30, 0));
    assert!(origin.seen.bodies.lock().unwrap().contains(&(1 << 20)));
    assert!(report.total.bytes > 10 * 4_000_000, "{}", report.total.bytes);
}

#[test]
fn http2_shares_connections_between_streams() {
    let origin = Origin::start(Manner { h2: true, ..Manner::default() });
    let text = r#"
        target = "{}"
        [[phase]]
        for = "500ms"
        rate = "400/s"
        [[phase]]
        name = "closed"
        for = "300ms"
        connections = 2
        [client.a]
        protocol = "h2"
        streams_max = 8
        requests = [{ path = "/" }, { path = "/busy" }, { method = "PUT", path = "/up", body_size = "100KiB" }]
    "#;
    let report = run(text, &origin);
    let (open, closed) = (&report.phases[0].summary, &report.phases[1].summary);
    assert_eq!((open.answered, report.total.failed), (200, 0), "{:?}", report.total.causes);
    assert!(open.statuses[&503].abs_diff(67) <= 4, "{:?}", open.statuses);
    assert!(closed.answered > 50, "{closed:?}");
    assert!(origin.connections() <= 20, "{}", origin.connections());
    assert!(origin.seen.bodies.lock().unwrap().contains(&(100 << 10)));
}

#[test]
fn http2_streams_time_out_one_by_one() {
    let origin = Origin::start(Manner { h2: true, ..Manner::default() });
    let text = r#"
        target = "{}"
        [[phase]]
        for = "500ms"
        rate = "100/s"
        [client.a]
        protocol = "h2"
        timeout = "200ms"
        requests = [{ path = "/" }, { path = "/hang" }]
    "#;
    let report = run(text, &origin);
    assert_eq!(report.total.failures.keys().collect::<Vec<_>>(), [&"timeout"]);
    assert!(report.total.failed.abs_diff(25) <= 2 && report.total.answered.abs_diff(25) <= 2);
}

#[test]
fn http2_spoken_to_a_server_that_does_not_is_a_failure() {
    let report = run(
        "target = \"{}\"\n[[phase]]\nfor = \"200ms\"\nrate = \"50/s\"\n[client.a]\nprotocol = \"h2\"\ntimeout = \"1s\"",
        &Origin::plain(),
    );
    assert_eq!((report.total.requests, report.total.answered), (10, 0));
}

#[test]
fn tls_is_verified_unless_told_otherwise() {
    let signed = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, signed.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der()));
    let certificate = CertificateDer::from(signed.cert.der().to_vec());
    for (protocol, alpn) in [("h1", "http/1.1"), ("h2", "h2")] {
        let tls = Some(acceptor(certificate.clone(), key.clone_key(), alpn));
        let origin = Origin::start(Manner { tls, h2: protocol == "h2", ..Manner::default() });
        let target = format!("https://localhost:{}", origin.address.port());
        for (trust, answered) in [
            (format!("ca = \"{}\"", ca.display()), 20),
            ("insecure = true".to_owned(), 20),
            (String::new(), 0),
        ] {
            let text = format!(
                "target = \"{{}}\"\n[tls]\n{trust}\n[[phase]]\nfor = \"200ms\"\nrate = \"100/s\"\n[client.a]\nprotocol = \"{protocol}\""
            );
            let report = run_at(&text, &target);
            assert_eq!(
                report.total.answered, answered,
                "{protocol} {trust}: {:?}",
                report.total.causes
            );
            assert_eq!(report.total.failures.get("tls").copied().unwrap_or(0), 20 - answered);
        }
    }
}

#[test]
fn a_flood_of_handshakes_shakes_hands() {
    let signed = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der()));
    let tls = Some(acceptor(CertificateDer::from(signed.cert.der().to_vec()), key, "http/1.1"));
    let origin = Origin::start(Manner { tls, ..Manner::default() });
    let text = "target = \"{}\"\ntls.insecure = true\n[[phase]]\nfor = \"600ms\"\nrate = \"10/s\"\n\
        [client.good]\n[client.bad]\n\
        flood = { kind = \"handshake\", connections = 2, rate = \"100/s\" }\n\
        assert = [\"requests >= 10\", \"no_errors\"]";
    let report = run_at(text, &format!("https://localhost:{}", origin.address.port()));
    assert!(report.passed, "{:?}", report.assertions);
    let bad = &report.classes[1].summary;
    assert_eq!(bad.flood.as_ref().unwrap().units, bad.requests, "{bad:?}");
}

fn acceptor(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    alpn: &str,
) -> TlsAcceptor {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    TlsAcceptor::from(Arc::new(config))
}
