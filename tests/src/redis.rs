//! A Redis of one's own, where Debian's redis-server is installed.

use std::{
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::wait::eventually;

/// A running redis-server on a free port of loopback, with nothing in it. It is killed when this is dropped.
pub struct Redis {
    child: Child,
    address: SocketAddr,
    keys: Vec<String>,
    dir: TempDir,
}

impl Redis {
    /// Starts one, with further arguments. `None`, and a word about it, where it is not installed.
    pub async fn start(keys: &[&str]) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        let Some(child) = spawn(address, &keys, &dir) else {
            println!("skipped: redis-server is not installed (apt-get install redis-server)");
            return None;
        };
        let redis = Self { child, address, keys, dir };
        redis.answers().await;
        Some(redis)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Kills it, at once.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again in the same place, empty.
    pub async fn restart(&mut self) {
        self.kill();
        self.child = spawn(self.address, &self.keys, &self.dir).expect("it was there before");
        self.answers().await;
    }

    /// What `redis-cli` says to a command.
    pub fn command(&self, words: &[&str]) -> String {
        let port = self.address.port().to_string();
        let output = Command::new("redis-cli").args(["-p", &port]).args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    async fn answers(&self) {
        let connects = async || tokio::net::TcpStream::connect(self.address).await.is_ok();
        eventually("redis-server", connects).await;
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(address: SocketAddr, keys: &[String], dir: &TempDir) -> Option<Child> {
    let port = address.port().to_string();
    let fixed = ["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"];
    let mut command = Command::new("redis-server");
    command.args(fixed).arg("--dir").arg(dir.path()).args(keys);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
}
