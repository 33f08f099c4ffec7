//! Listeners: addresses that collide, deadlines and limits that can have no effect.

use std::net::SocketAddr;

use super::{Bound, Config, Duration, Found, KeyPath, path};
use crate::config::{
    BodyRate, Listener, ListenerLimits, ListenerTimeouts, ListenerTls, Protocol, Size,
};

pub(super) fn check(config: &Config, found: &mut Found) {
    for (name, listener) in &config.listeners {
        let at = path!["listeners", name];
        found.name(at.clone(), name);
        tls(&at.join("tls"), listener.tls.as_ref(), found);
        timeouts(&at.join("timeouts"), listener, found);
        limits(&at.join("limits"), listener, found);
        if let Some(proxy) = &listener.proxy_protocol {
            found.duplicates(&at.join("proxy_protocol").join("from"), &proxy.from);
        }
    }
    addresses(config, found);
}

fn addresses(config: &Config, found: &mut Found) {
    let mut taken = vec![("admin".to_owned(), config.admin.listen)];
    for (name, listener) in &config.listeners {
        let address = listener.listen;
        if let Some((owner, other)) = taken.iter().find(|(_, other)| collide(*other, address)) {
            found.value(
                path!["listeners", name, "listen"],
                format!("{address} collides with {other} of `{owner}`"),
            );
        }
        taken.push((format!("listeners.{name}"), address));
    }
}

/// Whether two sockets would want the same connections. `[::]` takes IPv6 only.
fn collide(a: SocketAddr, b: SocketAddr) -> bool {
    let same_ip = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() == b.port() && a.port() != 0 && a.is_ipv4() == b.is_ipv4() && same_ip
}

fn tls(at: &KeyPath, tls: Option<&ListenerTls>, found: &mut Found) {
    let Some(tls) = tls else { return };
    if tls.client_auth.is_some() && tls.client_ca.is_none() {
        found.idle(at.join("client_auth"), "no certificate is asked for without `client_ca`");
    }
    for (index, pair) in tls.certs.iter().enumerate() {
        if tls.certs[..index].contains(pair) {
            found.value(at.join("certs").join(index), "this certificate is listed twice");
        }
    }
}

fn timeouts(at: &KeyPath, listener: &Listener, found: &mut Found) {
    let (t, default) = (&listener.timeouts, ListenerTimeouts::default());
    found.nonzero(
        at,
        [
            ("handshake", t.handshake),
            ("first_byte", t.first_byte),
            ("header", t.header),
            ("idle", t.idle),
            ("request", t.request),
            ("write", t.write),
            ("tunnel_idle", t.tunnel_idle),
        ],
    );
    let header = Bound { key: "header", value: t.header, default: default.header };
    found.at_most(at, header, ("request", t.request));
    let shakes = listener.tls.is_some() || listener.proxy_protocol.is_some();
    if !shakes && t.handshake != default.handshake {
        found.idle(at.join("handshake"), "the listener has neither `tls` nor `proxy_protocol`");
    }
    body_rate(&at.join("body"), t.body.clone(), found);
}

fn body_rate(at: &KeyPath, body: BodyRate, found: &mut Found) {
    let off = body.min_rate.0 == 0;
    if off && body.grace != BodyRate::default().grace {
        found.idle(at.join("grace"), "`min_rate` is zero, which turns the check off");
    }
    if !off && body.grace == Duration::default() {
        found.value(at.join("grace"), "must be longer than zero, or no body arrives in time");
    }
}

fn limits(at: &KeyPath, listener: &Listener, found: &mut Found) {
    let (limits, default) = (&listener.limits, ListenerLimits::default());
    let (least, most) = (Size(256), Size(16 << 20));
    if limits.header_bytes < least || limits.header_bytes > most {
        let message = format!("expected {least} to {most}, found {}", limits.header_bytes);
        found.value(at.join("header_bytes"), message);
    }
    for (key, value, default) in [
        ("streams", limits.streams, default.streams),
        ("glitches", limits.glitches, default.glitches),
        ("glitches_per_second", limits.glitches_per_second, default.glitches_per_second),
    ] {
        if value != default && !listener.protocols.contains(&Protocol::H2) {
            found.idle(at.join(key), "the listener does not offer \"h2\"");
        }
    }
    if limits.handshakes != default.handshakes && listener.tls.is_none() {
        found.idle(at.join("handshakes"), "the listener has no `tls`");
    }
    let per_ip = limits.connections_per_ip;
    if per_ip > limits.connections && per_ip != default.connections_per_ip {
        let why = format!("`connections` allows only {} in all", limits.connections);
        found.idle(at.join("connections_per_ip"), &why);
    }
}
