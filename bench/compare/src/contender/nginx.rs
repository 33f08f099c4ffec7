//! nginx, with libmodsecurity where its connector is installed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use nix::unistd::geteuid;

use super::{Contender, Fit, NO_CRS, Site};
use crate::{
    process::first_line,
    scenario::{Protocol, Setup},
    template::{Fact, text},
};

/// nginx.
pub(super) struct Nginx {
    pub(super) version: String,
    /// The connector.
    pub(super) modsecurity: Option<&'static str>,
    pub(super) crs: Option<PathBuf>,
}

impl Nginx {
    pub(super) fn find(crs: Option<&Path>) -> Option<Box<dyn Contender>> {
        let own = first_line("nginx", &["-v"])?.replace("nginx version: ", "");
        let modsecurity = MODULES.into_iter().find(|path| Path::new(path).exists());
        let library = modsecurity.and_then(|_| library());
        let version = library.map_or(own.clone(), |library| format!("{own} with {library}"));
        Some(Box::new(Self { version, modsecurity, crs: crs.map(Path::to_owned) }))
    }
}

impl Contender for Nginx {
    fn name(&self) -> &'static str {
        "nginx"
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn fit(&self, setup: &Setup) -> Fit {
        match (setup.waf, self.modsecurity, &self.crs) {
            _ if setup.upstream == Protocol::Http2 => Fit::Lacks("speaks no HTTP/2 to upstreams"),
            (true, None, _) => Fit::Lacks("is installed without its ModSecurity module"),
            (true, _, None) => NO_CRS,
            _ => Fit::Fits,
        }
    }

    fn command(&self, site: &Site) -> anyhow::Result<Vec<PathBuf>> {
        let mut facts = site.facts();
        facts.extend([
            ("root", Fact::Flag(geteuid().is_root())),
            // Of all endpoints together, so that each keeps one.
            ("keepalive", text(site.setup.endpoints + 128)),
            ("modsecurity", text(self.modsecurity.unwrap_or_default())),
        ]);
        if let Some(crs) = &self.crs {
            facts.insert("crs", text(crs.display()));
        }
        if site.setup.waf {
            let template = include_str!("../../contenders/modsecurity.conf");
            site.write("modsecurity.conf", template, &facts)?;
        }
        let config =
            site.write("nginx.conf", include_str!("../../contenders/nginx.conf"), &facts)?;
        Ok(vec!["nginx".into(), "-e".into(), "stderr".into(), "-c".into(), config])
    }
}

/// The name of the library's file, which ends with its version.
fn library() -> Option<String> {
    let folders = fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    folders.chain([PathBuf::from("/usr/local/modsecurity/lib")]).find_map(|folder| {
        let file = fs::canonicalize(folder.join("libmodsecurity.so.3")).ok()?;
        Some(file.file_name()?.to_string_lossy().into_owned())
    })
}

const MODULES: [&str; 2] = [
    "/usr/lib/nginx/modules/ngx_http_modsecurity_module.so",
    "/usr/share/nginx/modules/ngx_http_modsecurity_module.so",
];
