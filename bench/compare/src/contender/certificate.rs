//! The certificate that all contenders show, made for a run.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// A certificate and its key, as files in a folder that ends with it.
pub struct Certificate(TempDir);

impl Certificate {
    /// Makes one for [`Certificate::NAME`], signed by itself, with a key on P-256.
    pub fn make() -> anyhow::Result<Self> {
        let made = rcgen::generate_simple_self_signed(vec![Self::NAME.to_owned()])?;
        let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        Ok(Self::write(tempfile::tempdir()?, &cert, &key)?)
    }

    fn write(folder: TempDir, cert: &str, key: &str) -> io::Result<Self> {
        let made = Self(folder);
        fs::write(made.cert(), cert)?;
        fs::write(made.key(), key)?;
        fs::write(made.both(), format!("{cert}{key}"))?;
        Ok(made)
    }

    /// PEM of the certificate.
    pub fn cert(&self) -> PathBuf {
        self.folder().join("cert.pem")
    }

    /// PEM of the key.
    pub fn key(&self) -> PathBuf {
        self.folder().join("key.pem")
    }

    /// PEM of the certificate and the key behind it.
    pub fn both(&self) -> PathBuf {
        self.folder().join("both.pem")
    }

    fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Name in it.
    pub const NAME: &str = "localhost";
}
