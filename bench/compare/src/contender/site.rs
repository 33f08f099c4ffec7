//! What a contender is given, and the facts for its templates.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use super::Certificate;
use crate::{
    origin::Ports,
    scenario::{Front, Protocol, Setup, route_path},
    template::{self, Fact, Facts, text},
};

/// Where a contender lives and what it has to do.
pub struct Site<'s> {
    /// Its folder, to begin with empty but for [`Site::logs`].
    pub home: &'s Path,
    /// What it has to do.
    pub setup: &'s Setup,
    /// Port of the listener in the clear.
    pub clear: u16,
    /// Port of the listener with TLS.
    pub tls: u16,
    /// The upstreams.
    pub origin: Ports,
    /// What the listener with TLS shows.
    pub certificate: &'s Certificate,
}

impl Site<'_> {
    /// Where it is to listen for these clients.
    pub fn address(&self, front: Front) -> SocketAddr {
        listener(if front == Front::Tls { self.tls } else { self.clear })
    }

    /// The folder for what it writes while it runs: some watch that of their configuration.
    pub fn logs(&self) -> PathBuf {
        self.home.join("logs")
    }

    /// Fills a template in and writes it to the folder; its path.
    pub fn write(&self, name: &str, template: &str, facts: &Facts) -> anyhow::Result<PathBuf> {
        let path = self.home.join(name);
        fs::write(&path, template::render(template, facts)?)?;
        Ok(path)
    }

    /// What all templates may use.
    pub fn facts(&self) -> Facts {
        let setup = self.setup;
        let h2 = setup.upstream == Protocol::Http2;
        let many = setup.routes > 1;
        let routes = (0..setup.routes).filter(|_| many).map(route);
        let endpoints = (0..setup.endpoints).map(|index| endpoint(index, self.upstream(index)));
        let shadow = self.origin.shadow();
        Facts::from([
            ("home", text(self.home.display())),
            ("logs", text(self.logs().display())),
            ("clear", text(listener(self.clear))),
            ("clear_port", text(self.clear)),
            ("tls", text(listener(self.tls))),
            ("tls_port", text(self.tls)),
            ("cert", text(self.certificate.cert().display())),
            ("key", text(self.certificate.key().display())),
            ("pem", text(self.certificate.both().display())),
            ("endpoints", Fact::List(endpoints.collect())),
            ("upstream_h2", Fact::Flag(h2)),
            ("shadow", text(shadow)),
            ("shadow_host", text(shadow.ip())),
            ("shadow_port", text(shadow.port())),
            ("routes", Fact::List(routes.collect())),
            ("many_routes", Fact::Flag(many)),
            ("waf", Fact::Flag(setup.waf)),
            ("mirror", Fact::Flag(setup.mirror)),
            ("access_log", Fact::Flag(setup.access_log)),
            ("rate_limit", Fact::Flag(setup.rate_limit)),
        ])
    }

    fn upstream(&self, index: usize) -> SocketAddr {
        match self.setup.upstream {
            Protocol::Http1 => self.origin.http1(index),
            Protocol::Http2 => self.origin.http2(),
        }
    }
}

fn listener(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn route(index: usize) -> Facts {
    Facts::from([("path", text(route_path(index)))])
}

fn endpoint(index: usize, address: SocketAddr) -> Facts {
    Facts::from([
        ("index", text(index)),
        ("address", text(address)),
        ("host", text(address.ip())),
        ("port", text(address.port())),
    ])
}
